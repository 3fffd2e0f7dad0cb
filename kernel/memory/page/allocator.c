/*
 * page_allocate() and page_free(): single pages come from a stack of this CPU and go back to it,
 * without a lock; batches move between the stacks and the buddy allocator. The slow path brings in
 * untouched memory, reclaims, waits for write-back, and in the end has a victim chosen.
 */
#include "memory/page.h"

#include "arch/boot.h"
#include "base/arithmetic.h"
#include "base/panic.h"
#include "log/log.h"
#include "memory/cache/pages.h"
#include "memory/counters.h"
#include "memory/failure.h"
#include "memory/heap/slab.h"
#include "memory/kasan.h"
#include "memory/page/buddy.h"
#include "memory/pressure.h"
#include "memory/reclaim/reclaim.h"
#include "memory/space.h"

#define CACHE_CAPACITY 256
/* Above this order a block may not exist although memory is free: fail rather than kill. */
#define KILL_ORDER_MAXIMUM 3
#define RECLAIM_ROUNDS 16
/* This part of memory is not given to files that live in memory alone. */
#define FILE_PART 32

struct page_cpu_cache {
	uint32_t count;
	struct page *pages[CACHE_CAPACITY];
};

static DEFINE_PER_CPU(struct page_cpu_cache, page_cpu_cache);

/* How full a stack may get, and how many pages move at once. */
static uint32_t cache_limit = 32, cache_batch = 16;

/* How many free pages a request has to leave. */
static uint64_t mark_for(unsigned flags)
{
	if (flags & ALLOCATE_RESERVE)
		return 0;
	if (flags & ALLOCATE_FILE)
		return page_buddy.mark_file;
	if (flags & ALLOCATE_USER)
		return page_buddy.mark_user;
	if (flags & ALLOCATE_PATIENT)
		return page_buddy.mark_reserve;
	return page_buddy.mark_reserve / 2;
}

/* Whether `count` pages may be taken, after bringing in more where there is more. */
static bool buddy_has(uint64_t count, unsigned flags) REQUIRES(page_buddy.lock)
{
	uint64_t mark = mark_for(flags);

	while (page_buddy.free_pages < max(mark, page_buddy.mark_low) + count && frames_grow())
		;
	return page_buddy.free_pages >= mark + count;
}

static struct page *cache_refill(struct page_cpu_cache *cache, unsigned flags)
{
	uint32_t wanted = cache_batch;
	bool is_low;

	spin_lock_masked(&page_buddy.lock);
	if (!buddy_has(wanted, flags))
		wanted = buddy_has(1, flags) ? 1 : 0;
	cache->count = buddy_take_batch(cache->pages, wanted);
	is_low = page_buddy.free_pages < page_buddy.mark_low;
	spin_unlock_masked(&page_buddy.lock);
	if (is_low)
		reclaim_request();
	return cache->count > 0 ? cache->pages[--cache->count] : NULL;
}

static struct page *page_take_single(unsigned flags)
{
	bool masked = interrupts_disable();
	struct page_cpu_cache *cache = this_cpu(page_cpu_cache);
	struct page *page;

	if (likely(cache->count > 0))
		page = cache->pages[--cache->count];
	else
		page = cache_refill(cache, flags);
	interrupts_restore(masked);
	return page;
}

static struct page *page_take_block(unsigned order, unsigned flags)
{
	struct page *page = NULL;
	bool masked = spin_lock_irq(&page_buddy.lock);

	if (buddy_has(UINT64_C(1) << order, flags))
		page = buddy_take(order);
	while (!page && frames_grow())
		page = buddy_take(order);
	spin_unlock_irq(&page_buddy.lock, masked);
	return page;
}

static struct page *page_try(unsigned order, unsigned flags)
{
	if (likely(order == 0))
		return page_take_single(flags);
	return page_take_block(order, flags);
}

/*
 * Whoever may sleep does some reclaim of its own; a dying thread takes from the reserve, because
 * its end frees more. Ends when there is a page, or nothing helps.
 */
static COLD NOINLINE struct page *page_allocate_slow(unsigned order, unsigned flags)
{
	unsigned rounds = 0;

	for (;;) {
		struct page *page;

		if (pressure_current_is_dying())
			flags |= ALLOCATE_RESERVE;
		if (reclaim_direct(UINT64_C(1) << order) > 0 && ++rounds < RECLAIM_ROUNDS) {
			page = page_try(order, flags);
			if (page)
				return page;
			continue;
		}
		page_caches_drain();
		page = page_try(order, flags);
		if (page)
			return page;
		if (order <= KILL_ORDER_MAXIMUM && writeback_relieve())
			continue;
		if (flags & (ALLOCATE_NO_KILL | ALLOCATE_RESERVE) || order > KILL_ORDER_MAXIMUM)
			return NULL;
		if (!pressure_kill())
			return NULL;
		reclaim_wait();
		rounds = 0;
	}
}

struct page *page_allocate(unsigned order, unsigned flags)
{
	struct page *page;

	if (unlikely(order >= PAGE_ORDER_COUNT) || unlikely(memory_must_fail()))
		return NULL;
	page = page_try(order, flags);
	if (unlikely(!page)) {
		if (flags & ALLOCATE_PATIENT && reclaim_may_sleep())
			page = page_allocate_slow(order, flags);
		if (!page)
			return NULL;
	}
	if (unlikely(READ_ONCE(reclaim_is_requested)) && flags & ALLOCATE_PATIENT &&
	    reclaim_may_sleep())
		reclaim_wake();
	DEBUG_ASSERT(page->references == 0 && page->flags == 0);
	page->order = (uint8_t)order;
	page->map_count = 0;
	page->owner = 0;
	page->index = 0;
	page->private = 0;
	page->private2 = 0;
	list_node_init(&page->node);
	/* Lookups that still hold this page's address see the count last. */
	atomic_store_release(&page->references, 1);
	if (DEBUG_BUILD)
		kasan_unpoison(page_address(page), PAGE_SIZE << order);
	if (flags & ALLOCATE_ZERO)
		memset(page_address(page), 0, PAGE_SIZE << order);
	return page;
}

static void cache_spill(struct page_cpu_cache *cache, uint32_t count)
{
	spin_lock_masked(&page_buddy.lock);
	while (count-- > 0)
		buddy_give(cache->pages[--cache->count], 0);
	spin_unlock_masked(&page_buddy.lock);
}

void page_free(struct page *page)
{
	unsigned order = page->order;
	bool masked;

	if (unlikely(page_test(page, PAGE_ON_LIST)))
		reclaim_forget(page);
	DEBUG_ASSERT(page->map_count == 0 && !page_test(page, PAGE_LOCKED | PAGE_FREE));
	if (DEBUG_BUILD)
		kasan_poison(page_address(page), PAGE_SIZE << order, KASAN_FREE_PAGE);
	page->flags = 0;
	if (order > 0) {
		masked = spin_lock_irq(&page_buddy.lock);
		buddy_give(page, order);
		spin_unlock_irq(&page_buddy.lock, masked);
		return;
	}
	masked = interrupts_disable();
	struct page_cpu_cache *cache = this_cpu(page_cpu_cache);

	if (unlikely(cache->count >= cache_limit))
		cache_spill(cache, min(cache_batch, cache->count));
	cache->pages[cache->count++] = page;
	interrupts_restore(masked);
}

bool page_get_unless_free(struct page *page)
{
	uint32_t seen = atomic_load_relaxed(&page->references);

	do {
		if (seen == 0)
			return false;
	} while (!atomic_compare_swap_acquire(&page->references, &seen, seen + 1));
	return true;
}

void *pages_allocate(unsigned order, unsigned flags)
{
	struct page *page = page_allocate(order, flags);

	return page ? page_address(page) : NULL;
}

void pages_free(void *address, unsigned order)
{
	struct page *page = page_of_address(address);

	DEBUG_ASSERT(page->order == order);
	(void)order;
	page_put(page);
}

static void cache_drain(void *argument)
{
	struct page_cpu_cache *cache = this_cpu(page_cpu_cache);
	bool masked = interrupts_disable();

	(void)argument;
	cache_spill(cache, cache->count);
	interrupts_restore(masked);
}

void page_caches_drain(void)
{
	struct cpu_mask mask;

	cpu_online_mask(&mask);
	cpu_call(&mask, cache_drain, NULL);
}

uint64_t page_caches_count(void)
{
	uint64_t count = 0;

	for (unsigned cpu = 0; cpu < cpu_count(); cpu++)
		count += READ_ONCE(per_cpu(page_cpu_cache, cpu)->count);
	return count;
}

/* All stacks together hold at most about three in a hundred pages. */
void page_caches_start(uint64_t total_pages)
{
	uint64_t share = total_pages / 32 / cpu_count();

	cache_limit = (uint32_t)clamp(share, 8, CACHE_CAPACITY);
	cache_batch = clamp(cache_limit / 2, 4, 32);
}

static void marks_start(void)
{
	uint64_t total = page_buddy.total_pages;
	uint64_t reserve = clamp(total / 256, 24, 4096);

	page_buddy.mark_reserve = reserve;
	page_buddy.mark_user = reserve + reserve / 2;
	page_buddy.mark_low = 2 * reserve;
	page_buddy.mark_high = 3 * reserve;
	page_buddy.mark_file = max(page_buddy.mark_high, total / FILE_PART);
}

void memory_start(void)
{
	bool masked;

	for (unsigned order = 0; order < PAGE_ORDER_COUNT; order++)
		list_init(&page_buddy.free[order]);
	frames_start();
	marks_start();
	page_caches_start(page_buddy.total_pages);
	masked = spin_lock_irq(&page_buddy.lock);
	frames_grow();
	spin_unlock_irq(&page_buddy.lock, masked);
	page_waits_start();
	heap_start();
	page_cache_start();
	space_start();
	memory_statistics_start();
	memory_failures_start();
	log_ok("MEMORY", "%llu MB", (unsigned long long)page_buddy.total_pages >> 8);
}

physical_t arch_page_allocate(bool is_patient)
{
	unsigned flags = ALLOCATE_ZERO | (is_patient ? ALLOCATE_PATIENT : 0);
	struct page *page = page_allocate(0, flags);

	if (!page)
		return 0;
	memory_count(COUNT_PAGE_TABLES, 1);
	return page_physical(page);
}

void arch_page_free(physical_t address)
{
	memory_count(COUNT_PAGE_TABLES, -1);
	page_put(page_of_frame_address(address));
}
