/*
 * Free blocks of 2^order pages. A free block's first page carries PAGE_FREE and the order; two
 * neighbours of one order that are both free become one block of the next.
 */
#include "memory/page/buddy.h"

#include "base/arithmetic.h"

struct buddy page_buddy = {
	.lock = SPIN_LOCK_INITIALIZER(LOCK_PAGES),
};

static void block_insert(struct page *page, unsigned order)
{
	page->flags = PAGE_FREE;
	page->order = (uint8_t)order;
	list_add(&page_buddy.free[order], &page->node);
}

static void block_remove(struct page *page)
{
	list_remove(&page->node);
	page->flags = 0;
}

/* Chunks are as large as the largest block, so a neighbour's entry is always valid. */
void buddy_give(struct page *page, unsigned order)
{
	uint64_t frame = page_physical(page) >> PAGE_SHIFT;

	page_buddy.free_pages += UINT64_C(1) << order;
	while (order < CHUNK_ORDER) {
		uint64_t other = frame ^ UINT64_C(1) << order;
		struct page *neighbour = page_of_frame_address(other << PAGE_SHIFT);

		if (!(neighbour->flags & PAGE_FREE) || neighbour->order != order)
			break;
		block_remove(neighbour);
		frame &= ~(UINT64_C(1) << order);
		order++;
	}
	block_insert(page_of_frame_address(frame << PAGE_SHIFT), order);
}

void buddy_give_range(uint64_t first, uint64_t end)
{
	while (first < end) {
		unsigned order = first ? (unsigned)__builtin_ctzll(first) : CHUNK_ORDER;

		order = min(order, (unsigned)CHUNK_ORDER);
		while (first + (UINT64_C(1) << order) > end)
			order--;
		buddy_give(page_of_frame_address(first << PAGE_SHIFT), order);
		first += UINT64_C(1) << order;
	}
}

struct page *buddy_take(unsigned order)
{
	unsigned found = order;
	struct page *page;

	while (found < PAGE_ORDER_COUNT && list_is_empty(&page_buddy.free[found]))
		found++;
	if (found == PAGE_ORDER_COUNT)
		return NULL;
	page = list_first(&page_buddy.free[found], struct page, node);
	block_remove(page);
	while (found > order) {
		found--;
		block_insert(page + (UINT64_C(1) << found), found);
	}
	page_buddy.free_pages -= UINT64_C(1) << order;
	return page;
}

unsigned buddy_take_batch(struct page **pages, unsigned wanted)
{
	unsigned taken = 0;

	while (taken < wanted) {
		unsigned order = log2_floor(wanted - taken);
		struct page *block = buddy_take(order);

		while (!block && order > 0)
			block = buddy_take(--order);
		if (!block)
			break;
		/* The highest first, so that the CPU hands them out in rising order. */
		for (unsigned i = 1u << order; i-- > 0;) {
			block[i].flags = 0;
			pages[taken++] = &block[i];
		}
	}
	return taken;
}
