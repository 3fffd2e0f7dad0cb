/*
 * Clocks by number, those of CPU time included.
 */
#ifndef TASK_CLOCK_CPU_CLOCK_H
#define TASK_CLOCK_CPU_CLOCK_H

#include "base/compiler.h"
#include "base/types.h"

struct process;
struct thread;

/* What a timer goes by: a wall clock, or the CPU time of a process or of one thread. */
struct timer_clock {
	int number;		/* of a wall clock */
	bool is_relative;	/* to now: not moved when that is set */
	bool is_cpu_time;
	bool is_user_time;	/* only what was spent in the program */
	struct process *process;	/* counted, unless it is the timer's own */
	struct thread *thread;	/* counted; NULL: all threads of the process */
};

/* By number, as the current thread means it; -EINVAL. Released by a thread of that process. */
int timer_clock_resolve(int number, struct timer_clock *clock) MUST_CHECK;
void timer_clock_release(struct timer_clock *clock);
/* Any context. */
int64_t timer_clock_read(const struct timer_clock *clock);

/* Listens to the wall clock being set. */
void cpu_clock_start(void);

#endif
