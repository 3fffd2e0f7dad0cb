/*
 * The kernel's own memory and string functions, also on the host and on CPUs that have others:
 * they are compiled here once more under other names.
 */
#include "base/test.h"

#undef memcpy
#undef memmove
#undef memset
#undef memcmp
#define memcpy tested_memcpy
#define memmove tested_memmove
#define memset tested_memset
#define memcmp tested_memcmp
#define memchr tested_memchr
#define strlen tested_strlen
#define strnlen tested_strnlen
#define strcmp tested_strcmp
#define strncmp tested_strncmp
#define strchr tested_strchr
#define strrchr tested_strrchr
#define strstr tested_strstr

#include "base/string.c"
#include "base/string_memory.c"

#define AREA 64

static void fill(uint8_t *area)
{
	for (unsigned int i = 0; i < AREA; i++)
		area[i] = (uint8_t)(i + 1);
}

TEST(string, move_any_overlap)
{
	uint8_t area[AREA];

	for (unsigned int from = 0; from < 24; from++) {
		for (unsigned int to = 0; to < 24; to++) {
			unsigned int length = (from * 7 + to) % 40;

			fill(area);
			EXPECT(memmove(area + to, area + from, length) == area + to);
			for (unsigned int i = 0; i < AREA; i++) {
				bool is_moved = i >= to && i < to + length;
				unsigned int source = is_moved ? i - to + from : i;

				EXPECT_EQUAL(area[i], source + 1);
			}
		}
	}
}

TEST(string, copy_set_compare)
{
	uint8_t source[AREA];
	uint8_t target[AREA];

	for (unsigned int length = 0; length < AREA - 1; length++) {
		fill(source);
		memset(target, 0xee, AREA);
		memcpy(target + 1, source, length);
		EXPECT_EQUAL(memcmp(target + 1, source, length), 0);
		EXPECT_EQUAL(target[0], 0xee);
		EXPECT_EQUAL(target[length + 1], 0xee);
		if (length) {
			target[length] = 0xff;
			EXPECT(memcmp(target + 1, source, length) > 0);
			EXPECT(memcmp(source, target + 1, length) < 0);
		}
	}
}

TEST(string, lengths_at_any_alignment)
{
	char text[AREA];

	for (unsigned int start = 0; start < 9; start++) {
		for (unsigned int length = 0; length < 30; length++) {
			memset(text, 0x80 + 'a', AREA);
			text[start + length] = 0;
			EXPECT_EQUAL(strlen(text + start), length);
			EXPECT_EQUAL(strnlen(text + start, 10), min(length, 10));
		}
	}
}

TEST(string, comparing_and_searching)
{
	const char *text = "the shield of the gods";

	EXPECT(strcmp("abc", "abd") < 0 && strcmp("abc", "ab") > 0);
	EXPECT(strcmp("\xff", "a") > 0);
	EXPECT_EQUAL(strncmp("abcX", "abcY", 3), 0);
	EXPECT(strncmp("abcX", "abcY", 4) < 0);
	EXPECT_EQUAL(strncmp("ab", "ab", 9), 0);
	EXPECT(strchr(text, 'h') == text + 1);
	EXPECT(strchr(text, 0) == text + 22);
	EXPECT(strchr(text, 'z') == NULL);
	EXPECT(strrchr(text, 'h') == text + 15);
	EXPECT(strrchr(text, 'z') == NULL);
	EXPECT(strstr(text, "the g") == text + 14);
	EXPECT(strstr(text, "") == text);
	EXPECT(strstr(text, "godsend") == NULL);
	EXPECT(memchr(text, 'o', 12) == text + 11);
	EXPECT(memchr(text, 'o', 11) == NULL);
}

TEST(string, bounded_copies)
{
	char text[8] = "";

	EXPECT_EQUAL(strlcpy(text, "shield", sizeof(text)), 6);
	EXPECT_STRING_EQUAL(text, "shield");
	EXPECT_EQUAL(strlcat(text, "ed", sizeof(text)), 8);
	EXPECT_STRING_EQUAL(text, "shielde");
	EXPECT_EQUAL(strlcpy(text, "too long for it", sizeof(text)), 15);
	EXPECT_STRING_EQUAL(text, "too lon");
	EXPECT_EQUAL(strlcpy(text, "x", 0), 1);
	EXPECT(string_starts_with("vda1", "vda") && !string_starts_with("vd", "vda"));
	EXPECT(memory_is_equal_secret("abc", "abc", 3) && !memory_is_equal_secret("abc", "abd", 3));
}
