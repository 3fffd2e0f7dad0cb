/* Bitmaps: searches and ranges across word borders. */
#include "base/bitmap.h"

#include "base/string.h"
#include "base/test.h"

#define BITS 200

static BITMAP(map, BITS);

TEST(bitmap, ranges_and_searches)
{
	for (size_t first = 0; first < BITS; first += 13) {
		for (size_t count = 0; first + count <= BITS; count += 7) {
			memset(map, 0, sizeof(map));
			bitmap_set_range(map, first, count);
			EXPECT_EQUAL(bitmap_count(map, BITS), count);
			EXPECT_EQUAL(bitmap_find_set(map, BITS, 0), count ? first : BITS);
			EXPECT_EQUAL(bitmap_find_clear(map, BITS, first), first + count);
			bitmap_clear_range(map, first, count);
			EXPECT_EQUAL(bitmap_count(map, BITS), 0);
		}
	}
}

TEST(bitmap, single_bits)
{
	size_t bit;
	size_t sum = 0;

	memset(map, 0, sizeof(map));
	bitmap_set(map, 0);
	bitmap_set(map, 63);
	bitmap_set(map, 64);
	bitmap_set(map, 199);
	EXPECT(bitmap_test(map, 63) && !bitmap_test(map, 62));
	bitmap_for_each_set(bit, map, BITS)
		sum += bit;
	EXPECT_EQUAL(sum, 326);
	bitmap_clear(map, 63);
	EXPECT_EQUAL(bitmap_find_set(map, BITS, 1), 64);
	EXPECT_EQUAL(bitmap_find_set(map, 199, 65), 199);
}

TEST(bitmap, clear_runs)
{
	memset(map, 0, sizeof(map));
	bitmap_set(map, 10);
	bitmap_set(map, 70);
	EXPECT_EQUAL(bitmap_find_clear_range(map, BITS, 0, 10), 0);
	EXPECT_EQUAL(bitmap_find_clear_range(map, BITS, 0, 11), 11);
	EXPECT_EQUAL(bitmap_find_clear_range(map, BITS, 0, 60), 71);
	EXPECT_EQUAL(bitmap_find_clear_range(map, BITS, 0, 129), 71);
	EXPECT_EQUAL(bitmap_find_clear_range(map, BITS, 0, 130), BITS);
}
