/* Page tables of a space that no program runs in: entries, walks, copies, tables that go. */
#include "arch/mmu.h"
#include "arch/user.h"
#include "base/errno.h"
#include "base/test.h"

#define LOW UINT64_C(0x10000)
#define HIGH UINT64_C(0x7ffff0000000)
#define SOME_PAGE UINT64_C(0x12345000)
#define USER_PAGE (MMU_READ | MMU_WRITE | MMU_USER)

static bool entry_is(struct mmu_space *space, user_address_t address, physical_t page,
		     uint32_t flags)
{
	struct mmu_entry entry = mmu_query(space, address);

	return entry.address == page && entry.flags == flags;
}

TEST(mmu, sets_queries_and_clears)
{
	struct mmu_space space;
	struct mmu_entry old;

	ASSERT_EQUAL(mmu_space_init(&space), 0);
	EXPECT(entry_is(&space, LOW, 0, 0));
	ASSERT_EQUAL(mmu_prepare(&space, LOW, 0), 0);
	ASSERT_EQUAL(mmu_prepare(&space, HIGH, 0), 0);
	old = mmu_set(&space, LOW, SOME_PAGE, USER_PAGE | MMU_SPECIAL, 0);
	EXPECT_EQUAL(old.flags, 0u);
	mmu_set(&space, HIGH, SOME_PAGE + PAGE_SIZE, MMU_READ | MMU_EXECUTE | MMU_USER, 0);
	EXPECT(entry_is(&space, LOW + 5, SOME_PAGE, USER_PAGE | MMU_SPECIAL | MMU_PRESENT));
	EXPECT(entry_is(&space, HIGH, SOME_PAGE + PAGE_SIZE,
			MMU_READ | MMU_EXECUTE | MMU_USER | MMU_PRESENT));
	old = mmu_clear(&space, LOW);
	EXPECT_EQUAL(old.address, SOME_PAGE);
	EXPECT(entry_is(&space, LOW, 0, 0));
	mmu_clear(&space, HIGH);
	mmu_space_release(&space);
}

TEST(mmu, protects_and_keeps_software_values)
{
	struct mmu_space space;

	ASSERT_EQUAL(mmu_space_init(&space), 0);
	ASSERT_EQUAL(mmu_prepare(&space, LOW, 0), 0);
	mmu_set(&space, LOW, SOME_PAGE, USER_PAGE | MMU_DIRTY | MMU_ACCESSED, 0);
	mmu_protect(&space, LOW, 0);
	EXPECT(entry_is(&space, LOW, SOME_PAGE, MMU_DIRTY | MMU_ACCESSED | MMU_PRESENT));
	mmu_protect(&space, LOW, MMU_USER | MMU_READ);
	EXPECT(entry_is(&space, LOW, SOME_PAGE,
			MMU_USER | MMU_READ | MMU_DIRTY | MMU_ACCESSED | MMU_PRESENT));
	EXPECT(mmu_test_clear_dirty(&space, LOW));
	EXPECT(!mmu_test_clear_dirty(&space, LOW));
	EXPECT(mmu_test_clear_accessed(&space, LOW));
	mmu_set_software(&space, LOW, 0x123456789a);
	EXPECT_EQUAL(mmu_query(&space, LOW).software, UINT64_C(0x123456789a));
	EXPECT_EQUAL(mmu_query(&space, LOW).flags, 0u);
	EXPECT(!mmu_test_clear_accessed(&space, LOW));
	EXPECT_EQUAL(mmu_protect(&space, LOW, USER_PAGE).software, UINT64_C(0x123456789a));
	EXPECT_EQUAL(mmu_clear(&space, LOW).software, UINT64_C(0x123456789a));
	mmu_space_release(&space);
}

struct seen {
	unsigned count;
	user_address_t last;
	enum mmu_visit answer;
};

static enum mmu_visit note(user_address_t address, struct mmu_entry *entry, void *argument)
{
	struct seen *seen = argument;

	seen->count++;
	seen->last = address;
	if (seen->answer == MMU_UPDATE)
		entry->flags &= ~(uint32_t)MMU_WRITE;
	return seen->answer;
}

static int map_some(struct mmu_space *space)
{
	static const user_address_t places[] = { LOW, LOW + PAGE_SIZE, LOW + (UINT64_C(3) << 21),
						 LOW + (UINT64_C(5) << 30), HIGH };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		int error = mmu_prepare(space, places[i], 0);

		if (error)
			return error;
		mmu_set(space, places[i], SOME_PAGE + i * PAGE_SIZE, USER_PAGE, 0);
	}
	return 0;
}

TEST(mmu, walks_copies_and_detaches)
{
	struct seen seen = { .answer = MMU_UPDATE };
	struct mmu_space space, copy;
	user_address_t address = LOW + 2 * PAGE_SIZE;
	struct mmu_entry entry;
	physical_t tables = 0;

	ASSERT_EQUAL(mmu_space_init(&space), 0);
	ASSERT_EQUAL(mmu_space_init(&copy), 0);
	ASSERT_EQUAL(map_some(&space), 0);
	ASSERT_TRUE(mmu_next(&space, &address, USER_ADDRESS_LIMIT, &entry));
	EXPECT_EQUAL(address, LOW + (UINT64_C(3) << 21));
	EXPECT(!mmu_next(&space, &address, address, &entry));
	ASSERT_EQUAL(mmu_copy(&copy, &space, LOW, USER_ADDRESS_LIMIT, note, &seen), 0);
	EXPECT_EQUAL(seen.count, 5u);
	EXPECT_EQUAL(seen.last, HIGH);
	EXPECT(entry_is(&copy, HIGH, SOME_PAGE + 4 * PAGE_SIZE,
			MMU_READ | MMU_USER | MMU_PRESENT));
	EXPECT(entry_is(&space, LOW, SOME_PAGE, MMU_READ | MMU_USER | MMU_PRESENT));
	seen = (struct seen){ .answer = MMU_CLEAR };
	mmu_walk(&space, LOW + PAGE_SIZE, HIGH, note, &seen);
	EXPECT_EQUAL(seen.count, 3u);
	EXPECT(entry_is(&space, LOW, SOME_PAGE, MMU_READ | MMU_USER | MMU_PRESENT));
	seen = (struct seen){ .answer = MMU_CLEAR };
	mmu_walk(&space, 0, USER_ADDRESS_LIMIT, note, &seen);
	EXPECT_EQUAL(seen.count, 2u);
	mmu_tables_detach(&space, 0, HIGH, &tables);
	EXPECT(tables != 0);
	mmu_tables_free(tables);
	EXPECT(entry_is(&copy, LOW, SOME_PAGE, MMU_READ | MMU_USER | MMU_PRESENT));
	mmu_walk(&copy, 0, USER_ADDRESS_LIMIT, note, &seen);
	mmu_space_release(&copy);
	mmu_space_release(&space);
}

TEST(mmu, checks_ranges)
{
	EXPECT(user_range_is_valid(0, USER_ADDRESS_LIMIT));
	EXPECT(!user_range_is_valid(1, USER_ADDRESS_LIMIT));
	EXPECT(user_range_is_valid(USER_ADDRESS_LIMIT, 0));
	EXPECT(!user_range_is_valid(USER_ADDRESS_LIMIT + 1, 0));
	EXPECT(!user_range_is_valid(UINT64_MAX, 2));
	EXPECT(!user_range_is_valid(LOW, UINT64_MAX));
}
