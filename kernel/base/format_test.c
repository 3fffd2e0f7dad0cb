/* Formatting: each flag, length and edge against the text the C standard asks for. */
#include "base/format.h"

#include "base/test.h"

#define EXPECT_FORMAT(expected, ...) \
	do { \
		char formatted[80]; \
		size_t length = format_print(formatted, sizeof(formatted), __VA_ARGS__); \
		EXPECT_STRING_EQUAL(formatted, expected); \
		EXPECT_EQUAL(length, sizeof(expected) - 1); \
	} while (0)

TEST(format, integers)
{
	EXPECT_FORMAT("0 -1 42", "%d %i %u", 0, -1, 42u);
	EXPECT_FORMAT("-9223372036854775808", "%ld", INT64_MIN);
	EXPECT_FORMAT("18446744073709551615", "%llu", (unsigned long long)UINT64_MAX);
	EXPECT_FORMAT("ff FF 0xff 0XFF 0", "%x %X %#x %#X %#x", 255u, 255u, 255u, 255u, 0u);
	EXPECT_FORMAT("17 017 0", "%o %#o %#o", 15u, 15u, 0u);
	EXPECT_FORMAT("1777777777777777777777", "%lo", UINT64_MAX);
	EXPECT_FORMAT("-1 255 -1 65535", "%hhd %hhu %hd %hu", (signed char)-1,
		      (unsigned char)255, (short)-1, (unsigned short)65535);
	EXPECT_FORMAT("7 8 9", "%zu %jd %td", (size_t)7, (intmax_t)8, (ptrdiff_t)9);
}

TEST(format, width_and_flags)
{
	EXPECT_FORMAT("[   42][42   ][00042]", "[%5d][%-5d][%05d]", 42, 42, 42);
	EXPECT_FORMAT("[  +42][ 42]", "[%+5d][% d]", 42, 42);
	EXPECT_FORMAT("[-0042][  -42][-42  ]", "[%05d][%*d][%*d]", -42, 5, -42, -5, -42);
	EXPECT_FORMAT("[  0042][0042  ][]", "[%6.4d][%-6.4d][%.0d]", 42, 42, 0);
	EXPECT_FORMAT("[0x002a][  0x2a]", "[%#06x][%#6x]", 42u, 42u);
	EXPECT_FORMAT("000000000000000000000000000000000000000000000000001", "%051d", 1);
}

TEST(format, text_and_pointers)
{
	EXPECT_FORMAT("[a][  a][ab ][abc]", "[%c][%3c][%-3s][%.3s]", 'a', 'a', "ab", "abcdef");
	EXPECT_FORMAT("[  ab]", "[%*.*s]", 4, 2, "abcdef");
	EXPECT_FORMAT("0x1234 0x0 100%", "%p %p %d%%", (void *)0x1234, NULL, 100);
}

TEST(format, cuts_at_the_end)
{
	char text[6] = "xxxxx";

	EXPECT_EQUAL(format_print(text, sizeof(text), "%s-%d", "shield", 5), 8);
	EXPECT_STRING_EQUAL(text, "shiel");
	EXPECT_EQUAL(format_print(text, 1, "%d", 12345), 5);
	EXPECT_STRING_EQUAL(text, "");
	text[0] = 'y';
	EXPECT_EQUAL(format_print(text, 0, "%d", 12345), 5);
	EXPECT_EQUAL(text[0], 'y');
}

struct counting_sink {
	struct format_sink sink;
	size_t length;
};

static void count_bytes(struct format_sink *sink, const char *bytes UNUSED, size_t length)
{
	container_of(sink, struct counting_sink, sink)->length += length;
}

PRINTF_LIKE(2, 3)
static size_t count_format(struct counting_sink *counting, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_to_sink(&counting->sink, format, arguments);
	va_end(arguments);
	return length;
}

TEST(format, sink_gets_everything)
{
	struct counting_sink counting = { .sink = { .write = count_bytes } };

	EXPECT_EQUAL(count_format(&counting, "%5000d %s", 1, "end"), 5004);
	EXPECT_EQUAL(counting.length, 5004);
}
