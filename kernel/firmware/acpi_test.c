/* ACPI tables put together by hand, good ones and damaged ones. */
#include "firmware/acpi.h"

#include "base/string.h"
#include "base/test.h"
#include "firmware/bytes.h"

/* A small physical memory; addresses are offsets. */
#define MEMORY_BYTES 4096
#define ROOT_AT 16
#define RSDT_AT 64
#define MADT_AT 256
#define FADT_AT 512
#define DSDT_AT 1024

static uint8_t memory[MEMORY_BYTES];

static const void *map(physical_t address, uint64_t length, void *argument)
{
	(void)argument;
	if (address > MEMORY_BYTES || length > MEMORY_BYTES - address)
		return NULL;
	return memory + address;
}

static const struct acpi_access access = { .map = map };

/* Makes the bytes [at, at + length) sum to 0 through the byte at `where`. */
static void checksum(size_t at, size_t length, size_t where)
{
	uint8_t sum = 0;

	memory[where] = 0;
	for (size_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + memory[at + i]);
	memory[where] = (uint8_t)-sum;
}

static void table_seal(size_t at, const char *signature, uint32_t length)
{
	memcpy(memory + at, signature, 4);
	bytes_put_u32(memory + at + 4, length);
	checksum(at, length, at + 9);
}

static void root_build(bool is_extended)
{
	memset(memory, 0, sizeof(memory));
	memcpy(memory + ROOT_AT, "RSD PTR ", 8);
	memory[ROOT_AT + 15] = is_extended ? 2 : 0;
	bytes_put_u32(memory + ROOT_AT + 16, is_extended ? 0 : RSDT_AT);
	bytes_put_u64(memory + ROOT_AT + 24, is_extended ? RSDT_AT : 0);
	checksum(ROOT_AT, 20, ROOT_AT + 8);
	checksum(ROOT_AT, 36, ROOT_AT + 32);
	if (is_extended) {
		bytes_put_u64(memory + RSDT_AT + 36, MADT_AT);
		bytes_put_u64(memory + RSDT_AT + 44, FADT_AT);
		table_seal(RSDT_AT, "XSDT", 52);
	} else {
		bytes_put_u32(memory + RSDT_AT + 36, MADT_AT);
		bytes_put_u32(memory + RSDT_AT + 40, FADT_AT);
		table_seal(RSDT_AT, "RSDT", 44);
	}
}

static void madt_build(void)
{
	static const uint8_t entries[] = {
		0, 8, 0, 3, 1, 0, 0, 0,			/* CPU with APIC 3, enabled */
		0, 8, 1, 4, 0, 0, 0, 0,			/* disabled */
		1, 12, 7, 0, 0, 0, 0xc0, 0xfe, 0x18, 0, 0, 0,
		2, 10, 0, 9, 20, 0, 0, 0, 0x0d, 0,
		9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0,
		5, 12, 0, 0, 0, 0, 0xe0, 0xfe, 1, 0, 0, 0,
	};

	bytes_put_u32(memory + MADT_AT + 36, 0xfee00000);
	memcpy(memory + MADT_AT + 44, entries, sizeof(entries));
	table_seal(MADT_AT, "APIC", 44 + sizeof(entries));
}

static void fadt_build(void)
{
	bytes_put_u32(memory + FADT_AT + 40, DSDT_AT);
	bytes_put_u32(memory + FADT_AT + 64, 0x604);
	bytes_put_u32(memory + FADT_AT + 76, 0x608);
	memory[FADT_AT + 89] = 2;
	bytes_put_u32(memory + FADT_AT + 112, 1u << 8 | 1u << 10);
	memory[FADT_AT + 116] = ACPI_SPACE_PORT;
	memory[FADT_AT + 117] = 8;
	bytes_put_u64(memory + FADT_AT + 120, 0xcf9);
	memory[FADT_AT + 128] = 0x0f;
	table_seal(FADT_AT, "FACP", 244);
}

TEST(acpi, finds_tables_by_either_root)
{
	struct acpi_table table;

	for (int extended = 0; extended < 2; extended++) {
		root_build(extended);
		madt_build();
		fadt_build();
		EXPECT_EQUAL(acpi_root_scan(memory, sizeof(memory)), (long)ROOT_AT);
		ASSERT_TRUE(acpi_find(&access, ROOT_AT, "APIC", &table));
		EXPECT(table.bytes == memory + MADT_AT);
		ASSERT_TRUE(acpi_find(&access, ROOT_AT, "FACP", &table));
		EXPECT(!acpi_find(&access, ROOT_AT, "HPET", &table));
	}
}

TEST(acpi, refuses_damage)
{
	struct acpi_table table;
	struct acpi_root root;

	root_build(false);
	madt_build();
	memory[MADT_AT + 50] ^= 1;
	EXPECT(!acpi_find(&access, ROOT_AT, "APIC", &table));
	memory[MADT_AT + 50] ^= 1;
	EXPECT(acpi_find(&access, ROOT_AT, "APIC", &table));
	bytes_put_u32(memory + MADT_AT + 4, 0xffffffff);
	EXPECT(!acpi_find(&access, ROOT_AT, "APIC", &table));
	bytes_put_u32(memory + MADT_AT + 4, 8);
	EXPECT(!acpi_find(&access, ROOT_AT, "APIC", &table));
	memory[ROOT_AT + 3] ^= 1;
	EXPECT(!acpi_root_parse(memory + ROOT_AT, 36, &root));
	EXPECT_EQUAL(acpi_root_scan(memory, sizeof(memory)), -2L);
	EXPECT(!acpi_root_parse(memory, 19, &root));
}

TEST(acpi, steps_through_madt)
{
	struct acpi_madt_entry entry;
	struct acpi_table madt;
	size_t offset = 0;

	root_build(false);
	madt_build();
	ASSERT_TRUE(acpi_table_open(&access, MADT_AT, &madt));
	ASSERT_TRUE(acpi_madt_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.kind, ACPI_MADT_LOCAL_APIC);
	EXPECT_EQUAL(entry.id, 3u);
	EXPECT(entry.is_enabled);
	ASSERT_TRUE(acpi_madt_next(&madt, &offset, &entry));
	EXPECT(!entry.is_enabled);
	ASSERT_TRUE(acpi_madt_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.kind, ACPI_MADT_IO_APIC);
	EXPECT_EQUAL(entry.address, UINT64_C(0xfec00000));
	EXPECT_EQUAL(entry.interrupt_base, 0x18u);
	ASSERT_TRUE(acpi_madt_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.kind, ACPI_MADT_OVERRIDE);
	EXPECT_EQUAL(entry.source, 9);
	EXPECT_EQUAL(entry.interrupt_base, 20u);
	EXPECT_EQUAL(entry.flags, 0x0d);
	ASSERT_TRUE(acpi_madt_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.id, 0x100u);
	ASSERT_TRUE(acpi_madt_next(&madt, &offset, &entry));
	EXPECT(!acpi_madt_next(&madt, &offset, &entry));
	EXPECT_EQUAL(acpi_madt_local_apic(&madt), UINT64_C(0x1fee00000));
}

TEST(acpi, stops_at_entry_of_no_length)
{
	struct acpi_madt_entry entry;
	struct acpi_table madt;
	size_t offset = 0;

	root_build(false);
	madt_build();
	memory[MADT_AT + 45] = 0;
	madt = (struct acpi_table){ memory + MADT_AT, 100 };
	EXPECT(!acpi_madt_next(&madt, &offset, &entry));
	memory[MADT_AT + 45] = 200;
	offset = 0;
	EXPECT(!acpi_madt_next(&madt, &offset, &entry));
}

TEST(acpi, reads_fixed_hardware)
{
	struct acpi_fixed fixed;
	struct acpi_table fadt;

	root_build(false);
	fadt_build();
	ASSERT_TRUE(acpi_table_open(&access, FADT_AT, &fadt));
	ASSERT_TRUE(acpi_fixed_parse(&fadt, &fixed));
	EXPECT_EQUAL(fixed.pm1a_control.address, UINT64_C(0x604));
	EXPECT_EQUAL(fixed.pm1a_control.bit_width, 16);
	EXPECT_EQUAL(fixed.pm_timer.address, UINT64_C(0x608));
	EXPECT(fixed.timer_is_32_bits);
	EXPECT_EQUAL(fixed.reset.address, UINT64_C(0xcf9));
	EXPECT_EQUAL(fixed.reset_value, 0x0f);
	EXPECT_EQUAL(fixed.dsdt, (physical_t)DSDT_AT);
	EXPECT_EQUAL(fixed.sleep_control.space, ACPI_SPACE_NONE);
}

TEST(acpi, finds_soft_off_package)
{
	static const uint8_t aml[] = { 0x08, '_', 'S', '5', '_', 0x12, 0x06, 0x04, 0x0a, 0x07, 0x00,
				       0x00, 0x00 };
	struct acpi_table dsdt = { memory + DSDT_AT, 36 + 4 + sizeof(aml) };
	uint8_t values[2] = { 9, 9 };

	memset(memory, 0, sizeof(memory));
	memcpy(memory + DSDT_AT + 40, aml, sizeof(aml));
	ASSERT_TRUE(acpi_soft_off_parse(&dsdt, values));
	EXPECT_EQUAL(values[0], 7);
	EXPECT_EQUAL(values[1], 0);
	for (size_t cut = 1; cut < sizeof(aml) - 1; cut++) {
		struct acpi_table shorter = { dsdt.bytes, dsdt.length - cut };

		/* Zeros may be cut off the end; the element before them may not. */
		EXPECT_EQUAL(acpi_soft_off_parse(&shorter, values), cut <= 2);
	}
	memory[DSDT_AT + 40] = 0x10;
	EXPECT(!acpi_soft_off_parse(&dsdt, values));
}

TEST(acpi, reads_small_tables)
{
	struct acpi_mcfg_entry segment;
	struct acpi_register registers;
	struct acpi_console console;
	struct acpi_table table;
	size_t offset = 0;

	memset(memory, 0, sizeof(memory));
	bytes_put_u64(memory + 256 + 44, 0xb0000000);
	memory[256 + 44 + 11] = 255;
	table_seal(256, "MCFG", 60);
	ASSERT_TRUE(acpi_table_open(&access, 256, &table));
	ASSERT_TRUE(acpi_mcfg_next(&table, &offset, &segment));
	EXPECT_EQUAL(segment.address, UINT64_C(0xb0000000));
	EXPECT_EQUAL(segment.bus_last, 255);
	EXPECT(!acpi_mcfg_next(&table, &offset, &segment));

	bytes_put_u64(memory + 512 + 44, 0xfed00000);
	table_seal(512, "HPET", 56);
	ASSERT_TRUE(acpi_table_open(&access, 512, &table));
	ASSERT_TRUE(acpi_hpet_parse(&table, &registers));
	EXPECT_EQUAL(registers.address, UINT64_C(0xfed00000));

	memory[1024 + 40] = ACPI_SPACE_PORT;
	bytes_put_u64(memory + 1024 + 44, 0x3f8);
	memory[1024 + 58] = 7;
	table_seal(1024, "SPCR", 80);
	ASSERT_TRUE(acpi_table_open(&access, 1024, &table));
	ASSERT_TRUE(acpi_console_parse(&table, &console));
	EXPECT_EQUAL(console.registers.address, UINT64_C(0x3f8));
	EXPECT_EQUAL(console.baud, 115200u);
}
