/*
 * epoll: level and edge, one-shot, nesting, lifetimes of watched files, and
 * everything it refuses.
 */
#include "support.h"
#include <sys/epoll.h>
#include <sys/eventfd.h>

static long control(int epoll, int operation, int fd, uint32_t events, uint64_t data)
{
	struct epoll_event event = { .events = events, .data.u64 = data };

	return syscall(SYS_epoll_ctl, epoll, operation, fd, &event);
}

static long wait_for(int epoll, struct epoll_event *events, int count, int milliseconds)
{
	return syscall(SYS_epoll_pwait, epoll, events, count, milliseconds, NULL, 8);
}

TEST(creation)
{
	int fd = REQUIRE_OK(syscall(SYS_epoll_create1, 0));

	CHECK_EQUAL(fcntl(fd, F_GETFD), 0);
	CHECK_EQUAL(fcntl(fd, F_GETFL), O_RDWR);
	fd = REQUIRE_OK(syscall(SYS_epoll_create1, EPOLL_CLOEXEC));
	CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_ERRNO(syscall(SYS_epoll_create1, 1), EINVAL);
	CHECK_ERRNO(read(fd, &fd, 1), EINVAL);
	CHECK_ERRNO(write(fd, &fd, 1), EINVAL);
}

TEST(level_triggered)
{
	struct epoll_event events[3];
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0)), ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_OK(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 0x1122334455667788));
	CHECK_OK(control(epoll, EPOLL_CTL_ADD, ends[1], EPOLLOUT, 7));
	poison(events, sizeof(events));
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 1);
	CHECK_EQUAL(events[0].events, EPOLLOUT);
	CHECK_EQUAL(events[0].data.u64, 7);
	CHECK_UNTOUCHED(&events[1], 2 * sizeof(events[0]));
	CHECK_OK(control(epoll, EPOLL_CTL_DEL, ends[1], 0, 0));
	REQUIRE(write(ends[1], "ab", 2) == 2);
	for (int i = 0; i < 3; i++) {
		CHECK_EQUAL(wait_for(epoll, events, 3, 0), 1);
		CHECK_EQUAL(events[0].events, EPOLLIN);
		CHECK_EQUAL(events[0].data.u64, 0x1122334455667788);
	}
	REQUIRE(read(ends[0], events, 2) == 2);
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 0);
}

TEST(edge_triggered)
{
	struct epoll_event events[3];
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0)), ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_OK(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLET, 1));
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 0);
	REQUIRE(write(ends[1], "ab", 2) == 2);
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 1);
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 0);
	REQUIRE(write(ends[1], "c", 1) == 1);
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 1);
	CHECK_OK(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLET, 1));
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 1);
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 0);
}

TEST(one_shot)
{
	struct epoll_event events[3];
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0)), ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_OK(control(epoll, EPOLL_CTL_ADD, ends[1], EPOLLOUT | EPOLLONESHOT, 1));
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 1);
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 0);
	CHECK_OK(control(epoll, EPOLL_CTL_MOD, ends[1], EPOLLOUT | EPOLLONESHOT, 2));
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 1);
	CHECK_EQUAL(events[0].data.u64, 2);
}

TEST(hang_up_is_always_reported)
{
	struct epoll_event events[3];
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0)), ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_OK(control(epoll, EPOLL_CTL_ADD, ends[0], 0, 1));
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 0);
	close(ends[1]);
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 1);
	CHECK_EQUAL(events[0].events, EPOLLHUP);
}

TEST(control_refusals)
{
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0)), ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_ERRNO(control(999, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1), EBADF);
	CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, 999, EPOLLIN, 1), EBADF);
	CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, epoll, EPOLLIN, 1), EINVAL);
	CHECK_ERRNO(control(ends[0], EPOLL_CTL_ADD, ends[1], EPOLLIN, 1), EINVAL);
	CHECK_ERRNO(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN, 1), ENOENT);
	CHECK_ERRNO(control(epoll, EPOLL_CTL_DEL, ends[0], EPOLLIN, 1), ENOENT);
	CHECK_OK(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1));
	CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1), EEXIST);
	CHECK_OK(control(epoll, EPOLL_CTL_ADD, dup(ends[0]), EPOLLIN, 1));
	CHECK_ERRNO(control(epoll, 9, ends[0], EPOLLIN, 1), EINVAL);
	CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, file_open("f", O_RDWR | O_CREAT), EPOLLIN, 1),
		    EPERM);
	CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, file_open(".", O_RDONLY), EPOLLIN, 1), EPERM);
	CHECK_FAULTS(syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_MOD, ends[0], bad));
	CHECK_FAULTS(syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_ADD, ends[1], bad));
	CHECK_OK(syscall(SYS_epoll_ctl, epoll, EPOLL_CTL_DEL, ends[0], NULL));
}

TEST(wait_refusals)
{
	struct epoll_event events[3];
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0)), ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_OK(control(epoll, EPOLL_CTL_ADD, ends[1], EPOLLOUT, 1));
	CHECK_ERRNO(wait_for(epoll, events, 0, 0), EINVAL);
	CHECK_ERRNO(wait_for(epoll, events, -1, 0), EINVAL);
	CHECK_ERRNO(wait_for(epoll, events, 0x7fffffff, 0), EINVAL);
	CHECK_ERRNO(wait_for(999, events, 1, 0), EBADF);
	CHECK_ERRNO(wait_for(ends[0], events, 1, 0), EINVAL);
	CHECK_FAULTS(wait_for(epoll, bad, 1, 0));
	CHECK_ERRNO(syscall(SYS_epoll_pwait, epoll, events, 1, 0, events, 4), EINVAL);
	CHECK_FAULTS(syscall(SYS_epoll_pwait, epoll, events, 1, 0, bad, 8));
	CHECK_EQUAL(wait_for(epoll, events, 1, 0), 1);
}

TEST(many_events_at_once)
{
	struct epoll_event *events = calloc(600, sizeof(*events));
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0)), seen[400] = { 0 };

	for (int i = 0; i < 400; i++) {
		int fd = REQUIRE_OK(syscall(SYS_eventfd2, 1, 0));

		REQUIRE_OK(control(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, i));
	}
	CHECK_EQUAL(wait_for(epoll, events, 600, 0), 400);
	for (int i = 0; i < 400; i++)
		seen[events[i].data.u64]++;
	for (int i = 0; i < 400; i++)
		REQUIRE(seen[i] == 1);
	CHECK_EQUAL(wait_for(epoll, events, 100, 0), 100);
	uint64_t first = events[0].data.u64;

	CHECK_EQUAL(wait_for(epoll, events, 100, 0), 100);
	CHECK(events[0].data.u64 != first);
}

TEST(closing_a_file_removes_it)
{
	struct epoll_event events[3];
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0)), ends[2], copy;

	REQUIRE_OK(pipe(ends));
	REQUIRE(write(ends[1], "a", 1) == 1);
	CHECK_OK(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 5));
	copy = dup(ends[0]);
	close(ends[0]);
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 1);
	CHECK_ERRNO(control(epoll, EPOLL_CTL_DEL, ends[0], 0, 0), EBADF);
	close(copy);
	CHECK_EQUAL(wait_for(epoll, events, 3, 0), 0);
}

TEST(nested)
{
	struct epoll_event events[3];
	int inner = REQUIRE_OK(syscall(SYS_epoll_create1, 0));
	int outer = REQUIRE_OK(syscall(SYS_epoll_create1, 0)), ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_OK(control(inner, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1));
	CHECK_OK(control(outer, EPOLL_CTL_ADD, inner, EPOLLIN, 2));
	CHECK_ERRNO(control(inner, EPOLL_CTL_ADD, outer, EPOLLIN, 3), ELOOP);
	CHECK_EQUAL(wait_for(outer, events, 3, 0), 0);
	REQUIRE(write(ends[1], "a", 1) == 1);
	CHECK_EQUAL(wait_for(outer, events, 3, 0), 1);
	CHECK_EQUAL(events[0].data.u64, 2);
	CHECK_EQUAL(events[0].events, EPOLLIN);
}

TEST(nesting_has_a_limit)
{
	int chain[8], made = 1;

	chain[0] = REQUIRE_OK(syscall(SYS_epoll_create1, 0));
	for (; made < 8; made++) {
		chain[made] = REQUIRE_OK(syscall(SYS_epoll_create1, 0));
		if (control(chain[made], EPOLL_CTL_ADD, chain[made - 1], EPOLLIN, 0) != 0)
			break;
	}
	CHECK_EQUAL(errno, ELOOP);
	CHECK_EQUAL(made, 5);
}

TEST(waiting_for_an_event)
{
	struct epoll_event events[3];
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0)), ends[2];
	int64_t start = clock_now(CLOCK_MONOTONIC);
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	CHECK_OK(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN, 1));
	CHECK_EQUAL(wait_for(epoll, events, 3, 40), 0);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 40000000);
	pid = fork();
	if (pid == 0) {
		CHECK_EQUAL(wait_for(epoll, events, 3, -1), 1);
		check_child_end();
	}
	CHECK(process_await(pid, 'S'));
	REQUIRE(write(ends[1], "a", 1) == 1);
	CHECK_EQUAL(child_wait(pid), 0);
	REQUIRE(read(ends[0], events, 1) == 1);
	CHECK_INTERRUPTED(wait_for(epoll, events, 3, -1));
}

TEST(not_restarted_even_if_asked)
{
	struct epoll_event event;
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0));

	ticks_start(30, SA_RESTART, 0, NULL);
	CHECK_ERRNO(wait_for(epoll, &event, 1, -1), EINTR);
	ticks_stop();
}

TEST(pwait_mask)
{
	uint64_t blocked = SIGNAL_BIT(SIGUSR1), open_mask = 0, now = 0;
	struct epoll_event event;
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0));

	signal_counted(SIGUSR1, 0);
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, &blocked, NULL, 8));
	REQUIRE_OK(kill(getpid(), SIGUSR1));
	CHECK_ERRNO(syscall(SYS_epoll_pwait, epoll, &event, 1, -1, &open_mask, 8), EINTR);
	CHECK_EQUAL(signal_count(SIGUSR1), 1);
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_SETMASK, NULL, &now, 8));
	CHECK_EQUAL(now, blocked);
}

TEST(pwait2_in_nanoseconds)
{
	struct timespec limit = { 0, 30000000 }, wrong = { 0, NANOSECONDS };
	struct epoll_event event;
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0));
	int64_t start = clock_now(CLOCK_MONOTONIC);

	CHECK_EQUAL(syscall(SYS_epoll_pwait2, epoll, &event, 1, &limit, NULL, 8), 0);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 30000000);
	CHECK_EQUAL(limit.tv_nsec, 30000000);
	CHECK_ERRNO(syscall(SYS_epoll_pwait2, epoll, &event, 1, &wrong, NULL, 8), EINVAL);
	CHECK_FAULTS(syscall(SYS_epoll_pwait2, epoll, &event, 1, bad, NULL, 8));
	CHECK_ERRNO(syscall(SYS_epoll_pwait2, 999, &event, 1, &limit, NULL, 8), EBADF);
	CHECK_INTERRUPTED(syscall(SYS_epoll_pwait2, epoll, &event, 1, NULL, NULL, 8));
}

TEST(exclusive)
{
	struct epoll_event events[2];
	int epoll = REQUIRE_OK(syscall(SYS_epoll_create1, 0)), ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_OK(control(epoll, EPOLL_CTL_ADD, ends[0], EPOLLIN | EPOLLEXCLUSIVE, 1));
	CHECK_ERRNO(control(epoll, EPOLL_CTL_MOD, ends[0], EPOLLIN | EPOLLEXCLUSIVE, 1), EINVAL);
	CHECK_ERRNO(control(epoll, EPOLL_CTL_ADD, ends[1],
			    EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT, 1), EINVAL);
	REQUIRE(write(ends[1], "a", 1) == 1);
	CHECK_EQUAL(wait_for(epoll, events, 2, 0), 1);
}
