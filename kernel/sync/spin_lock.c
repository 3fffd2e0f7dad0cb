/*
 * The part of spin locks that is not inline: waiting, and the owner of debug builds.
 */
#include "sync/spin_lock.h"

#include "base/panic.h"
#include "sync/lock_waits.h"

NOINLINE void spin_lock_wait(struct spin_lock *lock)
{
	uint64_t rounds = 0;

	/* Looking does not take the cache line away from the holder; swapping does. */
	do {
		for (; atomic_load_relaxed(&lock->is_locked); rounds++)
			cpu_relax();
	} while (atomic_swap_acquire(&lock->is_locked, 1));
	lock_waits_note(lock->class, rounds);
}

void spin_lock_note_owner(struct spin_lock *lock)
{
	lock->owner_cpu = (uint16_t)(cpu_current() + 1);
}

void spin_lock_forget_owner(struct spin_lock *lock)
{
	if (unlikely(lock->owner_cpu != cpu_current() + 1))
		panic("spin lock %p unlocked on CPU %u, held by %d", (void *)lock, cpu_current(),
		      (int)lock->owner_cpu - 1);
	lock->owner_cpu = 0;
}
