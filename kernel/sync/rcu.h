/*
 * Read-copy-update: readers only disable preemption; what they can see is freed after every CPU has
 * switched, idled or run a program.
 */
#ifndef SYNC_RCU_H
#define SYNC_RCU_H

#include "arch/context.h"
#include "arch/cpu.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "base/types.h"

struct rcu_head {
	struct rcu_head *next;
	void (*function)(struct rcu_head *head);
};

static inline void rcu_read_lock(void)
{
	preemption_disable();
}

static inline void rcu_read_unlock(void)
{
	preemption_enable();
}

/* Pointers published to readers and read by them. */
#define rcu_dereference(pointer) __atomic_load_n(&(pointer), __ATOMIC_CONSUME)
#define rcu_assign(pointer, value) __atomic_store_n(&(pointer), (value), __ATOMIC_RELEASE)

/* Calls function(head) after a grace period, from a thread that may sleep. Any context. */
void rcu_call(struct rcu_head *head, void (*function)(struct rcu_head *head));

/* Waits for a grace period. May sleep; holds no lock that a reader wants. */
void rcu_synchronise(void);

/* Waits until all callbacks queued so far have run. May sleep. */
void rcu_barrier(void);

/* Memory is short: shortens the grace period under way and the next ones for a while. Any
 * context. */
void rcu_hurry(void);

/* What each CPU queued by rcu_call(), the newest first; tests without threads look at it. */
DECLARE_PER_CPU(struct rcu_head *, rcu_queued);

/* One counter per CPU: it was at a point where no read section can be open. */
DECLARE_PER_CPU(uint64_t, rcu_quiescent_count);

/* Called by the scheduler at each switch, and at the end of interrupts that came in a place where
 * preemption was allowed. Preemption off or interrupts masked. */
static inline void rcu_quiescent(void)
{
	uint64_t *count = this_cpu(rcu_quiescent_count);

	atomic_store_release(count, *count + 1);
	/* Whoever sees the new count may free; later read sections must see what it unpublished. */
	atomic_fence();
}

/* The body of the one thread that waits for grace periods and runs callbacks (started by task/).
 * CPUs that run a long program or idle are interrupted: no tick is needed. */
NORETURN void rcu_thread(void *unused);

#endif
