/*
 * Reader-writer locks, where they wait. The queue is in order of arrival; the last to leave wakes
 * the first writer, or all readers at the head. Once somebody queues, newcomers queue behind.
 * Before that, a newcomer looks while the writer runs, and a few times while readers do: most
 * sections are shorter than a sleep.
 */
#include "sync/mutex.h"

#include "base/panic.h"
#include "sync/lock_waits.h"

#define SPIN_ROUNDS 50

struct shared_waiter {
	struct wait_entry entry;
	bool is_writer;
	bool is_granted;	/* under the queue's lock: the lock is ours */
};

void shared_lock_init(struct shared_lock *lock, enum lock_class class)
{
	lock->state = 0;
	lock->class = (uint16_t)class;
	lock->writer = NULL;
	wait_queue_init(&lock->waiters);
}

void shared_lock_check(struct shared_lock *lock, unsigned flags)
{
	assert_may_sleep();
	lock_check_acquire(lock, lock->class, flags | LOCK_CHECK_SLEEPS);
}

static bool is_compatible(uint32_t state, bool is_writer)
{
	uint32_t holders = state & ~SHARED_LOCK_WAITED;

	return is_writer ? holders == 0 : holders < SHARED_LOCK_WRITER;
}

/* Takes it for `taker` at once if the holders allow it; who comes from the queue passes the
 * waiters. */
static bool try_take(struct shared_lock *lock, struct context *taker, bool is_writer,
		     bool passes_waiters)
{
	uint32_t seen = atomic_load_relaxed(&lock->state);

	do {
		if (!is_compatible(seen, is_writer))
			return false;
		if ((seen & SHARED_LOCK_WAITED) && !passes_waiters)
			return false;
	} while (!atomic_compare_swap_acquire(&lock->state, &seen,
					      seen + (is_writer ? SHARED_LOCK_WRITER : 1)));
	if (is_writer)
		atomic_store_relaxed(&lock->writer, taker);
	return true;
}

/* Queue locked: gives the lock to as many of the first as may hold it together. */
static void grant(struct shared_lock *lock)
{
	struct wait_entry *entry;

	while ((entry = list_first(&lock->waiters.entries, struct wait_entry, node))) {
		struct shared_waiter *waiter = container_of(entry, struct shared_waiter, entry);
		struct context *context = entry->context;

		if (!try_take(lock, context, waiter->is_writer, true))
			return;
		list_remove(&entry->node);
		waiter->is_granted = true;
		blocking_wake(context);
	}
	atomic_fetch_and_relaxed(&lock->state, ~SHARED_LOCK_WAITED);
}

void shared_lock_wake(struct shared_lock *lock)
{
	bool were_enabled = spin_lock_irq(&lock->waiters.lock);

	grant(lock);
	spin_unlock_irq(&lock->waiters.lock, were_enabled);
}

/* Queue locked: sets the bit that sends the holder's unlock here. False: it is ours already. */
static bool announce(struct shared_lock *lock, struct shared_waiter *waiter)
{
	list_add_tail(&lock->waiters.entries, &waiter->entry.node);
	atomic_fetch_or_ordered(&lock->state, SHARED_LOCK_WAITED);
	/* The holder may have left before it could see the bit. */
	grant(lock);
	return !waiter->is_granted;
}

/* Whether it is worth looking once more. Preemption is off: a read section of RCU. */
static bool may_come_soon(struct shared_lock *lock, const struct context *self,
			  unsigned *rounds_left)
{
	const struct context *writer = atomic_load_relaxed(&lock->writer);

	if ((atomic_load_relaxed(&lock->state) & SHARED_LOCK_WAITED) ||
	    (READ_ONCE(self->work) & WORK_RESCHEDULE))
		return false;
	return writer ? blocking_is_running(writer) : (*rounds_left)-- > 0;
}

/* Looks for a moment whether the lock becomes free. By itself, so that profiles name it. */
static NOINLINE bool take_spinning(struct shared_lock *lock, bool is_writer)
{
	struct context *self = context_current();
	unsigned rounds_left = SPIN_ROUNDS;
	uint64_t rounds = 0;
	bool is_taken;

	preemption_disable();
	while (!(is_taken = try_take(lock, self, is_writer, false)) &&
	       may_come_soon(lock, self, &rounds_left)) {
		rounds++;
		cpu_relax();
	}
	preemption_enable();
	if (rounds)
		lock_waits_note(lock->class, rounds);
	return is_taken;
}

static WAITING_TEXT int lock_queued(struct shared_lock *lock, bool is_writer, enum sleep_kind kind)
{
	struct shared_waiter waiter = { .is_writer = is_writer };
	int result = 0;
	bool were_enabled;

	if (take_spinning(lock, is_writer))
		return 0;
	lock_sleeps_note(lock->class);
	wait_entry_init(&waiter.entry, NULL);
	were_enabled = spin_lock_irq(&lock->waiters.lock);
	if (announce(lock, &waiter)) {
		while (!waiter.is_granted && result == 0) {
			blocking_prepare(kind);
			spin_unlock_irq(&lock->waiters.lock, were_enabled);
			result = blocking_sleep(NO_DEADLINE);
			were_enabled = spin_lock_irq(&lock->waiters.lock);
		}
	}
	if (waiter.is_granted) {
		result = 0;
	} else {
		/* A writer that gives up may have held back readers behind it. */
		list_remove(&waiter.entry.node);
		grant(lock);
	}
	spin_unlock_irq(&lock->waiters.lock, were_enabled);
	return result;
}

WAITING_TEXT void shared_lock_read_slowly(struct shared_lock *lock)
{
	while (lock_queued(lock, false, SLEEP_UNINTERRUPTIBLE) != 0)
		;
}

WAITING_TEXT void shared_lock_write_slowly(struct shared_lock *lock)
{
	while (lock_queued(lock, true, SLEEP_UNINTERRUPTIBLE) != 0)
		;
}

NO_THREAD_ANALYSIS WAITING_TEXT int shared_lock_write_killable(struct shared_lock *lock)
{
	int result;

	if (DEBUG_BUILD)
		shared_lock_check(lock, 0);
	result = lock_queued(lock, true, SLEEP_KILLABLE);
	if (DEBUG_BUILD && result != 0)
		lock_check_release(lock, lock->class);
	return result;
}

NO_THREAD_ANALYSIS bool shared_lock_try_read(struct shared_lock *lock)
{
	if (!try_take(lock, context_current(), false, false))
		return false;
	if (DEBUG_BUILD)
		lock_check_acquire(lock, lock->class, LOCK_CHECK_SLEEPS | LOCK_CHECK_TRIED);
	return true;
}

void shared_lock_downgrade(struct shared_lock *lock)
{
	uint32_t before;

	atomic_store_relaxed(&lock->writer, NULL);
	/* One subtraction turns the writer into the first reader. */
	before = atomic_fetch_subtract_release(&lock->state, SHARED_LOCK_WRITER - 1);
	if (before & SHARED_LOCK_WAITED)
		shared_lock_wake(lock);
}
