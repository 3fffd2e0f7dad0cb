/*
 * Clocks by number. Negative numbers name CPU-time clocks: ~id << 3, bit 2 for a thread's, the low
 * bits for the kind (clock_getcpuclockid(3)).
 */
#include "task/clock/cpu_clock.h"

#include "base/errno.h"
#include "memory/user.h"
#include "sync/wait.h"
#include "task/process_timer.h"
#include "task/thread.h"
#include "time/clock_time.h"
#include <abi/time.h>

#define CLOCK_KIND_MASK 3
#define CLOCK_KIND_VIRTUAL 1	/* user time only */
#define CLOCK_OF_THREAD 4
#define CLOCK_OF_SELF (-6)	/* id 0, the scheduler's kind: all time */

/* A clock of some process or thread by its encoded id; counted. */
static int encoded_resolve(int number, struct timer_clock *clock)
{
	struct process *self = process_current();
	int32_t id = ~(number >> 3);

	if ((number & CLOCK_KIND_MASK) == CLOCK_KIND_MASK)
		return -EINVAL;
	clock->is_cpu_time = true;
	clock->is_user_time = (number & CLOCK_KIND_MASK) == CLOCK_KIND_VIRTUAL;
	if (number & CLOCK_OF_THREAD) {
		clock->thread = id ? thread_find(id) : NULL;
		if (!id) {
			clock->thread = thread_current();
			thread_get(clock->thread);
		}
		if (!clock->thread || clock->thread->process != self)
			return -EINVAL;
		clock->process = self;
	} else {
		clock->process = id == 0 || id == self->id ? self : process_find(id);
		if (!clock->process)
			return -EINVAL;
	}
	return 0;
}

int timer_clock_resolve(int number, struct timer_clock *clock)
{
	int64_t now;
	int result = 0;

	*clock = (struct timer_clock){ .number = number };
	if (number == CLOCK_PROCESS_CPUTIME_ID)
		result = encoded_resolve(CLOCK_OF_SELF, clock);
	else if (number == CLOCK_THREAD_CPUTIME_ID)
		result = encoded_resolve(CLOCK_OF_SELF | CLOCK_OF_THREAD, clock);
	else if (number < 0)
		result = encoded_resolve(number, clock);
	else
		return time_clock_read(number, &now);
	if (result < 0)
		timer_clock_release(clock);
	return result;
}

void timer_clock_release(struct timer_clock *clock)
{
	if (clock->thread)
		thread_put(clock->thread);
	if (clock->process && clock->process != process_current())
		process_put(clock->process);
	clock->thread = NULL;
	clock->process = NULL;
}

int64_t timer_clock_read(const struct timer_clock *clock)
{
	struct usage usage;
	int64_t now = 0;

	if (!clock->is_cpu_time) {
		if (clock->is_relative)
			return time_monotonic_ns();
		return time_clock_read(clock->number, &now) == 0 ? now : 0;
	}
	if (!clock->is_user_time)
		return (int64_t)(clock->thread ? thread_run_ns(clock->thread) :
				 process_run_ns(clock->process));
	if (clock->thread)
		thread_usage(clock->thread, &usage);
	else
		process_usage(clock->process, &usage);
	return (int64_t)usage.user_ns;
}

int clock_read_any(int number, int64_t *now_ns)
{
	struct timer_clock clock;
	int result;

	if (number == CLOCK_PROCESS_CPUTIME_ID) {
		*now_ns = (int64_t)process_run_ns(process_current());
		return 0;
	}
	if (number == CLOCK_THREAD_CPUTIME_ID) {
		*now_ns = (int64_t)thread_run_ns(thread_current());
		return 0;
	}
	if (number >= 0)
		return time_clock_read(number, now_ns);
	result = timer_clock_resolve(number, &clock);
	if (result < 0)
		return result;
	*now_ns = timer_clock_read(&clock);
	timer_clock_release(&clock);
	return 0;
}

int clock_resolution_any(int clock, int64_t *resolution_ns)
{
	int64_t now;
	int result = clock_read_any(clock, &now);

	if (result < 0)
		return result;
	*resolution_ns = clock < 0 ? 1 : time_clock_resolution_ns(clock);
	return 0;
}

/* The moment on the monotonic clock that corresponds to one on `clock`. */
static int64_t monotonic_deadline(int clock, bool is_absolute, int64_t value_ns)
{
	int64_t now = time_monotonic_ns(), left = value_ns, clock_now;

	if (is_absolute && clock_read_any(clock, &clock_now) == 0)
		left = max(value_ns - clock_now, (int64_t)0);
	return left > NO_DEADLINE - 1 - now ? NO_DEADLINE - 1 : now + left;
}

/* Sleeps on a CPU-time clock of the process: others burn it while this thread waits. */
static bool clock_is_reached(int clock, int64_t target_ns)
{
	int64_t now;

	return clock_read_any(clock, &now) < 0 || now >= target_ns;
}

static int sleep_until(int64_t deadline_ns)
{
	int result;

	do {
		blocking_prepare(SLEEP_INTERRUPTIBLE);
		result = blocking_sleep(deadline_ns);
	} while (result == 0);
	return result == -ETIMEDOUT ? 0 : result;
}

/* Sleepers until a moment of the wall clock look again whenever that is set. */
static struct wait_queue step_sleepers = WAIT_QUEUE_INITIALIZER(step_sleepers);
static uint64_t step_count;

static void clock_stepped(struct time_step_listener *listener)
{
	(void)listener;
	__atomic_add_fetch(&step_count, 1, __ATOMIC_RELEASE);
	wait_queue_wake_all(&step_sleepers, 0);
}

void cpu_clock_start(void)
{
	static struct time_step_listener listener = { .stepped = clock_stepped };

	time_step_listener_add(&listener);
}

static bool has_stepped_since(uint64_t steps)
{
	return __atomic_load_n(&step_count, __ATOMIC_ACQUIRE) != steps;
}

static int sleep_on_clock(int clock, int64_t target_ns)
{
	for (;;) {
		uint64_t steps = __atomic_load_n(&step_count, __ATOMIC_ACQUIRE);
		int64_t deadline;
		int result;

		if (clock_is_reached(clock, target_ns))
			return 0;
		deadline = monotonic_deadline(clock, true, target_ns);
		result = WAIT_EVENT_DEADLINE(&step_sleepers, has_stepped_since(steps),
					     SLEEP_INTERRUPTIBLE, deadline);
		if (result < 0 && result != -ETIMEDOUT)
			return result;
	}
}

/* Tells the program what is left of a relative sleep. */
static long sleep_interrupted(int64_t deadline_ns, user_address_t left)
{
	struct thread *thread = thread_current();
	int64_t rest = max(deadline_ns - time_monotonic_ns(), (int64_t)0);
	struct timespec time = {
		.tv_sec = rest / NANOSECONDS_PER_SECOND,
		.tv_nsec = rest % NANOSECONDS_PER_SECOND,
	};

	if (left && user_copy_out(left, &time, sizeof(time)) < 0)
		return -EFAULT;
	thread->restart_kind = RESTART_SLEEP;
	thread->restart.sleep.deadline_ns = deadline_ns;
	thread->restart.sleep.remaining = left;
	return -ERESTART_RESTARTBLOCK;
}

long clock_sleep_restart(void)
{
	struct thread *thread = thread_current();
	int64_t deadline = thread->restart.sleep.deadline_ns;
	user_address_t left = thread->restart.sleep.remaining;

	return sleep_until(deadline) == 0 ? 0 : sleep_interrupted(deadline, left);
}

long clock_sleep(int clock, bool is_absolute, int64_t value_ns, user_address_t left)
{
	int64_t now, deadline;
	int result = clock_read_any(clock, &now);

	if (result < 0)
		return result;
	if (clock == CLOCK_MONOTONIC_RAW || clock == CLOCK_REALTIME_COARSE ||
	    clock == CLOCK_MONOTONIC_COARSE)
		return -EOPNOTSUPP;
	/* Absolute deadlines follow the clock when it is set; so do CPU-time clocks' always. */
	if (is_absolute || clock < 0 || clock == CLOCK_PROCESS_CPUTIME_ID) {
		int64_t target = is_absolute ? value_ns :
			value_ns > INT64_MAX - now ? INT64_MAX : now + value_ns;

		return sleep_on_clock(clock, target) == 0 ? 0 :
			is_absolute ? -ERESTARTNOHAND : -EINTR;
	}
	deadline = monotonic_deadline(clock, false, value_ns);
	return sleep_until(deadline) == 0 ? 0 : sleep_interrupted(deadline, left);
}
