/*
 * Reader-writer locks, where they wait. The queue is in order of arrival. The last to leave lets
 * readers in that are first, and wakes a writer that is: other writers may take the lock until it
 * runs, but if it comes in vain, it is the next. Before it queues, a newcomer looks for a while as
 * long as the writer runs, and a few times while readers do: most sections are shorter than that.
 */
#include "sync/mutex.h"

#include "base/panic.h"
#include "sync/lock_waits.h"

#define READER_ROUNDS 50
/* Longer than sections take. A writer that takes longer may have lost its CPU to another machine of
 * the same host, and gets it back the sooner the less the others use theirs. */
#define WRITER_ROUNDS 1000

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

static uint32_t holders_of(uint32_t state)
{
	return state & ~(SHARED_LOCK_WAITED | SHARED_LOCK_URGENT);
}

static bool is_compatible(uint32_t state, bool is_writer)
{
	return is_writer ? holders_of(state) == 0 : holders_of(state) < SHARED_LOCK_WRITER;
}

/* Whether a newcomer has to queue whoever holds the lock. */
static bool must_queue(uint32_t state, bool is_writer)
{
	return state & (is_writer ? SHARED_LOCK_URGENT : SHARED_LOCK_WAITED);
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
		if (!passes_waiters && must_queue(seen, is_writer))
			return false;
	} while (!atomic_compare_swap_acquire(&lock->state, &seen,
					      seen + (is_writer ? SHARED_LOCK_WRITER : 1)));
	if (is_writer)
		atomic_store_relaxed(&lock->writer, taker);
	return true;
}

static struct shared_waiter *first_waiter(struct shared_lock *lock)
{
	struct wait_entry *entry = list_first(&lock->waiters.entries, struct wait_entry, node);

	return entry ? container_of(entry, struct shared_waiter, entry) : NULL;
}

/* Queue locked: the waiter has the lock, or has given up. */
static void leave_queue(struct shared_lock *lock, struct shared_waiter *waiter)
{
	uint32_t over = first_waiter(lock) == waiter ? SHARED_LOCK_URGENT : 0;

	list_remove(&waiter->entry.node);
	if (list_is_empty(&lock->waiters.entries))
		over |= SHARED_LOCK_WAITED;
	atomic_fetch_and_relaxed(&lock->state, ~over);
}

/* Queue locked: tries to take it for the first in the queue. */
static bool take_for_first(struct shared_lock *lock, struct shared_waiter *waiter)
{
	if (!try_take(lock, waiter->entry.context, waiter->is_writer, true))
		return false;
	leave_queue(lock, waiter);
	waiter->is_granted = true;
	return true;
}

/* Queue locked: lets in the readers that are first; a writer that is, is woken to take it. */
static void grant(struct shared_lock *lock)
{
	struct shared_waiter *waiter;

	while ((waiter = first_waiter(lock))) {
		uint32_t state = atomic_load_relaxed(&lock->state);
		bool takes_itself = waiter->is_writer && !(state & SHARED_LOCK_URGENT);
		struct context *context = waiter->entry.context;

		if (takes_itself ? holders_of(state) != 0 : !take_for_first(lock, waiter))
			return;
		blocking_wake(context);
		if (takes_itself)
			return;
	}
}

void shared_lock_wake(struct shared_lock *lock)
{
	bool were_enabled = spin_lock_irq(&lock->waiters.lock);

	grant(lock);
	spin_unlock_irq(&lock->waiters.lock, were_enabled);
}

/* Queue locked: takes the lock if it is this waiter's turn. */
static bool claim(struct shared_lock *lock, struct shared_waiter *waiter)
{
	if (!waiter->is_granted && first_waiter(lock) == waiter && take_for_first(lock, waiter))
		grant(lock);
	return waiter->is_granted;
}

/* Whether it is worth looking once more. Preemption is off: a read section of RCU. */
static bool may_come_soon(struct shared_lock *lock, bool is_writer, uint64_t rounds)
{
	const struct context *writer = atomic_load_relaxed(&lock->writer);

	if (must_queue(atomic_load_relaxed(&lock->state), is_writer) ||
	    (READ_ONCE(context_current()->work) & WORK_RESCHEDULE))
		return false;
	return writer ? rounds < WRITER_ROUNDS && blocking_is_running(writer)
		      : rounds < READER_ROUNDS;
}

/* Looks for a moment whether the lock becomes free. By itself, so that profiles name it. */
static NOINLINE bool take_spinning(struct shared_lock *lock, bool is_writer)
{
	struct context *self = context_current();
	uint64_t rounds = 0;
	bool is_taken;

	preemption_disable();
	while (!(is_taken = try_take(lock, self, is_writer, false)) &&
	       may_come_soon(lock, is_writer, rounds)) {
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
	list_add_tail(&lock->waiters.entries, &waiter.entry.node);
	/* From here on, who leaves the lock looks at the queue; who left before is seen below. */
	atomic_fetch_or_ordered(&lock->state, SHARED_LOCK_WAITED);
	while (!claim(lock, &waiter) && result == 0) {
		blocking_prepare(kind);
		spin_unlock_irq(&lock->waiters.lock, were_enabled);
		result = blocking_sleep(NO_DEADLINE);
		were_enabled = spin_lock_irq(&lock->waiters.lock);
		/* Somebody passed, or woke it for another reason: the next turn is its own. */
		if (first_waiter(lock) == &waiter && !claim(lock, &waiter))
			atomic_fetch_or_relaxed(&lock->state, SHARED_LOCK_URGENT);
	}
	if (waiter.is_granted) {
		result = 0;
	} else {
		/* It may have held back others. */
		leave_queue(lock, &waiter);
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
