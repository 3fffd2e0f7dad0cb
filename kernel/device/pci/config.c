/* Configuration space of functions: words of it, and the list of capabilities. */
#include "device/pci/internal.h"

#include "base/arithmetic.h"

#define CAPABILITIES_FIRST 0x40		/* behind the header */
static_assert(PCI_CONFIG_BYTES / 4 <= 64, "places fit into a word of bits");

struct pci_function *pci_function_of(struct device *device)
{
	return device->bus_state;
}

uint32_t pci_read32(struct pci_function *function, unsigned offset)
{
	if (!range_is_within(offset, 4, PCI_CONFIG_BYTES))
		return UINT32_MAX;
	return function->host->read(function->host, function->bus, function->slot_function,
				    offset & ~3u);
}

uint16_t pci_read16(struct pci_function *function, unsigned offset)
{
	return (uint16_t)(pci_read32(function, offset & ~3u) >> (offset & 2) * 8);
}

uint8_t pci_read8(struct pci_function *function, unsigned offset)
{
	return (uint8_t)(pci_read32(function, offset & ~3u) >> (offset & 3) * 8);
}

void pci_write32(struct pci_function *function, unsigned offset, uint32_t value)
{
	if (range_is_within(offset, 4, PCI_CONFIG_BYTES))
		function->host->write(function->host, function->bus, function->slot_function,
				      offset & ~3u, value);
}

unsigned pci_capability_find(struct pci_function *function, uint8_t id, unsigned after,
			     unsigned bytes)
{
	unsigned at = PCI_CAPABILITIES;
	bool is_behind = after == 0;
	uint64_t seen = 0;		/* one bit for each place */

	if (!(pci_read32(function, PCI_COMMAND) & STATUS_CAPABILITIES))
		return 0;
	at = pci_read8(function, at) & ~3u;
	while (at >= CAPABILITIES_FIRST && !(seen & BIT(at / 4))) {
		uint16_t header = pci_read16(function, at);

		seen |= BIT(at / 4);
		if (is_behind && (header & 0xff) == id &&
		    range_is_within(at, bytes, PCI_CONFIG_BYTES))
			return at;
		is_behind |= at == after;
		at = header >> 8 & ~3u;
	}
	return 0;
}

void pci_function_enable(struct pci_function *function)
{
	uint32_t command = pci_read32(function, PCI_COMMAND) & COMMAND_MASK;

	pci_write32(function, PCI_COMMAND,
		    command | (uint32_t)(COMMAND_MEMORY | COMMAND_MASTER));
}
