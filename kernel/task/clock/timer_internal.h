/* What the files of process timers share. */
#ifndef TASK_CLOCK_TIMER_INTERNAL_H
#define TASK_CLOCK_TIMER_INTERNAL_H

#include "base/list.h"
#include "task/clock/cpu_clock.h"
#include "task/process_timer.h"
#include "task/signal.h"
#include "time/clock_time.h"
#include "time/timer.h"

struct queued_signal;
struct thread;

/*
 * A repeating timer rests from its expiry until its signal is taken, and then counts what it
 * missed: however short its interval, it costs no more than the signals that the program takes.
 * Guarded by the signal lock of its process, except the queue's own part.
 */
struct process_timer {
	struct timer timer;		/* for wall clocks, and for other processes' CPU time */
	struct process *process;
	struct queued_signal *signal;	/* a POSIX timer's own entry; NULL: setitimer(2)'s */
	struct signal_event event;
	struct list_node node;		/* process_timers.timers */
	struct list_node cpu_node;	/* process_timers.cpu_armed */
	struct time_step_listener step_listener;
	struct timer_clock clock;
	int id;				/* -1: not a POSIX timer */
	bool rests;			/* expired; goes on when its signal is taken */
	int64_t expiry_ns;		/* on its clock; 0: disarmed */
	int64_t interval_ns;
	int64_t overrun;		/* expirations since a signal was taken, less one */
	int64_t last_overrun;		/* what that signal said */
};

struct process_timers {
	struct process_timer intervals[3];	/* ITIMER_REAL, VIRTUAL, PROF */
	struct list_head timers;		/* POSIX timers */
	struct list_head cpu_armed;		/* on the process's own CPU time */
	int next_id;
};

/* The timers of the process, made when first asked for; NULL: no memory. */
struct process_timers *process_timers_get(struct process *process);

void process_timer_init(struct process_timer *timer, struct process *process, int id, int number);

/* All with the signal lock held. */
void process_timer_disarm(struct process_timer *timer);
void process_timer_write(struct process_timer *timer, bool is_absolute,
			 const struct timer_setting *setting, struct timer_setting *old);
void process_timer_setting(struct process_timer *timer, struct timer_setting *setting);
/* Its clock says `now`: expires, or waits on. */
void process_timer_look(struct process_timer *timer, int64_t now);
/* Its clock was set: waits anew. */
void process_timer_requeue(struct process_timer *timer);

#endif
