/* Memory maps put together from what loaders report, and options of the command line. */
#include "arch/common/memory_map.h"
#include "base/string.h"
#include "base/test.h"

#define CAPACITY 8
#define MB UINT64_C(0x100000)

static struct boot_memory_range ranges[CAPACITY];

static struct memory_map map_empty(unsigned capacity)
{
	return (struct memory_map){ .ranges = ranges, .capacity = capacity };
}

static bool range_is(unsigned index, physical_t start, physical_t end, enum boot_memory_kind kind)
{
	return ranges[index].start == start && ranges[index].length_bytes == end - start &&
	       ranges[index].kind == kind;
}

TEST(memory_map, sorts_and_joins)
{
	struct memory_map map = map_empty(CAPACITY);

	memory_map_add_usable(&map, 16 * MB, 16 * MB);
	memory_map_add_usable(&map, 0x1001, 0x2fff);
	memory_map_add_usable(&map, MB, 15 * MB);
	memory_map_add_usable(&map, 20 * MB, 20 * MB);
	ASSERT_EQUAL(map.count, 2u);
	EXPECT(range_is(0, 0x2000, 0x4000, BOOT_MEMORY_USABLE));
	EXPECT(range_is(1, MB, 40 * MB, BOOT_MEMORY_USABLE));
}

TEST(memory_map, reserved_wins_and_grows)
{
	struct memory_map map = map_empty(CAPACITY);

	memory_map_add_usable(&map, 0, 16 * MB);
	memory_map_remove(&map, 4 * MB + 1, 1);
	memory_map_set(&map, 8 * MB - 1, 2, BOOT_MEMORY_RESERVED);
	ASSERT_EQUAL(map.count, 4u);
	EXPECT(range_is(0, 0, 4 * MB, BOOT_MEMORY_USABLE));
	EXPECT(range_is(1, 4 * MB + 0x1000, 8 * MB - 0x1000, BOOT_MEMORY_USABLE));
	EXPECT(range_is(2, 8 * MB - 0x1000, 8 * MB + 0x1000, BOOT_MEMORY_RESERVED));
	EXPECT(range_is(3, 8 * MB + 0x1000, 16 * MB, BOOT_MEMORY_USABLE));
	memory_map_set(&map, 0, 16 * MB, BOOT_MEMORY_FIRMWARE);
	ASSERT_EQUAL(map.count, 1u);
	EXPECT(range_is(0, 0, 16 * MB, BOOT_MEMORY_FIRMWARE));
}

TEST(memory_map, survives_the_ends_of_numbers)
{
	struct memory_map map = map_empty(CAPACITY);

	memory_map_add_usable(&map, UINT64_MAX - 10, UINT64_MAX);
	memory_map_add_usable(&map, 0, 0);
	memory_map_remove(&map, MB, UINT64_MAX);
	EXPECT_EQUAL(map.count, 0u);
	memory_map_add_usable(&map, MB, UINT64_MAX);
	EXPECT_EQUAL(map.count, 1u);
	memory_map_remove(&map, 0, UINT64_MAX);
	EXPECT_EQUAL(map.count, 0u);
}

TEST(memory_map, takes_from_the_top)
{
	struct memory_map map = map_empty(CAPACITY);

	memory_map_add_usable(&map, MB, MB);
	memory_map_add_usable(&map, 4 * MB, MB);
	EXPECT_EQUAL(memory_map_take(&map, 0x2000, 0, UINT64_MAX), 5 * MB - 0x2000);
	EXPECT_EQUAL(memory_map_take(&map, 0x1000, 0, 2 * MB), 2 * MB - 0x1000);
	EXPECT_EQUAL(memory_map_take(&map, 0x1000, 4 * MB, 4 * MB + 0x1000), 4 * MB);
	EXPECT_EQUAL(memory_map_take(&map, 2 * MB, 0, UINT64_MAX), UINT64_C(0));
	for (unsigned i = 1; i < map.count; i++)
		EXPECT(ranges[i - 1].start + ranges[i - 1].length_bytes <= ranges[i].start);
}

TEST(memory_map, full_loses_usable_only)
{
	struct memory_map map = map_empty(2);

	memory_map_add_usable(&map, 0, 16 * MB);
	memory_map_set(&map, 8 * MB, MB, BOOT_MEMORY_RESERVED);
	EXPECT(map.has_overflowed);
	ASSERT_EQUAL(map.count, 2u);
	EXPECT(range_is(0, 0, 8 * MB, BOOT_MEMORY_USABLE));
}

static bool option_is(const char *line, const char *name, const char *expected)
{
	struct boot_information boot = { .command_line = line };
	char value[8] = "?";

	if (!boot_option(&boot, name, value, sizeof(value)))
		return expected == NULL;
	return expected && !strcmp(value, expected);
}

TEST(boot_option, finds_words_and_values)
{
	EXPECT(option_is("a=1 quiet b=2", "quiet", ""));
	EXPECT(option_is("a=1 quiet b=2", "b", "2"));
	EXPECT(option_is("\ta=1\n", "a", "1"));
	EXPECT(option_is("aa=1", "a", NULL));
	EXPECT(option_is("a", "aa", NULL));
	EXPECT(option_is("", "a", NULL));
	EXPECT(option_is("a=1 a=2", "a", "2"));
	EXPECT(option_is("init=\"/x y\" z", "init", "/x y"));
	EXPECT(option_is("a=\"z=3", "z", NULL));
	EXPECT(option_is("long=123456789", "long", "1234567"));
	EXPECT(option_is("a=b=c", "a", "b=c"));
}
