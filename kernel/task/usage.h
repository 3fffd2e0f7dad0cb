/*
 * What threads and processes used of the machine.
 */
#ifndef TASK_USAGE_H
#define TASK_USAGE_H

#include "base/types.h"

struct process;
struct thread;

struct usage {
	uint64_t run_ns, user_ns, kernel_ns;
	uint64_t voluntary_switches, involuntary_switches;
	uint64_t minor_faults, major_faults;
	uint64_t read_bytes, write_bytes, read_calls, write_calls;
	uint64_t peak_resident_pages;
};

/* CPU time of a thread or process to the nanosecond (running ones included): never less than what
 * anybody saw before. */
uint64_t thread_run_ns(struct thread *thread);
uint64_t process_run_ns(struct process *process);
/* Usage with user/kernel split, as getrusage shows it. */
void thread_usage(struct thread *thread, struct usage *usage);
void process_usage(struct process *process, struct usage *usage);
/* A dying thread puts into process->dead_threads what it used, or used since it last did so. */
void thread_account(struct thread *thread);
void usage_add(struct usage *total, const struct usage *part);	/* peaks: the larger */

#endif
