/*
 * Dropping pages: unmapped everywhere first, then taken out of the tree, then unmapped again where
 * a fault slipped in between (it looked at the tree before; one that looks after finds nothing).
 */
#include "base/arithmetic.h"
#include "memory/cache/pages.h"
#include "memory/reclaim/rmap.h"
#include "memory/space/links.h"
#include "sync/blocking.h"

/* Removes one page that the caller has a reference to. */
static void page_drop(struct page_cache *cache, struct page *page)
{
	page_lock(page);
	page_wait_writeback(page);
	if (page->cache == cache) {
		uint64_t index = page->index;

		cache_remove(cache, page);
		if (atomic_load_acquire(&page->map_count) > 0)
			rmap_unmap_range(cache, index, index, RMAP_KEEP_PRIVATE);
	}
	page_unlock(page);
}

static void pages_drop(struct page_cache *cache, uint64_t first, uint64_t last)
{
	struct page *pages[CACHE_BATCH];
	uint64_t from = first;
	size_t count;

	while ((count = cache_gather(cache, &from, last, pages)) > 0) {
		for (size_t i = 0; i < count; i++) {
			page_drop(cache, pages[i]);
			page_put(pages[i]);
		}
		if (from == 0)
			break;
		blocking_yield_point();
	}
}

/* Zeroes part of a cached page; a page that is not there reads as zeros or is cut by its owner. */
static void page_zero_part(struct page_cache *cache, uint64_t index, size_t from, size_t to)
{
	struct page *page = cache_find_any(cache, index);

	if (!page)
		return;
	page_lock(page);
	if (page->cache == cache && page_test(page, PAGE_UPTODATE)) {
		memset((char *)page_address(page) + from, 0, to - from);
		page_mark_dirty(page);
	}
	page_unlock(page);
	page_put(page);
}

void page_cache_truncate(struct page_cache *cache, uint64_t start)
{
	uint64_t first = divide_up_u64(start, PAGE_SIZE);

	shared_lock_write(&cache->invalidate_lock);
	if (start % PAGE_SIZE != 0)
		page_zero_part(cache, start >> PAGE_SHIFT, start % PAGE_SIZE, PAGE_SIZE);
	rmap_unmap_range(cache, first, UINT64_MAX, RMAP_ALL);
	pages_drop(cache, first, UINT64_MAX);
	shared_unlock_write(&cache->invalidate_lock);
}

void page_cache_punch(struct page_cache *cache, uint64_t start, uint64_t end)
{
	uint64_t first = divide_up_u64(start, PAGE_SIZE);
	uint64_t behind = end >> PAGE_SHIFT;

	if (start >= end)
		return;
	shared_lock_write(&cache->invalidate_lock);
	if (first > behind) {
		/* The hole lies inside one page. */
		page_zero_part(cache, behind, start % PAGE_SIZE, end % PAGE_SIZE);
	} else {
		if (start % PAGE_SIZE != 0)
			page_zero_part(cache, first - 1, start % PAGE_SIZE, PAGE_SIZE);
		if (end % PAGE_SIZE != 0)
			page_zero_part(cache, behind, 0, end % PAGE_SIZE);
		if (first < behind) {
			rmap_unmap_range(cache, first, behind - 1, RMAP_KEEP_PRIVATE);
			pages_drop(cache, first, behind - 1);
		}
	}
	shared_unlock_write(&cache->invalidate_lock);
}

void page_cache_release(struct page_cache *cache)
{
	writeback_forget(cache);
	pages_drop(cache, 0, UINT64_MAX);
	/* Reclaim may still be taking leave of a page that it removed. */
	while (atomic_load_acquire(&cache->page_count) != 0)
		blocking_yield_point();
	radix_tree_release(&cache->pages);
	region_links_free(cache->links);
	cache->links = NULL;
}

void page_cache_drop(struct page_cache *cache, uint64_t first, uint64_t last)
{
	struct page *pages[CACHE_BATCH];
	size_t count;

	if (!cache->operations->read_page)
		return;
	while ((count = cache_gather(cache, &first, last, pages)) > 0) {
		for (size_t i = 0; i < count; i++) {
			cache_drop_clean(cache, pages[i]);
			page_put(pages[i]);
		}
		if (first == 0)
			break;
	}
}

bool cache_drop_clean(struct page_cache *cache, struct page *page)
{
	bool is_dropped = false;

	if (!page_try_lock(page))
		return false;
	/* Two references: the cache's and the caller's. A third one is a user. */
	if (page->cache == cache && !page_test(page, PAGE_DIRTY | PAGE_WRITEBACK) &&
	    READ_ONCE(page->map_count) == 0 && cache_remove_unused(cache, page))
		is_dropped = true;
	page_unlock(page);
	return is_dropped;
}
