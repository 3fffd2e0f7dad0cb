/*
 * Clocks by number, those of CPU time included.
 */
#ifndef TASK_CPU_CLOCK_H
#define TASK_CPU_CLOCK_H

#include "base/compiler.h"
#include "base/types.h"

struct process;

/* Not Linux's: the user part of the process's CPU time, for ITIMER_VIRTUAL. */
#define CPU_CLOCK_USER (-1000000000)

/* Reads a clock; the process-wide CPU-time ones for `process`. Interrupt context too; -EINVAL. */
int clock_read_for(struct process *process, int clock, int64_t *now_ns) MUST_CHECK;

/* Listens to the wall clock being set. */
void cpu_clock_start(void);

#endif
