/*
 * Threads of one process that pull the ground from under each other: close
 * under read, unmap under access, exec under everything.
 */
#include "support.h"
#include <poll.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

static volatile int stop;
static volatile long rounds;
static int ends[2];

static void run_with(void *(*work)(void *), int threads, int milliseconds)
{
	pthread_t ids[8];

	stop = 0;
	for (int i = 0; i < threads; i++)
		REQUIRE(pthread_create(&ids[i], NULL, work, (void *)(long)i) == 0);
	sleep_milliseconds(milliseconds);
	stop = 1;
	for (int i = 0; i < threads; i++)
		pthread_join(ids[i], NULL);
	CHECK(rounds > 0);
}

static void *open_and_close(void *self)
{
	char byte;

	while (!stop) {
		int fd = open("/dev/zero", O_RDONLY);

		if (self) {
			read(fd, &byte, 1);
			dup2(fd, 50);
			close(50);
		}
		close(fd);
		__atomic_add_fetch(&rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST(descriptors_opened_and_closed_everywhere)
{
	int before = descriptor_count();

	run_with(open_and_close, 4, 300);
	close(50);
	CHECK_EQUAL(descriptor_count(), before);
}

static void *read_pipe(void *unused)
{
	char byte;

	(void)unused;
	while (read(ends[0], &byte, 1) == 1)
		__atomic_add_fetch(&rounds, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

TEST(readers_share_a_pipe)
{
	pthread_t ids[4];

	REQUIRE_OK(pipe(ends));
	for (int i = 0; i < 4; i++)
		REQUIRE(pthread_create(&ids[i], NULL, read_pipe, NULL) == 0);
	for (int i = 0; i < 2000; i++)
		REQUIRE(write(ends[1], "x", 1) == 1);
	close(ends[1]);
	for (int i = 0; i < 4; i++)
		pthread_join(ids[i], NULL);
	CHECK_EQUAL(rounds, 2000);
}

static void *map_and_unmap(void *unused)
{
	(void)unused;
	while (!stop) {
		char *start = mmap(NULL, 8 * PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		REQUIRE(start != MAP_FAILED);
		for (int i = 0; i < 8; i++)
			REQUIRE(start[i * PAGE] == 0);
		memset(start, 0x77, 8 * PAGE);
		munmap(start, 8 * PAGE);
		__atomic_add_fetch(&rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST(mapping_at_once_gives_separate_zeroed_memory)
{
	run_with(map_and_unmap, 4, 400);
}

static char *area;

static void *write_or_protect(void *self)
{
	int fd = open("/dev/zero", O_RDONLY);

	while (!stop) {
		if (self == NULL) {
			mprotect(area, 4 * PAGE, PROT_NONE);
			mprotect(area, 4 * PAGE, PROT_READ | PROT_WRITE);
		} else {
			/* The kernel's copies meet pages that come and go: bytes or EFAULT. */
			ssize_t got = read(fd, area, 4 * PAGE);

			REQUIRE(got > 0 || (got < 0 && errno == EFAULT));
		}
		__atomic_add_fetch(&rounds, 1, __ATOMIC_SEQ_CST);
	}
	close(fd);
	return NULL;
}

TEST(kernel_copies_under_changing_protection)
{
	area = pages_private(4);
	run_with(write_or_protect, 4, 300);
}

static void *discard_or_count(void *self)
{
	while (!stop) {
		if (self == NULL)
			madvise(area, 4 * PAGE, MADV_DONTNEED);
		else
			for (int i = 0; i < 4; i++)
				__atomic_add_fetch((int *)(area + i * PAGE), 1, __ATOMIC_SEQ_CST);
		__atomic_add_fetch(&rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST(pages_discarded_under_use)
{
	area = pages_private(4);
	run_with(discard_or_count, 4, 300);
}

static void *stale_check(void *self)
{
	char *mine = area + (long)self * PAGE;

	for (int i = 1; !stop; i++) {
		*(volatile int *)mine = i;
		REQUIRE(mmap(mine, PAGE, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == mine);
		REQUIRE(*(volatile int *)mine == 0);
		__atomic_add_fetch(&rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST(replaced_pages_are_not_seen_again)
{
	area = pages_private(4);
	run_with(stale_check, 4, 300);
}

static int epoll;

static void *epoll_churn(void *self)
{
	struct epoll_event event = { .events = EPOLLIN };
	uint64_t one = 1;

	while (!stop) {
		int fd = eventfd(0, EFD_NONBLOCK);

		if (self == NULL) {
			close(fd);
			epoll_wait(epoll, &event, 1, 1);
			continue;
		}
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
		write(fd, &one, 8);
		close(fd);
		__atomic_add_fetch(&rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST(watched_files_closed_while_waited_for)
{
	struct epoll_event event;

	epoll = REQUIRE_OK(epoll_create1(0));
	run_with(epoll_churn, 4, 300);
	CHECK_EQUAL(epoll_wait(epoll, &event, 1, 0), 0);
}

static void *fork_from_thread(void *unused)
{
	(void)unused;
	while (!stop) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(9);
		REQUIRE(pid > 0);
		REQUIRE(child_exit_code(pid) == 9);
		__atomic_add_fetch(&rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST(threads_fork_and_wait)
{
	run_with(fork_from_thread, 4, 400);
}

static void *create_threads(void *unused)
{
	(void)unused;
	while (!stop) {
		pthread_t inner;

		if (pthread_create(&inner, NULL, read_pipe, NULL) != 0)
			continue;
		pthread_join(inner, NULL);
		__atomic_add_fetch(&rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST(threads_made_by_threads)
{
	REQUIRE_OK(pipe(ends));
	close(ends[1]);
	run_with(create_threads, 4, 400);
}

static void *spin_in_calls(void *unused)
{
	(void)unused;
	for (;;)
		syscall(SYS_getppid);
	return NULL;
}

TEST(exit_while_all_are_in_calls)
{
	for (int round = 0; round < 10; round++) {
		pid_t pid = fork();

		if (pid == 0) {
			pthread_t thread;

			for (int i = 0; i < 6; i++)
				pthread_create(&thread, NULL, spin_in_calls, NULL);
			usleep(round * 500);
			_exit(round);
		}
		CHECK_EQUAL(child_exit_code(pid), round);
	}
}

static void *end_a_thread(void *unused)
{
	return unused;
}

static void *make_and_join(void *unused)
{
	(void)unused;
	for (;;) {
		pthread_t inner;

		if (pthread_create(&inner, NULL, end_a_thread, NULL) == 0)
			pthread_join(inner, NULL);
	}
	return NULL;
}

/* All threads stop, those that just began or are about to end included. */
TEST(stop_while_threads_come_and_go)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		pthread_t thread;

		for (int i = 0; i < 3; i++)
			pthread_create(&thread, NULL, make_and_join, NULL);
		make_and_join(NULL);
	}
	for (int round = 0; round < 40; round++) {
		usleep(round * 50);
		REQUIRE_OK(kill(pid, SIGSTOP));
		REQUIRE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
		REQUIRE_OK(kill(pid, SIGCONT));
		REQUIRE(waitpid(pid, &status, WCONTINUED) == pid && WIFCONTINUED(status));
	}
	REQUIRE_OK(kill(pid, SIGKILL));
	REQUIRE(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status));
}

static void *timers_and_signals(void *unused)
{
	(void)unused;
	while (!stop) {
		struct timespec nap = { 0, 50000 };

		nanosleep(&nap, NULL);
		__atomic_add_fetch(&rounds, 1, __ATOMIC_SEQ_CST);
	}
	return NULL;
}

TEST(sleepers_under_a_storm_of_signals)
{
	ticks_start(1, SA_RESTART, 0, NULL);
	run_with(timers_and_signals, 4, 400);
	CHECK(ticks_seen() > 10);
	ticks_stop();
}
