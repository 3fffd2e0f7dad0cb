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

/* A clock of some process or thread by its encoded id. */
static int encoded_read(struct process *process, int clock, int64_t *now_ns)
{
	int32_t id = ~(clock >> 3);
	struct thread *thread;

	if ((clock & CLOCK_KIND_MASK) == CLOCK_KIND_MASK)
		return -EINVAL;
	if (clock & CLOCK_OF_THREAD) {
		thread = id ? thread_find(id) : NULL;
		if (id && (!thread || thread->process != process)) {
			if (thread)
				thread_put(thread);
			return -EINVAL;
		}
		*now_ns = thread_run_ns(thread ? thread : thread_current());
		if (thread)
			thread_put(thread);
		return 0;
	}
	if (id == 0 || id == process->id) {
		*now_ns = process_run_ns(process);
		return 0;
	}
	process = process_find(id);
	if (!process)
		return -EINVAL;
	*now_ns = process_run_ns(process);
	process_put(process);
	return 0;
}

int clock_read_for(struct process *process, int clock, int64_t *now_ns)
{
	struct usage usage;

	if (clock == CPU_CLOCK_USER) {
		process_usage(process, &usage);
		*now_ns = usage.user_ns;
		return 0;
	}
	if (clock == CLOCK_PROCESS_CPUTIME_ID) {
		*now_ns = process_run_ns(process);
		return 0;
	}
	if (clock == CLOCK_THREAD_CPUTIME_ID) {
		*now_ns = thread_run_ns(thread_current());
		return 0;
	}
	if (clock < 0)
		return encoded_read(process, clock, now_ns);
	return time_clock_read(clock, now_ns);
}

int clock_read_any(int clock, int64_t *now_ns)
{
	if (clock == CPU_CLOCK_USER)
		return -EINVAL;
	return clock_read_for(process_current(), clock, now_ns);
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
	thread->restart_function = RESTART_SLEEP;
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
