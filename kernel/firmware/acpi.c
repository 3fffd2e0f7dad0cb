/* Finding tables: root pointer, root table, checksums. */
#include "firmware/acpi.h"

#include "base/errno.h"
#include "base/string.h"
#include "firmware/bytes.h"

#define ROOT_SIGNATURE "RSD PTR "
#define ROOT_BYTES_OLD 20
#define ROOT_STEP 16

/* Longer tables are not believed. */
#define TABLE_BYTES_MAXIMUM (16u << 20)

static bool sum_is_zero(const uint8_t *bytes, size_t length)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + bytes[i]);
	return sum == 0;
}

bool acpi_root_parse(const void *bytes, size_t length, struct acpi_root *root)
{
	const uint8_t *at = bytes;

	if (length < ROOT_BYTES_OLD || memcmp(at, ROOT_SIGNATURE, 8) ||
	    !sum_is_zero(at, ROOT_BYTES_OLD))
		return false;
	if (at[15] >= 2 && length >= ACPI_ROOT_BYTES && sum_is_zero(at, ACPI_ROOT_BYTES) &&
	    bytes_u64(at + 24)) {
		*root = (struct acpi_root){ bytes_u64(at + 24), true };
		return true;
	}
	*root = (struct acpi_root){ bytes_u32(at + 16), false };
	return root->table != 0;
}

long acpi_root_scan(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;
	struct acpi_root ignored;

	for (size_t offset = 0; offset < length; offset += ROOT_STEP) {
		if (acpi_root_parse(at + offset, length - offset, &ignored))
			return (long)offset;
	}
	return -ENOENT;
}

bool acpi_table_open(const struct acpi_access *access, physical_t address,
		     struct acpi_table *table)
{
	const uint8_t *header = access->map(address, ACPI_HEADER_BYTES, access->argument);
	uint32_t length;

	if (!header)
		return false;
	length = bytes_u32(header + 4);
	if (length < ACPI_HEADER_BYTES || length > TABLE_BYTES_MAXIMUM)
		return false;
	header = access->map(address, length, access->argument);
	if (!header || !sum_is_zero(header, length))
		return false;
	*table = (struct acpi_table){ header, length };
	return true;
}

bool acpi_table_is(const struct acpi_table *table, const char *signature)
{
	return !memcmp(table->bytes, signature, 4);
}

void acpi_visit(const struct acpi_access *access, physical_t root_pointer, acpi_visitor visit,
		void *argument)
{
	const void *bytes = access->map(root_pointer, ACPI_ROOT_BYTES, access->argument);
	struct acpi_table root_table, table;
	struct acpi_root root;
	size_t step;

	if (!bytes || !acpi_root_parse(bytes, ACPI_ROOT_BYTES, &root) ||
	    !acpi_table_open(access, root.table, &root_table) ||
	    !acpi_table_is(&root_table, root.is_extended ? "XSDT" : "RSDT") ||
	    !visit(root.table, &root_table, argument))
		return;
	step = root.is_extended ? sizeof(uint64_t) : sizeof(uint32_t);
	for (size_t at = ACPI_HEADER_BYTES; root_table.length - at >= step; at += step) {
		const uint8_t *entry = root_table.bytes + at;
		physical_t address = root.is_extended ? bytes_u64(entry) : bytes_u32(entry);

		if (acpi_table_open(access, address, &table) && !visit(address, &table, argument))
			return;
	}
}

struct wanted {
	const char *signature;
	struct acpi_table *table;
	bool is_found;
};

static bool visit_wanted(physical_t address, const struct acpi_table *table, void *argument)
{
	struct wanted *wanted = argument;

	(void)address;
	if (!acpi_table_is(table, wanted->signature))
		return true;
	*wanted->table = *table;
	wanted->is_found = true;
	return false;
}

bool acpi_find(const struct acpi_access *access, physical_t root_pointer, const char *signature,
	       struct acpi_table *table)
{
	struct wanted wanted = { signature, table, false };
	struct acpi_fixed fixed;

	if (strcmp(signature, "DSDT") != 0) {
		acpi_visit(access, root_pointer, visit_wanted, &wanted);
		return wanted.is_found;
	}
	return acpi_find(access, root_pointer, "FACP", table) && acpi_fixed_parse(table, &fixed) &&
	       acpi_table_open(access, fixed.dsdt, table) && acpi_table_is(table, "DSDT");
}
