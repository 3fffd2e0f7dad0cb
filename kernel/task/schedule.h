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

/* Of each period, real-time threads run at most so many microseconds where fair ones wait, see
 * sched(7): /proc/sys/kernel/sched_rt_runtime_us. -1: all of it. */
#define REAL_TIME_PERIOD_US 1000000
extern int32_t schedule_real_time_us;

/* Gives up the CPU; the caller is runnable unless its state says otherwise. May sleep. */
void schedule(void);
void schedule_yield(void);		/* sched_yield(2) */

/* The caller is about to end, or not yet: its CPU is as good as free for those that it wakes. */
void schedule_leave(bool is_leaving);

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
/* PI futexes: runs with at least this real-time priority; 0 ends it. Any thread, alive. */
void schedule_priority_inherit(struct thread *thread, uint32_t priority);
/* The thread's own real-time priority, 0: it is fair. Without locks, so possibly a past one. */
uint32_t schedule_own_priority(const struct thread *thread);
int schedule_affinity_set(struct thread *thread, const struct cpu_mask *mask) MUST_CHECK;
void schedule_affinity_read(struct thread *thread, struct cpu_mask *mask);
uint64_t schedule_round_robin_ns(const struct thread *thread);

/*
 * Sets bits of enum context_work and sees to it that the thread notices soon: a sleep that may be
 * interrupted (is_fatal: also a killable one, or a stop) ends, and a program running on another CPU
 * is interrupted. Any context; the caller keeps the thread alive.
 */
void thread_notify(struct thread *thread, uint32_t work, bool is_fatal);

/* blocking_prepare() for THREAD_STOPPED and THREAD_TRACED: only thread_notify(fatal) and
 * blocking_wake() end it. */
void thread_stop_prepare(uint32_t state);

/* Where in the kernel a thread sleeps; 0: it does not. */
virtual_t thread_sleeps_at(struct thread *thread);

/* Inherits scheduling from the parent (fork); the parent is current. */
void schedule_fork(struct thread *child, struct thread *parent);

/*
 * I/O priority: a class in the upper bits, a level and hints below. Own: what was set, 0 if nothing
 * or the thread has ended. Setting and fork: -ENOMEM.
 */
#define IO_CLASS_SHIFT 13
enum { IO_CLASS_NONE, IO_CLASS_REAL_TIME, IO_CLASS_BEST_EFFORT, IO_CLASS_IDLE };
int io_priority_set(struct thread *thread, uint32_t priority) MUST_CHECK;
uint32_t io_priority_own(const struct thread *thread);
uint32_t io_priority_effective(struct thread *thread);
int io_priority_fork(struct thread *child, struct thread *parent, bool is_shared) MUST_CHECK;
void io_priority_release(struct thread *thread);	/* it is being freed */

/* Statistics and controls below /proc/aegis; started with the rest of task/. */
void schedule_statistics_start(void);

#endif
