/*
 * The old spellings of waiting, event and process calls on x86_64.
 */
#include "support.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/time.h>

TEST(pipe_of_two)
{
	int ends[3];
	char byte;

	poison(ends, sizeof(ends));
	CHECK_OK(syscall(SYS_pipe, ends));
	CHECK_UNTOUCHED(&ends[2], 4);
	CHECK_EQUAL(write(ends[1], "x", 1), 1);
	CHECK_EQUAL(read(ends[0], &byte, 1), 1);
	CHECK_FAULTS(syscall(SYS_pipe, bad));
}

TEST(poll_in_milliseconds)
{
	struct pollfd files[2];
	int64_t start = clock_now(CLOCK_MONOTONIC);
	int ends[2];

	REQUIRE_OK(pipe(ends));
	poison(files, sizeof(files));
	files[0] = (struct pollfd){ ends[0], POLLIN, 0x33 };
	CHECK_EQUAL(syscall(SYS_poll, files, 1, 30), 0);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 30000000);
	CHECK_EQUAL(files[0].events, POLLIN);
	CHECK_EQUAL(files[0].revents, 0);
	CHECK_UNTOUCHED(&files[1], sizeof(files[1]));
	REQUIRE(write(ends[1], "x", 1) == 1);
	CHECK_EQUAL(syscall(SYS_poll, files, 1, -1), 1);
	CHECK_EQUAL(files[0].revents, POLLIN);
	CHECK_FAULTS(syscall(SYS_poll, bad, 1, 0));
	CHECK_EQUAL(syscall(SYS_poll, NULL, 0, 0), 0);
	CHECK_INTERRUPTED(syscall(SYS_poll, NULL, 0, -1));
	CHECK_INTERRUPTED(syscall(SYS_poll, NULL, 0, 100000));
}

TEST(select_with_remaining_time)
{
	struct timeval limit = { 0, 30000 }, wrong = { -1, 0 };
	int64_t start = clock_now(CLOCK_MONOTONIC);
	int ends[2];
	fd_set in;

	REQUIRE_OK(pipe(ends));
	FD_ZERO(&in);
	FD_SET(ends[0], &in);
	CHECK_EQUAL(syscall(SYS_select, ends[0] + 1, &in, NULL, NULL, &limit), 0);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 30000000);
	CHECK_EQUAL(limit.tv_sec, 0);
	CHECK_EQUAL(limit.tv_usec, 0);
	CHECK(!FD_ISSET(ends[0], &in));
	FD_SET(ends[0], &in);
	REQUIRE(write(ends[1], "x", 1) == 1);
	limit.tv_sec = 100;
	CHECK_EQUAL(syscall(SYS_select, ends[0] + 1, &in, NULL, NULL, &limit), 1);
	CHECK(limit.tv_sec >= 50);
	CHECK(FD_ISSET(ends[0], &in));
	CHECK_ERRNO(syscall(SYS_select, 1, NULL, NULL, NULL, &wrong), EINVAL);
	CHECK_ERRNO(syscall(SYS_select, -1, NULL, NULL, NULL, &limit), EINVAL);
	CHECK_FAULTS(syscall(SYS_select, 5, bad, NULL, NULL, &limit));
	CHECK_FAULTS(syscall(SYS_select, 5, NULL, NULL, NULL, bad));
	CHECK_INTERRUPTED(syscall(SYS_select, 0, NULL, NULL, NULL, NULL));
}

TEST(epoll_create_and_wait)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 9 };
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create, 1)), ends[2];

	CHECK_EQUAL(fcntl(epoll, F_GETFD), 0);
	CHECK_ERRNO(syscall(SYS_epoll_create, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_epoll_create, -1), EINVAL);
	REQUIRE_OK(pipe(ends));
	REQUIRE_OK(syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, ends[0], &event));
	CHECK_EQUAL(syscall(SYS_epoll_wait, epoll, &event, 1, 0), 0);
	REQUIRE(write(ends[1], "x", 1) == 1);
	CHECK_EQUAL(syscall(SYS_epoll_wait, epoll, &event, 1, -1), 1);
	CHECK_EQUAL(event.data.u64, 9);
	CHECK_ERRNO(syscall(SYS_epoll_wait, epoll, &event, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_epoll_wait, 999, &event, 1, 0), EBADF);
	CHECK_FAULTS(syscall(SYS_epoll_wait, epoll, bad, 1, 0));
	REQUIRE(read(ends[0], &event, 1) == 1);
	CHECK_INTERRUPTED(syscall(SYS_epoll_wait, epoll, &event, 1, -1));
}

TEST(event_signal_and_notify_descriptors)
{
	uint64_t mask = SIGNAL_BIT(SIGUSR1), value;
	int fd = REQUIRE_OK(syscall(SYS_eventfd, 3));

	CHECK_EQUAL(fcntl(fd, F_GETFL), O_RDWR);
	CHECK_EQUAL(read(fd, &value, 8), 8);
	CHECK_EQUAL(value, 3);
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8));
	fd = REQUIRE_OK(syscall(SYS_signalfd, -1, &mask, 8));
	REQUIRE_OK(raise(SIGUSR1));
	char info[128];

	CHECK_EQUAL(read(fd, info, sizeof(info)), 128);
	CHECK_EQUAL(*(int *)info, SIGUSR1);
	CHECK_ERRNO(syscall(SYS_signalfd, -1, &mask, 4), EINVAL);
	CHECK_FAULTS(syscall(SYS_signalfd, -1, bad, 8));
	fd = REQUIRE_OK(syscall(SYS_inotify_init));
	CHECK_EQUAL(fcntl(fd, F_GETFD), 0);
	CHECK_OK(syscall(SYS_inotify_add_watch, fd, ".", 0x100));
}

TEST(processes)
{
	pid_t pid = syscall(SYS_fork);

	if (pid == 0)
		_exit(syscall(SYS_getpgrp) == getppid() ? 5 : 1);
	CHECK_EQUAL(child_exit_code(pid), 5);
	CHECK_EQUAL(syscall(SYS_getpgrp), getpid());
}

TEST(vfork_by_number)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(6);
	CHECK_EQUAL(child_exit_code(pid), 6);
	CHECK(SYS_vfork == 58);
}

TEST(alarm_pause_and_time)
{
	long now[2], answer;

	signal_counted(SIGALRM, 0);
	CHECK_EQUAL(syscall(SYS_alarm, 100), 0);
	CHECK(syscall(SYS_alarm, 1) >= 99);
	CHECK_ERRNO(syscall(SYS_pause), EINTR);
	CHECK_EQUAL(signal_count(SIGALRM), 1);
	CHECK_EQUAL(syscall(SYS_alarm, 0), 0);
	poison(now, sizeof(now));
	answer = REQUIRE_OK(syscall(SYS_time, now));
	CHECK_EQUAL(now[0], answer);
	CHECK_UNTOUCHED(&now[1], 8);
	CHECK(llabs(answer - clock_now(CLOCK_REALTIME) / NANOSECONDS) < 20);
	CHECK_OK(syscall(SYS_time, NULL));
	CHECK_FAULTS(syscall(SYS_time, bad));
}
