/*
 * Host bridges with configuration space in memory (PCI Express 5.0, section 7.2.2), which a device
 * tree or ACPI's MCFG names. Each bus is mapped when it is first looked at: all of them would take
 * page tables of half a megabyte. Functions that are not there read as all ones, or answer nothing.
 */
#include "arch/mmu.h"
#include "arch/probe.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "device/driver.h"
#include "device/pci/pci.h"
#include "memory/heap.h"
#include "memory/kernel_map.h"

#define BUS_BYTES BIT(20)
#define FUNCTION_SHIFT 12

struct ecam {
	struct pci_host host;
	uint64_t address, length;
	volatile uint8_t *buses[PCI_BUS_COUNT];		/* NULL: not mapped */
};

static struct ecam *ecam_of(struct pci_host *host)
{
	return container_of(host, struct ecam, host);
}

static int ecam_bus_prepare(struct pci_host *host, unsigned bus)
{
	struct ecam *ecam = ecam_of(host);
	uint64_t offset = (uint64_t)(bus - host->description->bus_first) * BUS_BYTES;

	if (bus < host->description->bus_first || bus > host->description->bus_last ||
	    !range_is_within(offset, BUS_BYTES, ecam->length))
		return -ENODEV;
	ecam->buses[bus] = kernel_map_physical(ecam->address + offset, BUS_BYTES,
					       MMU_READ | MMU_WRITE | MMU_DEVICE);
	return ecam->buses[bus] ? 0 : -ENOMEM;
}

static volatile uint32_t *ecam_word(struct pci_host *host, unsigned bus, unsigned slot_function,
				    unsigned offset)
{
	volatile uint8_t *memory = ecam_of(host)->buses[bus];

	if (!memory)
		return NULL;
	return (volatile uint32_t *)(memory + (slot_function << FUNCTION_SHIFT) + offset);
}

static uint32_t ecam_read(struct pci_host *host, unsigned bus, unsigned slot_function,
			  unsigned offset)
{
	volatile uint32_t *word = ecam_word(host, bus, slot_function, offset);
	uint32_t value;

	return word && probe_read32(word, &value) ? value : UINT32_MAX;
}

static void ecam_write(struct pci_host *host, unsigned bus, unsigned slot_function,
		       unsigned offset, uint32_t value)
{
	volatile uint32_t *word = ecam_word(host, bus, slot_function, offset);

	if (word)
		*word = value;
}

/* Whether there is a configuration space at all: its first function may be missing. */
static int ecam_check(struct ecam *ecam)
{
	unsigned bus = ecam->host.description->bus_first;
	struct registers registers = { .length = BUS_BYTES };
	uint32_t ignored;
	int result = ecam_bus_prepare(&ecam->host, bus);

	registers.memory = ecam->buses[bus];
	return result == 0 ? device_probe32(ecam->host.device, &registers, 0, &ignored) : result;
}

static int pci_ecam_attach(struct device *device)
{
	const struct device_resource *space = device_resource_find(device, RESOURCE_MEMORY, 0);
	struct ecam *ecam;
	int result;

	if (!space || !device->bus_state || space->start % PAGE_SIZE)
		return -ENODEV;
	ecam = heap_allocate(sizeof(*ecam), HEAP_PATIENT);
	if (!ecam)
		return -ENOMEM;
	ecam->address = space->start;
	ecam->length = space->length;
	ecam->host.device = device;
	ecam->host.description = device->bus_state;
	ecam->host.read = ecam_read;
	ecam->host.write = ecam_write;
	ecam->host.bus_prepare = ecam_bus_prepare;
	result = ecam_check(ecam);
	if (result < 0) {
		heap_free(ecam);
		return result;
	}
	device->state = ecam;
	return pci_host_start(&ecam->host);
}

static const struct device_match pci_ecam_matches[] = {
	MATCH_FIRMWARE("pci-host-ecam-generic"), MATCH_FIRMWARE("PNP0A08"), MATCH_END
};

const struct driver pci_ecam_driver = {
	.name = "pci_ecam",
	.matches = pci_ecam_matches,
	.attach = pci_ecam_attach,
};
