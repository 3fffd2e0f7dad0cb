/*
 * Work that interrupt handlers put off. Deferred work runs on the same CPU at interrupt exit with
 * interrupts on and preemption off; work items run in worker threads and may sleep.
 */
#ifndef TASK_DEFERRED_H
#define TASK_DEFERRED_H

#include "arch/cpu.h"
#include "base/compiler.h"
#include "base/types.h"
#include "base/list.h"

struct deferred {
	struct deferred *next;
	void (*run)(struct deferred *deferred);
	uint32_t is_queued;
};
void deferred_init(struct deferred *deferred, void (*run)(struct deferred *deferred));
/* Queues on this CPU unless it is queued already. Any context. */
void deferred_queue(struct deferred *deferred);

DECLARE_PER_CPU(struct deferred *, deferred_pending);

static inline bool deferred_is_pending(void)
{
	return READ_ONCE(*this_cpu(deferred_pending)) != NULL;
}

/* The scheduler: runs what is pending on this CPU. Interrupts masked, on return too. */
void deferred_run_pending(void);
static inline void deferred_run(void)
{
	if (unlikely(deferred_is_pending()))
		deferred_run_pending();
}

struct work {
	struct list_node node;
	void (*run)(struct work *work);
	uint32_t state;
};
void work_init(struct work *work, void (*run)(struct work *work));
/* True if it was not queued before. Any context. The work may free itself in run(). */
bool work_queue(struct work *work);
/* Waits until it is neither queued nor running. May sleep. */
void work_flush(struct work *work);

int deferred_start(void) MUST_CHECK;

#endif
