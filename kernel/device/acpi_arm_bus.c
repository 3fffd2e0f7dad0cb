/*
 * What ACPI's root bus adds on machines with Arm CPUs from static tables: the GIC's parts and
 * the console. The GIC has no hardware id there, so its parts bear the device tree's names, which
 * its drivers know.
 */
#include "arch/pages.h"
#include "base/errno.h"
#include "device/acpi_bus.h"
#include "firmware/acpi_arm.h"
#include "log/log.h"

#define GIC_2_BYTES 0x1000
#define GIC_3_BYTES 0x10000
#define FRAME_BYTES 0x1000
#define ITS_BYTES 0x20000
#define PL011_BYTES 0x1000

static int arm_device_add(const struct acpi_device *description)
{
	/* Drivers read registers of 64 bits; whether the address can be is for mapping to say. */
	if (!is_aligned(description->start, sizeof(uint64_t))) {
		log_print(LOG_WARNING, "%s: ACPI puts it at an odd address", description->name);
		return 0;
	}
	return acpi_device_add(description);
}

static int distributor_add(const struct acpi_gic_entry *entry, unsigned version)
{
	struct acpi_device device = {
		.name = "gic", .identity = "arm,gic-400", .start = entry->address,
		.length = GIC_2_BYTES,
	};

	if (version >= 3) {
		device.identity = "arm,gic-v3";
		device.length = GIC_3_BYTES;
	}
	return arm_device_add(&device);
}

/* Where the table names the lines, it knows better than the frame's register. */
static int frame_add(const struct acpi_gic_entry *entry)
{
	const struct acpi_device device = {
		.name = "v2m", .identity = "arm,gic-v2m-frame", .start = entry->address,
		.length = FRAME_BYTES, .has_lines = entry->has_lines && entry->line_count,
		.line_first = entry->line_first, .line_count = entry->line_count,
		.trigger = TRIGGER_EDGE,
	};

	return arm_device_add(&device);
}

static int its_add(const struct acpi_gic_entry *entry)
{
	const struct acpi_device device = {
		.name = "its", .identity = "arm,gic-v3-its", .start = entry->address,
		.length = ITS_BYTES,
	};

	return arm_device_add(&device);
}

static int gic_add(void)
{
	struct acpi_gic_entry entry;
	bool has_distributor = false;
	struct acpi_table madt;
	size_t offset = 0;
	int result = 0;

	if (!acpi_table_find("APIC", &madt))
		return 0;
	while (result == 0 && acpi_gic_next(&madt, &offset, &entry)) {
		if (entry.kind == ACPI_GIC_DISTRIBUTOR && !has_distributor) {
			has_distributor = true;
			result = distributor_add(&entry, acpi_gic_version(&madt));
		} else if (entry.kind == ACPI_GIC_MESSAGE_FRAME) {
			result = frame_add(&entry);
		} else if (entry.kind == ACPI_GIC_TRANSLATION) {
			result = its_add(&entry);
		}
	}
	return result;
}

static int console_add(void)
{
	struct acpi_device device = {
		.name = "pl011", .identity = "ARMH0011", .length = PL011_BYTES, .line_count = 1,
		.trigger = TRIGGER_LEVEL,
	};
	struct acpi_console console;
	struct acpi_table table;

	if (!acpi_table_find("SPCR", &table) || !acpi_console_parse(&table, &console) ||
	    console.interface != ACPI_CONSOLE_PL011 ||
	    console.registers.space != ACPI_SPACE_MEMORY)
		return 0;
	device.start = console.registers.address;
	device.line_first = console.interrupt;
	device.has_lines = console.interrupt != 0;
	return arm_device_add(&device);
}

/* What the tables say of PCI's wires is in bytecode. */
int acpi_pci_interrupt_find(struct device *bridge, unsigned slot_function, unsigned pin,
			    uint8_t wire, uint32_t *line, uint32_t *trigger)
{
	(void)bridge;
	(void)slot_function;
	(void)pin;
	(void)wire;
	(void)line;
	(void)trigger;
	return -ENOENT;
}

int acpi_machine_add(void)
{
	int result = gic_add();

	return result == 0 ? console_add() : result;
}
