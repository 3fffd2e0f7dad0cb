/*
 * Timers of a process: setitimer(2), timer_create(2), alarm(2), RLIMIT_CPU, and sleeping on clocks.
 */
#ifndef TASK_PROCESS_TIMER_H
#define TASK_PROCESS_TIMER_H

#include "base/compiler.h"
#include "base/types.h"

struct process;
struct process_timer;
struct signal_event;
struct signal_information;
struct thread;

struct timer_setting {
	int64_t value_ns, interval_ns;	/* 0 value: disarmed */
};

int interval_timer_set(int which, const struct timer_setting *setting,
		       struct timer_setting *old) MUST_CHECK;
int interval_timer_read(int which, struct timer_setting *setting) MUST_CHECK;

int process_timer_create(int clock, const struct signal_event *event, int *id) MUST_CHECK;
int process_timer_set(int id, bool is_absolute, const struct timer_setting *setting,
		      struct timer_setting *old) MUST_CHECK;
int process_timer_read(int id, struct timer_setting *setting) MUST_CHECK;
int process_timer_overrun(int id);
int process_timer_delete(int id) MUST_CHECK;
/* exec deletes POSIX timers and keeps itimers; exit deletes all. */
void process_timers_drop(struct process *process, bool keeps_interval_timers);

/* Any clock, CPU-time clocks of threads and processes included (Linux's encoding). */
int clock_read_any(int clock, int64_t *now_ns) MUST_CHECK;
int clock_resolution_any(int clock, int64_t *resolution_ns) MUST_CHECK;
/* The tick found this thread running, so long after the last one: its CPU-time timers and limits
 * are looked at. Masked. */
void cpu_time_tick(struct thread *thread, int64_t passed_ns);

/* What the queue of signals tells: a timer's own signal was taken, some SIGALRM was. Lock held. */
void process_timer_signal_taken(struct process_timer *timer,
				struct signal_information *information);
void process_alarm_taken(struct process *process);

/* clock_nanosleep: 0, -EINTR with *left_ns set, or -ERESTART_RESTARTBLOCK prepared. */
long clock_sleep(int clock, bool is_absolute, int64_t value_ns, user_address_t left);
long clock_sleep_restart(void);

#endif
