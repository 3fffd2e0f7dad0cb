/* Checked arithmetic and the macros of compiler.h. */
#include "base/arithmetic.h"

#include "base/error_pointer.h"
#include "base/test.h"

TEST(arithmetic, checked_operations)
{
	uint64_t sum = 0;
	uint32_t small = 0;
	int64_t difference = 0;

	EXPECT(checked_add(UINT64_MAX - 1, 1, &sum) && sum == UINT64_MAX);
	EXPECT(!checked_add(UINT64_MAX, 1, &sum));
	EXPECT(!checked_add(UINT64_C(1) << 32, 0, &small));
	EXPECT(!checked_multiply(UINT64_C(1) << 33, UINT64_C(1) << 31, &sum));
	EXPECT(checked_subtract(0, 5, &difference) && difference == -5);
	EXPECT(!checked_subtract(0u, 5u, &sum));
	EXPECT_EQUAL(add_or_overflow(INT64_MAX, 1, &difference), -EOVERFLOW);
}

TEST(arithmetic, ranges)
{
	uint64_t end;

	EXPECT_EQUAL(range_end(10, 5, &end), 0);
	EXPECT_EQUAL(end, 15);
	EXPECT_EQUAL(range_end(UINT64_MAX, 1, &end), -EOVERFLOW);
	EXPECT(range_is_within(5, 5, 10) && !range_is_within(5, 6, 10));
	EXPECT(range_is_within(10, 0, 10) && !range_is_within(11, 0, 10));
	EXPECT(!range_is_within(5, UINT64_MAX, 10));
	EXPECT(ranges_overlap(0, 10, 9, 1) && !ranges_overlap(0, 10, 10, 1));
	EXPECT(ranges_overlap(UINT64_MAX, 1, 5, UINT64_MAX) && !ranges_overlap(5, 0, 0, 10));
	EXPECT_EQUAL(checked_align_up(UINT64_MAX, 4096, &end), -EOVERFLOW);
	EXPECT_EQUAL(checked_align_up(4097, 4096, &end), 0);
	EXPECT_EQUAL(end, 8192);
}

TEST(arithmetic, wide_products)
{
	EXPECT_EQUAL(mul_u64_u64_shift(UINT64_MAX, UINT64_MAX, 64), UINT64_MAX - 1);
	EXPECT_EQUAL(mul_u64_u64_shift(3000000000, UINT64_C(1) << 32, 32), 3000000000);
	EXPECT_EQUAL(multiply_high_u64(UINT64_C(1) << 63, 4), 2);
	EXPECT_EQUAL(multiply_divide_u64(UINT64_MAX, UINT64_MAX, UINT64_MAX), UINT64_MAX);
	EXPECT_EQUAL(multiply_divide_u64(UINT64_MAX, 1000000007, 1000000009),
		     18446744036816063799u);
	EXPECT_EQUAL(multiply_divide_u64(1000000000, 1000, 7), 142857142857);
	EXPECT_EQUAL(multiply_divide_u64(UINT64_MAX, 2, 1), UINT64_MAX);
	EXPECT_EQUAL(divide_up_u64(UINT64_MAX, 2), UINT64_C(1) << 63);
}

TEST(arithmetic, powers_of_two)
{
	EXPECT_EQUAL(log2_floor(1), 0);
	EXPECT_EQUAL(log2_floor(4097), 12);
	EXPECT_EQUAL(log2_ceiling(4096), 12);
	EXPECT_EQUAL(log2_ceiling(4097), 13);
	EXPECT_EQUAL(round_up_power_of_two(5), 8);
	EXPECT_EQUAL(round_up_power_of_two(UINT64_MAX), 0);
	EXPECT(is_power_of_two(64u) && !is_power_of_two(0u) && !is_power_of_two(65u));
}

TEST(compiler, choosing_macros)
{
	size_t size = 10;
	uint32_t narrow = 20;
	int calls = 0;

	EXPECT_EQUAL(min(size, 4096), 10);
	EXPECT_EQUAL(max(size, narrow), 20);
	EXPECT_EQUAL(min(min(size, narrow), max(size, 3)), 10);
	EXPECT_EQUAL(clamp(-5, -3, 3), -3);
	EXPECT_EQUAL(max(calls++, -1), 0);
	EXPECT_EQUAL(calls, 1);
	EXPECT_EQUAL(align_up(4097u, 4096), 8192);
	EXPECT_EQUAL(align_down(UINT64_MAX, 4096), UINT64_MAX - 4095);
	EXPECT(is_aligned(8192, 4096) && !is_aligned(8193, 2));
	EXPECT_EQUAL(divide_up(9, 4), 3);
}

static int scope_ends;

static void count_end(int *number)
{
	scope_ends += *number;
}

SCOPED_DEFINE(number, int *, count_end)

static int *keep_number(int *number)
{
	SCOPED(number) int *held = number;

	return scope_keep(held);
}

static void end_number(int *number)
{
	SCOPED(number) int *held = number;
	SCOPED(number) int *nothing UNUSED = NULL;

	EXPECT(held == number);
}

TEST(compiler, scoped_ownership)
{
	int number = 5;

	scope_ends = 0;
	EXPECT(keep_number(&number) == &number);
	EXPECT_EQUAL(scope_ends, 0);
	end_number(&number);
	EXPECT_EQUAL(scope_ends, 5);
}

TEST(error_pointer, carries_errno)
{
	int object;

	EXPECT(is_error(error_pointer(-ENOMEM)) && is_error(error_pointer(-ERRNO_MAX)));
	EXPECT(!is_error(&object) && !is_error(NULL) && !is_error(error_pointer(-ERRNO_MAX - 1)));
	EXPECT_EQUAL(pointer_error(error_pointer(-ENOMEM)), -ENOMEM);
	EXPECT_EQUAL(pointer_error(&object), 0);
}
