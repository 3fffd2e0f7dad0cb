/*
 * The timers of a process: when they expire, and setitimer(2). One on a wall clock fires from the
 * timer queue; one on the CPU time of its process is looked at in the tick of a CPU that runs a
 * thread of it, and costs nothing while it sleeps.
 */
#include "task/process_timer.h"

#include "base/arithmetic.h"
#include "base/errno.h"
#include "memory/heap.h"
#include "sync/blocking.h"
#include "task/clock/timer_internal.h"
#include "task/signal/signal_internal.h"
#include <abi/process.h>
#include <abi/time.h>

/* The CPU time of another process is looked at no more often than this. */
#define FOREIGN_LOOK_NS (4 * NANOSECONDS_PER_MILLISECOND)
/* An ignored signal cannot hold its timer back: it goes on no faster than this. */
#define IGNORED_LOOK_NS (4 * NANOSECONDS_PER_MILLISECOND)

static bool is_on_tick(const struct process_timer *timer)
{
	return timer->clock.is_cpu_time && timer->clock.process == timer->process;
}

/* The present on the timer's clock. */
static int64_t timer_now(const struct process_timer *timer)
{
	return timer_clock_read(&timer->clock);
}

/* Waits for the expiry. Lock held. */
static void timer_queue(struct process_timer *timer, int64_t least_ns)
{
	int64_t left, now;

	if (timer->event.notify == SIGEV_NONE)
		return;
	if (is_on_tick(timer)) {
		if (!list_node_is_linked(&timer->cpu_node))
			list_add_tail(&timer->process->timers->cpu_armed, &timer->cpu_node);
		timer->process->signals.has_cpu_timers = true;
		return;
	}
	if (timer->clock.is_cpu_time)
		least_ns = max(least_ns, (int64_t)FOREIGN_LOOK_NS);
	left = max(timer->expiry_ns - timer_now(timer), least_ns);
	now = time_monotonic_ns();
	timer_arm(&timer->timer, left > NO_DEADLINE - 1 - now ? NO_DEADLINE - 1 : now + left);
}

void process_timer_requeue(struct process_timer *timer)
{
	if (timer->expiry_ns && !timer->rests)
		timer_queue(timer, 0);
}

static void timer_unqueue(struct process_timer *timer)
{
	list_remove(&timer->cpu_node);
	timer_cancel(&timer->timer);
}

/* Moves the expiry beyond the present; how many expirations that passes. Lock held. */
static int64_t timer_forward(struct process_timer *timer, int64_t now)
{
	int64_t passed;

	if (now < timer->expiry_ns)
		return 0;
	passed = (now - timer->expiry_ns) / timer->interval_ns + 1;
	/* The last expiry that passed is not after now, so only the step beyond it can overflow. */
	if (!checked_add(now - (now - timer->expiry_ns) % timer->interval_ns, timer->interval_ns,
			 &timer->expiry_ns))
		timer->expiry_ns = INT64_MAX;
	return passed;
}

/* A repeating POSIX timer's signal is sent; the rest is done when it is taken. Lock held. */
static void posix_expire(struct process_timer *timer, int64_t now)
{
	timer_unqueue(timer);
	if (timer->event.notify == SIGEV_NONE)
		return;
	timer->rests = timer->interval_ns > 0;
	if (!timer->rests)
		timer->expiry_ns = 0;
	if (signal_send_timer(timer->process, &timer->event, timer->signal) || !timer->rests)
		return;
	/* Ignored: nobody will take it. */
	timer->rests = false;
	timer->overrun += timer_forward(timer, now);
	timer_queue(timer, IGNORED_LOOK_NS);
}

static void interval_expire(struct process_timer *timer, int64_t now)
{
	struct signal_information information = {
		.si_signo = timer->event.number,
		.si_code = SI_KERNEL,
	};

	if (timer->interval_ns == 0) {
		timer_unqueue(timer);
		timer->expiry_ns = 0;
	} else if (timer->clock.is_cpu_time) {
		timer_forward(timer, now);
		timer_queue(timer, 0);
	} else {
		timer->rests = true;
	}
	signal_send_locked(timer->process, timer->event.number, &information);
}

void process_timer_look(struct process_timer *timer, int64_t now)
{
	if (timer->expiry_ns == 0 || timer->rests)
		return;
	if (now < timer->expiry_ns)
		timer_queue(timer, 0);
	else if (timer->signal)
		posix_expire(timer, now);
	else
		interval_expire(timer, now);
}

/* The timer goes on after its signal was taken, or thrown away with its queue. */
static void timer_resume(struct process_timer *timer)
{
	timer->rests = false;
	timer->overrun += timer_forward(timer, timer_now(timer));
	timer_queue(timer, 0);
}

void process_timer_signal_taken(struct process_timer *timer,
				struct signal_information *information)
{
	if (!timer->rests)
		return;
	timer_resume(timer);
	timer->last_overrun = timer->overrun;
	timer->overrun = -1;
	information->si_overrun = (int32_t)min(timer->last_overrun + information->si_overrun,
					       (int64_t)INT32_MAX);
}

void process_alarm_taken(struct process *process)
{
	struct process_timers *timers = process->timers;

	if (timers && timers->intervals[ITIMER_REAL].rests)
		timer_resume(&timers->intervals[ITIMER_REAL]);
}

static void timer_fired(struct timer *queued)
{
	struct process_timer *timer = container_of(queued, struct process_timer, timer);
	bool enabled;

	rcu_read_lock();
	enabled = spin_lock_irq(&timer->process->signals.lock);
	process_timer_look(timer, timer_now(timer));
	spin_unlock_irq(&timer->process->signals.lock, enabled);
	rcu_read_unlock();
}

void process_timer_init(struct process_timer *timer, struct process *process, int id, int number)
{
	timer_init(&timer->timer, timer_fired);
	list_node_init(&timer->node);
	list_node_init(&timer->cpu_node);
	timer->process = process;
	timer->id = id;
	timer->event.number = number;
	timer->event.notify = SIGEV_SIGNAL;
}

static void interval_init(struct process_timers *timers, struct process *process, int which,
			  int number)
{
	struct process_timer *timer = &timers->intervals[which];

	process_timer_init(timer, process, -1, number);
	timer->clock = (struct timer_clock){
		.number = CLOCK_MONOTONIC,
		.is_cpu_time = which != ITIMER_REAL,
		.is_user_time = which == ITIMER_VIRTUAL,
		.process = process,
	};
}

struct process_timers *process_timers_get(struct process *process)
{
	struct process_timers *timers = process->timers, *fresh;

	if (timers)
		return timers;
	fresh = heap_allocate(sizeof(*fresh), HEAP_ACCOUNT);
	if (!fresh)
		return NULL;
	list_init(&fresh->timers);
	list_init(&fresh->cpu_armed);
	interval_init(fresh, process, ITIMER_REAL, SIGALRM);
	interval_init(fresh, process, ITIMER_VIRTUAL, SIGVTALRM);
	interval_init(fresh, process, ITIMER_PROF, SIGPROF);
	if (__atomic_compare_exchange_n(&process->timers, &timers, fresh, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return fresh;
	heap_free(fresh);
	return timers;
}

void process_timer_disarm(struct process_timer *timer)
{
	timer->expiry_ns = 0;
	timer->rests = false;
	timer_unqueue(timer);
}

/* One that nothing queues or sends: its state is found when it is asked for. */
static bool is_silent(const struct process_timer *timer)
{
	return timer->event.notify == SIGEV_NONE;
}

void process_timer_setting(struct process_timer *timer, struct timer_setting *setting)
{
	int64_t now;

	*setting = (struct timer_setting){ .interval_ns = timer->interval_ns };
	/* ITIMER_REAL stands still until its signal is taken; a POSIX timer's time goes on. */
	if (timer->expiry_ns == 0 || (timer->rests && !timer->signal))
		return;
	now = timer_now(timer);
	if (timer->interval_ns > 0 && (timer->rests || is_silent(timer)))
		timer->overrun += timer_forward(timer, now);
	if (timer->expiry_ns > now || !is_silent(timer))
		/* One that is due reads as the smallest time. */
		setting->value_ns = max(timer->expiry_ns - now, (int64_t)1);
}

void process_timer_write(struct process_timer *timer, bool is_absolute,
			 const struct timer_setting *setting, struct timer_setting *old)
{
	int64_t base;

	process_timer_setting(timer, old);
	process_timer_disarm(timer);
	/* A relative time passes as it does, whatever the wall clock is set to. */
	timer->clock.is_relative = !is_absolute;
	base = is_absolute ? 0 : timer_now(timer);
	timer->last_overrun = 0;
	timer->overrun = -1;
	/* Linux keeps the interval of a disarmed timer on CPU time, and of no other. */
	timer->interval_ns = setting->value_ns || timer->clock.is_cpu_time ?
		setting->interval_ns : 0;
	if (setting->value_ns == 0)
		return;
	if (__builtin_add_overflow(base, setting->value_ns, &timer->expiry_ns))
		timer->expiry_ns = INT64_MAX;
	timer_queue(timer, 0);
}

int interval_timer_set(int which, const struct timer_setting *setting, struct timer_setting *old)
{
	struct process *process = process_current();
	struct process_timers *timers;
	bool enabled;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	timers = process_timers_get(process);
	if (!timers)
		return -ENOMEM;
	enabled = spin_lock_irq(&process->signals.lock);
	process_timer_write(&timers->intervals[which], false, setting, old);
	spin_unlock_irq(&process->signals.lock, enabled);
	return 0;
}

int interval_timer_read(int which, struct timer_setting *setting)
{
	struct process *process = process_current();
	bool enabled;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	*setting = (struct timer_setting){ 0 };
	if (!process->timers)
		return 0;
	enabled = spin_lock_irq(&process->signals.lock);
	process_timer_setting(&process->timers->intervals[which], setting);
	spin_unlock_irq(&process->signals.lock, enabled);
	return 0;
}
