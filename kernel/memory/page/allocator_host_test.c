/* The page allocator over made-up memory maps: every page once, merging, marks, lazy entries. */
#include "memory/host_test.h"
#include "memory/page/buddy.h"

static uint64_t available(void)
{
	page_caches_drain();
	return page_buddy.free_pages + page_buddy.untouched_pages;
}

MEMORY_TEST_RANGES(page, hands_out_each_page_once,
		   FRAMES(0, 0x9f, BOOT_MEMORY_USABLE),
		   FRAMES(0x100, 0x1800, BOOT_MEMORY_USABLE))
{
	struct page *all = NULL, *page;
	uint64_t count = 0;

	uint64_t total = available();

	EXPECT(total > 0x1600 && total < 0x18a0);
	while ((page = page_allocate(0, ALLOCATE_RESERVE)) != NULL) {
		EXPECT_EQUAL(page->references, 1);
		EXPECT_EQUAL(page->private2, 0);
		page->private2 = 1;
		page->private = (uint64_t)all;
		memset(page_address(page), 0x5a, PAGE_SIZE);
		all = page;
		count++;
	}
	EXPECT_EQUAL(count, total);
	while (all) {
		page = all;
		all = (struct page *)page->private;
		page->private2 = 0;
		page_put(page);
	}
	EXPECT_EQUAL(available(), total);
	EXPECT(!list_is_empty(&page_buddy.free[CHUNK_ORDER]));
}

MEMORY_TEST_RANGES(page, gives_the_array_of_holes_back,
		   FRAMES(0x100, 0x4000, BOOT_MEMORY_USABLE),
		   FRAMES(0x14000, 0x1000, BOOT_MEMORY_USABLE))
{
	/* A hole of 256 MB between two ranges: its entries would take 4 MB. */
	uint64_t without_hole = (0x5000 * sizeof(struct page)) >> PAGE_SHIFT;
	EXPECT(page_buddy.total_pages > 0x4f00 - without_hole - 64);
	EXPECT(page_of_physical((physical_t)0x8000 << PAGE_SHIFT) == NULL);
}

MEMORY_TEST_RANGES(page, brings_in_chunks_when_wanted,
		   FRAMES(0x400, 0x8000, BOOT_MEMORY_USABLE))
{
	struct page *block;

		EXPECT(page_buddy.untouched_pages > 0x7000);
	for (int i = 0; i < 8; i++) {
		block = page_allocate(CHUNK_ORDER, ALLOCATE_RESERVE | ALLOCATE_ZERO);
		ASSERT_TRUE(block != NULL);
		EXPECT(is_aligned(page_physical(block), PAGE_SIZE << CHUNK_ORDER));
		page_put(block);
	}
	EXPECT(page_buddy.untouched_pages > 0x4000);
}

MEMORY_TEST_RANGES(page, programs_leave_the_kernel_its_share,
		   FRAMES(0x400, 0x1000, BOOT_MEMORY_USABLE))
{
	uint64_t total = available();
	uint64_t taken = 0;

		while (page_allocate(0, ALLOCATE_USER))
		taken++;
	EXPECT(taken + page_buddy.mark_user <= page_buddy.total_pages);
	while (page_allocate(0, 0))
		taken++;
	EXPECT(page_buddy.free_pages >= page_buddy.mark_reserve / 2);
	while (page_allocate(0, ALLOCATE_RESERVE))
		taken++;
	EXPECT_EQUAL(taken, total);
}

MEMORY_TEST_RANGES(page, lock_and_speculative_references,
		   FRAMES(0x400, 0x1000, BOOT_MEMORY_USABLE))
{
	struct page *page = page_allocate(0, 0);

	page_lock(page);
	EXPECT(!page_try_lock(page));
	page_unlock(page);
	EXPECT(page_try_lock(page));
	page_unlock(page);
	EXPECT(page_get_unless_free(page));
	page_put(page);
	page_put(page);
	EXPECT(!page_get_unless_free(page));
}

MEMORY_TEST_RANGES(page, releases_reserved_ranges,
		   FRAMES(0x400, 0x1000, BOOT_MEMORY_USABLE),
		   FRAMES(0x1400, 0x80, BOOT_MEMORY_RESERVED))
{
	uint64_t total = page_buddy.total_pages;

	memory_release((physical_t)0x1400 << PAGE_SHIFT, 0x80 << PAGE_SHIFT);
	memory_release((physical_t)0x1400 << PAGE_SHIFT, 0x80 << PAGE_SHIFT);
	EXPECT_EQUAL(page_buddy.total_pages, total + 0x80);
}
