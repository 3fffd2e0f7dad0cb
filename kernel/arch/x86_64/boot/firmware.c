/* ACPI: finding the root pointer where the loader gave none, and keeping the tables. */
#include "arch/boot.h"
#include "arch/mmu.h"
#include "arch/x86_64/boot/boot.h"
#include "arch/x86_64/boot/firmware.h"
#include "firmware/acpi.h"

/* Where a BIOS leaves the root pointer (ACPI 6.5, 5.2.5.1). */
#define EBDA_SEGMENT 0x40e
#define EBDA_SCAN_BYTES 1024
#define BIOS_START 0xe0000
#define BIOS_BYTES 0x20000
#define LOW_MEMORY_END 0xa0000

static const void *firmware_map(physical_t address, uint64_t length_bytes, void *argument)
{
	(void)argument;
	return boot_map(address, length_bytes);
}

static const struct acpi_access firmware_access = { .map = firmware_map };

static physical_t scan_area(physical_t start, size_t length)
{
	long offset = acpi_root_scan(physical_to_virtual(start), length);

	return offset < 0 ? 0 : start + (physical_t)offset;
}

static physical_t scan_bios(void)
{
	uint16_t segment;
	physical_t ebda, found = 0;

	__builtin_memcpy(&segment, physical_to_virtual(EBDA_SEGMENT), sizeof(segment));
	ebda = (physical_t)segment << 4;
	if (ebda >= PAGE_SIZE && ebda + EBDA_SCAN_BYTES <= LOW_MEMORY_END)
		found = scan_area(ebda, EBDA_SCAN_BYTES);
	return found ? found : scan_area(BIOS_START, BIOS_BYTES);
}

static bool keep_table(physical_t address, const struct acpi_table *table, void *argument)
{
	struct acpi_fixed fixed;
	struct acpi_table dsdt;

	(void)argument;
	boot_firmware_range_add(address, table->length);
	if (acpi_table_is(table, "FACP") && acpi_fixed_parse(table, &fixed) &&
	    acpi_table_open(&firmware_access, fixed.dsdt, &dsdt))
		boot_firmware_range_add(fixed.dsdt, dsdt.length);
	return true;
}

void boot_firmware_tables_keep(struct boot_loader *loader)
{
	if (!loader->acpi_root)
		loader->acpi_root = scan_bios();
	if (!loader->acpi_root)
		return;
	boot_firmware_range_add(loader->acpi_root, ACPI_ROOT_BYTES);
	acpi_visit(&firmware_access, loader->acpi_root, keep_table, NULL);
}

bool firmware_table_find(const char *signature, struct acpi_table *table)
{
	physical_t root = boot_information()->acpi_root;

	return root && acpi_find(&firmware_access, root, signature, table);
}

const void *boot_firmware_table(const char *signature, size_t *length_bytes)
{
	struct acpi_table table;

	if (!firmware_table_find(signature, &table))
		return NULL;
	*length_bytes = table.length;
	return table.bytes;
}

bool firmware_fixed_find(struct acpi_fixed *fixed)
{
	struct acpi_table table;

	return firmware_table_find("FACP", &table) && acpi_fixed_parse(&table, fixed);
}
