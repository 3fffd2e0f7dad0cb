/*
 * Sleeping locks: struct mutex (one holder) and struct shared_lock (many readers or one writer).
 * Waiters queue in order; a mutex spins a little while its owner runs. Sleep is uninterruptible
 * unless the name says killable.
 */
#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H

#include "base/atomic.h"
#include "sync/wait.h"

#define MUTEX_WAITED ((uintptr_t)1)

struct CAPABILITY("mutex") mutex {
	uintptr_t owner;	/* context that holds it, MUTEX_WAITED: somebody queues */
	uint16_t class;
	struct wait_queue waiters;
};

#define MUTEX_INITIALIZER(name, lock_class) \
	{ .class = (lock_class), .waiters = WAIT_QUEUE_INITIALIZER((name).waiters) }

void mutex_init(struct mutex *mutex, enum lock_class class);

/* The parts that wait or wake; not for callers outside sync/. */
void mutex_lock_slowly(struct mutex *mutex);
void mutex_unlock_slowly(struct mutex *mutex);
void mutex_check(struct mutex *mutex, unsigned flags);

static inline bool mutex_take(struct mutex *mutex)
{
	uintptr_t free = 0;

	return atomic_compare_swap_acquire(&mutex->owner, &free, (uintptr_t)context_current());
}

static inline void mutex_lock(struct mutex *mutex) ACQUIRE(mutex) NO_THREAD_ANALYSIS
{
	if (DEBUG_BUILD)
		mutex_check(mutex, 0);
	if (unlikely(!mutex_take(mutex)))
		mutex_lock_slowly(mutex);
}

/* A second lock of a nestable class, in the order that lock_order.h asks for. */
static inline void mutex_lock_nested(struct mutex *mutex) ACQUIRE(mutex) NO_THREAD_ANALYSIS
{
	if (DEBUG_BUILD)
		mutex_check(mutex, LOCK_CHECK_NESTED);
	if (unlikely(!mutex_take(mutex)))
		mutex_lock_slowly(mutex);
}

static inline void mutex_unlock(struct mutex *mutex) RELEASE(mutex) NO_THREAD_ANALYSIS
{
	uintptr_t self = (uintptr_t)context_current();

	if (DEBUG_BUILD)
		lock_check_release(mutex, mutex->class);
	if (unlikely(!atomic_compare_swap_release(&mutex->owner, &self, 0)))
		mutex_unlock_slowly(mutex);
}

/* 0, or -ERESTARTSYS for any signal. */
int mutex_lock_interruptible(struct mutex *mutex) MUST_CHECK TRY_ACQUIRE(0, mutex);
bool mutex_try_lock(struct mutex *mutex) TRY_ACQUIRE(true, mutex);

/*
 * state: readers in the low part of the word, then a bit for a writer, one for "the first in the
 * queue comes next", and one for "somebody queues", which sends readers to the queue too, so that
 * writers do not starve. Writers may pass the queue as long as its first has not been told in vain
 * that the lock is free: nobody waits for one that is about to wake up.
 */
#define SHARED_LOCK_WRITER (UINT32_C(1) << 29)
#define SHARED_LOCK_URGENT (UINT32_C(1) << 30)
#define SHARED_LOCK_WAITED (UINT32_C(1) << 31)

struct CAPABILITY("shared lock") shared_lock {
	uint32_t state;
	uint16_t class;
	/* NULL before the writer has said so, and before it leaves: who reads another value under
	 * RCU may look at the context. */
	struct context *writer;
	struct wait_queue waiters;
};

void shared_lock_init(struct shared_lock *lock, enum lock_class class);

void shared_lock_read_slowly(struct shared_lock *lock);
void shared_lock_write_slowly(struct shared_lock *lock);
void shared_lock_wake(struct shared_lock *lock);
void shared_lock_check(struct shared_lock *lock, unsigned flags);

static inline void shared_lock_read(struct shared_lock *lock)
	ACQUIRE_SHARED(lock) NO_THREAD_ANALYSIS
{
	uint32_t seen = atomic_load_relaxed(&lock->state);

	if (DEBUG_BUILD)
		shared_lock_check(lock, 0);
	if (unlikely(seen >= SHARED_LOCK_WRITER ||
		     !atomic_compare_swap_acquire(&lock->state, &seen, seen + 1)))
		shared_lock_read_slowly(lock);
}

static inline void shared_unlock_read(struct shared_lock *lock)
	RELEASE_SHARED(lock) NO_THREAD_ANALYSIS
{
	uint32_t before;

	if (DEBUG_BUILD)
		lock_check_release(lock, lock->class);
	before = atomic_fetch_subtract_release(&lock->state, 1);
	if (unlikely((before & ~SHARED_LOCK_URGENT) == (SHARED_LOCK_WAITED | 1)))
		shared_lock_wake(lock);
}

static inline void shared_lock_write(struct shared_lock *lock) ACQUIRE(lock) NO_THREAD_ANALYSIS
{
	uint32_t free = 0;

	if (DEBUG_BUILD)
		shared_lock_check(lock, 0);
	if (likely(atomic_compare_swap_acquire(&lock->state, &free, SHARED_LOCK_WRITER)))
		atomic_store_relaxed(&lock->writer, context_current());
	else
		shared_lock_write_slowly(lock);
}

static inline void shared_lock_write_nested(struct shared_lock *lock)
	ACQUIRE(lock) NO_THREAD_ANALYSIS
{
	uint32_t free = 0;

	if (DEBUG_BUILD)
		shared_lock_check(lock, LOCK_CHECK_NESTED);
	if (likely(atomic_compare_swap_acquire(&lock->state, &free, SHARED_LOCK_WRITER)))
		atomic_store_relaxed(&lock->writer, context_current());
	else
		shared_lock_write_slowly(lock);
}

static inline void shared_unlock_write(struct shared_lock *lock) RELEASE(lock) NO_THREAD_ANALYSIS
{
	uint32_t before;

	if (DEBUG_BUILD)
		lock_check_release(lock, lock->class);
	atomic_store_relaxed(&lock->writer, NULL);
	before = atomic_fetch_and_release(&lock->state, ~SHARED_LOCK_WRITER);
	if (unlikely(before & SHARED_LOCK_WAITED))
		shared_lock_wake(lock);
}

bool shared_lock_try_read(struct shared_lock *lock) TRY_ACQUIRE_SHARED(true, lock);
/* 0, or -EINTR when the thread was killed meanwhile. */
int shared_lock_write_killable(struct shared_lock *lock) MUST_CHECK TRY_ACQUIRE(0, lock);
void shared_lock_downgrade(struct shared_lock *lock);	/* writer to reader, no gap */

#endif
