/*
 * Files that are closed and replaced while others read, poll, watch, lock, map and move them.
 */
#define _GNU_SOURCE
#include "storms.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum { FIRST = 40, COUNT = 10, USERS = 4 };

static int watcher;

/* A fresh file of some kind at one of the numbers that all use. */
static void file_replace(uint64_t *seed)
{
	const struct itimerspec often = { { 0, 200000 }, { 0, 100000 } };
	int at = FIRST + (int)(storm_random(seed) % COUNT);
	int fd = -1, ends[2];
	sigset_t set;

	switch (storm_random(seed) % 8) {
	case 0:
		fd = eventfd(1, EFD_NONBLOCK);
		break;
	case 1:
		fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
		timerfd_settime(fd, 0, &often, NULL);
		break;
	case 2:
		fd = epoll_create1(0);
		break;
	case 3:
		fd = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK);
		break;
	case 4:
		fd = inotify_init1(IN_NONBLOCK);
		break;
	case 5:
		sigemptyset(&set);
		sigaddset(&set, SIGUSR2);
		fd = signalfd(-1, &set, SFD_NONBLOCK);
		break;
	case 6:
		fd = open(".", O_TMPFILE | O_RDWR, 0600);
		break;
	default:
		EXPECT_EQUAL(pipe2(ends, O_NONBLOCK), 0);
		(void)!write(ends[1], "some bytes", 10);
		dup2(ends[1], FIRST + (int)(storm_random(seed) % COUNT));
		close(ends[1]);
		fd = ends[0];
		break;
	}
	EXPECT(fd >= 0 || errno == ENOSPC || errno == EMFILE);
	dup2(fd, at);
	close(fd);
	if (storm_random(seed) % 2)
		close(FIRST + (int)(storm_random(seed) % COUNT));
}

static int some(uint64_t *seed)
{
	return FIRST + (int)(storm_random(seed) % COUNT);
}

static void file_wait(uint64_t *seed)
{
	struct epoll_event events[4], event = { .events = EPOLLIN | EPOLLOUT | EPOLLET };
	struct pollfd files[COUNT];
	struct timeval moment = { 0, 300 };
	fd_set in, out;

	switch (storm_random(seed) % 4) {
	case 0:
		for (int i = 0; i < COUNT; i++)
			files[i] = (struct pollfd){ FIRST + i, POLLIN | POLLOUT, 0 };
		EXPECT(poll(files, COUNT, 1) >= 0);
		break;
	case 1:
		FD_ZERO(&in);
		FD_ZERO(&out);
		for (int i = 0; i < 3; i++)
			FD_SET(some(seed), i & 1 ? &in : &out);
		if (select(FIRST + COUNT, &in, &out, NULL, &moment) < 0)
			EXPECT_EQUAL(errno, EBADF);
		break;
	case 2:
		event.data.u64 = storm_random(seed);
		epoll_ctl(watcher, EPOLL_CTL_ADD, some(seed), &event);
		epoll_ctl(some(seed), EPOLL_CTL_ADD, some(seed), &event);
		epoll_ctl(watcher, EPOLL_CTL_MOD, some(seed), &event);
		epoll_ctl(watcher, EPOLL_CTL_DEL, some(seed), NULL);
		break;
	default:
		EXPECT(epoll_wait(watcher, events, 4, 1) >= 0);
		epoll_wait(some(seed), events, 4, 0);
		break;
	}
}

static void file_use(uint64_t *seed)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10 };
	char bytes[300];
	void *memory;
	int fd = some(seed), value;

	switch (storm_random(seed) % 10) {
	case 0:
		(void)!read(fd, bytes, sizeof(bytes));
		break;
	case 1:
		(void)!write(fd, bytes, 8);
		break;
	case 2:
		fcntl(fd, F_SETFL, O_NONBLOCK | (storm_random(seed) & 1 ? O_ASYNC : 0));
		break;
	case 3:
		fcntl(fd, F_SETLK, &range);
		break;
	case 4:
		memory = mmap(NULL, 4096, PROT_READ, MAP_SHARED, fd, 0);
		if (memory != MAP_FAILED)
			munmap(memory, 4096);
		break;
	case 5:
		ioctl(fd, FIONREAD, &value);
		break;
	case 6:
		splice(fd, NULL, some(seed), NULL, 100, SPLICE_F_NONBLOCK);
		tee(fd, some(seed), 100, SPLICE_F_NONBLOCK);
		break;
	case 7:
		sendfile(some(seed), fd, NULL, 100);
		break;
	case 8:
		close(fcntl(fd, F_DUPFD, 100));
		break;
	default:
		ftruncate(fd, 5000);
		inotify_add_watch(fd, ".", IN_OPEN | IN_CLOSE);
		break;
	}
}

static void *closing_work(void *argument)
{
	uint64_t seed = storm_seed();

	while (storm_goes_on()) {
		file_replace(&seed);
		for (int i = 0; i < 4; i++)
			file_use(&seed);
		file_wait(&seed);
		storm_count(6);
	}
	return argument;
}

static void closing_storm(int index)
{
	(void)index;
	signal(SIGIO, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	watcher = epoll_create1(0);
	EXPECT(watcher >= 0);
	storm_threads(USERS, closing_work, NULL);
	syscall(SYS_close_range, 3, ~0u, 0);
}

/* Readers sleep in a pipe whose reading end is duplicated, closed and written to by others. */
static int quiet[2];

static void *blocked_read(void *argument)
{
	char byte;

	while (read(quiet[0], &byte, 1) == 1 && byte != 'q')
		storm_count(1);
	return argument;
}

static void *blocked_close(void *argument)
{
	while (storm_goes_on()) {
		int other = dup(quiet[0]);

		EXPECT(other >= 0);
		EXPECT_EQUAL(write(quiet[1], "x", 1), 1);
		close(other);
	}
	return argument;
}

static void blocked_storm(int index)
{
	pthread_t readers[USERS];

	(void)index;
	EXPECT_EQUAL(pipe(quiet), 0);
	for (int i = 0; i < USERS; i++)
		EXPECT_EQUAL(pthread_create(&readers[i], NULL, blocked_read, NULL), 0);
	storm_threads(2, blocked_close, NULL);
	for (int i = 0; i < USERS; i++)
		EXPECT_EQUAL(write(quiet[1], "q", 1), 1);
	for (int i = 0; i < USERS; i++)
		EXPECT_EQUAL(pthread_join(readers[i], NULL), 0);
	close(quiet[0]);
	close(quiet[1]);
}

static const struct storm storms[] = {
	{ "closing", closing_storm, 0 }, { "blocked", blocked_storm, 0 },
};

const struct storm_table close_storms = { storms, STORM_COUNT(storms) };
