/*
 * ACPI's tables, where firmware gives them: read only in the memory that it keeps for them. And
 * registers, where tables or a tree say that they are: mapped only outside all memory.
 */
#include "arch/aarch64/boot/boot.h"
#include "arch/boot.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "base/arithmetic.h"
#include "firmware/acpi.h"

static const void *firmware_map(physical_t address, uint64_t length_bytes, void *argument)
{
	(void)argument;
	return boot_holds_firmware(address, length_bytes) ? physical_to_virtual(address) : NULL;
}

bool boot_table_find(const char *signature, struct acpi_table *table)
{
	static const struct acpi_access access = { .map = firmware_map };
	physical_t root = boot_information()->acpi_root;

	return root && acpi_find(&access, root, signature, table);
}

const void *boot_firmware_table(const char *signature, size_t *length_bytes)
{
	struct acpi_table table;

	if (!boot_table_find(signature, &table))
		return NULL;
	*length_bytes = table.length;
	return table.bytes;
}

void *boot_registers_map(physical_t start, uint64_t length_bytes)
{
	uint64_t limit = min((uint64_t)DIRECT_MAP_BYTES, BIT(cpu_physical_bits()));
	physical_t page = align_down(start, PAGE_SIZE);

	/* Registers of 64 bits are read. */
	if (start == 0 || length_bytes == 0 || !is_aligned(start, sizeof(uint64_t)) ||
	    !range_is_within(start, length_bytes, limit) ||
	    boot_is_memory(page, start - page + length_bytes))
		return NULL;
	boot_page_tables_add_device(start, length_bytes);
	return physical_to_virtual(start);
}
