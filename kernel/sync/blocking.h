/*
 * Seam: how a context goes to sleep and is woken. Declared here, implemented by task/.
 */
#ifndef SYNC_BLOCKING_H
#define SYNC_BLOCKING_H

#include "base/compiler.h"
#include "base/types.h"

struct context;

enum sleep_kind {
	SLEEP_INTERRUPTIBLE,	/* any deliverable signal ends it: -ERESTARTSYS */
	SLEEP_KILLABLE,		/* a fatal signal ends it: -EINTR */
	SLEEP_UNINTERRUPTIBLE,	/* only for what surely ends soon; counted as disk sleep */
	SLEEP_IDLE,		/* a kernel thread without work: uninterruptible, but no load */
};

#define NO_DEADLINE INT64_MAX	/* deadlines are absolute CLOCK_MONOTONIC nanoseconds */

/*
 * The protocol that loses no wake-up: blocking_prepare(), then look at the condition, then either
 * blocking_cancel() or blocking_sleep(). A wake between prepare and sleep makes sleep return at
 * once. sleep returns 0 (woken, perhaps for nothing), -ETIMEDOUT, -ERESTARTSYS or -EINTR.
 */
void blocking_prepare(enum sleep_kind kind);
int blocking_sleep(int64_t deadline_ns);
void blocking_cancel(void);

/* The clock of deadlines. Any context. */
int64_t blocking_now_ns(void);

/* Makes a context runnable if it sleeps or prepares to. Any context; true if it did. The caller
 * holds something that keeps the context alive (its wait entry is still queued, or RCU). */
bool blocking_wake(struct context *context);

/* Whether a context runs on some CPU at this moment: a hint for spinning. RCU keeps it alive. */
bool blocking_is_running(const struct context *context);

/* The id of the thread that runs, and its name; -1: it is none. Any context. */
int32_t blocking_describe(char *name, size_t size);

/* Whether a sleep of this kind would end at once for a signal. */
bool blocking_is_interrupted(enum sleep_kind kind);

/* Gives way to others if WORK_RESCHEDULE is set; at points where long loops may sleep. */
void blocking_yield_point(void);

#endif
