/*
 * The scheduler: per-CPU queues, FIFO and RR before fair (EEVDF), stealing by idle CPUs.
 * Sleeping and waking go through sync/blocking.h.
 */
#ifndef TASK_SCHEDULE_H
#define TASK_SCHEDULE_H

#include "arch/cpu.h"
#include "base/compiler.h"
#include "base/types.h"

struct thread;

/* Gives up the CPU; the caller is runnable unless its state says otherwise. May sleep. */
void schedule(void);
void schedule_yield(void);		/* sched_yield(2) */

/* The idle context of a CPU becomes its idle thread, and never returns. Masked. */
NORETURN void schedule_cpu_enter(unsigned cpu);

/* sched_setattr and its family: checks ranges, moves the thread between queues. */
struct schedule_parameters {
	uint32_t policy;
	int32_t nice;
	uint32_t priority;
	bool resets_on_fork;
};
int schedule_parameters_set(struct thread *thread, const struct schedule_parameters *parameters)
	MUST_CHECK;
void schedule_parameters_read(struct thread *thread, struct schedule_parameters *parameters);
int schedule_affinity_set(struct thread *thread, const struct cpu_mask *mask) MUST_CHECK;
void schedule_affinity_read(struct thread *thread, struct cpu_mask *mask);
uint64_t schedule_round_robin_ns(const struct thread *thread);

/* Inherits scheduling from the parent (fork); the parent is current. */
void schedule_fork(struct thread *child, struct thread *parent);

#endif
