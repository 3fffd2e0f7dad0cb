/*
 * The root bus of machines that ACPI's static tables describe: what a PC or a machine with Arm CPUs
 * has (acpi_pc_bus.c, acpi_arm_bus.c), and what both may have: host bridges of PCI, and the
 * memory-mapped virtio devices that the command line names.
 */
#include "device/acpi_bus.h"

#include "arch/boot.h"
#include "base/errno.h"
#include "base/string.h"
#include "device/internal.h"
#include "device/pci/pci.h"
#include "device/virtio/option.h"
#include "memory/heap.h"

#define PCI_BUS_BYTES BIT(20)		/* of configuration space in memory */

bool acpi_table_find(const char *signature, struct acpi_table *table)
{
	table->bytes = boot_firmware_table(signature, &table->length);
	return table->bytes != NULL;
}

static int device_describe(struct device *device, const struct acpi_device *description)
{
	int result = device_identity_add(device, IDENTITY_FIRMWARE, 0, description->identity);

	if (result == 0)
		result = device_resource_add(device, description->kind, description->start,
					     description->length, 0);
	if (result == 0 && description->has_lines)
		result = device_resource_add(device, RESOURCE_INTERRUPT, description->line_first,
					     description->line_count, description->trigger);
	return result;
}

int acpi_device_add(const struct acpi_device *description)
{
	struct device *device = device_create(NULL, description->name);
	int result;

	if (!device)
		return -ENOMEM;
	result = device_describe(device, description);
	return result == 0 ? device_publish(device) : result;
}

/*
 * Memory-mapped virtio devices that the command line names, as Linux reads it and as QEMU's microvm
 * writes it: virtio_mmio.device=SIZE@ADDRESS:LINE. The option stands once for each.
 */
static int virtio_mmio_add(void)
{
	const char *cursor = boot_information()->command_line, *option;
	struct virtio_mmio_option place;
	int result = 0;

	while (result == 0 && (option = strstr(cursor, VIRTIO_MMIO_OPTION)) != NULL) {
		cursor = option + strlen(VIRTIO_MMIO_OPTION);
		if ((option != boot_information()->command_line && option[-1] != ' ') ||
		    !virtio_mmio_option_parse(cursor, &place))
			continue;
		result = acpi_device_add(&(struct acpi_device){
			.name = "virtio_mmio", .identity = "LNRO0005", .start = place.address,
			.length = place.length, .has_lines = true, .line_first = place.line,
			.line_count = 1, .trigger = TRIGGER_LEVEL,
		});
	}
	return result;
}

int acpi_pci_host_add(const struct acpi_device *host, uint8_t bus_first, uint8_t bus_last)
{
	struct pci_host_description *description = heap_allocate(sizeof(*description),
								 HEAP_PATIENT);
	struct device *device = device_create(NULL, host->name);
	int result;

	if (!description || !device)
		return -ENOMEM;
	description->bus_first = bus_first;
	description->bus_last = bus_last;
	description->interrupt_find = acpi_pci_interrupt_find;
	description->lost_wires =
		"ACPI says in bytecode, which is not read, where its wire leads";
	list_init(&description->windows);
	device->bus_state = description;
	result = device_describe(device, host);
	return result == 0 ? device_publish(device) : result;
}

/* Only the first segment: others are not numbered in the names of devices. */
static int pci_add(void)
{
	struct acpi_device memory = { .name = "pci", .identity = "PNP0A08" };
	struct acpi_mcfg_entry entry;
	struct acpi_table mcfg;
	size_t offset = 0;

	if (!acpi_table_find("MCFG", &mcfg))
		return 0;
	while (acpi_mcfg_next(&mcfg, &offset, &entry)) {
		if (entry.segment != 0 || entry.bus_last < entry.bus_first)
			continue;
		/* The address is that of bus 0, whether it is there or not. */
		memory.start = entry.address + entry.bus_first * PCI_BUS_BYTES;
		memory.length = (entry.bus_last - entry.bus_first + 1u) * PCI_BUS_BYTES;
		return acpi_pci_host_add(&memory, entry.bus_first, entry.bus_last);
	}
	return 0;
}

int acpi_bus_start(void)
{
	int result = acpi_machine_add();

	if (result == 0)
		result = pci_add();
	if (result == 0)
		result = virtio_mmio_add();
	return result;
}
