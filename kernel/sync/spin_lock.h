/*
 * Spin locks: fair (ticket) locks for short sections that do not sleep.
 */
#ifndef SYNC_SPIN_LOCK_H
#define SYNC_SPIN_LOCK_H

#include "arch/context.h"
#include "base/compiler.h"
#include "base/types.h"
#include "sync/lock_order.h"

struct CAPABILITY("spin lock") spin_lock {
	uint32_t tickets;	/* next in the high half, now serving in the low half */
	uint16_t class;		/* enum lock_class */
	uint16_t owner_cpu;	/* debug builds: 1 + CPU of the holder */
};

#define SPIN_LOCK_INITIALIZER(lock_class) { .class = (lock_class) }

static inline void spin_lock_init(struct spin_lock *lock, enum lock_class class)
{
	*lock = (struct spin_lock)SPIN_LOCK_INITIALIZER((uint16_t)class);
}

/* For classes of LOCK_CONTEXT_THREAD: disables preemption. */
void spin_lock(struct spin_lock *lock) ACQUIRE(lock);
void spin_unlock(struct spin_lock *lock) RELEASE(lock);

/* For LOCK_CONTEXT_DEFERRED: also keeps deferred work off this CPU. */
void spin_lock_deferred(struct spin_lock *lock) ACQUIRE(lock);
void spin_unlock_deferred(struct spin_lock *lock) RELEASE(lock);

/* For LOCK_CONTEXT_INTERRUPT: masks interrupts; the result goes back into the unlock. */
bool spin_lock_irq(struct spin_lock *lock) ACQUIRE(lock);
void spin_unlock_irq(struct spin_lock *lock, bool were_enabled) RELEASE(lock);

/* With interrupts already masked (inside another irq section or in an interrupt). */
void spin_lock_masked(struct spin_lock *lock) ACQUIRE(lock);
void spin_unlock_masked(struct spin_lock *lock) RELEASE(lock);

/* Takes a second lock of the same class, whose order the caller guarantees (lock_order.h). */
void spin_lock_nested(struct spin_lock *lock) ACQUIRE(lock);

bool spin_try_lock(struct spin_lock *lock) TRY_ACQUIRE(true, lock);

/* Debug builds: stops the machine unless this CPU holds the lock. */
void spin_lock_assert_held(const struct spin_lock *lock);

/* Debug builds: a report if the caller may not sleep here (spin lock held, preemption off). */
void assert_may_sleep(void);

#endif
