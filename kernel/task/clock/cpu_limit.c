/*
 * What the tick does for the CPU time of the thread it finds: timers on that time, RLIMIT_CPU and
 * RLIMIT_RTTIME. As coarse as the tick, as on Linux.
 */
#include "task/clock/timer_internal.h"
#include "task/schedule.h"
#include "task/signal/signal_internal.h"
#include "task/thread.h"

/* The CPU time of a process, all of it and its user part; negative: not added up yet. */
struct process_time {
	int64_t all_ns, user_ns;
};

/* What a timer's clock says. A process's time is that of all its threads, and it may have as many
 * timers: it is added up once for all of them. */
static int64_t clock_look(const struct timer_clock *clock, struct process_time *time)
{
	int64_t *known = clock->is_user_time ? &time->user_ns : &time->all_ns;

	if (clock->thread)
		return timer_clock_read(clock);
	if (*known < 0)
		*known = timer_clock_read(clock);
	return *known;
}

/* The timers of the process on its own CPU time. Lock held. */
static void timers_look(struct process *process)
{
	struct list_head looked_at = LIST_HEAD_INITIALIZER(looked_at);
	struct process_time time = { -1, -1 };
	struct process_timer *timer;

	/* Each once: what goes on queues itself again, and while others are looked at may have
	 * expired again. */
	list_splice(&looked_at, &process->timers->cpu_armed);
	while ((timer = list_pop(&looked_at, struct process_timer, cpu_node)))
		process_timer_look(timer, clock_look(&timer->clock, &time));
	process->signals.has_cpu_timers = !list_is_empty(&process->timers->cpu_armed);
}

/*
 * SIGKILL at the hard limit, SIGXCPU at the soft one, which moves on by `step`: the signal comes
 * again after as much more. Lock held.
 */
static void limit_look(struct process *process, enum limit_kind kind, uint64_t used, uint64_t step)
{
	struct limit *limit = &process->limits.values[kind];
	struct signal_information information = { .si_code = SI_KERNEL };

	if (limit->hard != LIMIT_INFINITE && used >= limit->hard) {
		signal_send_locked(process, SIGKILL, &information);
	} else if (used >= limit->soft) {
		limit->soft += step;
		signal_send_locked(process, SIGXCPU, &information);
	}
}

static bool is_limited(const struct process *process, enum limit_kind kind)
{
	return READ_ONCE(process->limits.values[kind].soft) != LIMIT_INFINITE;
}

void cpu_time_tick(struct thread *thread, int64_t passed_ns)
{
	struct process *process = thread->process;
	bool has_cpu_limit = is_limited(process, LIMIT_CPU);
	bool has_real_time_limit = thread->schedule.real_time && is_limited(process, LIMIT_RTTIME);
	bool enabled;

	thread->schedule.awake_ns += passed_ns;
	if (likely(!READ_ONCE(process->signals.has_cpu_timers) && !has_cpu_limit &&
		   !has_real_time_limit))
		return;
	rcu_read_lock();
	enabled = spin_lock_irq(&process->signals.lock);
	if (process->timers && process->signals.has_cpu_timers)
		timers_look(process);
	if (has_real_time_limit)
		limit_look(process, LIMIT_RTTIME,
			   (uint64_t)(thread->schedule.awake_ns / NANOSECONDS_PER_MICROSECOND),
			   NANOSECONDS_PER_SECOND / NANOSECONDS_PER_MICROSECOND);
	if (has_cpu_limit)
		limit_look(process, LIMIT_CPU,
			   process_run_ns(process) / NANOSECONDS_PER_SECOND, 1);
	spin_unlock_irq(&process->signals.lock, enabled);
	rcu_read_unlock();
}
