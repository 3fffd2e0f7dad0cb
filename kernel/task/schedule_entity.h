/*
 * What the scheduler keeps for one thread. Guarded by the run-queue lock of the thread's CPU.
 */
#ifndef TASK_SCHEDULE_ENTITY_H
#define TASK_SCHEDULE_ENTITY_H

#include "arch/cpu.h"
#include "base/list.h"
#include "base/tree/rbtree.h"

struct schedule_entity {
	struct rbtree_node node;	/* fair queue, by virtual deadline */
	struct list_node list;		/* FIFO/RR queue of its priority */
	uint64_t virtual_runtime, virtual_deadline;
	int64_t lag;
	uint64_t slice_ns, slice_used_ns;
	uint64_t run_started_ns;
	uint32_t weight;
	int32_t nice;			/* -20..19 */
	uint32_t policy;		/* SCHED_OTHER, FIFO, RR, BATCH, IDLE */
	uint32_t priority;		/* 1..99 for FIFO and RR */
	uint32_t inherited_priority;	/* from PI futexes: 0 or 1..99 */
	bool resets_on_fork;
	bool is_queued;
	uint8_t on_cpu;			/* its registers are in use by a CPU */
	struct cpu_mask affinity;
};

#endif
