/*
 * Mutexes, where they wait. A contender first spins while the owner runs on another CPU, then
 * queues. Unlocking frees the mutex and wakes the first in the queue, which may lose the race to a
 * running thread once; the second time the mutex is handed to it.
 */
#include "sync/mutex.h"

#include "base/errno.h"
#include "base/panic.h"
#include "sync/lock_waits.h"

struct mutex_waiter {
	struct wait_entry entry;
	uint32_t lost_races;
};

void mutex_init(struct mutex *mutex, enum lock_class class)
{
	mutex->owner = 0;
	mutex->class = (uint16_t)class;
	wait_queue_init(&mutex->waiters);
}

void mutex_check(struct mutex *mutex, unsigned flags)
{
	assert_may_sleep();
	lock_check_acquire(mutex, mutex->class, flags | LOCK_CHECK_SLEEPS);
}

static struct context *owner_context(uintptr_t owner)
{
	return (struct context *)(owner & ~MUTEX_WAITED);
}

/* Takes a mutex that nobody owns, leaving the waited bit as it is. */
static bool try_take(struct mutex *mutex)
{
	uintptr_t seen = atomic_load_relaxed(&mutex->owner);

	return !owner_context(seen) &&
	       atomic_compare_swap_acquire(&mutex->owner, &seen,
					   seen | (uintptr_t)context_current());
}

/* True: taken. False: the owner sleeps, or this CPU has better to do. */
static bool spin_while_owner_runs(struct mutex *mutex)
{
	struct context *self = context_current();
	bool is_taken = false;
	uint64_t rounds = 0;

	preemption_disable();	/* a read section: the owner's context is not freed meanwhile */
	for (;;) {
		uintptr_t owner = atomic_load_relaxed(&mutex->owner);

		if (!owner_context(owner)) {
			is_taken = try_take(mutex);
			if (is_taken)
				break;
			continue;
		}
		if ((owner & MUTEX_WAITED) || !blocking_is_running(owner_context(owner)))
			break;
		if (READ_ONCE(self->work) & WORK_RESCHEDULE)
			break;
		cpu_relax();
		rounds++;
	}
	if (rounds)
		lock_waits_note(mutex->class, rounds);
	preemption_enable();
	return is_taken;
}

/* Queue locked: takes the mutex, or announces the waiter to the owner. */
static bool take_or_announce(struct mutex *mutex)
{
	uintptr_t seen = atomic_load_relaxed(&mutex->owner);

	for (;;) {
		uintptr_t wanted = seen | MUTEX_WAITED;

		if (!owner_context(seen))
			wanted |= (uintptr_t)context_current();
		else if (seen & MUTEX_WAITED)
			return false;
		if (atomic_compare_swap_acquire(&mutex->owner, &seen, wanted))
			return !owner_context(seen);
	}
}

/* Queue locked: leaves it, and takes the bit away with the last waiter. */
static void leave_queue(struct mutex *mutex, struct mutex_waiter *waiter)
{
	list_remove(&waiter->entry.node);
	if (list_is_empty(&mutex->waiters.entries))
		atomic_fetch_and_relaxed(&mutex->owner, ~MUTEX_WAITED);
}

static void wake_first(struct mutex *mutex)
{
	struct wait_entry *first = list_first(&mutex->waiters.entries, struct wait_entry, node);

	if (first)
		blocking_wake(first->context);
}

/* Queue locked; the sleep ended early. True: the mutex was handed over meanwhile. */
static bool give_up(struct mutex *mutex, struct mutex_waiter *waiter)
{
	if (owner_context(mutex->owner) == context_current())
		return true;
	leave_queue(mutex, waiter);
	/* The wake-up that this waiter may have swallowed goes to the next. */
	if (!owner_context(atomic_load_relaxed(&mutex->owner)))
		wake_first(mutex);
	return false;
}

static WAITING_TEXT int lock_queued(struct mutex *mutex, enum sleep_kind kind)
{
	struct mutex_waiter waiter = { .lost_races = 0 };
	int result = 0;
	bool were_enabled;

	lock_sleeps_note(mutex->class);
	wait_entry_init(&waiter.entry, NULL);
	were_enabled = spin_lock_irq(&mutex->waiters.lock);
	list_add_tail(&mutex->waiters.entries, &waiter.entry.node);
	for (;;) {
		blocking_prepare(kind);
		if (owner_context(mutex->owner) == context_current())
			break;	/* handed over: the owner unlinked the entry */
		if (take_or_announce(mutex)) {
			leave_queue(mutex, &waiter);
			break;
		}
		waiter.lost_races++;
		spin_unlock_irq(&mutex->waiters.lock, were_enabled);
		result = blocking_sleep(NO_DEADLINE);
		were_enabled = spin_lock_irq(&mutex->waiters.lock);
		if (result != 0) {
			if (give_up(mutex, &waiter))
				result = 0;
			break;
		}
	}
	blocking_cancel();
	spin_unlock_irq(&mutex->waiters.lock, were_enabled);
	return result;
}

static WAITING_TEXT int lock_contended(struct mutex *mutex, enum sleep_kind kind)
{
	if (spin_while_owner_runs(mutex))
		return 0;
	return lock_queued(mutex, kind);
}

WAITING_TEXT void mutex_lock_slowly(struct mutex *mutex)
{
	if (unlikely(owner_context(mutex->owner) == context_current()))
		panic("mutex %p locked twice by the same thread", (void *)mutex);
	while (lock_contended(mutex, SLEEP_UNINTERRUPTIBLE) != 0)
		;
}

NO_THREAD_ANALYSIS WAITING_TEXT int mutex_lock_interruptible(struct mutex *mutex)
{
	int result = 0;

	if (DEBUG_BUILD)
		mutex_check(mutex, 0);
	if (unlikely(!mutex_take(mutex)))
		result = lock_contended(mutex, SLEEP_INTERRUPTIBLE);
	if (DEBUG_BUILD && result != 0)
		lock_check_release(mutex, mutex->class);
	return result;
}

NO_THREAD_ANALYSIS bool mutex_try_lock(struct mutex *mutex)
{
	if (!mutex_take(mutex))
		return false;
	if (DEBUG_BUILD)
		lock_check_acquire(mutex, mutex->class, LOCK_CHECK_SLEEPS | LOCK_CHECK_TRIED);
	return true;
}

void mutex_unlock_slowly(struct mutex *mutex)
{
	struct wait_entry *first;
	struct mutex_waiter *waiter;
	bool were_enabled;

	if (unlikely(owner_context(mutex->owner) != context_current()))
		panic("mutex %p unlocked by a thread that does not hold it", (void *)mutex);
	were_enabled = spin_lock_irq(&mutex->waiters.lock);
	first = list_first(&mutex->waiters.entries, struct wait_entry, node);
	if (!first) {
		atomic_store_release(&mutex->owner, 0);
		spin_unlock_irq(&mutex->waiters.lock, were_enabled);
		return;
	}
	waiter = container_of(first, struct mutex_waiter, entry);
	if (waiter->lost_races > 1) {
		list_remove(&first->node);
		atomic_store_release(&mutex->owner, (uintptr_t)first->context |
				     (list_is_empty(&mutex->waiters.entries) ? 0 : MUTEX_WAITED));
	} else {
		atomic_store_release(&mutex->owner, MUTEX_WAITED);
	}
	blocking_wake(first->context);
	spin_unlock_irq(&mutex->waiters.lock, were_enabled);
}
