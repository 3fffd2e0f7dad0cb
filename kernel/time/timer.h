/*
 * Timers: one queue per CPU, ordered by deadline, driven by one-shot alarms to the nanosecond.
 */
#ifndef TIME_TIMER_H
#define TIME_TIMER_H

#include "base/compiler.h"
#include "base/tree/rbtree.h"
#include "base/types.h"

struct timer {
	struct rbtree_node node;	/* by deadline_ns + slack_ns */
	int64_t deadline_ns;		/* CLOCK_MONOTONIC */
	uint64_t slack_ns;		/* may fire this much later, to join others */
	/* Runs with interrupts masked and no timer lock held. May arm the timer again, or end the
	 * life of its memory: it is not touched after the call. */
	void (*fire)(struct timer *timer);
	uint32_t cpu;			/* queue it is on, or was on last */
	uint32_t is_armed;
};

void timer_init(struct timer *timer, void (*fire)(struct timer *timer));
/* Arms or re-arms on this CPU. Any context. Callers order arming and cancelling of one timer. */
void timer_arm(struct timer *timer, int64_t deadline_ns);
/* True if it was armed and is no more. The callback may still run on another CPU. */
bool timer_cancel(struct timer *timer);
/* Also waits for a running callback. Not from the callback, nor with a lock that it takes. */
bool timer_cancel_wait(struct timer *timer);

static inline bool timer_is_armed(const struct timer *timer)
{
	return READ_ONCE(timer->is_armed);
}

/* Makes this CPU's queue ready (CPU start). Interrupts masked. */
void timer_cpu_start(unsigned cpu);

/* Lines of /proc/aegis/timers: what is armed on each CPU. */
struct format_sink;
void timer_describe(struct format_sink *sink);

#endif
