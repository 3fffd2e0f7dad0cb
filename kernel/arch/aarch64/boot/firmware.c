/* ACPI's tables, where firmware gives them. */
#include "arch/boot.h"
#include "arch/mmu.h"
#include "firmware/acpi.h"

static const void *firmware_map(physical_t address, uint64_t length_bytes, void *argument)
{
	(void)argument;
	(void)length_bytes;
	return physical_to_virtual(address);
}

const void *boot_firmware_table(const char *signature, size_t *length_bytes)
{
	static const struct acpi_access access = { .map = firmware_map };
	physical_t root = boot_information()->acpi_root;
	struct acpi_table table;

	if (!root || !acpi_find(&access, root, signature, &table))
		return NULL;
	*length_bytes = table.length;
	return table.bytes;
}
