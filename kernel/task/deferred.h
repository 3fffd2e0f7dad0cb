/*
 * Work that interrupt handlers put off. Deferred work runs on the same CPU at interrupt exit with
 * interrupts on and preemption off; work items run in worker threads and may sleep.
 */
#ifndef TASK_DEFERRED_H
#define TASK_DEFERRED_H

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
