/*
 * Sleeping locks: struct mutex (one holder) and struct shared_lock (many readers or one writer).
 * Waiters queue in order; a mutex spins a little while its owner runs. Sleep is uninterruptible
 * unless the name says killable.
 */
#ifndef SYNC_MUTEX_H
#define SYNC_MUTEX_H

#include "sync/wait.h"

struct CAPABILITY("mutex") mutex {
	uintptr_t owner;	/* context that holds it, bit 0: somebody waits */
	uint16_t class;
	struct wait_queue waiters;
};

#define MUTEX_INITIALIZER(name, lock_class) \
	{ .class = (lock_class), .waiters = WAIT_QUEUE_INITIALIZER((name).waiters) }

void mutex_init(struct mutex *mutex, enum lock_class class);
void mutex_lock(struct mutex *mutex) ACQUIRE(mutex);
/* A second lock of a nestable class, in the order that lock_order.h asks for. */
void mutex_lock_nested(struct mutex *mutex) ACQUIRE(mutex);
/* 0, or -EINTR when the thread was killed meanwhile. */
int mutex_lock_killable(struct mutex *mutex) MUST_CHECK TRY_ACQUIRE(0, mutex);
int mutex_lock_interruptible(struct mutex *mutex) MUST_CHECK TRY_ACQUIRE(0, mutex);
bool mutex_try_lock(struct mutex *mutex) TRY_ACQUIRE(true, mutex);
void mutex_unlock(struct mutex *mutex) RELEASE(mutex);
bool mutex_is_held(const struct mutex *mutex);	/* by the caller; for assertions */

struct CAPABILITY("shared lock") shared_lock {
	int32_t holders;	/* readers, or -1: a writer */
	uint32_t writers_waiting;
	uint16_t class;
	struct spin_lock lock;
	struct wait_queue waiters;
};

void shared_lock_init(struct shared_lock *lock, enum lock_class class);
void shared_lock_read(struct shared_lock *lock) ACQUIRE_SHARED(lock);
bool shared_lock_try_read(struct shared_lock *lock) TRY_ACQUIRE_SHARED(true, lock);
void shared_unlock_read(struct shared_lock *lock) RELEASE_SHARED(lock);
void shared_lock_write(struct shared_lock *lock) ACQUIRE(lock);
void shared_lock_write_nested(struct shared_lock *lock) ACQUIRE(lock);
int shared_lock_write_killable(struct shared_lock *lock) MUST_CHECK TRY_ACQUIRE(0, lock);
void shared_unlock_write(struct shared_lock *lock) RELEASE(lock);
void shared_lock_downgrade(struct shared_lock *lock);	/* writer to reader, no gap */

#endif
