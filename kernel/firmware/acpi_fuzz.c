/*
 * Fuzzing of the ACPI readers: the input is a small physical memory with a root pointer anywhere in
 * it. Checksums are mended for every other input, so that damage gets past them.
 */
#include "firmware/acpi_arm.h"

#include "base/string.h"

#define MEMORY_BYTES 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t memory[MEMORY_BYTES];
static size_t memory_bytes;
static bool mends_checksums;
static unsigned accepted;	/* keeps the results in use */

static void mend(uint8_t *bytes, size_t length, size_t where)
{
	uint8_t sum = 0;

	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + bytes[i]);
	bytes[where] = (uint8_t)(bytes[where] - sum);
}

static const void *map(physical_t address, uint64_t length, void *argument)
{
	(void)argument;
	if (address > memory_bytes || length > memory_bytes - address)
		return NULL;
	if (mends_checksums && length >= ACPI_HEADER_BYTES)
		mend(memory + address, length, 9);
	return memory + address;
}

static void visit_arm(const struct acpi_table *table)
{
	struct acpi_gic_entry entry;
	struct acpi_timer timer;
	uint32_t device;
	size_t offset = 0;

	while (acpi_gic_next(table, &offset, &entry))
		accepted += entry.kind;
	accepted += acpi_gic_version(table);
	for (uint32_t requester = 0; requester < 0x10000; requester += 0x1111)
		accepted += acpi_message_find(table, 0, requester, requester & 1, &device);
	accepted += acpi_timer_parse(table, &timer);
	accepted += acpi_psci_parse(table) != ACPI_PSCI_NONE;
}

static bool visit(physical_t address, const struct acpi_table *table, void *argument)
{
	struct acpi_madt_entry cpu;
	struct acpi_mcfg_entry segment;
	struct acpi_register registers;
	struct acpi_console console;
	struct acpi_fixed fixed;
	uint8_t values[2];
	size_t offset = 0;

	(void)address;
	(void)argument;
	while (acpi_madt_next(table, &offset, &cpu))
		;
	offset = 0;
	while (acpi_mcfg_next(table, &offset, &segment))
		;
	accepted += acpi_madt_local_apic(table) != 0;
	accepted += acpi_fixed_parse(table, &fixed);
	accepted += acpi_hpet_parse(table, &registers);
	accepted += acpi_console_parse(table, &console);
	accepted += acpi_soft_off_parse(table, values);
	visit_arm(table);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct acpi_access access = { .map = map };
	struct acpi_table table;
	long root;

	if (size < 1)
		return 0;
	mends_checksums = data[0] & 1;
	memory_bytes = min(size - 1, sizeof(memory));
	memset(memory, 0, sizeof(memory));
	memcpy(memory, data + 1, memory_bytes);
	if (mends_checksums && memory_bytes >= ACPI_ROOT_BYTES) {
		memcpy(memory, "RSD PTR ", 8);
		mend(memory, 20, 8);
		mend(memory, ACPI_ROOT_BYTES, 32);
	}
	root = acpi_root_scan(memory, memory_bytes);
	if (root >= 0) {
		acpi_visit(&access, (physical_t)root, visit, NULL);
		accepted += acpi_find(&access, (physical_t)root, "DSDT", &table);
	}
	table = (struct acpi_table){ memory, max(memory_bytes, (size_t)ACPI_HEADER_BYTES) };
	visit(0, &table, NULL);
	return 0;
}
