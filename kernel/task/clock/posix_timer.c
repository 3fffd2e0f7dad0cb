/*
 * timer_create(2) and its family. A timer owns the entry that its signal is queued by, so that
 * sending needs no memory, and is found by its number in the list of its process.
 */
#include "base/errno.h"
#include "memory/heap.h"
#include "task/clock/timer_internal.h"
#include "task/signal/signal_internal.h"
#include "task/thread.h"
#include <abi/time.h>

/* One of the current process by number. Lock held. */
static struct process_timer *timer_find(struct process *process, int id)
{
	struct process_timer *timer;

	if (!process->timers)
		return NULL;
	list_for_each(timer, &process->timers->timers, node) {
		if (timer->id == id)
			return timer;
	}
	return NULL;
}

/* The wall clock was set: what waits for a moment of it waits shorter or longer. */
static void clock_stepped(struct time_step_listener *listener)
{
	struct process_timer *timer = container_of(listener, struct process_timer, step_listener);
	bool enabled = spin_lock_irq(&timer->process->signals.lock);

	if (!timer->clock.is_relative)
		process_timer_requeue(timer);
	spin_unlock_irq(&timer->process->signals.lock, enabled);
}

static bool follows_the_wall(const struct process_timer *timer)
{
	int number = timer->clock.number;

	return !timer->clock.is_cpu_time &&
		(number == CLOCK_REALTIME || number == CLOCK_REALTIME_ALARM || number == CLOCK_TAI);
}

static bool is_timeless(int clock)
{
	return clock == CLOCK_REALTIME_COARSE || clock == CLOCK_MONOTONIC_COARSE ||
		clock == CLOCK_MONOTONIC_RAW;
}

static void timer_free(struct process_timer *timer)
{
	if (timer->signal)
		signal_entry_free(timer->process, timer->signal);
	timer_clock_release(&timer->clock);
	heap_free(timer);
}

static int timer_make(int clock, struct process_timer **result)
{
	struct process *process = process_current();
	struct process_timer *timer = heap_allocate(sizeof(*timer), HEAP_ACCOUNT);
	int error;

	if (!timer)
		return -EAGAIN;
	process_timer_init(timer, process, 0, SIGALRM);
	timer->step_listener.stepped = clock_stepped;
	error = timer_clock_resolve(clock, &timer->clock);
	if (error == 0) {
		timer->signal = signal_entry_make(process, timer);
		error = timer->signal ? 0 : -EAGAIN;
	}
	if (error < 0)
		timer_free(timer);
	*result = timer;
	return error;
}

int process_timer_create(int clock, const struct signal_event *event, int *id)
{
	struct process *process = process_current();
	struct process_timers *timers = process_timers_get(process);
	struct process_timer *timer;
	bool enabled;
	int error;

	if (is_timeless(clock))
		return -EOPNOTSUPP;
	if (!timers)
		return -EAGAIN;
	error = timer_make(clock, &timer);
	if (error < 0)
		return error;
	if (event)
		timer->event = *event;
	if (follows_the_wall(timer))
		time_step_listener_add(&timer->step_listener);
	enabled = spin_lock_irq(&process->signals.lock);
	timer->id = timers->next_id++;
	if (!event)
		timer->event.value.pointer = timer->id;
	signal_entry_set(timer->signal, &timer->event, timer->id);
	list_add_tail(&timers->timers, &timer->node);
	*id = timer->id;
	spin_unlock_irq(&process->signals.lock, enabled);
	return 0;
}

int process_timer_set(int id, bool is_absolute, const struct timer_setting *setting,
		      struct timer_setting *old)
{
	struct process *process = process_current();
	bool enabled = spin_lock_irq(&process->signals.lock);
	struct process_timer *timer = timer_find(process, id);

	if (timer)
		process_timer_write(timer, is_absolute, setting, old);
	spin_unlock_irq(&process->signals.lock, enabled);
	return timer ? 0 : -EINVAL;
}

int process_timer_read(int id, struct timer_setting *setting)
{
	struct process *process = process_current();
	bool enabled = spin_lock_irq(&process->signals.lock);
	struct process_timer *timer = timer_find(process, id);

	if (timer)
		process_timer_setting(timer, setting);
	spin_unlock_irq(&process->signals.lock, enabled);
	return timer ? 0 : -EINVAL;
}

int process_timer_overrun(int id)
{
	struct process *process = process_current();
	bool enabled = spin_lock_irq(&process->signals.lock);
	struct process_timer *timer = timer_find(process, id);
	int overrun = timer ? (int)min(timer->last_overrun, (int64_t)INT32_MAX) : -EINVAL;

	spin_unlock_irq(&process->signals.lock, enabled);
	return overrun;
}

/* Ends a timer that was taken off the list. */
static void timer_end(struct process_timer *timer)
{
	timer_cancel_wait(&timer->timer);
	if (follows_the_wall(timer))
		time_step_listener_remove(&timer->step_listener);
	if (timer->event.thread)
		thread_put(timer->event.thread);
	timer_free(timer);
}

/* Takes one off the list, disarmed. Lock held. */
static struct process_timer *timer_take(struct process_timer *timer)
{
	if (timer) {
		list_remove(&timer->node);
		process_timer_disarm(timer);
	}
	return timer;
}

int process_timer_delete(int id)
{
	struct process *process = process_current();
	bool enabled = spin_lock_irq(&process->signals.lock);
	struct process_timer *timer = timer_take(timer_find(process, id));

	spin_unlock_irq(&process->signals.lock, enabled);
	if (!timer)
		return -EINVAL;
	timer_end(timer);
	return 0;
}

static void posix_timers_drop(struct process *process)
{
	struct process_timers *timers = process->timers;
	struct process_timer *timer;
	bool enabled;

	do {
		enabled = spin_lock_irq(&process->signals.lock);
		timer = timer_take(list_first(&timers->timers, struct process_timer, node));
		spin_unlock_irq(&process->signals.lock, enabled);
		if (timer)
			timer_end(timer);
	} while (timer);
}

void process_timers_drop(struct process *process, bool keeps_interval_timers)
{
	struct process_timers *timers = process->timers;
	bool enabled;

	if (!timers)
		return;
	posix_timers_drop(process);
	if (keeps_interval_timers)
		return;
	enabled = spin_lock_irq(&process->signals.lock);
	for (int i = 0; i < 3; i++)
		process_timer_disarm(&timers->intervals[i]);
	process->timers = NULL;
	spin_unlock_irq(&process->signals.lock, enabled);
	for (int i = 0; i < 3; i++)
		timer_cancel_wait(&timers->intervals[i].timer);
	heap_free(timers);
}
