/* Numbers from text. */
#include "base/parse.h"

#include "base/errno.h"
#include "base/test.h"

TEST(parse, unsigned_numbers)
{
	uint64_t value = 7;

	EXPECT_EQUAL(parse_unsigned("18446744073709551615", 10, &value), 0);
	EXPECT_EQUAL(value, UINT64_MAX);
	EXPECT_EQUAL(parse_unsigned("18446744073709551616", 10, &value), -ERANGE);
	EXPECT_EQUAL(parse_unsigned("0x1F\n", 0, &value), 0);
	EXPECT_EQUAL(value, 0x1f);
	EXPECT_EQUAL(parse_unsigned("ff", 16, &value), 0);
	EXPECT_EQUAL(value, 0xff);
	EXPECT_EQUAL(parse_unsigned("017", 0, &value), 0);
	EXPECT_EQUAL(value, 15);
	EXPECT_EQUAL(parse_unsigned("0", 0, &value), 0);
	EXPECT_EQUAL(value, 0);
	EXPECT_EQUAL(parse_unsigned("", 10, &value), -EINVAL);
	EXPECT_EQUAL(parse_unsigned("0x", 16, &value), -EINVAL);
	EXPECT_EQUAL(parse_unsigned("12a", 10, &value), -EINVAL);
	EXPECT_EQUAL(parse_unsigned("8", 8, &value), -EINVAL);
	EXPECT_EQUAL(parse_unsigned(" 1", 10, &value), -EINVAL);
	EXPECT_EQUAL(value, 0);
}

TEST(parse, signed_numbers)
{
	int64_t value = 0;

	EXPECT_EQUAL(parse_signed("-9223372036854775808", 10, &value), 0);
	EXPECT_EQUAL(value, INT64_MIN);
	EXPECT_EQUAL(parse_signed("9223372036854775808", 10, &value), -ERANGE);
	EXPECT_EQUAL(parse_signed("+5", 10, &value), 0);
	EXPECT_EQUAL(value, 5);
	EXPECT_EQUAL(parse_signed("--5", 10, &value), -EINVAL);
}

TEST(parse, sizes)
{
	uint64_t value = 0;

	EXPECT_EQUAL(parse_size("64", &value), 0);
	EXPECT_EQUAL(value, 64);
	EXPECT_EQUAL(parse_size("3M", &value), 0);
	EXPECT_EQUAL(value, 3 << 20);
	EXPECT_EQUAL(parse_size("2g\n", &value), 0);
	EXPECT_EQUAL(value, UINT64_C(2) << 30);
	EXPECT_EQUAL(parse_size("2Gb", &value), -EINVAL);
	EXPECT_EQUAL(parse_size("99999999999T", &value), -ERANGE);
	EXPECT_EQUAL(parse_size("K", &value), -EINVAL);
}
