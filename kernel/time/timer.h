/*
 * Timers: one queue per CPU, ordered by deadline, driven by one-shot alarms to the nanosecond.
 */
#ifndef TIME_TIMER_H
#define TIME_TIMER_H

#include "base/compiler.h"
#include "base/tree/rbtree.h"
#include "base/types.h"

struct timer {
	struct rbtree_node node;
	int64_t deadline_ns;		/* CLOCK_MONOTONIC */
	uint64_t slack_ns;		/* may fire this much later, to join others */
	/* Runs with interrupts masked and no timer lock held. May arm the timer again. */
	void (*fire)(struct timer *timer);
	uint32_t cpu;			/* queue it is on */
	uint8_t state;
};

void timer_init(struct timer *timer, void (*fire)(struct timer *timer));
/* Arms or re-arms on this CPU. Any context. */
void timer_arm(struct timer *timer, int64_t deadline_ns);
/* True if it was armed and is no more. The callback may still run on another CPU. */
bool timer_cancel(struct timer *timer);
/* Also waits for a running callback. Not from the callback, nor with a lock that it takes. */
bool timer_cancel_wait(struct timer *timer);
bool timer_is_armed(const struct timer *timer);

/* This CPU's next alarm changed (idle exit, CPU start). Interrupts masked. */
void timer_cpu_start(unsigned cpu);

#endif
