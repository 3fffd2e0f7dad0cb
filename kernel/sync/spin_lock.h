/*
 * Spin locks for short sections that do not sleep. Everything but waiting is inline; debug builds
 * also tell the order checker (sync/lock_check.h).
 *
 * Whoever comes first after the release gets it. A queue would be fairer, but below a hypervisor
 * the next in line is often not running, and then everybody moves at the pace of the host's
 * scheduler.
 */
#ifndef SYNC_SPIN_LOCK_H
#define SYNC_SPIN_LOCK_H

#include "arch/context.h"
#include "arch/cpu.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "base/types.h"
#include "sync/lock_check.h"
#include "sync/lock_order.h"

struct CAPABILITY("spin lock") spin_lock {
	uint32_t is_locked;
	uint16_t class;		/* enum lock_class */
	uint16_t owner_cpu;	/* debug builds: 1 + CPU of the holder */
};

#define SPIN_LOCK_INITIALIZER(lock_class) { .class = (lock_class) }

static inline void spin_lock_init(struct spin_lock *lock, enum lock_class class)
{
	*lock = (struct spin_lock)SPIN_LOCK_INITIALIZER((uint16_t)class);
}

/* Waits until it is free, and takes it. */
void spin_lock_wait(struct spin_lock *lock);
/* Debug builds: notes the holder, and stops the machine when the wrong CPU unlocks. */
void spin_lock_note_owner(struct spin_lock *lock);
void spin_lock_forget_owner(struct spin_lock *lock);

static inline void spin_lock_take(struct spin_lock *lock)
{
	if (unlikely(atomic_swap_acquire(&lock->is_locked, 1)))
		spin_lock_wait(lock);
	if (DEBUG_BUILD)
		spin_lock_note_owner(lock);
}

static inline void spin_lock_give(struct spin_lock *lock)
{
	if (DEBUG_BUILD)
		spin_lock_forget_owner(lock);
	atomic_store_release(&lock->is_locked, 0);
}

/* For LOCK_CONTEXT_THREAD: disables preemption, which also keeps deferred work off this CPU. */
static inline void spin_lock(struct spin_lock *lock) ACQUIRE(lock) NO_THREAD_ANALYSIS
{
	preemption_disable();
	if (DEBUG_BUILD)
		lock_check_acquire(lock, lock->class, 0);
	spin_lock_take(lock);
}

static inline void spin_unlock(struct spin_lock *lock) RELEASE(lock) NO_THREAD_ANALYSIS
{
	spin_lock_give(lock);
	if (DEBUG_BUILD)
		lock_check_release(lock, lock->class);
	preemption_enable();
}

/* With interrupts already masked (inside another irq section or in an interrupt). */
static inline void spin_lock_masked(struct spin_lock *lock) ACQUIRE(lock) NO_THREAD_ANALYSIS
{
	if (DEBUG_BUILD)
		lock_check_acquire(lock, lock->class, LOCK_CHECK_MASKED);
	spin_lock_take(lock);
}

static inline void spin_unlock_masked(struct spin_lock *lock) RELEASE(lock) NO_THREAD_ANALYSIS
{
	spin_lock_give(lock);
	if (DEBUG_BUILD)
		lock_check_release(lock, lock->class);
}

/* For LOCK_CONTEXT_INTERRUPT: masks interrupts; the result goes back into the unlock. */
static inline bool spin_lock_irq(struct spin_lock *lock) ACQUIRE(lock) NO_THREAD_ANALYSIS
{
	bool were_enabled = interrupts_disable();

	spin_lock_masked(lock);
	return were_enabled;
}

/* Unmasks if they were on, and gives way if somebody better was woken inside. */
static inline void interrupts_restore_and_preempt(bool were_enabled)
{
	if (!were_enabled)
		return;
	interrupts_enable();
	if (unlikely(READ_ONCE(context_current()->work) & WORK_RESCHEDULE))
		upcall_preempt();
}

static inline void spin_unlock_irq(struct spin_lock *lock, bool were_enabled)
	RELEASE(lock) NO_THREAD_ANALYSIS
{
	spin_unlock_masked(lock);
	interrupts_restore_and_preempt(were_enabled);
}

/* Takes a second lock of the same class, whose order the caller guarantees (lock_order.h). Undone
 * by spin_unlock_nested(), or spin_unlock_masked() for one inside an irq section. */
static inline void spin_lock_nested(struct spin_lock *lock) ACQUIRE(lock) NO_THREAD_ANALYSIS
{
	preemption_disable();
	if (DEBUG_BUILD)
		lock_check_acquire(lock, lock->class, LOCK_CHECK_NESTED);
	spin_lock_take(lock);
}

static inline void spin_unlock_nested(struct spin_lock *lock) RELEASE(lock) NO_THREAD_ANALYSIS
{
	spin_unlock(lock);
}

static inline void spin_lock_masked_nested(struct spin_lock *lock) ACQUIRE(lock) NO_THREAD_ANALYSIS
{
	if (DEBUG_BUILD)
		lock_check_acquire(lock, lock->class, LOCK_CHECK_MASKED | LOCK_CHECK_NESTED);
	spin_lock_take(lock);
}

/* One attempt, exempt from the order of taking. With interrupts masked for classes that need it;
 * undone by spin_unlock(), or spin_unlock_masked() for spin_try_lock_masked(). */
static inline bool spin_try_lock_masked(struct spin_lock *lock)
	TRY_ACQUIRE(true, lock) NO_THREAD_ANALYSIS
{
	if (atomic_load_relaxed(&lock->is_locked) || atomic_swap_acquire(&lock->is_locked, 1))
		return false;
	if (DEBUG_BUILD) {
		lock_check_acquire(lock, lock->class, LOCK_CHECK_TRIED);
		spin_lock_note_owner(lock);
	}
	return true;
}

static inline bool spin_try_lock(struct spin_lock *lock) TRY_ACQUIRE(true, lock) NO_THREAD_ANALYSIS
{
	preemption_disable();
	if (spin_try_lock_masked(lock))
		return true;
	preemption_enable();
	return false;
}

/* Debug builds: a report if the caller may not sleep here (spin lock held, preemption off). */
void assert_may_sleep(void);

#endif
