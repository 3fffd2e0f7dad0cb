/*
 * Times at the ends of their types: what can be said is done, what cannot is
 * refused, and nothing overflows on the way.
 */
#include "support.h"
#include <sys/time.h>
#include <sys/timex.h>

TEST(file_times_far_away)
{
	struct timespec fine[2] = { { INT64_MAX, 999999999 }, { INT64_MIN, 0 } };
	struct stat status;

	file_make("f", 1);
	CHECK_OK(syscall(SYS_utimensat, AT_FDCWD, "f", fine, 0));
	REQUIRE_OK(stat("f", &status));
	CHECK_AT_LEAST(status.st_atime, 1ll << 32);
	CHECK(status.st_mtime < 0);
}

TEST(parts_of_seconds_far_away)
{
	static const int64_t wrong[] = { INT64_MAX, INT64_MIN, INT64_MAX / 1000 + 1, -1, 1000000 };

	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct itimerval set = { { 0, 0 }, { 0, wrong[i] } };
		struct timeval day = { 1000, wrong[i] };

		CHECK_ERRNO(syscall(SYS_setitimer, ITIMER_REAL, &set, NULL), EINVAL);
		set = (struct itimerval){ { 0, wrong[i] }, { 1, 0 } };
		CHECK_ERRNO(syscall(SYS_setitimer, ITIMER_REAL, &set, NULL), EINVAL);
		CHECK_ERRNO(syscall(SYS_settimeofday, &day, NULL), EINVAL);
	}
}

TEST(periods_far_away)
{
	struct itimerspec set = { { INT64_MAX, 999999999 }, { 0, 1000000 } }, now;
	struct itimerval real = { { INT64_MAX, 999999 }, { 0, 1000 } };
	int timer;

	signal_counted(SIGALRM, 0);
	signal_counted(SIGUSR1, 0);
	REQUIRE_OK(syscall(SYS_timer_create, CLOCK_MONOTONIC,
			   &(struct sigevent){ .sigev_signo = SIGUSR1 }, &timer));
	REQUIRE_OK(syscall(SYS_timer_settime, timer, 0, &set, NULL));
	REQUIRE_OK(syscall(SYS_setitimer, ITIMER_REAL, &real, NULL));
	while (signal_count(SIGUSR1) < 1 || signal_count(SIGALRM) < 1)
		sleep_milliseconds(1);
	sleep_milliseconds(20);
	CHECK_EQUAL(signal_count(SIGUSR1), 1);
	CHECK_EQUAL(signal_count(SIGALRM), 1);
	CHECK_OK(syscall(SYS_timer_gettime, timer, &now));
	CHECK_AT_LEAST(now.it_value.tv_sec, 1ll << 32);
	CHECK_EQUAL(syscall(SYS_timer_getoverrun, timer), 0);
}

TEST(wall_clock_keeps_within_its_bounds)
{
	int64_t wall = clock_now(CLOCK_REALTIME);
	struct timespec far = { INT64_MAX, 0 }, before = { -1, 0 };
	struct timex step = { .modes = ADJ_SETOFFSET, .time = { -INT32_MAX, 0 } };
	struct timex constant = { .modes = ADJ_TIMECONST, .constant = INT64_MAX };

	CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_REALTIME, &far), EINVAL);
	far.tv_sec = INT64_MAX / NANOSECONDS - 1;
	CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_REALTIME, &far), EINVAL);
	CHECK_ERRNO(syscall(SYS_clock_settime, CLOCK_REALTIME, &before), EINVAL);
	/* Before 1970: an offset that is allowed by itself. */
	CHECK_ERRNO(syscall(SYS_adjtimex, &step), EINVAL);
	CHECK(clock_now(CLOCK_REALTIME) - wall < 900 * NANOSECONDS);
	CHECK_AT_LEAST(syscall(SYS_adjtimex, &constant), 0);
	constant.constant = 2;
	CHECK_AT_LEAST(syscall(SYS_adjtimex, &constant), 0);
}
