/*
 * Dirty pages: marking, writing, waiting, and errors. Caches with dirty pages stand in a list that
 * one thread walks; before a page is written, programs lose write permission to it, so that what
 * they write afterwards makes it dirty again. Nobody else writes for want of memory: who holds the
 * lock of one page must not wait for that of another.
 */
#include "base/arithmetic.h"
#include "base/errno.h"
#include "memory/cache/pages.h"
#include "memory/counters.h"
#include "memory/page/buddy.h"
#include "memory/pressure.h"
#include "memory/reclaim/rmap.h"
#include "sync/mutex.h"
#include "sync/rcu.h"
#include "sync/wait.h"
#include "time/clock_time.h"

/* Linux's defaults: data is written when it is 30 s old; the thread looks every 5 s. */
#define WRITE_AGE_NS (30 * NANOSECONDS_PER_SECOND)
#define WRITE_PERIOD_NS (5 * NANOSECONDS_PER_SECOND)
/* Of all memory, this part may be dirty before the thread writes, and twice that before writers
 * wait for it. */
#define DIRTY_PART 10
/* How long somebody waits for pages to become clean, at most, before he looks for himself. */
#define RELIEF_WAIT_NS (100 * NANOSECONDS_PER_MILLISECOND)

static struct spin_lock dirty_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);
static struct list_head dirty_caches = LIST_HEAD_INITIALIZER(dirty_caches);
/* Held while the thread writes a cache: a cache that is released waits for it. */
static struct mutex writing_lock = MUTEX_INITIALIZER(writing_lock, LOCK_CACHE_INVALIDATE);
/* Write-back before its time was asked for. */
static uint32_t is_requested;
static struct wait_queue request_queue = WAIT_QUEUE_INITIALIZER(request_queue);
/* Write-backs that ended, and who waits for the next one. */
static uint32_t end_count;
static struct wait_queue end_queue = WAIT_QUEUE_INITIALIZER(end_queue);

static void dirty_enqueue(struct page_cache *cache)
{
	bool masked;

	if (list_node_is_linked(&cache->dirty_node))
		return;
	masked = spin_lock_irq(&dirty_lock);
	if (!list_node_is_linked(&cache->dirty_node)) {
		cache->dirty_since_ns = time_monotonic_ns();
		list_add_tail(&dirty_caches, &cache->dirty_node);
	}
	spin_unlock_irq(&dirty_lock, masked);
}

void page_mark_dirty(struct page *page)
{
	struct page_cache *cache;
	bool masked;

	page_written(page);
	if (page_test(page, PAGE_DIRTY) ||
	    atomic_fetch_or_ordered(&page->flags, PAGE_DIRTY) & PAGE_DIRTY)
		return;
	/* The page may leave its cache meanwhile; inodes are freed after a grace period. */
	rcu_read_lock();
	cache = READ_ONCE(page->cache);
	if (!page_test(page, PAGE_ANONYMOUS) && cache && cache->operations->write_page) {
		masked = spin_lock_irq(&cache->tree_lock);
		if (page->cache == cache) {
			radix_tree_tag_set(&cache->pages, page->index, TAG_DIRTY);
			memory_count(COUNT_DIRTY, 1);
			dirty_enqueue(cache);
		}
		spin_unlock_irq(&cache->tree_lock, masked);
	}
	rcu_read_unlock();
}

bool cache_clear_dirty(struct page_cache *cache, struct page *page)
{
	bool masked;

	if (!page_test(page, PAGE_DIRTY) ||
	    !(atomic_fetch_and_ordered(&page->flags, ~(uint32_t)PAGE_DIRTY) & PAGE_DIRTY))
		return false;
	if (!cache->operations->write_page)
		return true;
	masked = spin_lock_irq(&cache->tree_lock);
	if (!page_test(page, PAGE_DIRTY))
		radix_tree_tag_clear(&cache->pages, page->index, TAG_DIRTY);
	spin_unlock_irq(&cache->tree_lock, masked);
	memory_count(COUNT_DIRTY, -1);
	return true;
}

void page_cache_error_set(struct page_cache *cache, int error)
{
	WRITE_ONCE(cache->error, error);
	atomic_fetch_add_release(&cache->error_sequence, 1);
}

int page_cache_error_check(struct page_cache *cache, uint32_t *errors_seen)
{
	uint32_t sequence = atomic_load_acquire(&cache->error_sequence);

	if (sequence == *errors_seen)
		return 0;
	*errors_seen = sequence;
	return READ_ONCE(cache->error);
}

static void page_leave_writeback(struct page *page)
{
	struct page_cache *cache = page->cache;
	bool masked;

	if (cache) {
		masked = spin_lock_irq(&cache->tree_lock);
		radix_tree_tag_clear(&cache->pages, page->index, TAG_WRITEBACK);
		spin_unlock_irq(&cache->tree_lock, masked);
	}
	memory_count(COUNT_WRITEBACK, -1);
	page_clear_and_wake(page, PAGE_WRITEBACK);
}

void page_end_writeback(struct page *page)
{
	page_leave_writeback(page);
	atomic_fetch_add_relaxed(&end_count, 1);
	wait_queue_wake_all(&end_queue, 0);
}

/* Writes one page if it is dirty. Takes the page lock; write_page() drops it. */
static int page_write(struct page_cache *cache, struct page *page)
{
	bool masked;
	int error;

	page_lock(page);
	page_wait_writeback(page);
	if (page->cache != cache || !cache_clear_dirty(cache, page)) {
		page_unlock(page);
		return 0;
	}
	rmap_clean_page(page);
	masked = spin_lock_irq(&cache->tree_lock);
	radix_tree_tag_set(&cache->pages, page->index, TAG_WRITEBACK);
	spin_unlock_irq(&cache->tree_lock, masked);
	memory_count(COUNT_WRITEBACK, 1);
	memory_count(COUNT_WRITEBACKS, 1);
	page_set(page, PAGE_WRITEBACK);
	error = cache->operations->write_page(cache, page);
	if (error) {
		/* It did not start: the page stays dirty, the error is reported once. */
		page_set(page, PAGE_ERROR);
		page_leave_writeback(page);
		page_mark_dirty(page);
		page_unlock(page);
		page_cache_error_set(cache, error);
	}
	return error;
}

static int range_write(struct page_cache *cache, uint64_t first, uint64_t last)
{
	struct page *pages[CACHE_BATCH];
	int result = 0;
	size_t count;

	while ((count = cache_gather_tagged(cache, &first, last, TAG_DIRTY, pages)) > 0) {
		for (size_t i = 0; i < count; i++) {
			int error = page_write(cache, pages[i]);

			result = result ? result : error;
			page_put(pages[i]);
		}
		if (first == 0)
			break;
	}
	return result;
}

static void range_wait(struct page_cache *cache, uint64_t first, uint64_t last)
{
	struct page *pages[CACHE_BATCH];
	size_t count;

	while ((count = cache_gather_tagged(cache, &first, last, TAG_WRITEBACK, pages)) > 0) {
		for (size_t i = 0; i < count; i++) {
			page_wait_writeback(pages[i]);
			page_put(pages[i]);
		}
		if (first == 0)
			break;
	}
}

int page_cache_sync(struct page_cache *cache, uint64_t start, uint64_t end)
{
	uint64_t first = start >> PAGE_SHIFT;
	uint64_t last = end ? (end - 1) >> PAGE_SHIFT : 0;
	int error;

	if (!cache->operations->write_page || start >= end)
		return 0;
	error = range_write(cache, first, last);
	range_wait(cache, first, last);
	return error;
}

void writeback_forget(struct page_cache *cache)
{
	bool masked;

	if (!cache->operations->write_page)
		return;
	mutex_lock(&writing_lock);
	masked = spin_lock_irq(&dirty_lock);
	list_remove(&cache->dirty_node);
	spin_unlock_irq(&dirty_lock, masked);
	mutex_unlock(&writing_lock);
}

/* The next cache whose oldest data is old enough, off the list. */
static struct page_cache *dirty_next(int64_t until_ns)
{
	struct page_cache *cache;
	bool masked = spin_lock_irq(&dirty_lock);

	cache = list_first(&dirty_caches, struct page_cache, dirty_node);
	if (cache && cache->dirty_since_ns > until_ns)
		cache = NULL;
	if (cache)
		list_remove(&cache->dirty_node);
	spin_unlock_irq(&dirty_lock, masked);
	return cache;
}

void writeback_run(int64_t until_ns)
{
	struct page_cache *cache;

	mutex_lock(&writing_lock);
	while ((cache = dirty_next(until_ns)) != NULL)
		(void)range_write(cache, 0, UINT64_MAX);
	mutex_unlock(&writing_lock);
}

static void writeback_request(void)
{
	atomic_store_ordered(&is_requested, 1);
	wait_queue_wake(&request_queue, 0);
}

bool writeback_relieve(void)
{
	uint32_t before = atomic_load_relaxed(&end_count);

	if (memory_counter_read(COUNT_DIRTY) + memory_counter_read(COUNT_WRITEBACK) == 0)
		return false;
	writeback_request();
	(void)WAIT_EVENT_DEADLINE(&end_queue, atomic_load_relaxed(&end_count) != before,
				  SLEEP_UNINTERRUPTIBLE, time_monotonic_ns() + RELIEF_WAIT_NS);
	return atomic_load_relaxed(&end_count) != before;
}

void writeback_balance(struct page_cache *cache)
{
	uint64_t dirty, limit = page_buddy.total_pages / DIRTY_PART;

	if (likely(!cache->operations->write_page))
		return;
	dirty = memory_counter_read(COUNT_DIRTY);
	if (dirty <= limit)
		return;
	writeback_request();
	while (dirty + memory_counter_read(COUNT_WRITEBACK) > 2 * limit && writeback_relieve() &&
	       !blocking_is_interrupted(SLEEP_KILLABLE))
		dirty = memory_counter_read(COUNT_DIRTY);
}

static void writeback_thread(void *argument)
{
	(void)argument;
	/* It must not wait for memory that only it can free. */
	context_current()->is_reclaiming = 1;
	for (;;) {
		int64_t now_ns = time_monotonic_ns();
		bool is_urgent;

		(void)WAIT_EVENT_DEADLINE(&request_queue, atomic_load_relaxed(&is_requested),
					  SLEEP_IDLE, now_ns + WRITE_PERIOD_NS);
		is_urgent = atomic_swap_acquire(&is_requested, 0);
		now_ns = time_monotonic_ns();
		writeback_run(is_urgent ? now_ns : now_ns - WRITE_AGE_NS);
	}
}

int writeback_start(void)
{
	return pressure_thread_start("writeback", writeback_thread, NULL);
}
