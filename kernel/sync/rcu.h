/*
 * Read-copy-update: readers only disable preemption; what they can see is freed after every CPU has
 * switched, idled or run a program.
 */
#ifndef SYNC_RCU_H
#define SYNC_RCU_H

#include "arch/context.h"
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

/* Waits until all callbacks queued so far have run. */
void rcu_barrier(void);

/* Called by the scheduler at each switch and idle entry, and by the alarm in a program. */
void rcu_quiescent(void);

/* Starts the callback threads; needs threads. */
int rcu_start(void) MUST_CHECK;

#endif
