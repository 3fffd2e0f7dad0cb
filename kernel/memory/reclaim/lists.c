/*
 * Two lists of file pages that can be read again. Fresh pages enter the inactive list; one that was
 * used twice goes to the active list, and comes back when that grows longer than the other. A page
 * leaves from the tail of the inactive list if it is clean and unused.
 */
#include "base/arithmetic.h"
#include "memory/cache/pages.h"
#include "memory/counters.h"
#include "memory/reclaim/reclaim.h"
#include "memory/reclaim/rmap.h"
#include "sync/rcu.h"

#define SCAN_BATCH 16
/* How often the whole inactive list may be gone through for one request. */
#define SCAN_ROUNDS 2

static struct {
	struct spin_lock lock;		/* LOCK_RECLAIM_LISTS: everything, and PAGE_ON_LIST */
	struct list_head active, inactive;
	uint64_t active_count, inactive_count;
} lists = {
	.lock = SPIN_LOCK_INITIALIZER(LOCK_RECLAIM_LISTS),
	.active = LIST_HEAD_INITIALIZER(lists.active),
	.inactive = LIST_HEAD_INITIALIZER(lists.inactive),
};

/* REQUIRES(lists.lock) */
static void list_put(struct page *page, bool is_active)
{
	if (is_active) {
		page_set(page, PAGE_ACTIVE | PAGE_ON_LIST);
		list_add(&lists.active, &page->node);
		lists.active_count++;
	} else {
		page_clear(page, PAGE_ACTIVE);
		page_set(page, PAGE_ON_LIST);
		list_add(&lists.inactive, &page->node);
		lists.inactive_count++;
	}
}

/* REQUIRES(lists.lock) */
static void list_take(struct page *page)
{
	list_remove(&page->node);
	if (page_test(page, PAGE_ACTIVE))
		lists.active_count--;
	else
		lists.inactive_count--;
	page_clear(page, PAGE_ON_LIST);
}

void reclaim_add(struct page *page)
{
	bool masked = spin_lock_irq(&lists.lock);

	list_put(page, false);
	spin_unlock_irq(&lists.lock, masked);
}

void reclaim_forget(struct page *page)
{
	bool masked;

	if (!page_test(page, PAGE_ON_LIST))
		return;
	masked = spin_lock_irq(&lists.lock);
	if (page_test(page, PAGE_ON_LIST))
		list_take(page);
	spin_unlock_irq(&lists.lock, masked);
}

void reclaim_touch(struct page *page)
{
	if (!page_test(page, PAGE_REFERENCED))
		page_set(page, PAGE_REFERENCED);
}

void reclaim_lists_read(uint64_t *active, uint64_t *inactive)
{
	*active = READ_ONCE(lists.active_count);
	*inactive = READ_ONCE(lists.inactive_count);
}

/* Moves some of the active list's tail over when it is the longer one. */
static void lists_balance(void)
{
	bool masked = spin_lock_irq(&lists.lock);

	for (int i = 0; i < SCAN_BATCH && lists.active_count >= lists.inactive_count; i++) {
		struct page *page = list_last(&lists.active, struct page, node);

		if (!page)
			break;
		list_take(page);
		page_clear(page, PAGE_REFERENCED);
		list_put(page, false);
	}
	spin_unlock_irq(&lists.lock, masked);
}

/* Takes pages from the inactive tail to its head, with references, to be looked at. */
static size_t candidates_take(struct page *pages[SCAN_BATCH])
{
	size_t count = 0, seen = 0;
	bool masked = spin_lock_irq(&lists.lock);

	while (count < SCAN_BATCH && seen++ < 2 * SCAN_BATCH) {
		struct page *page = list_last(&lists.inactive, struct page, node);

		if (!page)
			break;
		list_remove(&page->node);
		list_add(&lists.inactive, &page->node);
		if (page_get_unless_free(page))
			pages[count++] = page;
	}
	spin_unlock_irq(&lists.lock, masked);
	return count;
}

static void page_activate(struct page *page)
{
	bool masked = spin_lock_irq(&lists.lock);

	if (page_test(page, PAGE_ON_LIST) && !page_test(page, PAGE_ACTIVE)) {
		list_take(page);
		list_put(page, true);
	}
	spin_unlock_irq(&lists.lock, masked);
}

/* Unmaps and drops one page that was not used; whether it went. */
static bool page_evict(struct page *page)
{
	struct page_cache *cache;
	bool is_free = false;

	/* The lock keeps the page in its cache, and the cache in being. */
	if (!page_try_lock(page))
		return false;
	cache = page->cache;
	if (cache && !page_test(page, PAGE_DIRTY | PAGE_WRITEBACK | PAGE_ANONYMOUS)) {
		bool was_used = rmap_was_used(page);

		if (page_test(page, PAGE_REFERENCED) || was_used) {
			page_clear(page, PAGE_REFERENCED);
			page_activate(page);
		} else if (READ_ONCE(page->map_count) == 0 || rmap_unmap_page(page)) {
			is_free = !page_test(page, PAGE_DIRTY) &&
				  READ_ONCE(page->map_count) == 0 &&
				  cache_remove_unused(cache, page);
		}
	}
	page_unlock(page);
	return is_free;
}

uint64_t reclaim_lists_shrink(uint64_t wanted)
{
	struct page *pages[SCAN_BATCH];
	uint64_t freed = 0, scanned = 0;
	uint64_t limit = SCAN_ROUNDS * (READ_ONCE(lists.inactive_count) + SCAN_BATCH);
	size_t count;

	lists_balance();
	while (freed < wanted && scanned < limit && (count = candidates_take(pages)) > 0) {
		scanned += count;
		for (size_t i = 0; i < count; i++) {
			freed += page_evict(pages[i]);
			page_put(pages[i]);
		}
		lists_balance();
	}
	memory_count(COUNT_RECLAIM_SCANS, (int64_t)scanned);
	memory_count(COUNT_RECLAIMED, (int64_t)freed);
	return freed;
}
