/* Not a test of randomness, but of what a wrong generator would do. */
#include "base/bitmap.h"
#include "base/string.h"
#include "base/test.h"
#include "random/random.h"

TEST(random, every_length_and_no_repetition)
{
	uint8_t a[48], b[48];

	for (size_t length = 1; length <= sizeof(a); length++) {
		memset(a, 0, sizeof(a));
		random_bytes(a, length);
		/* Nothing behind the end is written. */
		for (size_t i = length; i < sizeof(a); i++)
			ASSERT_EQUAL(a[i], 0);
	}
	random_bytes(a, sizeof(a));
	random_bytes(b, sizeof(b));
	EXPECT(memcmp(a, b, sizeof(a)) != 0);
}

TEST(random, below_stays_below_and_reaches_all)
{
	uint64_t seen = 0;

	for (unsigned i = 0; i < 2000; i++) {
		uint64_t value = random_below(7);

		ASSERT_TRUE(value < 7);
		seen |= BIT(value);
	}
	EXPECT_EQUAL(seen, 0x7f);
	EXPECT_EQUAL(random_below(1), 0);
}

TEST(random, about_half_of_all_bits)
{
	uint64_t bits[8];
	size_t ones = 0;

	for (unsigned i = 0; i < 64; i++) {
		random_bytes(bits, sizeof(bits));
		ones += bitmap_count(bits, 512);
	}
	/* 32768 draws: more than ten standard deviations from the middle is a defect. */
	EXPECT(ones > 16384 - 1000 && ones < 16384 + 1000);
}
