/*
 * What the scheduler counts for all threads together.
 */
#ifndef TASK_STATISTICS_H
#define TASK_STATISTICS_H

#include "base/compiler.h"
#include "base/types.h"

/* What runs, for /proc/loadavg, stat. */
struct schedule_statistics {
	uint64_t context_switches, forks, migrations, steals, processes_running, threads;
	uint64_t load_average[3];		/* fixed point, 11 fraction bits */
};
void schedule_statistics_read(struct schedule_statistics *statistics);
struct cpu_time_split {
	uint64_t user_ns, nice_ns, system_ns, idle_ns, interrupt_ns;
};
void cpu_time_read(unsigned cpu, struct cpu_time_split *split);

#endif
