/*
 * The host bridge of PCs whose ACPI has no MCFG: configuration space by an address and a data port
 * (PCI Local Bus 3.0, section 3.2.2.3.2).
 */
#include "base/errno.h"
#include "device/driver.h"
#include "device/pci/pci.h"
#include "memory/heap.h"

#define CONFIG_ADDRESS 0
#define CONFIG_DATA 4
#define ADDRESS_ENABLE BIT(31)

struct ports {
	struct pci_host host;
	struct registers registers;
	struct spin_lock lock;		/* LOCK_LEAF: the pair of ports */
};

static struct ports *ports_of(struct pci_host *host)
{
	return container_of(host, struct ports, host);
}

static uint32_t address_of(unsigned bus, unsigned slot_function, unsigned offset)
{
	return (uint32_t)ADDRESS_ENABLE | bus << 16 | slot_function << 8 | offset;
}

static uint32_t ports_read(struct pci_host *host, unsigned bus, unsigned slot_function,
			   unsigned offset)
{
	struct ports *ports = ports_of(host);
	bool were_enabled = spin_lock_irq(&ports->lock);
	uint32_t value;

	register_write32(&ports->registers, CONFIG_ADDRESS, address_of(bus, slot_function, offset));
	value = register_read32(&ports->registers, CONFIG_DATA);
	spin_unlock_irq(&ports->lock, were_enabled);
	return value;
}

static void ports_write(struct pci_host *host, unsigned bus, unsigned slot_function,
			unsigned offset, uint32_t value)
{
	struct ports *ports = ports_of(host);
	bool were_enabled = spin_lock_irq(&ports->lock);

	register_write32(&ports->registers, CONFIG_ADDRESS, address_of(bus, slot_function, offset));
	register_write32(&ports->registers, CONFIG_DATA, value);
	spin_unlock_irq(&ports->lock, were_enabled);
}

/* The address port keeps what is written there; without one it reads as ones. */
static bool ports_answer(const struct registers *registers)
{
	register_write32(registers, CONFIG_ADDRESS, (uint32_t)ADDRESS_ENABLE);
	return register_read32(registers, CONFIG_ADDRESS) == (uint32_t)ADDRESS_ENABLE;
}

static int pci_ports_attach(struct device *device)
{
	struct ports *ports;
	int result;

	if (!device->bus_state)
		return -ENODEV;
	ports = heap_allocate(sizeof(*ports), HEAP_PATIENT);
	if (!ports)
		return -ENOMEM;
	result = device_registers_map(device, 0, &ports->registers);
	if (result == 0 && !ports_answer(&ports->registers))
		result = -ENODEV;
	if (result < 0) {
		heap_free(ports);
		return result;
	}
	spin_lock_init(&ports->lock, LOCK_LEAF);
	ports->host.device = device;
	ports->host.description = device->bus_state;
	ports->host.read = ports_read;
	ports->host.write = ports_write;
	device->state = ports;
	return pci_host_start(&ports->host);
}

static const struct device_match pci_ports_matches[] = { MATCH_FIRMWARE("PNP0A03"), MATCH_END };

const struct driver pci_ports_driver = {
	.name = "pci_ports",
	.matches = pci_ports_matches,
	.attach = pci_ports_attach,
};
