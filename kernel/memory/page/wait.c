/*
 * The lock and write-back bits of pages. Sleepers wait in one of a few queues chosen by the page's
 * address; PAGE_WAITERS says that somebody may be there, so that unlocking is one instruction.
 */
#include "memory/page.h"

#include "memory/page/buddy.h"
#include "sync/wait.h"

#define WAIT_QUEUE_BITS 6

static struct wait_queue page_waits[1 << WAIT_QUEUE_BITS];

void page_waits_start(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(page_waits); i++)
		wait_queue_init(&page_waits[i]);
}

static struct wait_queue *page_wait_queue(const struct page *page)
{
	uint64_t hash = ((uintptr_t)page / sizeof(struct page)) * UINT64_C(0x9e3779b97f4a7c15);

	return &page_waits[hash >> (64 - WAIT_QUEUE_BITS)];
}

/* Announces a sleeper, then looks: page_clear_and_wake() clears the bit first and looks
 * at the queue after. */
static bool page_is_still(struct page *page, uint32_t flag)
{
	page_set(page, PAGE_WAITERS);
	atomic_fence();
	return page_test(page, flag);
}

bool page_try_lock(struct page *page)
{
	return !(atomic_fetch_or_acquire(&page->flags, PAGE_LOCKED) & PAGE_LOCKED);
}

static NOINLINE WAITING_TEXT int page_lock_slow(struct page *page, enum sleep_kind kind)
{
	int error = 0;

	while (!error && !page_try_lock(page))
		error = WAIT_EVENT(page_wait_queue(page), !page_is_still(page, PAGE_LOCKED), kind);
	return error;
}

WAITING_TEXT void page_lock(struct page *page)
{
	if (unlikely(!page_try_lock(page)))
		(void)page_lock_slow(page, SLEEP_UNINTERRUPTIBLE);
}

int page_lock_killable(struct page *page)
{
	if (likely(page_try_lock(page)))
		return 0;
	return page_lock_slow(page, SLEEP_KILLABLE);
}

/* Clears a bit that others may wait for. */
void page_clear_and_wake(struct page *page, uint32_t flag)
{
	uint32_t before = atomic_fetch_and_ordered(&page->flags, ~(flag | PAGE_WAITERS));

	if (unlikely(before & PAGE_WAITERS))
		wait_queue_wake_all(page_wait_queue(page), 0);
}

void page_unlock(struct page *page)
{
	page_clear_and_wake(page, PAGE_LOCKED);
}

void page_wait_writeback(struct page *page)
{
	while (page_test(page, PAGE_WRITEBACK))
		(void)WAIT_EVENT(page_wait_queue(page), !page_is_still(page, PAGE_WRITEBACK),
				 SLEEP_UNINTERRUPTIBLE);
}
