/*
 * Where real-time threads run when all CPUs are busy: where a less urgent thread does. Who waits
 * behind another one in spite of that would wait for as long as that one likes.
 */
#include "support.h"
#include <sched.h>

#define NANOSECONDS 1000000000ll
#define LIMIT_NS (12 * NANOSECONDS)
#define SPINNERS_EACH 2

static unsigned long allowed[16];
static int first, second;	/* CPUs: where the real-time ones meet, where the parent is */

static void cpu_set_only(int cpu)
{
	unsigned long mask[16] = { 0 };

	mask[cpu / 64] = 1ul << cpu % 64;
	REQUIRE_OK(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask));
}

static void fifo_set(int priority)
{
	REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &priority));
}

static int cpu_now(void)
{
	unsigned int cpu = 999;

	REQUIRE_OK(syscall(SYS_getcpu, &cpu, NULL, NULL));
	return cpu;
}

/* Keeps each CPU but the first busy with threads that are not real-time; false: there is but one.
 * They end with the check. */
static bool others_keep_busy(void)
{
	REQUIRE_OK(syscall(SYS_sched_getaffinity, 0, sizeof(allowed), allowed));
	first = second = -1;
	for (int cpu = 0; cpu < 64; cpu++) {
		if (!(allowed[0] >> cpu & 1))
			continue;
		if (first < 0) {
			first = cpu;
			continue;
		}
		second = cpu;
		for (int i = 0; i < SPINNERS_EACH; i++) {
			if (REQUIRE_OK(fork()) > 0)
				continue;
			cpu_set_only(cpu);
			for (;;)
				continue;
		}
	}
	if (second < 0)
		return false;
	cpu_set_only(second);
	return true;
}

/* Becomes real-time on the first CPU, and may leave it. */
static void begin_on_first(int priority)
{
	cpu_set_only(first);
	fifo_set(priority);
	REQUIRE_OK(syscall(SYS_sched_setaffinity, 0, sizeof(allowed), allowed));
}

/* Spins until the other one makes progress; the exit code tells. */
static void spin_until_progress(volatile long *progress)
{
	long before = *progress;
	int64_t start = clock_now(CLOCK_MONOTONIC);

	while (*progress == before && clock_now(CLOCK_MONOTONIC) - start < LIMIT_NS)
		continue;
	_exit(*progress != before ? 0 : 1);
}

static void await(volatile long *flag)
{
	while (*flag == 0)
		sleep_milliseconds(1);
}

/* It slept on a CPU that an equal took meanwhile. */
TEST(woken_where_it_need_not_wait)
{
	volatile long *progress = pages_shared(1), *is_spinning = progress + 8;
	int ends[2];
	pid_t sleeper, spinner;

	REQUIRE_OK(pipe(ends));
	if (!others_keep_busy())
		return;
	sleeper = REQUIRE_OK(fork());
	if (sleeper == 0) {
		char byte;

		begin_on_first(10);
		REQUIRE(read(ends[0], &byte, 1) == 1);
		*progress = 1;
		_exit(0);
	}
	REQUIRE(process_await(sleeper, 'S'));
	spinner = REQUIRE_OK(fork());
	if (spinner == 0) {
		fifo_set(10);
		cpu_set_only(first);
		while (cpu_now() != first)
			continue;
		*is_spinning = 1;
		spin_until_progress(progress);
	}
	await(is_spinning);
	REQUIRE(write(ends[1], "", 1) == 1);
	CHECK_EQUAL(child_exit_code(spinner), 0);
	CHECK_EQUAL(child_exit_code(sleeper), 0);
}

/* It ran on a CPU where a more urgent one came that may not run elsewhere. */
TEST(preempted_and_goes_on_elsewhere)
{
	volatile long *progress = pages_shared(1);
	pid_t counter, spinner;

	if (!others_keep_busy())
		return;
	counter = REQUIRE_OK(fork());
	if (counter == 0) {
		begin_on_first(10);
		for (;;)
			++*progress;
	}
	await(progress);
	spinner = REQUIRE_OK(fork());
	if (spinner == 0) {
		fifo_set(20);
		cpu_set_only(first);
		while (cpu_now() != first)
			continue;
		spin_until_progress(progress);
	}
	CHECK_EQUAL(child_exit_code(spinner), 0);
	REQUIRE_OK(kill(counter, SIGKILL));
	child_wait(counter);
}
