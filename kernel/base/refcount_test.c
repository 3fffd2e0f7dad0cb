/* Reference counts: the last put, lookups after it, and that misuse sticks instead of wrapping. */
#include "base/refcount.h"

#include "base/test.h"

TEST(refcount, last_put_is_told)
{
	struct refcount refcount;

	refcount_init(&refcount, 1);
	refcount_get(&refcount);
	EXPECT(refcount_get_unless_zero(&refcount));
	EXPECT_EQUAL(refcount_read(&refcount), 3);
	EXPECT(!refcount_put(&refcount));
	EXPECT(!refcount_put(&refcount));
	EXPECT(refcount_put(&refcount));
	EXPECT(!refcount_get_unless_zero(&refcount));
}

TEST(refcount, largest_count_is_reached)
{
	struct refcount refcount;

	refcount_init(&refcount, REFCOUNT_LARGEST - 1);
	refcount_get(&refcount);
	EXPECT_EQUAL(refcount_read(&refcount), REFCOUNT_LARGEST);
	EXPECT(!refcount_put(&refcount));
	EXPECT_EQUAL(refcount_read(&refcount), REFCOUNT_LARGEST - 1);
}

TEST(refcount, misuse_sticks)
{
	struct refcount refcount;

	refcount_init(&refcount, 0);
	refcount_get(&refcount);
	EXPECT_EQUAL(refcount_read(&refcount), REFCOUNT_STUCK);
	EXPECT(!refcount_put(&refcount));
	EXPECT_EQUAL(refcount_read(&refcount), REFCOUNT_STUCK);
	refcount_init(&refcount, REFCOUNT_LARGEST);
	refcount_get(&refcount);
	EXPECT(!refcount_put(&refcount));
	EXPECT_EQUAL(refcount_read(&refcount), REFCOUNT_STUCK);
}

TEST(atomic, operations)
{
	struct atomic32 narrow = { 5 };
	struct atomic64 wide = { 0 };
	uint32_t expected = 4;
	uint64_t bits = 0xf0;

	EXPECT_EQUAL(atomic32_add(&narrow, 2), 7);
	EXPECT_EQUAL(atomic32_swap(&narrow, 9), 7);
	EXPECT(!atomic32_compare_swap(&narrow, &expected, 1));
	EXPECT_EQUAL(expected, 9);
	EXPECT(atomic32_compare_swap(&narrow, &expected, 1));
	EXPECT_EQUAL(atomic64_subtract(&wide, 1), UINT64_MAX);
	EXPECT_EQUAL(atomic64_load_acquire(&wide), UINT64_MAX);
	EXPECT_EQUAL(atomic_fetch_or_ordered(&bits, 0x0f), 0xf0);
	EXPECT_EQUAL(atomic_fetch_and_ordered(&bits, 0x3c), 0xff);
	EXPECT_EQUAL(atomic_load_relaxed(&bits), 0x3c);
}
