/* Numbers run out and come back; type registers that lie. */
#include "driver/interrupt/gic_its/number.h"

#include "base/errno.h"
#include "base/test.h"

TEST(lpi_number, runs_out_and_comes_back)
{
	static struct lpi_numbers numbers;
	uint32_t number;

	numbers = (struct lpi_numbers){ .count = 70 };
	for (uint32_t i = 0; i < 70; i++) {
		ASSERT_TRUE(lpi_number_reserve(&numbers, &number) == 0);
		ASSERT_TRUE(number == i);
	}
	EXPECT(lpi_number_reserve(&numbers, &number) == -ENOSPC);
	lpi_number_release(&numbers, 66);
	lpi_number_release(&numbers, 3);
	EXPECT(lpi_number_reserve(&numbers, &number) == 0 && number == 3);
	EXPECT(lpi_number_reserve(&numbers, &number) == 0 && number == 66);
	EXPECT(lpi_number_reserve(&numbers, &number) == -ENOSPC);
	numbers = (struct lpi_numbers){ .count = 0 };
	EXPECT(lpi_number_reserve(&numbers, &number) == -ENOSPC);
}

static uint32_t type(uint32_t number_bits, uint32_t lpi_bits)
{
	return (uint32_t)GICD_TYPER_LPIS | (number_bits - 1) << 19 | lpi_bits << 11;
}

TEST(lpi_number, counts)
{
	EXPECT_EQUAL(lpi_count_of(type(16, 0)), 8192);
	EXPECT_EQUAL(lpi_count_of(type(14, 0)), 8192);
	EXPECT_EQUAL(lpi_count_of(type(13, 0)), 0);
	EXPECT_EQUAL(lpi_count_of(type(16, 0) & ~(uint32_t)GICD_TYPER_LPIS), 0);
	EXPECT_EQUAL(lpi_count_of(type(16, 1)), 4);
	EXPECT_EQUAL(lpi_count_of(type(16, 11)), 4096);
	EXPECT_EQUAL(lpi_count_of(type(16, 12)), 8192);
	EXPECT_EQUAL(lpi_count_of(type(32, 31)), 8192);
	EXPECT_EQUAL(lpi_count_of(0), 0);
	EXPECT_EQUAL(lpi_count_of(UINT32_MAX), 8192);
}
