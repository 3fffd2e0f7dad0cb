/*
 * Interval timers and POSIX timers: expiry, reading back, overruns, where the
 * signal goes and what it says.
 */
#include "support.h"
#include <pthread.h>
#include <sys/resource.h>
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

static int take(int number, siginfo_t *info)
{
	uint64_t mask = SIGNAL_BIT(number);

	return syscall(SYS_rt_sigtimedwait, &mask, info, NULL, 8);
}

static void block_all(void)
{
	uint64_t mask = ~0ull;

	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &mask, NULL, 8));
}

/* The count belongs to the signal that was taken last, however long ago. */
TEST(posix_timer_overruns_are_those_of_the_last_signal)
{
	siginfo_t info;
	int timer, first;

	block_all();
	CHECK_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 7, &timer));
	CHECK_OK(timer_set(timer, 0, MILLISECOND, MILLISECOND));
	CHECK_EQUAL(syscall(SYS_timer_getoverrun, timer), 0);
	sleep_milliseconds(30);
	CHECK_EQUAL(syscall(SYS_timer_getoverrun, timer), 0);
	CHECK_EQUAL(take(SIGRTMIN, &info), SIGRTMIN);
	first = info.si_overrun;
	CHECK_AT_LEAST(first, 20);
	sleep_milliseconds(80);
	CHECK_EQUAL(syscall(SYS_timer_getoverrun, timer), first);
	CHECK_EQUAL(take(SIGRTMIN, &info), SIGRTMIN);
	CHECK_AT_LEAST(info.si_overrun, 60);
	CHECK_EQUAL(syscall(SYS_timer_getoverrun, timer), info.si_overrun);
	CHECK_OK(timer_set(timer, 0, 0, 0));
	CHECK_EQUAL(syscall(SYS_timer_getoverrun, timer), 0);
}

TEST(posix_timer_armed_again_while_its_signal_waits)
{
	siginfo_t info;
	int timer;

	block_all();
	CHECK_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 7, &timer));
	for (int i = 0; i < 3; i++) {
		CHECK_OK(timer_set(timer, 0, MILLISECOND, 0));
		sleep_milliseconds(10);
	}
	CHECK_EQUAL(take(SIGRTMIN, &info), SIGRTMIN);
	CHECK_EQUAL(info.si_overrun, 2);
	CHECK_EQUAL(syscall(SYS_timer_getoverrun, timer), 0);
	CHECK_OK(timer_set(timer, 0, MILLISECOND, 0));
	sleep_milliseconds(10);
	CHECK_EQUAL(take(SIGRTMIN, &info), SIGRTMIN);
	CHECK_EQUAL(info.si_overrun, 0);
}

TEST(posix_timer_deleted_while_its_signal_waits)
{
	uint64_t pending;
	siginfo_t info;
	int timer;

	block_all();
	CHECK_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 99, &timer));
	CHECK_OK(timer_set(timer, 0, MILLISECOND, MILLISECOND));
	sleep_milliseconds(10);
	CHECK_OK(syscall(SYS_timer_delete, timer));
	CHECK_OK(syscall(SYS_rt_sigpending, &pending, 8));
	CHECK_EQUAL(pending, SIGNAL_BIT(SIGRTMIN));
	CHECK_EQUAL(take(SIGRTMIN, &info), SIGRTMIN);
	CHECK_EQUAL(info.si_code, SI_TIMER);
	CHECK_EQUAL(info.si_int, 99);
	sleep_milliseconds(10);
	CHECK_OK(syscall(SYS_rt_sigpending, &pending, 8));
	CHECK_EQUAL(pending, 0);
}

/* Ignored expirations count as missed ones once the signal is taken again. */
TEST(posix_timer_whose_signal_is_ignored)
{
	siginfo_t info;
	int timer;

	signal_ignore(SIGRTMIN);
	CHECK_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 0, &timer));
	CHECK_OK(timer_set(timer, 0, MILLISECOND, MILLISECOND));
	sleep_milliseconds(50);
	block_all();
	signal_default(SIGRTMIN);
	CHECK_EQUAL(take(SIGRTMIN, &info), SIGRTMIN);
	CHECK_AT_LEAST(info.si_overrun, 30);
}

TEST(posix_timer_of_one_nanosecond)
{
	siginfo_t info;
	int timer;

	block_all();
	CHECK_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 0, &timer));
	CHECK_OK(timer_set(timer, 0, 1, 1));
	sleep_milliseconds(20);
	CHECK_EQUAL(take(SIGRTMIN, &info), SIGRTMIN);
	CHECK_AT_LEAST(info.si_overrun, 10000000);
	signal_counted(SIGRTMIN, 0);
	CHECK_OK(timer_set(timer, 0, 0, 0));
}

TEST(posix_timers_count_as_pending_signals)
{
	struct rlimit limit = { 5, 5 };
	int timer[6];

	user_become(NOBODY);
	REQUIRE_OK(setrlimit(RLIMIT_SIGPENDING, &limit));
	for (int i = 0; i < 5; i++)
		CHECK_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 0, &timer[i]));
	CHECK_ERRNO(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 0, &timer[5]), EAGAIN);
	CHECK_OK(syscall(SYS_timer_delete, timer[2]));
	CHECK_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 0, &timer[5]));
}

/* What setitimer repeats rests until the signal is taken. */
TEST(interval_timer_rests_until_its_signal_is_taken)
{
	struct itimerval set = { { 0, 5000 }, { 0, 5000 } }, got;
	siginfo_t info;

	block_all();
	CHECK_OK(syscall(SYS_setitimer, ITIMER_REAL, &set, NULL));
	sleep_milliseconds(30);
	CHECK_OK(syscall(SYS_getitimer, ITIMER_REAL, &got));
	CHECK_EQUAL(got.it_value.tv_usec, 0);
	CHECK_EQUAL(got.it_interval.tv_usec, 5000);
	CHECK_EQUAL(take(SIGALRM, &info), SIGALRM);
	CHECK_OK(syscall(SYS_getitimer, ITIMER_REAL, &got));
	CHECK(got.it_value.tv_usec > 0 && got.it_value.tv_usec <= 5000);
	CHECK_EQUAL(take(SIGALRM, &info), SIGALRM);
}

TEST(interval_of_a_disarmed_timer)
{
	struct itimerval set = { { 0, 5000 }, { 0, 0 } }, got;
	struct itimerspec read;
	int timer;

	for (int which = ITIMER_REAL; which <= ITIMER_PROF; which++) {
		CHECK_OK(syscall(SYS_setitimer, which, &set, NULL));
		CHECK_OK(syscall(SYS_getitimer, which, &got));
		CHECK_EQUAL(got.it_interval.tv_usec, which == ITIMER_REAL ? 0 : 5000);
		CHECK_EQUAL(got.it_value.tv_usec, 0);
	}
	CHECK_OK(timer_make(CLOCK_MONOTONIC, SIGRTMIN, 0, &timer));
	CHECK_OK(timer_set(timer, 0, 0, MILLISECOND));
	CHECK_OK(syscall(SYS_timer_gettime, timer, &read));
	CHECK_EQUAL(read.it_interval.tv_nsec, 0);
}

/* Absolute timers on the wall clock follow it when it is set; relative ones do not. */
TEST(posix_timers_and_the_set_clock)
{
	int64_t now = clock_now(CLOCK_REALTIME);
	struct timespec ahead = timespec_of(now + 1000 * NANOSECONDS);
	struct timespec back = timespec_of(now);
	struct itimerspec read;
	int relative, absolute;

	keep_install(SIGRTMIN);
	keep_install(SIGRTMIN + 1);
	CHECK_OK(timer_make(CLOCK_REALTIME, SIGRTMIN, 0, &relative));
	CHECK_OK(timer_make(CLOCK_REALTIME, SIGRTMIN + 1, 0, &absolute));
	CHECK_OK(timer_set(relative, 0, 900 * NANOSECONDS, 0));
	CHECK_OK(timer_set(absolute, TIMER_ABSTIME, now + 900 * NANOSECONDS, 0));
	REQUIRE_OK(clock_settime(CLOCK_REALTIME, &ahead));
	seen_await(1);
	CHECK_EQUAL(seen.si_signo, SIGRTMIN + 1);
	REQUIRE_OK(clock_settime(CLOCK_REALTIME, &back));
	CHECK_OK(syscall(SYS_timer_gettime, relative, &read));
	CHECK(read.it_value.tv_sec > 800 && read.it_value.tv_sec < 900);
	CHECK_EQUAL(seen_count, 1);
}

static void *burn_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		continue;
	return NULL;
}

/* A timer on one thread's time does not go by what the others spend. */
TEST(posix_timer_on_the_time_of_one_thread)
{
	int64_t start = clock_now(CLOCK_THREAD_CPUTIME_ID);
	pthread_t thread;
	int timer;

	keep_install(SIGRTMIN);
	CHECK_OK(timer_make(CLOCK_THREAD_CPUTIME_ID, SIGRTMIN, 0, &timer));
	CHECK_OK(timer_set(timer, 0, 60 * MILLISECOND, 0));
	REQUIRE(pthread_create(&thread, NULL, burn_for_ever, NULL) == 0);
	while (clock_now(CLOCK_PROCESS_CPUTIME_ID) - start < 150 * MILLISECOND)
		sleep_milliseconds(5);
	CHECK_EQUAL(seen_count, 0);
	while (seen_count == 0)
		continue;
	CHECK_AT_LEAST(clock_now(CLOCK_THREAD_CPUTIME_ID) - start, 60 * MILLISECOND);
}

TEST(posix_timer_on_the_time_of_another_process)
{
	pid_t pid = fork();
	int clock = ~pid << 3 | 2, timer;

	if (pid == 0)
		burn_for_ever(NULL);
	keep_install(SIGRTMIN);
	CHECK_OK(timer_make(clock, SIGRTMIN, 0, &timer));
	CHECK_OK(timer_set(timer, 0, 20 * MILLISECOND, 0));
	seen_await(1);
	CHECK_AT_LEAST(clock_now(clock), 20 * MILLISECOND);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), SIGKILL);
	CHECK_ERRNO(timer_make(clock, SIGRTMIN, 0, &timer), EINVAL);
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

/* Several that expire with each nanosecond, and nobody takes what they send. */
TEST(posix_timers_in_processor_time_whose_signal_is_ignored)
{
	static const clockid_t clocks[] = { CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID };
	int64_t start = clock_now(CLOCK_PROCESS_CPUTIME_ID);
	int timers[8];

	signal_default(SIGCHLD);
	for (size_t i = 0; i < COUNT(timers); i++) {
		CHECK_OK(timer_make(clocks[i % COUNT(clocks)], SIGCHLD, 0, &timers[i]));
		CHECK_OK(timer_set(timers[i], 0, 1, 1));
	}
	while (clock_now(CLOCK_PROCESS_CPUTIME_ID) - start < 100 * MILLISECOND)
		;
	for (size_t i = 0; i < COUNT(timers); i++)
		CHECK_OK(syscall(SYS_timer_delete, timers[i]));
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
