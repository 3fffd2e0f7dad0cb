/* Tables of machines with Arm CPUs, put together by hand, whole and cut. */
#include "firmware/acpi_arm.h"

#include "base/string.h"
#include "base/test.h"
#include "firmware/bytes.h"

#define TABLE_BYTES 512
#define MADT_ENTRIES 44

static uint8_t bytes[TABLE_BYTES];

static struct acpi_table table_begin(const char *signature, size_t length)
{
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, signature, 4);
	return (struct acpi_table){ bytes, length };
}

static size_t entry_begin(size_t at, uint8_t type, uint8_t length)
{
	bytes[at] = type;
	bytes[at + 1] = length;
	return at + length;
}

static size_t cpu_put(size_t at, uint64_t identity, uint64_t redistributor)
{
	bytes_put_u32(bytes + at + 12, 1);
	bytes_put_u64(bytes + at + 32, 0x8010000);
	bytes_put_u64(bytes + at + 60, redistributor);
	bytes_put_u64(bytes + at + 68, identity);
	return entry_begin(at, 0x0b, 80);
}

static size_t distributor_put(size_t at, uint8_t version)
{
	bytes_put_u64(bytes + at + 8, 0x8000000);
	bytes[at + 20] = version;
	return entry_begin(at, 0x0c, 24);
}

TEST(acpi_arm, steps_through_parts_of_gic)
{
	struct acpi_table madt = table_begin("APIC", 0);
	struct acpi_gic_entry entry;
	size_t at = distributor_put(MADT_ENTRIES, 3), offset = 0;

	at = cpu_put(at, 0x100000203, 0);
	bytes_put_u64(bytes + at + 8, 0x8020000);
	bytes_put_u32(bytes + at + 16, 1);
	bytes_put_u32(bytes + at + 20, 80 << 16 | 64);
	at = entry_begin(at, 0x0d, 24);
	bytes_put_u64(bytes + at + 4, 0x80a0000);
	bytes_put_u32(bytes + at + 12, 0xf60000);
	at = entry_begin(at, 0x0e, 16);
	bytes_put_u32(bytes + at + 4, 7);
	bytes_put_u64(bytes + at + 8, 0x8080000);
	at = entry_begin(at, 0x0f, 20);
	madt.length = entry_begin(at, 0x10, 8);
	ASSERT_TRUE(acpi_gic_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.kind, ACPI_GIC_DISTRIBUTOR);
	EXPECT_EQUAL(entry.address, UINT64_C(0x8000000));
	EXPECT_EQUAL(entry.version, 3);
	ASSERT_TRUE(acpi_gic_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.kind, ACPI_GIC_CPU);
	EXPECT(entry.is_enabled);
	EXPECT_EQUAL(entry.identity, UINT64_C(0x100000203));
	EXPECT_EQUAL(entry.address, UINT64_C(0x8010000));
	ASSERT_TRUE(acpi_gic_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.kind, ACPI_GIC_MESSAGE_FRAME);
	EXPECT(entry.has_lines);
	EXPECT_EQUAL(entry.line_first, 80);
	EXPECT_EQUAL(entry.line_count, 64);
	ASSERT_TRUE(acpi_gic_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.kind, ACPI_GIC_REDISTRIBUTORS);
	EXPECT_EQUAL(entry.address, UINT64_C(0x80a0000));
	EXPECT_EQUAL(entry.length, 0xf60000u);
	ASSERT_TRUE(acpi_gic_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.kind, ACPI_GIC_TRANSLATION);
	EXPECT_EQUAL(entry.address, UINT64_C(0x8080000));
	EXPECT_EQUAL(entry.its, 7u);
	ASSERT_TRUE(acpi_gic_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.kind, ACPI_GIC_OTHER);
	EXPECT(!acpi_gic_next(&madt, &offset, &entry));
}

TEST(acpi_arm, stops_where_madt_is_cut)
{
	struct acpi_table madt = table_begin("APIC", 0);
	struct acpi_gic_entry entry;
	size_t whole = cpu_put(distributor_put(MADT_ENTRIES, 2), 1, 0);

	for (size_t length = 0; length <= whole; length++) {
		size_t offset = 0;
		unsigned count = 0;

		madt.length = length;
		while (acpi_gic_next(&madt, &offset, &entry))
			count++;
		EXPECT_EQUAL(count, (length >= MADT_ENTRIES + 24) + (unsigned)(length == whole));
	}
}

TEST(acpi_arm, passes_over_entries_of_odd_length)
{
	struct acpi_table madt = table_begin("APIC", MADT_ENTRIES + 100);
	struct acpi_gic_entry entry;
	size_t offset = 0;

	cpu_put(entry_begin(MADT_ENTRIES, 0x0c, 20), 1, 0);
	ASSERT_TRUE(acpi_gic_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.kind, ACPI_GIC_OTHER);	/* too short for what it says it is */
	bytes[MADT_ENTRIES + 21] = 40;			/* a CPU of ACPI 5.0, without MPIDR */
	ASSERT_TRUE(acpi_gic_next(&madt, &offset, &entry));
	EXPECT_EQUAL(entry.kind, ACPI_GIC_OTHER);
	bytes[MADT_ENTRIES + 1] = 0;
	offset = 0;
	EXPECT(!acpi_gic_next(&madt, &offset, &entry));
	bytes[MADT_ENTRIES + 1] = 255;
	offset = 0;
	EXPECT(!acpi_gic_next(&madt, &offset, &entry));
	EXPECT_EQUAL(acpi_gic_version(&madt), 0u);
}

TEST(acpi_arm, guesses_version_that_is_not_said)
{
	struct acpi_table madt = table_begin("APIC", 0);

	madt.length = cpu_put(distributor_put(MADT_ENTRIES, 0), 1, 0);
	EXPECT_EQUAL(acpi_gic_version(&madt), 2u);
	madt.length = cpu_put(distributor_put(MADT_ENTRIES, 0), 1, 0x80a0000);
	EXPECT_EQUAL(acpi_gic_version(&madt), 3u);
	madt.length = cpu_put(distributor_put(MADT_ENTRIES, 4), 1, 0);
	EXPECT_EQUAL(acpi_gic_version(&madt), 4u);
	madt.length = MADT_ENTRIES;
	EXPECT_EQUAL(acpi_gic_version(&madt), 0u);
}

TEST(acpi_arm, reads_timer_and_psci)
{
	struct acpi_table table = table_begin("GTDT", 96);
	struct acpi_timer timer;

	bytes_put_u32(bytes + 64, 27);
	ASSERT_TRUE(acpi_timer_parse(&table, &timer));
	EXPECT_EQUAL(timer.virtual_interrupt, 27u);
	table.length = 71;
	EXPECT(!acpi_timer_parse(&table, &timer));
	table = table_begin("FACP", 131);
	EXPECT_EQUAL(acpi_psci_parse(&table), ACPI_PSCI_NONE);
	EXPECT(!acpi_timer_parse(&table, &timer));
	bytes[129] = 2;
	EXPECT_EQUAL(acpi_psci_parse(&table), ACPI_PSCI_NONE);
	bytes[129] = 1;
	EXPECT_EQUAL(acpi_psci_parse(&table), ACPI_PSCI_SMC);
	bytes[129] = 3;
	EXPECT_EQUAL(acpi_psci_parse(&table), ACPI_PSCI_HVC);
	table.length = 130;
	EXPECT_EQUAL(acpi_psci_parse(&table), ACPI_PSCI_NONE);
}
