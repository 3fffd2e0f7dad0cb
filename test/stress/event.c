/*
 * Storms of waiting: pipes with many readers and writers, epolls that change while they are waited
 * on, named pipes that open and close, files that are closed under pollers.
 */
#define _GNU_SOURCE
#include "storms.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	WRITERS = 3,
	RECORD_LIMIT = 600,		/* below PIPE_BUF: written whole */
	WATCHED = 12,
	WAITERS = 3,
};

/* A record of a pipe: its length and as many bytes of a pattern. */
struct record {
	uint32_t length, seed;
	unsigned char bytes[RECORD_LIMIT];
};
#define RECORD_HEAD offsetof(struct record, bytes)

static _Atomic long written, taken;
static int record_ends[2];

static void *record_write(void *argument)
{
	uint64_t seed = (uintptr_t)argument + 7;
	struct record record;

	while (storm_goes_on()) {
		record.length = storm_random(&seed) % RECORD_LIMIT;
		record.seed = (uint32_t)seed;
		for (uint32_t i = 0; i < record.length; i++)
			record.bytes[i] = (unsigned char)(record.seed + i);
		EXPECT_EQUAL(write(record_ends[1], &record, RECORD_HEAD + record.length),
			     RECORD_HEAD + record.length);
		written += record.length;
		storm_count(1);
	}
	return argument;
}

static pthread_mutex_t reading = PTHREAD_MUTEX_INITIALIZER;

static int record_read_part(void *to, size_t length)
{
	for (size_t got = 0; got < length;) {
		ssize_t part = read(record_ends[0], (char *)to + got, length - got);

		if (part == 0)
			return 0;
		EXPECT(part > 0);
		got += (size_t)part;
	}
	return 1;
}

static void *record_read(void *argument)
{
	struct record record;

	for (;;) {
		pthread_mutex_lock(&reading);
		if (!record_read_part(&record, RECORD_HEAD))
			break;
		EXPECT(record.length < RECORD_LIMIT);
		EXPECT(record.length == 0 || record_read_part(record.bytes, record.length));
		pthread_mutex_unlock(&reading);
		for (uint32_t i = 0; i < record.length; i++)
			EXPECT(record.bytes[i] == (unsigned char)(record.seed + i));
		taken += record.length;
	}
	pthread_mutex_unlock(&reading);
	return argument;
}

/* Several writers, several readers: every record arrives whole, and none is lost. */
static void record_storm(int index)
{
	pthread_t readers[2];

	(void)index;
	EXPECT_EQUAL(pipe(record_ends), 0);
	for (int i = 0; i < 2; i++)
		EXPECT_EQUAL(pthread_create(&readers[i], NULL, record_read, NULL), 0);
	storm_threads(WRITERS, record_write, NULL);
	close(record_ends[1]);
	for (int i = 0; i < 2; i++)
		pthread_join(readers[i], NULL);
	EXPECT_EQUAL(taken, written);
	close(record_ends[0]);
}

static int watcher, watched[WATCHED];
static _Atomic long told, counted;

static void event_take(int slot, uint32_t mode)
{
	struct epoll_event again = { .events = EPOLLIN | mode, .data.u32 = (uint32_t)slot };
	uint64_t value;

	if (read(watched[slot], &value, sizeof(value)) == sizeof(value))
		counted += (long)value;
	else
		EXPECT_EQUAL(errno, EAGAIN);
	if (mode & EPOLLONESHOT)
		EXPECT_EQUAL(epoll_ctl(watcher, EPOLL_CTL_MOD, watched[slot], &again), 0);
}

static uint32_t mode_of(int slot)
{
	return slot % 3 == 0 ? 0 : slot % 3 == 1 ? EPOLLET : EPOLLONESHOT;
}

static void *event_wait(void *argument)
{
	struct epoll_event events[4];

	for (;;) {
		int count = epoll_wait(watcher, events, 4, 200);

		EXPECT(count >= 0);
		if (count == 0 && !storm_goes_on() && counted == told)
			return argument;
		for (int i = 0; i < count; i++)
			event_take((int)events[i].data.u32, mode_of((int)events[i].data.u32));
	}
}

static void *event_tell(void *argument)
{
	uint64_t seed = (uintptr_t)&seed ^ 99, value = 1;

	while (storm_goes_on()) {
		int slot = (int)(storm_random(&seed) % WATCHED);

		told++;
		EXPECT_EQUAL(write(watched[slot], &value, sizeof(value)), sizeof(value));
		storm_count(1);
	}
	return argument;
}

/* Adds and takes away files that nobody writes to, and closes some while they are watched. */
static void *event_change(void *argument)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };

	while (storm_goes_on()) {
		int fd = eventfd(0, EFD_NONBLOCK), ends[2], inner = epoll_create1(0);

		EXPECT(fd >= 0 && inner >= 0);
		EXPECT_EQUAL(pipe(ends), 0);
		EXPECT_EQUAL(epoll_ctl(watcher, EPOLL_CTL_ADD, ends[0], &event), 0);
		EXPECT_EQUAL(epoll_ctl(inner, EPOLL_CTL_ADD, fd, &event), 0);
		EXPECT_EQUAL(epoll_ctl(inner, EPOLL_CTL_ADD, ends[0], &event), 0);
		EXPECT_EQUAL(epoll_ctl(watcher, EPOLL_CTL_ADD, inner, &event), 0);
		EXPECT_EQUAL(epoll_ctl(watcher, EPOLL_CTL_DEL, ends[0], NULL), 0);
		close(ends[0]);
		close(inner);
		close(fd);
		close(ends[1]);
		storm_count(7);
	}
	return argument;
}

static void epoll_storm(int index)
{
	pthread_t waiters[WAITERS], changers[2];

	(void)index;
	watcher = epoll_create1(0);
	for (int i = 0; i < WATCHED; i++) {
		struct epoll_event event = {
			.events = EPOLLIN | mode_of(i), .data.u32 = (uint32_t)i,
		};

		watched[i] = eventfd(0, EFD_NONBLOCK);
		EXPECT_EQUAL(epoll_ctl(watcher, EPOLL_CTL_ADD, watched[i], &event), 0);
	}
	for (int i = 0; i < WAITERS; i++)
		EXPECT_EQUAL(pthread_create(&waiters[i], NULL, event_wait, NULL), 0);
	for (int i = 0; i < 2; i++)
		EXPECT_EQUAL(pthread_create(&changers[i], NULL, event_change, NULL), 0);
	storm_threads(2, event_tell, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(changers[i], NULL);
	for (int i = 0; i < WAITERS; i++)
		pthread_join(waiters[i], NULL);
	EXPECT_EQUAL(counted, told);
	for (int i = 0; i < WATCHED; i++)
		close(watched[i]);
	close(watcher);
}

static int shared_ends[2];

static void *poll_wait(void *argument)
{
	while (storm_goes_on()) {
		struct pollfd files[6];
		char byte;

		for (int i = 0; i < 6; i++)
			files[i] = (struct pollfd){ shared_ends[i & 1], i & 1 ? 0 : POLLIN, 0 };
		EXPECT(poll(files, 6, 20) >= 0);
		EXPECT(!(files[0].revents & ~POLLIN));
		if (files[0].revents & POLLIN)
			EXPECT(read(shared_ends[0], &byte, 1) == 1 || errno == EAGAIN);
		storm_count(1);
	}
	return argument;
}

static void *poll_write(void *argument)
{
	while (storm_goes_on()) {
		EXPECT(write(shared_ends[1], "x", 1) == 1 || errno == EAGAIN);
		if (rand() % 4 == 0)
			storm_sleep(50);
	}
	return argument;
}

/* Pollers of a pipe, each with three entries on it, and a writer in the same process. */
static void poll_storm(int index)
{
	pthread_t writer;

	(void)index;
	EXPECT_EQUAL(pipe2(shared_ends, O_NONBLOCK), 0);
	EXPECT_EQUAL(pthread_create(&writer, NULL, poll_write, NULL), 0);
	storm_threads(4, poll_wait, NULL);
	pthread_join(writer, NULL);
	close(shared_ends[0]);
	close(shared_ends[1]);
}

/* Both sides of a named pipe open, pass a line and close, over and over. */
static void fifo_storm(int index)
{
	char name[32], line[16];
	pid_t pid;

	snprintf(name, sizeof(name), "fifo%d", index);
	unlink(name);
	EXPECT_EQUAL(mkfifo(name, 0600), 0);
	while (storm_goes_on()) {
		int fd;

		pid = fork();
		EXPECT(pid >= 0);
		if (pid == 0) {
			fd = open(name, O_WRONLY);
			EXPECT(fd >= 0);
			EXPECT_EQUAL(write(fd, "line", 5), 5);
			_exit(0);
		}
		fd = open(name, O_RDONLY);
		EXPECT(fd >= 0);
		EXPECT_EQUAL(read(fd, line, sizeof(line)), 5);
		EXPECT_EQUAL(read(fd, line, sizeof(line)), 0);
		close(fd);
		storm_reap(pid, 0);
		storm_count(6);
	}
	unlink(name);
}

static const struct storm storms[] = {
	{ "record", record_storm, 0 },
	{ "epoll", epoll_storm, 0 },
	{ "poll", poll_storm, 0 },
	{ "fifo", fifo_storm, 0 },
};

const struct storm_table event_storms = { storms, STORM_COUNT(storms) };
