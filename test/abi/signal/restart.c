/*
 * Which blocking calls are restarted after a handler with SA_RESTART, and
 * which end with EINTR whatever was asked: signal(7)'s two lists.
 */
#include "support.h"
#include <poll.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/select.h>

static int ends[2];
static pid_t child;
static uint32_t word;

static void finish_read(void)
{
	write(ends[1], "x", 1);
}

static void finish_write(void)
{
	char buffer[8192];

	read(ends[0], buffer, sizeof(buffer));
}

static void finish_child(void)
{
	kill(child, SIGKILL);
}

static void pipe_make(void)
{
	REQUIRE_OK(pipe(ends));
}

static void pipe_fill(void)
{
	char buffer[4096] = { 0 };

	REQUIRE_OK(fcntl(ends[1], F_SETFL, O_NONBLOCK));
	while (write(ends[1], buffer, sizeof(buffer)) > 0)
		continue;
	REQUIRE_OK(fcntl(ends[1], F_SETFL, 0));
}

static void child_make(void)
{
	child = fork();
	if (child == 0)
		for (;;)
			pause();
}

/* The call must go on over two handler runs and succeed at the third. */
#define CHECK_RESTARTED(call, finish, expected)            \
	do {                                               \
		ticks_start(30, SA_RESTART, 3, finish);    \
		CHECK_EQUAL(call, expected);               \
		CHECK(ticks_seen() >= 3);                  \
		ticks_stop();                              \
	} while (0)

/* The call must end with EINTR although restarting was asked for. */
#define CHECK_NOT_RESTARTED(call)                          \
	do {                                               \
		ticks_start(30, SA_RESTART, 0, NULL);      \
		CHECK_ERRNO(call, EINTR);                  \
		ticks_stop();                              \
	} while (0)

TEST(read_and_write_restart)
{
	char byte;

	pipe_make();
	CHECK_RESTARTED(syscall(SYS_read, ends[0], &byte, 1), finish_read, 1);
	pipe_fill();
	CHECK_RESTARTED(syscall(SYS_write, ends[1], "x", 1), finish_write, 1);
}

TEST(wait_restarts)
{
	int status;

	child_make();
	CHECK_RESTARTED(syscall(SYS_wait4, child, &status, 0, NULL), finish_child, child);
	child_make();
	CHECK_RESTARTED(syscall(SYS_waitid, P_PID, child, NULL, WEXITED, NULL), finish_child, 0);
}

static int lock_fd;

static void finish_lock(void)
{
	kill(child, SIGKILL);
}

/* A child that holds both kinds of lock on "f" until it is killed. */
static void lock_holder(void)
{
	struct flock lock = { .l_type = F_WRLCK };
	int ready[2];
	char byte;

	REQUIRE_OK(pipe(ready));
	child = fork();
	if (child == 0) {
		int fd = open("f", O_RDWR | O_CREAT, 0600);

		flock(fd, LOCK_EX);
		fcntl(fd, F_SETLK, &lock);
		write(ready[1], "r", 1);
		for (;;)
			pause();
	}
	REQUIRE(read(ready[0], &byte, 1) == 1);
	lock_fd = file_open("f", O_RDWR);
}

TEST(locks_restart)
{
	struct flock lock = { .l_type = F_WRLCK };

	lock_holder();
	CHECK_RESTARTED(syscall(SYS_fcntl, lock_fd, F_SETLKW, &lock), finish_lock, 0);
	child_wait(child);
	lock_holder();
	CHECK_RESTARTED(syscall(SYS_flock, lock_fd, LOCK_EX), finish_lock, 0);
	child_wait(child);
}

static void finish_open(void)
{
	open("p", O_RDWR);
}

TEST(opening_a_named_pipe_restarts)
{
	REQUIRE_OK(mkfifo("p", 0600));
	ticks_start(30, SA_RESTART, 3, finish_open);
	CHECK_OK(open("p", O_RDONLY));
	CHECK(ticks_seen() >= 3);
	ticks_stop();
}

static void finish_futex(void)
{
	word = 1;
	syscall(SYS_futex, &word, 1, 1);
}

TEST(futex_wait_restarts)
{
	struct timespec limit = { 100, 0 };

	word = 0;
	ticks_start(30, SA_RESTART, 3, finish_futex);
	CHECK_ERRNO(syscall(SYS_futex, &word, 0, 0, NULL), EAGAIN);
	CHECK(ticks_seen() >= 3);
	ticks_stop();
	word = 0;
	CHECK_NOT_RESTARTED(syscall(SYS_futex, &word, 0, 0, &limit));
}

TEST(waiting_for_readiness_does_not_restart)
{
	struct pollfd file;
	struct timespec limit = { 100, 0 };
	struct epoll_event event;
	int epoll = REQUIRE_OK(epoll_create1(0));

	pipe_make();
	file = (struct pollfd){ ends[0], POLLIN, 0 };
	CHECK_NOT_RESTARTED(syscall(SYS_ppoll, &file, 1, NULL, NULL, 8));
	CHECK_NOT_RESTARTED(syscall(SYS_ppoll, &file, 1, &limit, NULL, 8));
	CHECK_NOT_RESTARTED(syscall(SYS_pselect6, 0, NULL, NULL, NULL, &limit, NULL));
	CHECK_NOT_RESTARTED(syscall(SYS_epoll_pwait, epoll, &event, 1, -1, NULL, 8));
	CHECK_NOT_RESTARTED(syscall(SYS_epoll_pwait, epoll, &event, 1, 100000, NULL, 8));
}

TEST(sleeping_does_not_restart)
{
	struct timespec limit = { 100, 0 }, left[2];
	uint64_t set = SIGNAL_BIT(SIGUSR1), open_mask = 0;

	poison(left, sizeof(left));
	CHECK_NOT_RESTARTED(syscall(SYS_nanosleep, &limit, left));
	CHECK(left[0].tv_sec >= 50 && left[0].tv_sec < 100);
	CHECK_UNTOUCHED(&left[1], sizeof(left[1]));
	CHECK_NOT_RESTARTED(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &limit, left));
	limit = timespec_of(clock_now(CLOCK_MONOTONIC) + 100 * NANOSECONDS);
	CHECK_NOT_RESTARTED(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 1, &limit, NULL));
	CHECK_NOT_RESTARTED(syscall(SYS_rt_sigtimedwait, &set, NULL, NULL, 8));
	CHECK_NOT_RESTARTED(syscall(SYS_rt_sigsuspend, &open_mask, 8));
}

TEST(stop_and_continue_do_not_interrupt)
{
	struct timespec sleep = { 0, 300000000 };
	char byte = 0;

	pipe_make();
	child = fork();
	if (child == 0) {
		int64_t start = clock_now(CLOCK_MONOTONIC);

		CHECK_EQUAL(syscall(SYS_nanosleep, &sleep, NULL), 0);
		CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 300000000);
		CHECK_EQUAL(read(ends[0], &byte, 1), 1);
		check_child_end();
	}
	for (int i = 0; i < 3; i++) {
		REQUIRE(process_await(child, 'S'));
		REQUIRE_OK(kill(child, SIGSTOP));
		REQUIRE(process_await(child, 'T'));
		REQUIRE_OK(kill(child, SIGCONT));
	}
	sleep_milliseconds(400);
	REQUIRE(process_await(child, 'S'));
	REQUIRE_OK(kill(child, SIGSTOP));
	REQUIRE(process_await(child, 'T'));
	REQUIRE_OK(kill(child, SIGCONT));
	REQUIRE(write(ends[1], "x", 1) == 1);
	CHECK_EQUAL(child_wait(child), 0);
}

TEST(ignored_signals_do_not_interrupt)
{
	struct timespec sleep = { 0, 200000000 };

	signal_ignore(SIGUSR1);
	child = fork();
	if (child == 0) {
		CHECK_EQUAL(syscall(SYS_nanosleep, &sleep, NULL), 0);
		check_child_end();
	}
	for (int i = 0; i < 10; i++) {
		kill(child, SIGUSR1);
		kill(child, SIGCHLD);
		sleep_milliseconds(5);
	}
	CHECK_EQUAL(child_wait(child), 0);
}

TEST(restart_syscall_alone_is_an_interruption)
{
	CHECK_ERRNO(syscall(SYS_restart_syscall), EINTR);
}

static void wait_read(void)
{
	char byte;

	read(ends[0], &byte, 1);
}

static void wait_sleep(void)
{
	sleep(10000);
}

static void wait_suspend(void)
{
	uint64_t none = 0;

	syscall(SYS_rt_sigsuspend, &none, 8);
}

static void wait_futex(void)
{
	syscall(SYS_futex, &word, 0, word, NULL);
}

static void wait_epoll(void)
{
	struct epoll_event event;

	epoll_wait(epoll_create1(0), &event, 1, -1);
}

static void wait_poll(void)
{
	poll(NULL, 0, -1);
}

static void wait_vfork(void)
{
	if (vfork() == 0)
		for (;;)
			pause();
}

TEST(a_fatal_signal_ends_every_wait)
{
	static void (*const waits[])(void) = {
		wait_read, wait_sleep, wait_suspend, wait_futex, wait_epoll, wait_poll, wait_vfork,
	};

	pipe_make();
	for (size_t way = 0; way < COUNT(waits); way++) {
		child = fork();
		if (child == 0) {
			waits[way]();
			_exit(0);
		}
		process_await(child, waits[way] == wait_vfork ? 'D' : 'S');
		REQUIRE_OK(kill(child, SIGKILL));
		CHECK_EQUAL(child_wait(child), SIGKILL);
	}
}
