/*
 * The timers of a process: ITIMER_*, POSIX timers and RLIMIT_CPU. One on a wall clock fires from
 * the timer queue; one on a CPU-time clock is armed for the earliest moment it can expire, looks at
 * the clock then, and is armed again for what is left.
 */
#include "task/process_timer.h"

#include "base/errno.h"
#include "memory/heap.h"
#include "sync/blocking.h"
#include "task/clock/cpu_clock.h"
#include "task/signal/signal_internal.h"
#include "time/clock_time.h"
#include "time/timer.h"
#include <abi/process.h>
#include <abi/time.h>

/* A CPU-time timer looks no more often than this, however many threads run. */
#define CPU_LOOK_MINIMUM_NS (NANOSECONDS_PER_MILLISECOND)

/* Guarded by the process's signal lock, except the queue's own part. */
struct process_timer {
	struct timer timer;
	struct process *process;
	struct signal_event event;
	struct list_node node;
	int clock, id;
	int64_t expiry_ns;		/* on its clock; 0: disarmed */
	int64_t interval_ns;
	int64_t overrun;		/* expirations merged into the pending or last signal */
	struct rcu_head rcu;
};

struct process_timers {
	struct process_timer intervals[3];	/* ITIMER_REAL, VIRTUAL, PROF */
	struct process_timer cpu_limit;
	struct list_head timers;
	int next_id;
};

static void timer_fired(struct timer *queued);

static bool is_cpu_clock(int clock)
{
	return clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID;
}

/* The present on the timer's clock, for its process. */
static int64_t timer_now(const struct process_timer *timer)
{
	int64_t now = 0;

	if (clock_read_for(timer->process, timer->clock, &now) < 0)
		return 0;
	return now;
}

/* Puts it on the queue for when it may expire. Lock held. */
static void timer_queue(struct process_timer *timer)
{
	int64_t left, now;

	if (timer->expiry_ns == 0)
		return;
	now = timer_now(timer);
	left = max(timer->expiry_ns - now, (int64_t)0);
	if (is_cpu_clock(timer->clock) && left > 0)
		left = max(left / max((int64_t)timer->process->thread_count, (int64_t)1),
			   (int64_t)CPU_LOOK_MINIMUM_NS);
	now = time_monotonic_ns();
	timer_arm(&timer->timer, left > NO_DEADLINE - 1 - now ? NO_DEADLINE - 1 : now + left);
}

/* Whether the timer's last signal still waits; if so it takes the new expirations. Lock held. */
static bool merge_into_pending(struct process_timer *timer, int64_t expirations)
{
	struct signal_queue *queue = timer->event.thread ? &timer->event.thread->signals.queue :
		&timer->process->signals.queue;
	struct queued_signal *entry;

	list_for_each(entry, &queue->entries, node) {
		struct signal_information *information = &entry->information;

		if (information->si_code != SI_TIMER || information->si_timerid != timer->id)
			continue;
		timer->overrun = min(timer->overrun + expirations, (int64_t)INT32_MAX);
		information->si_overrun = timer->overrun;
		return true;
	}
	timer->overrun = min(expirations - 1, (int64_t)INT32_MAX);
	return false;
}

/* An expiry, with the lock held: moves on to the next one; how many there were. 0: not yet. */
static int64_t timer_expire(struct process_timer *timer)
{
	int64_t now = timer_now(timer), expirations = 1;

	if (timer->expiry_ns == 0)
		return 0;
	if (now < timer->expiry_ns) {
		timer_queue(timer);
		return 0;
	}
	if (timer->interval_ns > 0) {
		expirations += (now - timer->expiry_ns) / timer->interval_ns;
		timer->expiry_ns += expirations * timer->interval_ns;
		timer_queue(timer);
	} else {
		timer->expiry_ns = 0;
	}
	return expirations;
}

static void timer_signal(struct process_timer *timer, const struct signal_information *information)
{
	if (timer->event.thread)
		signal_send_thread(timer->event.thread, timer->event.number, information);
	else
		signal_send_process(timer->process, timer->event.number, information);
}

static void timer_fired(struct timer *queued)
{
	struct process_timer *timer = container_of(queued, struct process_timer, timer);
	struct process *process = timer->process;
	struct signal_information information = {
		.si_signo = timer->event.number,
		.si_code = timer->id < 0 ? SI_KERNEL : SI_TIMER,
	};
	bool is_posix = timer->id >= 0, sends;
	bool enabled = spin_lock_irq(&process->signals.lock);
	int64_t expirations = timer_expire(timer);

	sends = expirations > 0 && timer->event.notify != SIGEV_NONE;
	if (sends && is_posix) {
		sends = !merge_into_pending(timer, expirations);
		information.si_timerid = timer->id;
		information.si_overrun = timer->overrun;
		information.si_timer_value = timer->event.value.pointer;
	}
	spin_unlock_irq(&process->signals.lock, enabled);
	if (sends)
		timer_signal(timer, &information);
}

static void timer_setup(struct process_timer *timer, struct process *process, int clock, int id,
			int number)
{
	timer_init(&timer->timer, timer_fired);
	timer->process = process;
	timer->clock = clock;
	timer->id = id;
	timer->event.number = number;
	timer->event.notify = SIGEV_SIGNAL;
}

/* RLIMIT_CPU: SIGXCPU at the soft limit and each second after it, SIGKILL at the hard one. */
static void cpu_limit_fired(struct timer *queued)
{
	struct process_timer *timer = container_of(queued, struct process_timer, timer);
	struct process *process = timer->process;
	const struct limit *limit = &process->limits.values[LIMIT_CPU];
	int64_t seconds = process_run_ns(process) / NANOSECONDS_PER_SECOND;
	bool enabled = spin_lock_irq(&process->signals.lock);
	int64_t expirations = timer_expire(timer);

	spin_unlock_irq(&process->signals.lock, enabled);
	if (expirations == 0)
		return;
	signal_send_process(process, (uint64_t)seconds >= limit->hard ? SIGKILL : SIGXCPU, NULL);
}

static struct process_timers *timers_get(struct process *process)
{
	struct process_timers *timers = process->timers, *fresh;

	if (timers)
		return timers;
	fresh = heap_allocate(sizeof(*fresh), HEAP_ACCOUNT);
	if (!fresh)
		return NULL;
	list_init(&fresh->timers);
	timer_setup(&fresh->intervals[ITIMER_REAL], process, CLOCK_MONOTONIC, -1, SIGALRM);
	timer_setup(&fresh->intervals[ITIMER_VIRTUAL], process, CPU_CLOCK_USER, -1, SIGVTALRM);
	timer_setup(&fresh->intervals[ITIMER_PROF], process, CLOCK_PROCESS_CPUTIME_ID, -1, SIGPROF);
	timer_setup(&fresh->cpu_limit, process, CLOCK_PROCESS_CPUTIME_ID, -1, SIGXCPU);
	timer_init(&fresh->cpu_limit.timer, cpu_limit_fired);
	if (__atomic_compare_exchange_n(&process->timers, &timers, fresh, false, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return fresh;
	heap_free(fresh);
	return timers;
}

/* What is left and the interval; a timer that is due reads as the smallest time. Lock held. */
static void setting_read(const struct process_timer *timer, struct timer_setting *setting)
{
	*setting = (struct timer_setting){ .interval_ns = timer->interval_ns };
	if (timer->expiry_ns == 0)
		return;
	setting->value_ns = max(timer->expiry_ns - timer_now(timer), (int64_t)1);
}

static void setting_write(struct process_timer *timer, bool is_absolute,
			  const struct timer_setting *setting, struct timer_setting *old)
{
	struct process *process = timer->process;
	bool enabled = spin_lock_irq(&process->signals.lock);
	int64_t base = is_absolute ? 0 : timer_now(timer);

	setting_read(timer, old);
	timer->interval_ns = setting->interval_ns;
	timer->overrun = 0;
	if (setting->value_ns == 0)
		timer->expiry_ns = 0;
	else
		timer->expiry_ns = setting->value_ns > INT64_MAX - base ? INT64_MAX :
			base + setting->value_ns;
	if (timer->expiry_ns)
		timer_queue(timer);
	else
		timer_cancel(&timer->timer);
	spin_unlock_irq(&process->signals.lock, enabled);
}

int interval_timer_set(int which, const struct timer_setting *setting, struct timer_setting *old)
{
	struct process_timers *timers;

	if (which < ITIMER_REAL || which > ITIMER_PROF)
		return -EINVAL;
	timers = timers_get(process_current());
	if (!timers)
		return -ENOMEM;
	setting_write(&timers->intervals[which], false, setting, old);
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
	setting_read(&process->timers->intervals[which], setting);
	spin_unlock_irq(&process->signals.lock, enabled);
	return 0;
}

void process_limit_cpu_changed(struct process *process)
{
	uint64_t soft = process->limits.values[LIMIT_CPU].soft;
	struct process_timers *timers = timers_get(process);
	struct timer_setting setting = { .interval_ns = NANOSECONDS_PER_SECOND }, old;

	if (!timers)
		return;
	if (soft < INT64_MAX / NANOSECONDS_PER_SECOND)
		setting.value_ns = max((int64_t)soft, (int64_t)1) * NANOSECONDS_PER_SECOND;
	setting_write(&timers->cpu_limit, true, &setting, &old);
}

/* A POSIX timer of the current process by id. Lock held. */
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

int process_timer_create(int clock, const struct signal_event *event, int *id)
{
	struct process *process = process_current();
	struct process_timers *timers = timers_get(process);
	struct process_timer *timer;
	int64_t now;
	bool enabled;

	if (clock_read_any(clock, &now) < 0 || clock == CLOCK_REALTIME_COARSE ||
	    clock == CLOCK_MONOTONIC_COARSE || clock == CLOCK_MONOTONIC_RAW)
		return clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_REALTIME_COARSE ||
			clock == CLOCK_MONOTONIC_COARSE ? -EOPNOTSUPP : -EINVAL;
	timer = heap_allocate(sizeof(*timer), HEAP_ACCOUNT);
	if (!timer || !timers) {
		heap_free(timer);
		return -EAGAIN;
	}
	enabled = spin_lock_irq(&process->signals.lock);
	timer_setup(timer, process, clock, timers->next_id++, SIGALRM);
	if (event)
		timer->event = *event;
	else
		timer->event.value.pointer = timer->id;
	list_add_tail(&timers->timers, &timer->node);
	*id = timer->id;
	spin_unlock_irq(&process->signals.lock, enabled);
	return 0;
}

int process_timer_set(int id, bool is_absolute, const struct timer_setting *setting,
		      struct timer_setting *old)
{
	struct process *process = process_current();
	struct process_timer *timer;
	bool enabled;

	rcu_read_lock();
	enabled = spin_lock_irq(&process->signals.lock);
	timer = timer_find(process, id);
	spin_unlock_irq(&process->signals.lock, enabled);
	if (timer)
		setting_write(timer, is_absolute, setting, old);
	rcu_read_unlock();
	return timer ? 0 : -EINVAL;
}

int process_timer_read(int id, struct timer_setting *setting)
{
	struct process *process = process_current();
	bool enabled = spin_lock_irq(&process->signals.lock);
	struct process_timer *timer = timer_find(process, id);

	if (timer)
		setting_read(timer, setting);
	spin_unlock_irq(&process->signals.lock, enabled);
	return timer ? 0 : -EINVAL;
}

int process_timer_overrun(int id)
{
	struct process *process = process_current();
	bool enabled = spin_lock_irq(&process->signals.lock);
	struct process_timer *timer = timer_find(process, id);
	int overrun = timer ? (int)timer->overrun : -EINVAL;

	spin_unlock_irq(&process->signals.lock, enabled);
	return overrun;
}

static void timer_free(struct rcu_head *head)
{
	heap_free(container_of(head, struct process_timer, rcu));
}

/* Ends a timer that was taken off the list. */
static void timer_end(struct process_timer *timer)
{
	timer->expiry_ns = 0;
	timer_cancel_wait(&timer->timer);
	if (timer->event.thread)
		thread_put(timer->event.thread);
	rcu_call(&timer->rcu, timer_free);
}

int process_timer_delete(int id)
{
	struct process *process = process_current();
	bool enabled = spin_lock_irq(&process->signals.lock);
	struct process_timer *timer = timer_find(process, id);

	if (timer) {
		list_remove(&timer->node);
		timer->expiry_ns = 0;
	}
	spin_unlock_irq(&process->signals.lock, enabled);
	if (!timer)
		return -EINVAL;
	timer_end(timer);
	return 0;
}

void process_timers_drop(struct process *process, bool keeps_interval_timers)
{
	struct process_timers *timers = process->timers;
	struct process_timer *timer;
	bool enabled;

	if (!timers)
		return;
	do {
		enabled = spin_lock_irq(&process->signals.lock);
		timer = list_pop(&timers->timers, struct process_timer, node);
		spin_unlock_irq(&process->signals.lock, enabled);
		if (timer)
			timer_end(timer);
	} while (timer);
	if (keeps_interval_timers)
		return;
	for (int i = 0; i < 3; i++) {
		timers->intervals[i].expiry_ns = 0;
		timer_cancel_wait(&timers->intervals[i].timer);
	}
	timers->cpu_limit.expiry_ns = 0;
	timer_cancel_wait(&timers->cpu_limit.timer);
	process->timers = NULL;
	heap_free(timers);
}
