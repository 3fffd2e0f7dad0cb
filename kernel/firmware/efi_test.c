/* Memory maps, text and times as firmware might give them. */
#include "firmware/efi.h"

#include "base/string.h"
#include "base/test.h"
#include "firmware/bytes.h"

#define STRIDE 48
#define WRITE_BACK 8

static uint8_t bytes[4 * STRIDE];

static void descriptor_put(unsigned index, uint32_t type, uint64_t start, uint64_t pages,
			   uint64_t attribute)
{
	size_t at = index * STRIDE;

	bytes_put_u64(bytes + at, type);
	bytes_put_u64(bytes + at + 8, start);
	bytes_put_u64(bytes + at + 24, pages);
	bytes_put_u64(bytes + at + 32, attribute);
}

static const struct efi_memory_map whole = { bytes, sizeof(bytes), STRIDE };

TEST(efi, steps_through_memory)
{
	static const struct {
		uint32_t type;
		uint64_t attribute;
		enum efi_memory_use use;
	} kinds[] = {
		{ 0, WRITE_BACK, EFI_MEMORY_KEPT },	/* reserved */
		{ 1, WRITE_BACK, EFI_MEMORY_FREE },
		{ 4, WRITE_BACK | 15, EFI_MEMORY_FREE },
		{ 6, WRITE_BACK, EFI_MEMORY_KEPT },	/* runtime services */
		{ 7, WRITE_BACK, EFI_MEMORY_FREE },
		{ 7, 1, EFI_MEMORY_KEPT },		/* not cached */
		{ 9, WRITE_BACK, EFI_MEMORY_TABLES },
		{ 10, WRITE_BACK, EFI_MEMORY_TABLES },
		{ 11, WRITE_BACK, EFI_MEMORY_KEPT },	/* registers */
		{ 14, WRITE_BACK, EFI_MEMORY_KEPT },	/* persistent */
		{ 0x80000000, WRITE_BACK, EFI_MEMORY_KEPT },
	};
	struct efi_memory_range range;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		uint64_t offset = STRIDE;

		descriptor_put(1, kinds[i].type, 0x40000000, 16, kinds[i].attribute);
		ASSERT_TRUE(efi_memory_next(&whole, &offset, &range));
		EXPECT_EQUAL(offset, (uint64_t)2 * STRIDE);
		EXPECT_EQUAL(range.start, UINT64_C(0x40000000));
		EXPECT_EQUAL(range.length, UINT64_C(0x10000));
		EXPECT_EQUAL(range.use, kinds[i].use);
	}
}

TEST(efi, refuses_impossible_memory)
{
	static const struct {
		uint64_t start, pages;
	} ranges[] = {
		{ 0x40000800, 1 }, { 0, UINT64_MAX }, { 0x1000, UINT64_C(1) << 52 },
		{ UINT64_MAX - 0xfff, 2 }, { UINT64_C(1) << 63, UINT64_C(1) << 51 },
	};
	struct efi_memory_range range;

	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		uint64_t offset = 0;

		descriptor_put(0, 7, ranges[i].start, ranges[i].pages, WRITE_BACK);
		ASSERT_TRUE(efi_memory_next(&whole, &offset, &range));
		EXPECT_EQUAL(range.use, EFI_MEMORY_KEPT);
		EXPECT_EQUAL(range.length, UINT64_C(0));
	}
}

TEST(efi, ends_with_the_map)
{
	struct efi_memory_map map = whole;
	struct efi_memory_range range;
	uint64_t offset = 0;

	for (unsigned i = 0; i < 4; i++)
		EXPECT(efi_memory_next(&map, &offset, &range));
	EXPECT(!efi_memory_next(&map, &offset, &range));
	map.length -= 1;
	offset = (uint64_t)3 * STRIDE;
	EXPECT(!efi_memory_next(&map, &offset, &range));
	offset = UINT64_MAX;
	EXPECT(!efi_memory_next(&map, &offset, &range));
	offset = 0;
	map.stride = 39;
	EXPECT(!efi_memory_next(&map, &offset, &range));
	map.stride = UINT64_MAX;
	EXPECT(!efi_memory_next(&map, &offset, &range));
	map.stride = 0;
	EXPECT(!efi_memory_next(&map, &offset, &range));
}

static size_t convert(const uint16_t *units, size_t count, char *out, size_t size)
{
	uint8_t text[64];

	for (size_t i = 0; i < count; i++) {
		text[2 * i] = (uint8_t)units[i];
		text[2 * i + 1] = (uint8_t)(units[i] >> 8);
	}
	return efi_text_convert(text, 2 * count, out, size);
}

TEST(efi, converts_text)
{
	static const uint16_t units[] = { 'a', 0xe9, 0x20ac, 0xd83d, 0xde00, 0xd83d, 'b', 0xde00,
					  'c', 0, 'd' };
	static const char wanted[] = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80?b?c";
	char out[EFI_TEXT_BYTES(2 * ARRAY_SIZE(units))];

	EXPECT_EQUAL(convert(units, ARRAY_SIZE(units), out, sizeof(out)), sizeof(wanted) - 1);
	EXPECT(strcmp(out, wanted) == 0);
	EXPECT_EQUAL(efi_text_convert(NULL, 0, out, 1), (size_t)0);
	EXPECT_EQUAL(out[0], 0);
	EXPECT_EQUAL(efi_text_convert("x", 1, out, sizeof(out)), (size_t)0);
}

TEST(efi, cuts_text_between_characters)
{
	static const uint16_t units[] = { 0x20ac, 0x20ac, 0xd83d };
	char out[8];

	for (size_t size = 1; size <= sizeof(out); size++) {
		size_t length = convert(units, ARRAY_SIZE(units), out, size);

		EXPECT_EQUAL(length, size > 7 ? (size_t)7 : (size - 1) / 3 * 3);
		EXPECT_EQUAL(out[length], 0);
	}
}

static void time_put(uint8_t time[EFI_TIME_BYTES], unsigned year, uint8_t month, uint8_t day,
		     int zone)
{
	memset(time, 0, EFI_TIME_BYTES);
	time[0] = (uint8_t)year;
	time[1] = (uint8_t)(year >> 8);
	time[2] = month;
	time[3] = day;
	time[12] = (uint8_t)zone;
	time[13] = (uint8_t)(zone >> 8);
}

TEST(efi, reads_times)
{
	uint8_t time[EFI_TIME_BYTES];
	int64_t time_ns;

	time_put(time, 2024, 12, 31, 0x7ff);
	time[4] = 1;
	time[5] = 2;
	time[6] = 3;
	bytes_put_u32(time + 8, 999999999);
	ASSERT_TRUE(efi_time_parse(time, &time_ns));
	EXPECT_EQUAL(time_ns, INT64_C(1735606923999999999));
	bytes_put_u32(time + 8, 1000000000);
	EXPECT(!efi_time_parse(time, &time_ns));
	time_put(time, 2000, 3, 1, -120);	/* two hours before UTC */
	ASSERT_TRUE(efi_time_parse(time, &time_ns));
	EXPECT_EQUAL(time_ns, (INT64_C(951868800) - 7200) * 1000000000);
	time_put(time, 2000, 3, 1, 1440);
	ASSERT_TRUE(efi_time_parse(time, &time_ns));
	EXPECT_EQUAL(time_ns, (INT64_C(951868800) + 86400) * 1000000000);
}

TEST(efi, refuses_impossible_times)
{
	static const struct {
		unsigned year;
		uint8_t month, day;
		int zone;
	} wrong[] = {
		{ 0, 0, 0, 0 }, { 0, 1, 1, 0 }, { 1969, 12, 31, 0 }, { 2024, 13, 1, 0 },
		{ 2024, 1, 0, 0 }, { 2023, 2, 29, 0 }, { 65535, 255, 255, 0 }, { 9999, 12, 31, 0 },
		{ 2024, 1, 1, 1441 }, { 2024, 1, 1, -1441 }, { 2024, 1, 1, INT16_MIN },
		{ 1970, 1, 1, -1 },
	};
	uint8_t time[EFI_TIME_BYTES];
	int64_t time_ns;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		time_put(time, wrong[i].year, wrong[i].month, wrong[i].day, wrong[i].zone);
		EXPECT(!efi_time_parse(time, &time_ns));
	}
	memset(time, 0xff, sizeof(time));
	EXPECT(!efi_time_parse(time, &time_ns));
}
