/* The assembly memory functions against byte loops, over sizes, alignments and overlaps. */
#include "base/string.h"

#include "base/test.h"

#define AREA 160

static uint8_t got[AREA], want[AREA];

static void fill(void)
{
	for (size_t i = 0; i < AREA; i++)
		got[i] = want[i] = (uint8_t)(i * 7 + 3);
}

/* Copies through a third buffer, one byte at a time. */
static NO_LOOP_IDIOM void expected_move(size_t to, size_t from, size_t length)
{
	static uint8_t between[AREA];

	for (size_t i = 0; i < length; i++)
		between[i] = want[from + i];
	for (size_t i = 0; i < length; i++)
		want[to + i] = between[i];
}

static NO_LOOP_IDIOM bool areas_are_equal(void)
{
	for (size_t i = 0; i < AREA; i++) {
		if (got[i] != want[i])
			return false;
	}
	return true;
}

TEST(string_assembly, moves)
{
	for (size_t length = 0; length <= 70; length++) {
		for (size_t from = 0; from < 80; from += 5) {
			for (size_t to = 0; to < 80; to += 3) {
				fill();
				expected_move(to, from, length);
				EXPECT((memmove)(got + to, got + from, length) == got + to);
				ASSERT_TRUE(areas_are_equal());
			}
		}
	}
}

TEST(string_assembly, copies)
{
	for (size_t length = 0; length <= 70; length++) {
		for (size_t to = 75; to < 90; to++) {
			fill();
			expected_move(to, 1, length);
			EXPECT((memcpy)(got + to, got + 1, length) == got + to);
			ASSERT_TRUE(areas_are_equal());
		}
	}
}

TEST(string_assembly, sets)
{
	for (size_t length = 0; length <= 70; length++) {
		for (size_t to = 1; to < 12; to++) {
			fill();
			for (size_t i = 0; i < length; i++)
				((volatile uint8_t *)want)[to + i] = 0xa5;
			EXPECT((memset)(got + to, 0x1a5, length) == got + to);
			ASSERT_TRUE(areas_are_equal());
		}
	}
}

TEST(string_assembly, compares)
{
	for (size_t length = 1; length <= 40; length++) {
		for (size_t at = 0; at < length; at++) {
			fill();
			EXPECT_EQUAL((memcmp)(got, want, length), 0);
			got[at] = (uint8_t)(want[at] ^ 0x80);
			/* Later bytes say the opposite, and must not matter. */
			for (size_t later = at + 1; later < length; later++)
				got[later] = (uint8_t)(got[at] < want[at] ? 255 : 0);
			EXPECT_EQUAL((memcmp)(got, want, length) < 0, got[at] < want[at]);
			EXPECT((memcmp)(got, want, length) != 0);
		}
	}
}
