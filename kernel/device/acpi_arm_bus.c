/*
 * What the root bus adds on machines with Arm CPUs from ACPI's static tables: the GIC's parts and
 * the console. The GIC has no hardware id there, so its parts bear the device tree's names, which
 * its drivers know.
 */
#include "arch/boot.h"
#include "arch/pages.h"
#include "base/errno.h"
#include "device/internal.h"
#include "firmware/acpi_arm.h"
#include "log/log.h"

#define GIC_2_BYTES 0x1000
#define GIC_3_BYTES 0x10000
#define FRAME_BYTES 0x1000
#define ITS_BYTES 0x20000
#define PL011_BYTES 0x1000

struct arm_device {
	const char *name, *identity;
	uint64_t address, length;
	uint64_t line_first, line_count;	/* 0 of them: none */
	uint32_t trigger;
};

static bool table_find(const char *signature, struct acpi_table *table)
{
	table->bytes = boot_firmware_table(signature, &table->length);
	return table->bytes != NULL;
}

static int arm_device_add(const struct arm_device *description)
{
	struct device *device;
	int result;

	/* Drivers read registers of 64 bits; whether the address can be is for mapping to say. */
	if (!is_aligned(description->address, sizeof(uint64_t))) {
		log_print(LOG_WARNING, "%s: ACPI puts it at an odd address", description->name);
		return 0;
	}
	device = device_create(NULL, description->name);
	if (!device)
		return -ENOMEM;
	result = device_identity_add(device, IDENTITY_FIRMWARE, 0, description->identity);
	if (result == 0)
		result = device_resource_add(device, RESOURCE_MEMORY, description->address,
					     description->length, 0);
	if (result == 0 && description->line_count)
		result = device_resource_add(device, RESOURCE_INTERRUPT, description->line_first,
					     description->line_count, description->trigger);
	return result == 0 ? device_publish(device) : result;
}

static int distributor_add(const struct acpi_gic_entry *entry, unsigned version)
{
	struct arm_device device = { "gic", "arm,gic-400", entry->address, GIC_2_BYTES, 0, 0, 0 };

	if (version >= 3) {
		device.identity = "arm,gic-v3";
		device.length = GIC_3_BYTES;
	}
	return arm_device_add(&device);
}

/* Where the table names the lines, it knows better than the frame's register. */
static int frame_add(const struct acpi_gic_entry *entry)
{
	const struct arm_device device = {
		"v2m", "arm,gic-v2m-frame", entry->address, FRAME_BYTES, entry->line_first,
		entry->has_lines ? entry->line_count : 0, TRIGGER_EDGE,
	};

	return arm_device_add(&device);
}

static int its_add(const struct acpi_gic_entry *entry)
{
	const struct arm_device device = {
		"its", "arm,gic-v3-its", entry->address, ITS_BYTES, 0, 0, 0,
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

	if (!table_find("APIC", &madt))
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
	struct arm_device device = { "pl011", "ARMH0011", 0, PL011_BYTES, 0, 0, TRIGGER_LEVEL };
	struct acpi_console console;
	struct acpi_table table;

	if (!table_find("SPCR", &table) || !acpi_console_parse(&table, &console) ||
	    console.interface != ACPI_CONSOLE_PL011 ||
	    console.registers.space != ACPI_SPACE_MEMORY)
		return 0;
	device.address = console.registers.address;
	device.line_first = console.interrupt;
	device.line_count = console.interrupt != 0;
	return arm_device_add(&device);
}

int acpi_arm_bus_start(void)
{
	int result = gic_add();

	return result == 0 ? console_add() : result;
}
