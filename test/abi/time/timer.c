/*
 * Interval timers and POSIX timers: expiry, reading back, overruns, where the
 * signal goes and what it says.
 */
#include "support.h"
#include <pthread.h>
#include <sys/time.h>

#define MILLISECOND 1000000ll

/* The kernel's sigevent. */
struct kernel_event {
	uint64_t value;
	int number, notify, thread, padding[11];
};

static long timer_make(clockid_t clock, int number, uint64_t value, int *timer)
{
	struct kernel_event event = { value, number, SIGEV_SIGNAL, 0, { 0 } };

	return syscall(SYS_timer_create, clock, &event, timer);
}

static long timer_set(int timer, int flags, int64_t first, int64_t interval)
{
	struct itimerspec set = { timespec_of(interval), timespec_of(first) };

	return syscall(SYS_timer_settime, timer, flags, &set, NULL);
}

static siginfo_t volatile seen;
static volatile int seen_count, seen_thread;

static void keep(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	seen = *info;
	seen_thread = syscall(SYS_gettid);
	seen_count++;
}

static void keep_install(int number)
{
	struct sigaction action = { .sa_sigaction = keep, .sa_flags = SA_SIGINFO };

	seen_count = 0;
	REQUIRE_OK(sigaction(number, &action, NULL));
}

static void seen_await(int count)
{
	while (seen_count < count)
		sleep_milliseconds(2);
}

TEST(interval_timer_in_real_time)
{
	struct itimerval set = { { 0, 20000 }, { 0, 40000 } }, got[2];
	int64_t start = clock_now(CLOCK_MONOTONIC);

	keep_install(SIGALRM);
	poison(got, sizeof(got));
	CHECK_OK(syscall(SYS_setitimer, ITIMER_REAL, &set, got));
	CHECK_FILLED(got, 0, sizeof(got[0]));
	CHECK_UNTOUCHED(&got[1], sizeof(got[1]));
	CHECK_OK(syscall(SYS_getitimer, ITIMER_REAL, got));
	CHECK_EQUAL(got[0].it_interval.tv_usec, 20000);
	CHECK(got[0].it_value.tv_sec == 0 && got[0].it_value.tv_usec <= 40000);
	seen_await(3);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 80 * MILLISECOND);
	CHECK_EQUAL(seen.si_signo, SIGALRM);
	CHECK_EQUAL(seen.si_code, SI_KERNEL);
	memset(&set, 0, sizeof(set));
	CHECK_OK(syscall(SYS_setitimer, ITIMER_REAL, &set, got));
	CHECK_EQUAL(got[0].it_interval.tv_usec, 20000);
	CHECK_OK(syscall(SYS_getitimer, ITIMER_REAL, got));
	CHECK_FILLED(got, 0, sizeof(got[0]));
}

TEST(interval_timers_in_processor_time)
{
	static const struct { int which, number; } cases[] = {
		{ ITIMER_VIRTUAL, SIGVTALRM }, { ITIMER_PROF, SIGPROF },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct itimerval set = { { 0, 0 }, { 0, 30000 } };
		int64_t start = clock_now(CLOCK_PROCESS_CPUTIME_ID);

		keep_install(cases[i].number);
		CHECK_OK(syscall(SYS_setitimer, cases[i].which, &set, NULL));
		sleep_milliseconds(60);
		CHECK_EQUAL(seen_count, 0);
		while (seen_count == 0)
			continue;
		CHECK_AT_LEAST(clock_now(CLOCK_PROCESS_CPUTIME_ID) - start, 25 * MILLISECOND);
		CHECK_EQUAL(seen.si_signo, cases[i].number);
	}
}

TEST(interval_timer_refusals)
{
	struct itimerval set = { { 0, 0 }, { 0, 1000000 } };

	CHECK_ERRNO(syscall(SYS_setitimer, ITIMER_REAL, &set, NULL), EINVAL);
	set.it_value.tv_usec = -1;
	CHECK_ERRNO(syscall(SYS_setitimer, ITIMER_REAL, &set, NULL), EINVAL);
	set.it_value.tv_usec = 0;
	CHECK_ERRNO(syscall(SYS_setitimer, 3, &set, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_getitimer, 3, &set), EINVAL);
	CHECK_ERRNO(syscall(SYS_getitimer, -1, &set), EINVAL);
	CHECK_FAULTS(syscall(SYS_setitimer, ITIMER_REAL, bad, NULL));
	CHECK_FAULTS(syscall(SYS_getitimer, ITIMER_REAL, bad));
	set.it_value.tv_sec = 100;
	REQUIRE_OK(syscall(SYS_setitimer, ITIMER_REAL, &set, NULL));
	IN_CHILD {
		CHECK_OK(syscall(SYS_getitimer, ITIMER_REAL, &set));
		CHECK_EQUAL(set.it_value.tv_sec, 0);
	}
}

TEST(posix_timer_information)
{
	int timer[2];

	poison(timer, sizeof(timer));
	keep_install(SIGRTMIN);
	CHECK_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 0x1122334455667788, timer));
	CHECK_UNTOUCHED(&timer[1], 4);
	CHECK_OK(timer_set(timer[0], 0, 20 * MILLISECOND, 0));
	seen_await(1);
	CHECK_EQUAL(seen.si_signo, SIGRTMIN);
	CHECK_EQUAL(seen.si_code, SI_TIMER);
	CHECK_EQUAL(seen.si_timerid, timer[0]);
	CHECK_EQUAL(seen.si_overrun, 0);
	CHECK_EQUAL((uint64_t)seen.si_ptr, 0x1122334455667788);
	sleep_milliseconds(30);
	CHECK_EQUAL(seen_count, 1);
	CHECK_OK(syscall(SYS_timer_delete, timer[0]));
	CHECK_ERRNO(syscall(SYS_timer_delete, timer[0]), EINVAL);
}

TEST(posix_timer_by_default)
{
	int timer;

	keep_install(SIGALRM);
	CHECK_OK(syscall(SYS_timer_create, CLOCK_REALTIME, NULL, &timer));
	CHECK_OK(timer_set(timer, 0, 5 * MILLISECOND, 0));
	seen_await(1);
	CHECK_EQUAL(seen.si_code, SI_TIMER);
	CHECK_EQUAL(seen.si_int, timer);
}

TEST(posix_timer_repeats_and_reads_back)
{
	struct itimerspec got[2];
	int64_t start = clock_now(CLOCK_MONOTONIC);
	int timer;

	keep_install(SIGRTMIN);
	CHECK_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 0, &timer));
	poison(got, sizeof(got));
	CHECK_OK(syscall(SYS_timer_gettime, timer, got));
	CHECK_FILLED(got, 0, sizeof(got[0]));
	CHECK_UNTOUCHED(&got[1], sizeof(got[1]));
	CHECK_OK(timer_set(timer, 0, 10 * MILLISECOND, 10 * MILLISECOND));
	seen_await(4);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 40 * MILLISECOND);
	CHECK_OK(syscall(SYS_timer_gettime, timer, got));
	CHECK_EQUAL(got[0].it_interval.tv_nsec, 10 * MILLISECOND);
	CHECK(got[0].it_value.tv_nsec > 0 && got[0].it_value.tv_nsec <= 10 * MILLISECOND);
	CHECK_OK(timer_set(timer, 0, 0, 0));
	CHECK_OK(syscall(SYS_timer_gettime, timer, got));
	CHECK_EQUAL(got[0].it_value.tv_nsec, 0);
}

TEST(posix_timer_overruns)
{
	uint64_t mask = ~0ull;
	siginfo_t info;
	int timer;

	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8));
	CHECK_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 7, &timer));
	CHECK_OK(timer_set(timer, 0, MILLISECOND, MILLISECOND));
	sleep_milliseconds(100);
	mask = SIGNAL_BIT(SIGRTMIN);
	CHECK_EQUAL(syscall(SYS_rt_sigtimedwait, &mask, &info, NULL, 8), SIGRTMIN);
	CHECK_AT_LEAST(info.si_overrun, 50);
	CHECK_EQUAL(syscall(SYS_timer_getoverrun, timer), info.si_overrun);
	CHECK_ERRNO(syscall(SYS_timer_getoverrun, 999), EINVAL);
}

TEST(posix_timer_absolute)
{
	int64_t until = clock_now(CLOCK_REALTIME) + 30 * MILLISECOND;
	int timer;

	keep_install(SIGRTMIN);
	CHECK_OK(timer_make(CLOCK_REALTIME, SIGRTMIN, 0, &timer));
	CHECK_OK(timer_set(timer, TIMER_ABSTIME, until, 0));
	seen_await(1);
	CHECK_AT_LEAST(clock_now(CLOCK_REALTIME), until);
	CHECK_OK(timer_set(timer, TIMER_ABSTIME, 1, 0));
	seen_await(2);
}

TEST(posix_timer_in_processor_time)
{
	int64_t start = clock_now(CLOCK_PROCESS_CPUTIME_ID);
	int timer;

	keep_install(SIGRTMIN);
	CHECK_OK(timer_make(CLOCK_PROCESS_CPUTIME_ID, SIGRTMIN, 0, &timer));
	CHECK_OK(timer_set(timer, 0, 30 * MILLISECOND, 0));
	sleep_milliseconds(50);
	CHECK_EQUAL(seen_count, 0);
	while (seen_count == 0)
		continue;
	CHECK_AT_LEAST(clock_now(CLOCK_PROCESS_CPUTIME_ID) - start, 25 * MILLISECOND);
	CHECK_OK(timer_make(CLOCK_THREAD_CPUTIME_ID, SIGRTMIN, 0, &timer));
}

TEST(posix_timer_without_signal)
{
	struct kernel_event event = { 0, 0, SIGEV_NONE, 0, { 0 } };
	struct itimerspec got;
	int timer;

	CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	CHECK_OK(timer_set(timer, 0, 5 * MILLISECOND, 0));
	sleep_milliseconds(20);
	CHECK_OK(syscall(SYS_timer_gettime, timer, &got));
	CHECK_FILLED(&got, 0, sizeof(got));
}

static volatile int thread_id;

static void *wait_for_ever(void *unused)
{
	(void)unused;
	thread_id = syscall(SYS_gettid);
	for (;;)
		pause();
	return NULL;
}

TEST(posix_timer_signals_one_thread)
{
	struct kernel_event event = { 0, SIGRTMIN, 4, 0, { 0 } };
	pthread_t thread;
	int timer;

	keep_install(SIGRTMIN);
	REQUIRE(pthread_create(&thread, NULL, wait_for_ever, NULL) == 0);
	while (thread_id == 0)
		sleep_milliseconds(1);
	event.thread = thread_id;
	CHECK_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer));
	CHECK_OK(timer_set(timer, 0, 5 * MILLISECOND, 0));
	seen_await(1);
	CHECK_EQUAL(seen_thread, thread_id);
	event.thread = 1;
	CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer), EINVAL);
}

TEST(posix_timer_refusals)
{
	struct kernel_event event = { 0, SIGRTMIN, SIGEV_SIGNAL, 0, { 0 } };
	struct itimerspec set = { { 0, 0 }, { 0, NANOSECONDS } };
	int timer;

	CHECK_ERRNO(syscall(SYS_timer_create, 99, &event, &timer), EINVAL);
	event.notify = 77;
	CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer), EINVAL);
	event.notify = SIGEV_SIGNAL;
	event.number = 65;
	CHECK_ERRNO(syscall(SYS_timer_create, CLOCK_MONOTONIC, &event, &timer), EINVAL);
	CHECK_FAULTS(syscall(SYS_timer_create, CLOCK_MONOTONIC, bad, &timer));
	CHECK_FAULTS(syscall(SYS_timer_create, CLOCK_MONOTONIC, NULL, bad));
	REQUIRE_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 0, &timer));
	CHECK_ERRNO(syscall(SYS_timer_settime, timer, 0, &set, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_timer_settime, timer, 0, NULL, NULL), EINVAL);
	CHECK_FAULTS(syscall(SYS_timer_settime, timer, 0, bad, NULL));
	CHECK_FAULTS(syscall(SYS_timer_gettime, timer, bad));
	CHECK_ERRNO(syscall(SYS_timer_settime, 999, 0, &set, NULL), EINVAL);
	set.it_value.tv_nsec = 1;
	CHECK_ERRNO(syscall(SYS_timer_settime, 999, 0, &set, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_timer_gettime, 999, &set), EINVAL);
	IN_CHILD {
		CHECK_ERRNO(syscall(SYS_timer_gettime, timer, &set), EINVAL);
	}
}
