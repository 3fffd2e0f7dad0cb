/*
 * Getting memory back: clean file pages, what shrinkers give, free slabs. A background thread works
 * between the low and the high mark; who finds nothing left works for himself.
 */
#include "memory/reclaim/reclaim.h"

#include "arch/context.h"
#include "base/compiler.h"
#include "memory/cache/pages.h"
#include "memory/heap/areas.h"
#include "memory/heap/slab.h"
#include "memory/page.h"
#include "memory/page/buddy.h"
#include "memory/pressure.h"
#include "sync/mutex.h"
#include "sync/wait.h"
#include "time/clock_time.h"

#define VICTIM_WAIT_NS (10 * NANOSECONDS_PER_MILLISECOND)
/* A shrinker is asked for at least this many objects: they share pages. */
#define SHRINK_BATCH 128
/* So many rounds in vain: what was used lately goes in a second one only. */
#define DROP_ROUNDS 16

static struct mutex shrinkers_lock = MUTEX_INITIALIZER(shrinkers_lock, LOCK_LEAF_SLEEP);
static struct list_head shrinkers = LIST_HEAD_INITIALIZER(shrinkers);

bool reclaim_is_requested;
static struct wait_queue reclaim_queue = WAIT_QUEUE_INITIALIZER(reclaim_queue);

void shrinker_add(struct shrinker *shrinker)
{
	mutex_lock(&shrinkers_lock);
	list_add_tail_rcu(&shrinkers, &shrinker->node);
	mutex_unlock(&shrinkers_lock);
}

void reclaim_wake(void)
{
	if (wait_queue_is_active(&reclaim_queue))
		wait_queue_wake(&reclaim_queue, 0);
}

bool reclaim_may_sleep(void)
{
	struct context *self = context_current();

	return self && self->preemption_count == 0 && self->interrupt_depth == 0 &&
	       !self->is_reclaiming && interrupts_are_enabled();
}

/* Shrinkers are never removed, so the walk needs no lock and they may sleep. */
static uint64_t shrink_all(uint64_t wanted)
{
	struct shrinker *shrinker;
	uint64_t freed = 0;

	list_for_each_rcu(shrinker, &shrinkers, node) {
		uint64_t count = shrinker->count(shrinker);

		if (count > 0)
			freed += shrinker->scan(shrinker, min(count, max(wanted, SHRINK_BATCH)));
	}
	return freed;
}

uint64_t reclaim_direct(uint64_t wanted)
{
	struct context *self = context_current();
	uint64_t freed;

	self->is_reclaiming = 1;
	freed = reclaim_lists_shrink(max(wanted, 32));
	if (freed < wanted && shrink_all(wanted) > 0)
		freed += slab_reclaim();
	if (freed < wanted)
		freed += slab_reclaim() + kernel_stacks_reclaim();
	self->is_reclaiming = 0;
	return freed;
}

static uint64_t shrinkable_count(void)
{
	struct shrinker *shrinker;
	uint64_t count = 0;

	list_for_each_rcu(shrinker, &shrinkers, node)
		count += shrinker->count(shrinker);
	return count;
}

void reclaim_drop_caches(bool drops_pages, bool drops_objects)
{
	struct context *self = context_current();
	uint64_t left = drops_objects ? shrinkable_count() : 0;

	self->is_reclaiming = 1;
	for (unsigned i = 0; drops_pages && i < DROP_ROUNDS; i++) {
		if (reclaim_lists_shrink(UINT64_MAX) == 0)
			break;
	}
	/* In batches: a shrinker may hold a lock meanwhile. No more than there was at first. */
	for (unsigned vain = 0; left > 0 && vain < DROP_ROUNDS;) {
		uint64_t freed = shrink_all(SHRINK_BATCH);

		left -= min(left, freed);
		vain = freed ? 0 : vain + 1;
		blocking_yield_point();
	}
	if (drops_objects)
		(void)slab_reclaim();
	self->is_reclaiming = 0;
}

void reclaim_wait(void)
{
	blocking_prepare(SLEEP_UNINTERRUPTIBLE);
	(void)blocking_sleep(time_monotonic_ns() + VICTIM_WAIT_NS);
}

static bool is_below_high(void)
{
	return READ_ONCE(page_buddy.free_pages) + READ_ONCE(page_buddy.untouched_pages) <
	       page_buddy.mark_high;
}

static NORETURN void reclaim_thread(void *argument)
{
	(void)argument;
	for (;;) {
		(void)WAIT_EVENT(&reclaim_queue, READ_ONCE(reclaim_is_requested),
				 SLEEP_IDLE);
		WRITE_ONCE(reclaim_is_requested, false);
		while (is_below_high() && reclaim_direct(32) > 0)
			blocking_yield_point();
	}
}

static void reclaim_thread_entry(void *argument)
{
	reclaim_thread(argument);
}

int reclaim_start(void)
{
	int error = pressure_thread_start("reclaim", reclaim_thread_entry, NULL);

	return error ? error : writeback_start();
}
