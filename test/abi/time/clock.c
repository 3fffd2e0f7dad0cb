/*
 * Clocks and sleeping: gettime, settime, getres, adjtime, nanosleep and
 * clock_nanosleep, with their refusals.
 */
#include "support.h"
#include <pthread.h>
#include <sys/time.h>
#include <sys/timex.h>

static long raw_gettime(clockid_t clock, void *now)
{
	return syscall(SYS_clock_gettime, clock, now);
}

TEST(clocks_advance)
{
	static const int clocks[] = {
		CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID,
		CLOCK_MONOTONIC_RAW, CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
		CLOCK_TAI,
	};

	for (size_t i = 0; i < COUNT(clocks); i++) {
		struct timespec now[2];
		int64_t before;

		poison(now, sizeof(now));
		CHECK_OK(raw_gettime(clocks[i], now));
		CHECK_UNTOUCHED(&now[1], sizeof(now[1]));
		CHECK(now[0].tv_sec >= 0 && now[0].tv_nsec >= 0 && now[0].tv_nsec < NANOSECONDS);
		before = clock_now(clocks[i]);
		for (int j = 0; j < 1000; j++) {
			int64_t next = clock_now(clocks[i]);

			REQUIRE(next >= before);
			before = next;
		}
	}
}

static volatile int watched_clock, watch_stop;
static int64_t latest_seen;
static long looks;

/* What any thread saw before this look is not later than what this look sees. */
static void *watch_together(void *self)
{
	bool by_library = (long)self & 1;

	while (!watch_stop) {
		int64_t seen = __atomic_load_n(&latest_seen, __ATOMIC_SEQ_CST), now;
		struct timespec time;

		if (by_library) {
			clock_gettime(watched_clock, &time);
			now = time.tv_sec * NANOSECONDS + time.tv_nsec;
		} else {
			now = clock_now(watched_clock);
		}
		REQUIRE(now >= seen);
		__atomic_compare_exchange_n(&latest_seen, &seen, now, false, __ATOMIC_SEQ_CST,
					    __ATOMIC_SEQ_CST);
		looks++;
	}
	return NULL;
}

static void *watch_own(void *unused)
{
	int64_t before = 0;

	(void)unused;
	while (!watch_stop) {
		int64_t next = clock_now(watched_clock);

		REQUIRE(next >= before);
		before = next;
		looks++;
	}
	return NULL;
}

/* Six threads on four CPUs, so that they are preempted and moved while they look. */
static void watch(int clock, void *(*look)(void *), int milliseconds)
{
	pthread_t threads[6];

	watched_clock = clock;
	watch_stop = latest_seen = looks = 0;
	for (long i = 0; i < 6; i++)
		REQUIRE(pthread_create(&threads[i], NULL, look, (void *)i) == 0);
	sleep_milliseconds(milliseconds);
	watch_stop = 1;
	for (int i = 0; i < 6; i++)
		pthread_join(threads[i], NULL);
	CHECK_AT_LEAST(looks, 100);
}

TEST(clocks_advance_for_all_threads_together)
{
	static const int clocks[] = {
		CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_BOOTTIME, CLOCK_TAI,
		CLOCK_REALTIME_COARSE, CLOCK_MONOTONIC_COARSE,
	};

	for (size_t i = 0; i < COUNT(clocks); i++)
		watch(clocks[i], watch_together, 150);
}

TEST(processor_time_advances_while_threads_are_preempted)
{
	watch(CLOCK_THREAD_CPUTIME_ID, watch_own, 400);
	watch(CLOCK_PROCESS_CPUTIME_ID, watch_own, 400);
}

TEST(sleeping_moves_the_right_clocks)
{
	int64_t wall = clock_now(CLOCK_REALTIME), steady = clock_now(CLOCK_MONOTONIC);
	int64_t boot = clock_now(CLOCK_BOOTTIME), cpu = clock_now(CLOCK_PROCESS_CPUTIME_ID);

	sleep_milliseconds(100);
	CHECK_AT_LEAST(clock_now(CLOCK_REALTIME) - wall, 100000000);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - steady, 100000000);
	CHECK_AT_LEAST(clock_now(CLOCK_BOOTTIME) - boot, 100000000);
	CHECK(clock_now(CLOCK_PROCESS_CPUTIME_ID) - cpu < 90000000);
}

TEST(library_and_kernel_agree)
{
	struct timespec now;
	struct timeval day;

	for (int i = 0; i < 100; i++) {
		int64_t before = clock_now(CLOCK_MONOTONIC), library;

		REQUIRE(clock_gettime(CLOCK_MONOTONIC, &now) == 0);
		library = now.tv_sec * NANOSECONDS + now.tv_nsec;
		REQUIRE(before <= library && library <= clock_now(CLOCK_MONOTONIC));
	}
	REQUIRE_OK(syscall(SYS_gettimeofday, &day, NULL));
	CHECK(llabs(clock_now(CLOCK_REALTIME) / 1000 - (day.tv_sec * 1000000ll + day.tv_usec)) <
	      20000000);
	REQUIRE(clock_gettime(CLOCK_REALTIME, &now) == 0);
	CHECK(llabs(now.tv_sec - day.tv_sec) < 20);
}

TEST(gettime_refusals)
{
	struct timespec now;

	CHECK_ERRNO(raw_gettime(99, &now), EINVAL);
	CHECK_ERRNO(raw_gettime(-1, &now), EINVAL);
	CHECK_ERRNO(raw_gettime(16, &now), EINVAL);
	CHECK_FAULTS(raw_gettime(CLOCK_MONOTONIC, bad));
	CHECK_FAULTS(raw_gettime(CLOCK_PROCESS_CPUTIME_ID, bad));
	CHECK_ERRNO(raw_gettime(CLOCK_REALTIME, edge_bytes(8)), EFAULT);
}

TEST(clock_of_another_process)
{
	struct timespec now;
	clockid_t clock = ~getppid() * 8 | 2;

	CHECK_OK(raw_gettime(clock, &now));
	clock = ~0x7ffff * 8 | 2;
	CHECK_ERRNO(raw_gettime(clock, &now), EINVAL);
}

TEST(resolution)
{
	struct timespec step[2];

	poison(step, sizeof(step));
	CHECK_OK(syscall(SYS_clock_getres, CLOCK_MONOTONIC, step));
	CHECK_UNTOUCHED(&step[1], sizeof(step[1]));
	CHECK_EQUAL(step[0].tv_sec, 0);
	CHECK_EQUAL(step[0].tv_nsec, 1);
	CHECK_OK(syscall(SYS_clock_getres, CLOCK_REALTIME_COARSE, step));
	CHECK(step[0].tv_nsec >= 1000000 && step[0].tv_nsec <= 10000000);
	CHECK_OK(syscall(SYS_clock_getres, CLOCK_MONOTONIC, NULL));
	CHECK_ERRNO(syscall(SYS_clock_getres, 99, step), EINVAL);
	CHECK_FAULTS(syscall(SYS_clock_getres, CLOCK_MONOTONIC, bad));
}

TEST(setting_the_clock)
{
	int64_t wall = clock_now(CLOCK_REALTIME), steady = clock_now(CLOCK_MONOTONIC);
	struct timespec later = timespec_of(wall + 1000 * NANOSECONDS), wrong = { 0, NANOSECONDS };
	struct timeval day;

	CHECK_OK(syscall(SYS_clock_settime, CLOCK_REALTIME, &later));
	CHECK_AT_LEAST(clock_now(CLOCK_REALTIME) - wall, 1000 * NANOSECONDS);
	CHECK(clock_now(CLOCK_MONOTONIC) - steady < 900 * NANOSECONDS);
	CHECK_OK(syscall(SYS_gettimeofday, &day, NULL));
	CHECK_AT_LEAST(day.tv_sec, later.tv_sec);
	day.tv_sec -= 1000;
	CHECK_OK(syscall(SYS_settimeofday, &day, NULL));
	CHECK(clock_now(CLOCK_REALTIME) - wall < 900 * NANOSECONDS);
	CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_REALTIME, &wrong), EINVAL);
	CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_MONOTONIC, &later), EINVAL);
	CHECK_ERRNO(syscall(SYS_clock_settime, 99, &later), EINVAL);
	CHECK_FAULTS(syscall(SYS_clock_settime, CLOCK_REALTIME, bad));
	CHECK_FAULTS(syscall(SYS_settimeofday, bad, NULL));
	CHECK_FAULTS(syscall(SYS_gettimeofday, bad, NULL));
	day.tv_usec = 1000000;
	CHECK_ERRNO(syscall(SYS_settimeofday, &day, NULL), EINVAL);
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_REALTIME, &later), EPERM);
		day.tv_usec = 0;
		CHECK_ERRNO(syscall(SYS_settimeofday, &day, NULL), EPERM);
	}
}

TEST(absolute_sleepers_follow_the_set_clock)
{
	struct timespec wake = timespec_of(clock_now(CLOCK_REALTIME) + 500 * NANOSECONDS), now;
	int64_t steady = clock_now(CLOCK_MONOTONIC);
	pid_t pid = fork();

	if (pid == 0) {
		CHECK_EQUAL(syscall(SYS_clock_nanosleep, CLOCK_REALTIME, TIMER_ABSTIME, &wake,
			NULL), 0);
		check_child_end();
	}
	REQUIRE(process_await(pid, 'S'));
	now = timespec_of(clock_now(CLOCK_REALTIME) + 600 * NANOSECONDS);
	REQUIRE_OK(syscall(SYS_clock_settime, CLOCK_REALTIME, &now));
	CHECK_EQUAL(child_wait(pid), 0);
	CHECK(clock_now(CLOCK_MONOTONIC) - steady < 400 * NANOSECONDS);
	now = timespec_of(clock_now(CLOCK_REALTIME) - 600 * NANOSECONDS);
	REQUIRE_OK(syscall(SYS_clock_settime, CLOCK_REALTIME, &now));
}

TEST(adjustment_read_and_refused)
{
	struct timex values;

	memset(&values, 0, sizeof(values));
	CHECK(syscall(SYS_adjtimex, &values) >= 0);
	CHECK(values.tick >= 9000 && values.tick <= 11000);
	memset(&values, 0, sizeof(values));
	CHECK(syscall(SYS_clock_adjtime, CLOCK_REALTIME, &values) >= 0);
	CHECK_ERRNO(syscall(SYS_clock_adjtime, 99, &values), EINVAL);
	CHECK_ERRNO(syscall(SYS_clock_adjtime, CLOCK_MONOTONIC, &values), EOPNOTSUPP);
	CHECK_FAULTS(syscall(SYS_adjtimex, bad));
	CHECK_FAULTS(syscall(SYS_clock_adjtime, CLOCK_REALTIME, bad));
	values.modes = ADJ_TICK;
	values.tick = 1;
	CHECK_ERRNO(syscall(SYS_adjtimex, &values), EINVAL);
	IN_CHILD {
		user_become(NOBODY);
		values.tick = 10000;
		CHECK_ERRNO(syscall(SYS_adjtimex, &values), EPERM);
	}
	values.modes = ADJ_FREQUENCY;
	values.freq = 65536;
	CHECK(syscall(SYS_adjtimex, &values) >= 0);
	memset(&values, 0, sizeof(values));
	CHECK(syscall(SYS_adjtimex, &values) >= 0);
	CHECK_EQUAL(values.freq, 65536);
	values.modes = ADJ_FREQUENCY;
	values.freq = 0;
	CHECK(syscall(SYS_adjtimex, &values) >= 0);
}

TEST(sleeping_at_least_as_long)
{
	static const long lengths[] = { 0, 1, 1000, 1000000, 30000000 };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct timespec length = { 0, lengths[i] }, left;
		int64_t start = clock_now(CLOCK_MONOTONIC);

		poison(&left, sizeof(left));
		CHECK_EQUAL(syscall(SYS_nanosleep, &length, &left), 0);
		CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, lengths[i]);
		CHECK_UNTOUCHED(&left, sizeof(left));
		start = clock_now(CLOCK_BOOTTIME);
		CHECK_EQUAL(syscall(SYS_clock_nanosleep, CLOCK_BOOTTIME, 0, &length, &left), 0);
		CHECK_AT_LEAST(clock_now(CLOCK_BOOTTIME) - start, lengths[i]);
	}
}

TEST(sleeping_until)
{
	static const int clocks[] = { CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_BOOTTIME };

	for (size_t i = 0; i < COUNT(clocks); i++) {
		int64_t until = clock_now(clocks[i]) + 20000000;
		struct timespec limit = timespec_of(until);

		CHECK_EQUAL(syscall(SYS_clock_nanosleep, clocks[i], TIMER_ABSTIME, &limit, NULL),
			0);
		CHECK_AT_LEAST(clock_now(clocks[i]), until);
		limit = (struct timespec){ 0, 1 };
		CHECK_EQUAL(syscall(SYS_clock_nanosleep, clocks[i], TIMER_ABSTIME, &limit, NULL),
			0);
	}
}

TEST(sleep_refusals)
{
	struct timespec good = { 0, 1 }, wrong[] = { { 0, NANOSECONDS }, { 0, -1 }, { -1, 0 } };

	for (size_t i = 0; i < COUNT(wrong); i++) {
		CHECK_ERRNO(syscall(SYS_nanosleep, &wrong[i], NULL), EINVAL);
		CHECK_ERRNO(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &wrong[i], NULL),
			EINVAL);
	}
	CHECK_ERRNO(syscall(SYS_clock_nanosleep, 99, 0, &good, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_clock_nanosleep, CLOCK_THREAD_CPUTIME_ID, 0, &good, NULL),
		EOPNOTSUPP);
	CHECK_FAULTS(syscall(SYS_nanosleep, bad, NULL));
	CHECK_FAULTS(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, bad, NULL));
}

TEST(interrupted_sleep_with_a_bad_remainder)
{
	struct timespec length = { 100, 0 };

	ticks_start(30, 0, 0, NULL);
	CHECK_ERRNO(syscall(SYS_nanosleep, &length, bad_addresses[0]), EFAULT);
	ticks_stop();
}

TEST(times_of_the_process)
{
	long before[4], after[5], ticks;
	int64_t start = clock_now(CLOCK_PROCESS_CPUTIME_ID);

	ticks = REQUIRE_OK(syscall(SYS_times, before));
	while (clock_now(CLOCK_PROCESS_CPUTIME_ID) - start < 60000000)
		continue;
	poison(after, sizeof(after));
	/* Linux counts ticks at interrupts, which come late where the host is busy. */
	while (REQUIRE_OK(syscall(SYS_times, after)) - ticks < 3)
		continue;
	CHECK_UNTOUCHED(&after[4], 8);
	CHECK_AT_LEAST(after[0] + after[1] - before[0] - before[1], 3);
	CHECK_EQUAL(after[2], 0);
	CHECK_FAULTS(syscall(SYS_times, bad));
	CHECK_OK(syscall(SYS_times, NULL));
}
