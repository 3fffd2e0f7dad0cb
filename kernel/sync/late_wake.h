/*
 * Waking from places that hold locks which a wake-up must not meet (the log under the run-queue
 * lock, RCU under the heap's): the wake happens when this CPU next reaches a point where it could
 * switch threads.
 */
#ifndef SYNC_LATE_WAKE_H
#define SYNC_LATE_WAKE_H

#include "arch/cpu.h"
#include "base/compiler.h"
#include "base/types.h"

struct wait_queue;

struct late_wake {
	struct late_wake *next;
	struct wait_queue *queue;
	uint32_t is_queued;
};

#define LATE_WAKE_INITIALIZER(wait_queue) { .queue = (wait_queue) }

DECLARE_PER_CPU(struct late_wake *, late_wakes);

/* Any context, any lock held. The structure stays valid for ever. */
void late_wake_queue(struct late_wake *wake);

/* The scheduler, before it takes its own lock: does what was put off. Preemption off. */
void late_wake_run_queued(void);
static inline void late_wake_run(void)
{
	if (unlikely(*this_cpu(late_wakes) != NULL))
		late_wake_run_queued();
}

#endif
