/*
 * Shared inside memory/page/: the buddy allocator's state and the frames that were not yet brought
 * in.
 */
#ifndef MEMORY_PAGE_BUDDY_H
#define MEMORY_PAGE_BUDDY_H

#include "base/list.h"
#include "memory/page.h"
#include "sync/spin_lock.h"

#define CHUNK_ORDER (PAGE_ORDER_COUNT - 1)
#define CHUNK_FRAMES (UINT64_C(1) << CHUNK_ORDER)

struct buddy {
	struct spin_lock lock;			/* LOCK_PAGES: everything below */
	struct list_head free[PAGE_ORDER_COUNT];
	uint64_t free_pages;			/* in the lists */
	uint64_t untouched_pages;		/* usable, in chunks not yet brought in */
	uint64_t total_pages;
	/* Free pages below which: only the reserve is left; programs wait; reclaim works. */
	uint64_t mark_reserve, mark_user, mark_low, mark_high;
	uint64_t mark_file;		/* files in memory grow down to this */
};

extern struct buddy page_buddy;

/* Puts 2^order pages on the free lists and merges them with their neighbours. */
void buddy_give(struct page *page, unsigned order) REQUIRES(page_buddy.lock);
/* Frees [first, end) frames in the largest blocks possible. */
void buddy_give_range(uint64_t first, uint64_t end) REQUIRES(page_buddy.lock);

/* A block, or NULL. Looks at no mark. */
struct page *buddy_take(unsigned order) REQUIRES(page_buddy.lock);
/* Up to `wanted` single pages; how many it got. */
unsigned buddy_take_batch(struct page **pages, unsigned wanted) REQUIRES(page_buddy.lock);

/* Brings in the next chunk of frames; false when all are in. */
bool frames_grow(void) REQUIRES(page_buddy.lock);

/* Finds memory for the page array and sets the marks. */
void frames_start(void);

/* Empties the caches of single pages of all CPUs into the free lists. May sleep. */
void page_caches_drain(void);

void page_waits_start(void);
/* Clears a bit of a page that others may wait for. */
void page_clear_and_wake(struct page *page, uint32_t flag);

/* Sets how many pages a CPU may cache. */
void page_caches_start(uint64_t total_pages);
/* /proc/aegis/memory. */
void memory_statistics_start(void);
/* Pages in the caches of all CPUs. */
uint64_t page_caches_count(void);

#endif
