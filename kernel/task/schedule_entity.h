/*
 * What the scheduler keeps for one thread. Guarded by the run-queue lock of the thread's CPU.
 */
#ifndef TASK_SCHEDULE_ENTITY_H
#define TASK_SCHEDULE_ENTITY_H

#include "arch/cpu.h"
#include "base/list.h"
#include "base/tree/rbtree.h"

struct thread;

/* Values of sched_setscheduler(2). */
enum schedule_policy {
	SCHEDULE_OTHER = 0, SCHEDULE_FIFO = 1, SCHEDULE_ROUND_ROBIN = 2, SCHEDULE_BATCH = 3,
	SCHEDULE_IDLE = 5,
};

struct schedule_entity {
	struct rbtree_node node;	/* fair queue, by virtual deadline */
	struct list_node list;		/* FIFO/RR queue of its priority */
	uint64_t virtual_runtime, virtual_deadline;
	uint64_t least_runtime;		/* of the subtree below: finds who is eligible */
	/* Virtual time it was behind (+) or ahead (-) when it slept. */
	int64_t lag;
	int64_t slice_ns, slice_used_ns;
	int64_t burst_ns;		/* average of how long it runs until it sleeps */
	int64_t awake_ns;		/* since it slept, as ticks find it: RLIMIT_RTTIME */
	const struct thread *last_waker;	/* compared only */
	/* When it last made a new thread runnable; 0: it slept since. */
	int64_t child_started_ns;
	int64_t run_started_ns;		/* local clock of its CPU, while it runs */
	uint32_t weight;
	int32_t nice;			/* -20..19 */
	uint32_t policy;		/* enum schedule_policy */
	uint32_t priority;		/* 1..99 for FIFO and RR */
	uint32_t inherited_priority;	/* from PI futexes: 0 or 1..99 */
	uint32_t real_time;		/* priority in force: the greater of the two, 0: fair */
	bool resets_on_fork;
	bool is_queued;			/* runs, or waits in its CPU's queue */
	bool is_moving;			/* runnable, on its way to another CPU's queue */
	bool sleeps_after_start;	/* soon after it started its last child, it slept */
	bool is_leaving;		/* about to end: whom it wakes can have its CPU */
	bool is_kernel_bound;		/* a per-CPU kernel thread: affinity may not be changed */
	struct cpu_mask affinity;
};

#endif
