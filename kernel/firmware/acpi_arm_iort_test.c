/* IORT put together by hand, as QEMU has it and as nobody should, whole and cut. */
#include "firmware/acpi_arm.h"

#include "base/string.h"
#include "base/test.h"
#include "firmware/bytes.h"

#define TABLE_BYTES 256
#define NODES 48
#define GROUP_BYTES 28			/* two ITSs */
#define COMPLEX_BYTES 76		/* two mappings */
#define SMMU_BYTES 108			/* two mappings */
#define GROUP NODES
#define SMMU (GROUP + GROUP_BYTES)
#define COMPLEX (SMMU + SMMU_BYTES)
#define MAPPINGS_OF_COMPLEX 36
#define MAPPINGS_OF_SMMU 68
#define ALL_BYTES (COMPLEX + COMPLEX_BYTES)
static_assert(ALL_BYTES <= TABLE_BYTES + 4, "it fits");

static uint8_t bytes[TABLE_BYTES + 4];
static const struct acpi_table table = { bytes, ALL_BYTES };

static void node_put(size_t at, uint8_t type, uint16_t length, uint32_t mapping_count,
		     uint32_t mappings)
{
	bytes[at] = type;
	bytes[at + 1] = (uint8_t)length;
	bytes[at + 2] = (uint8_t)(length >> 8);
	bytes_put_u32(bytes + at + 8, mapping_count);
	bytes_put_u32(bytes + at + 12, mappings);
}

static void mapping_put(size_t at, uint32_t input, uint32_t last, uint32_t output, uint32_t node)
{
	bytes_put_u32(bytes + at, input);
	bytes_put_u32(bytes + at + 4, last);
	bytes_put_u32(bytes + at + 8, output);
	bytes_put_u32(bytes + at + 12, node);
	bytes_put_u32(bytes + at + 16, 0);
}

/* Bus 0 goes to the group by way of the SMMU, buses 1 and 2 at once. */
static void table_put(void)
{
	memset(bytes, 0, sizeof(bytes));
	memcpy(bytes, "IORT", 4);
	bytes_put_u32(bytes + 36, 3);
	bytes_put_u32(bytes + 40, NODES);
	node_put(GROUP, 0, GROUP_BYTES, 0, 0);
	bytes_put_u32(bytes + GROUP + 16, 2);
	bytes_put_u32(bytes + GROUP + 20, 7);
	bytes_put_u32(bytes + GROUP + 24, 9);
	node_put(SMMU, 4, SMMU_BYTES, 2, MAPPINGS_OF_SMMU);
	mapping_put(SMMU + MAPPINGS_OF_SMMU, 0, 0, 0x99, GROUP);
	bytes_put_u32(bytes + SMMU + MAPPINGS_OF_SMMU + 16, 1);
	mapping_put(SMMU + MAPPINGS_OF_SMMU + 20, 0x5000, 0xff, 0x700, GROUP);
	node_put(COMPLEX, 2, COMPLEX_BYTES, 2, MAPPINGS_OF_COMPLEX);
	bytes_put_u32(bytes + COMPLEX + 28, 3);
	mapping_put(COMPLEX + MAPPINGS_OF_COMPLEX, 0, 0xff, 0x5000, SMMU);
	mapping_put(COMPLEX + MAPPINGS_OF_COMPLEX + 20, 0x100, 0x1ff, 0x10100, GROUP);
}

static bool find(uint32_t requester, uint32_t *device)
{
	return acpi_message_find(&table, 3, requester, 9, device);
}

TEST(acpi_iort, follows_mappings)
{
	uint32_t device;

	table_put();
	ASSERT_TRUE(find(0x08, &device));
	EXPECT_EQUAL(device, 0x708u);
	ASSERT_TRUE(find(0xff, &device));
	EXPECT_EQUAL(device, 0x7ffu);
	ASSERT_TRUE(find(0x100, &device));
	EXPECT_EQUAL(device, 0x10100u);
	ASSERT_TRUE(find(0x2ff, &device));
	EXPECT_EQUAL(device, 0x102ffu);
	EXPECT(!find(0x300, &device));
	EXPECT(!find(UINT32_MAX, &device));
	ASSERT_TRUE(acpi_message_find(&table, 3, 0, 7, &device));
	EXPECT(!acpi_message_find(&table, 3, 0, 8, &device));	/* another ITS */
	EXPECT(!acpi_message_find(&table, 0, 0, 7, &device));	/* another segment */
}

TEST(acpi_iort, knows_single_mappings)
{
	uint32_t device;

	table_put();
	bytes_put_u32(bytes + COMPLEX + MAPPINGS_OF_COMPLEX + 8, 0x5001);
	bytes_put_u32(bytes + COMPLEX + MAPPINGS_OF_COMPLEX + 16, 1);
	ASSERT_TRUE(find(0xabcdef, &device));
	EXPECT_EQUAL(device, 0x701u);
}

TEST(acpi_iort, ends_in_circles)
{
	uint32_t device;

	table_put();
	mapping_put(SMMU + MAPPINGS_OF_SMMU + 20, 0x5000, 0xff, 0x5000, SMMU);
	EXPECT(!find(0, &device));
	mapping_put(COMPLEX + MAPPINGS_OF_COMPLEX, 0, 0xff, 0, COMPLEX);
	EXPECT(!find(0, &device));
}

TEST(acpi_iort, refuses_what_leads_nowhere)
{
	static const uint32_t places[] = {
		0, 47, NODES + 1, GROUP + 20, COMPLEX + 4, ALL_BYTES, UINT32_MAX,
	};
	uint32_t device;

	table_put();
	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		mapping_put(COMPLEX + MAPPINGS_OF_COMPLEX + 20, 0x100, 0x1ff, 0, places[i]);
		EXPECT(!find(0x100, &device));
	}
	mapping_put(COMPLEX + MAPPINGS_OF_COMPLEX + 20, 0x100, UINT32_MAX, 0xfffffff0, GROUP);
	EXPECT(find(0x10f, &device));
	EXPECT(!find(0x110, &device));				/* its number has 33 bits */
}

TEST(acpi_iort, reads_no_further_than_lengths)
{
	uint32_t device;

	table_put();
	bytes_put_u32(bytes + COMPLEX + 8, UINT32_MAX);		/* mappings */
	EXPECT(!find(0x300, &device));
	bytes_put_u32(bytes + COMPLEX + 12, UINT32_MAX);	/* where they are */
	EXPECT(!find(0, &device));
	table_put();
	bytes_put_u32(bytes + GROUP + 16, UINT32_MAX);		/* ITSs */
	EXPECT(find(0, &device));
	EXPECT(!acpi_message_find(&table, 3, 0, 8, &device));
	table_put();
	bytes_put_u32(bytes + 36, UINT32_MAX);			/* nodes */
	EXPECT(find(0, &device));
	bytes_put_u32(bytes + 36, 2);
	EXPECT(!find(0, &device));
	table_put();
	bytes_put_u32(bytes + 40, UINT32_MAX - 3);		/* where they are */
	EXPECT(!find(0, &device));
	bytes_put_u32(bytes + 40, 0);
	EXPECT(!find(0, &device));
}

TEST(acpi_iort, passes_over_damaged_nodes)
{
	static const uint16_t lengths[] = { 0, 15, 16, 27, 1000, UINT16_MAX };
	uint32_t device;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		table_put();
		node_put(GROUP, 0, lengths[i], 0, 0);
		EXPECT(!find(0, &device));
		table_put();
		node_put(COMPLEX, 2, lengths[i], 2, MAPPINGS_OF_COMPLEX);
		EXPECT(!find(0, &device));
	}
}

TEST(acpi_iort, stops_where_it_is_cut)
{
	uint32_t device;

	table_put();
	for (size_t length = 36; length < ALL_BYTES; length++) {
		const struct acpi_table cut = { bytes, length };

		EXPECT(!acpi_message_find(&cut, 3, 0, 9, &device));
	}
	bytes[0] = 'X';
	EXPECT(!find(0, &device));
}
