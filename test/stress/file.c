/*
 * Storms of files: pipes, names in one directory, descriptors of one table, pseudo-terminals,
 * epoll, locks, mounts.
 */
#define _GNU_SOURCE
#include "storms.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { STREAM_BYTES = 200000, NAMES = 16, WORKERS = 4 };

/* The child writes a stream in pieces of all sizes; it must arrive whole and in order. */
static void pipe_stream(uint64_t seed)
{
	static unsigned char buffer[9000];
	uint64_t sizes = seed * 77 + 1, bytes = seed;
	long left = STREAM_BYTES;
	int ends[2];
	pid_t pid;

	EXPECT_EQUAL(pipe(ends), 0);
	pid = fork();
	EXPECT(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		while (left > 0) {
			size_t length = storm_random(&sizes) % sizeof(buffer) + 1;

			for (size_t i = 0; i < length; i++)
				buffer[i] = (unsigned char)storm_random(&bytes);
			EXPECT_EQUAL(write(ends[1], buffer, length), length);
			left -= (long)length;
		}
		_exit(0);
	}
	close(ends[1]);
	sizes += 2;
	for (;;) {
		ssize_t length = read(ends[0], buffer, storm_random(&sizes) % sizeof(buffer) + 1);

		EXPECT(length >= 0);
		if (!length)
			break;
		for (ssize_t i = 0; i < length; i++)
			EXPECT_EQUAL(buffer[i], (unsigned char)storm_random(&bytes));
		left -= length;
	}
	EXPECT(left <= 0);
	close(ends[0]);
	storm_reap(pid, 0);
}

/* The reader goes while the writer writes: SIGPIPE ends it. */
static void pipe_break(void)
{
	int ends[2];
	char byte;
	pid_t pid;

	EXPECT_EQUAL(pipe(ends), 0);
	pid = fork();
	EXPECT(pid >= 0);
	if (pid == 0) {
		close(ends[0]);
		while (write(ends[1], "0123456789", 10) > 0)
			;
		_exit(1);
	}
	close(ends[1]);
	EXPECT_EQUAL(read(ends[0], &byte, 1), 1);
	close(ends[0]);
	storm_reap(pid, SIGPIPE);
}

static void pipe_storm(int index)
{
	for (uint64_t round = 1; storm_goes_on(); round++) {
		pipe_stream(round * 16 + (uint64_t)index);
		pipe_break();
		storm_count(STREAM_BYTES / 1024);
	}
}

/*
 * All processes create, rename, link and unlink the same few names in one directory, which stays:
 * no process knows when the last one is done.
 */
static void name_storm(int index)
{
	uint64_t seed = (uint64_t)index * 7919 + 1;
	char mine[64];

	mkdir("storm-names", 0777);
	snprintf(mine, sizeof(mine), "storm-names/own-%d", index);
	while (storm_goes_on()) {
		char from[64], to[64];
		int fd = open(mine, O_CREAT | O_EXCL | O_RDWR, 0600);
		long value = (long)storm_random(&seed), found = 0;
		struct stat status;

		snprintf(from, sizeof(from), "storm-names/%d", (int)(storm_random(&seed) % NAMES));
		snprintf(to, sizeof(to), "storm-names/%d", (int)(storm_random(&seed) % NAMES));
		EXPECT(fd >= 0);
		EXPECT_EQUAL(write(fd, &value, sizeof(value)), sizeof(value));
		EXPECT_EQUAL(rename(mine, from), 0);
		/* Others may have taken it away meanwhile; the open file stays. */
		if (rename(from, to))
			EXPECT_EQUAL(errno, ENOENT);
		if (link(to, from))
			EXPECT(errno == EEXIST || errno == ENOENT);
		if (symlink(to, mine))
			EXPECT(errno == EEXIST);
		EXPECT_EQUAL(unlink(mine), 0);
		if (unlink(to))
			EXPECT_EQUAL(errno, ENOENT);
		EXPECT_EQUAL(pread(fd, &found, sizeof(found), 0), sizeof(found));
		EXPECT_EQUAL(found, value);
		EXPECT_EQUAL(fstat(fd, &status), 0);
		EXPECT_EQUAL(status.st_size, sizeof(value));
		close(fd);
		storm_count(7);
	}
	for (int i = 0; i < NAMES; i++) {
		char name[64];

		snprintf(name, sizeof(name), "storm-names/%d", i);
		unlink(name);
	}
}

/* Directories move about while others walk through them; no cycle may arise, nothing be lost. */
static void tree_storm(int index)
{
	uint64_t seed = (uint64_t)index * 104729 + 1;
	char top[64];

	snprintf(top, sizeof(top), "storm-tree-%d", index);
	EXPECT_EQUAL(mkdir(top, 0700), 0);
	EXPECT_EQUAL(chdir(top), 0);
	while (storm_goes_on()) {
		struct stat status;

		EXPECT_EQUAL(mkdir("a", 0700), 0);
		EXPECT_EQUAL(mkdir("a/b", 0700), 0);
		EXPECT_EQUAL(mkdir("c", 0700), 0);
		EXPECT(rename("a", "a/b/d") == -1 && errno == EINVAL);
		EXPECT_EQUAL(rename("a", storm_random(&seed) & 1 ? "c" : "c/a"), 0);
		if (stat("c/a", &status))
			EXPECT_EQUAL(stat("c/b", &status), 0);
		rmdir("c/a/b");
		rmdir("c/a");
		rmdir("c/b");
		EXPECT_EQUAL(rmdir("c"), 0);
		storm_count(8);
	}
	EXPECT_EQUAL(chdir(".."), 0);
	EXPECT_EQUAL(rmdir(top), 0);
}

/* Threads open, duplicate and close in one table; reading never meets a wrong kind of error. */
static void *descriptor_work(void *argument)
{
	uint64_t seed = (uint64_t)(uintptr_t)&seed | 1;
	int base = *(int *)argument;

	while (storm_goes_on()) {
		int target = base + (int)(storm_random(&seed) % 8);
		char bytes[8] = { 1, 1, 1, 1, 1, 1, 1, 1 };
		int fd = open("/dev/zero", O_RDONLY);
		ssize_t length;

		EXPECT(fd >= 0);
		if (dup2(fd, target) < 0)
			EXPECT_EQUAL(errno, EBUSY);
		length = read(target, bytes, sizeof(bytes));
		if (length < 0)
			EXPECT_EQUAL(errno, EBADF);
		else
			EXPECT_EQUAL(bytes[7], 0);
		if (storm_random(&seed) % 3 == 0)
			close(target);
		EXPECT_EQUAL(close(fd), 0);
		storm_count(4);
	}
	return argument;
}

static void descriptor_storm(int index)
{
	int base = 100;

	(void)index;
	storm_threads(WORKERS, descriptor_work, &base);
}

static void pty_speak(int master, const char *path)
{
	char echo[64];
	size_t length = 0;
	pid_t pid = fork();

	EXPECT(pid >= 0);
	if (pid == 0) {
		char line[32];
		ssize_t got;
		int slave;

		EXPECT(setsid() > 0);
		slave = open(path, O_RDWR);
		EXPECT(slave >= 0);
		ioctl(slave, TIOCSCTTY, 0);
		close(master);
		got = read(slave, line, sizeof(line));
		EXPECT(got > 0);
		EXPECT_EQUAL(write(slave, line, (size_t)got), got);
		_exit(4);
	}
	EXPECT_EQUAL(write(master, "hello\n", 6), 6);
	/* The line discipline's echo, then the child's answer, each with CR LF. */
	while (length < 14) {
		ssize_t got = read(master, echo + length, sizeof(echo) - length);

		EXPECT(got > 0);
		length += (size_t)got;
	}
	EXPECT(!memcmp(echo, "hello\r\nhello\r\n", 14));
	storm_reap(pid, 4 << 8);
}

static void pty_storm(int index)
{
	(void)index;
	while (storm_goes_on()) {
		int master = posix_openpt(O_RDWR | O_NOCTTY);
		char path[64];
		int number, lock = 0;

		EXPECT(master >= 0);
		EXPECT_EQUAL(ioctl(master, TIOCSPTLCK, &lock), 0);
		EXPECT_EQUAL(ioctl(master, TIOCGPTN, &number), 0);
		snprintf(path, sizeof(path), "/dev/pts/%d", number);
		pty_speak(master, path);
		close(master);
		storm_count(1);
	}
}

/* Hanging up: the master goes while the session's leader reads; it is told by SIGHUP. */
static void hangup_storm(int index)
{
	(void)index;
	while (storm_goes_on()) {
		int master = posix_openpt(O_RDWR | O_NOCTTY), number, lock = 0;
		char path[64];
		int ready[2];
		pid_t pid;

		EXPECT(master >= 0);
		EXPECT_EQUAL(ioctl(master, TIOCSPTLCK, &lock), 0);
		EXPECT_EQUAL(ioctl(master, TIOCGPTN, &number), 0);
		snprintf(path, sizeof(path), "/dev/pts/%d", number);
		EXPECT_EQUAL(pipe(ready), 0);
		pid = fork();
		EXPECT(pid >= 0);
		if (pid == 0) {
			char byte;
			int slave;

			close(master);
			EXPECT(setsid() > 0);
			slave = open(path, O_RDWR);
			EXPECT(slave >= 0);
			EXPECT_EQUAL(ioctl(slave, TIOCSCTTY, 0), 0);
			close(ready[1]);
			close(ready[0]);
			while (read(slave, &byte, 1) > 0)
				;
			pause();
		}
		close(ready[1]);
		EXPECT_EQUAL(read(ready[0], path, 1), 0);
		close(ready[0]);
		close(master);
		storm_reap(pid, SIGHUP);
		storm_count(1);
	}
}

static int epoll_events[2];

static void *epoll_feed(void *argument)
{
	uint64_t one = 1;

	while (storm_goes_on()) {
		EXPECT_EQUAL(write(epoll_events[0], &one, sizeof(one)), sizeof(one));
		EXPECT_EQUAL(write(epoll_events[1], &one, sizeof(one)), sizeof(one));
	}
	return argument;
}

/* Files come and go in an epoll set while others wait on it and events arrive. */
static void epoll_storm(int index)
{
	pthread_t feeder;
	int set = epoll_create1(0);

	(void)index;
	EXPECT(set >= 0);
	for (int i = 0; i < 2; i++) {
		epoll_events[i] = eventfd(0, EFD_NONBLOCK);
		EXPECT(epoll_events[i] >= 0);
	}
	EXPECT_EQUAL(pthread_create(&feeder, NULL, epoll_feed, NULL), 0);
	while (storm_goes_on()) {
		struct epoll_event event = { .events = EPOLLIN | EPOLLET }, found[4];
		int extra = dup(epoll_events[0]), count;
		uint64_t value;

		EXPECT(extra >= 0);
		EXPECT_EQUAL(epoll_ctl(set, EPOLL_CTL_ADD, extra, &event), 0);
		EXPECT_EQUAL(epoll_ctl(set, EPOLL_CTL_ADD, epoll_events[1], &event), 0);
		count = epoll_wait(set, found, 4, 10);
		EXPECT(count >= 0 && count <= 2);
		if (read(epoll_events[1], &value, sizeof(value)) < 0)
			EXPECT_EQUAL(errno, EAGAIN);
		EXPECT_EQUAL(epoll_ctl(set, EPOLL_CTL_DEL, epoll_events[1], NULL), 0);
		EXPECT_EQUAL(epoll_ctl(set, EPOLL_CTL_DEL, extra, NULL), 0);
		close(extra);
		storm_count(5);
	}
	pthread_join(feeder, NULL);
	close(set);
}

/* A counter in a file, guarded by flock in one half of the rounds and by fcntl in the other. */
static void lock_storm(int index)
{
	int fd = open("storm-lock", O_CREAT | O_RDWR, 0600);

	(void)index;
	EXPECT(fd >= 0);
	while (storm_goes_on()) {
		struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 16 };
		long pair[2] = { 0, 0 };

		EXPECT_EQUAL(fcntl(fd, F_SETLKW, &range), 0);
		EXPECT(pread(fd, pair, sizeof(pair), 0) >= 0);
		EXPECT_EQUAL(pair[0], pair[1]);
		pair[0]++;
		EXPECT_EQUAL(pwrite(fd, pair, sizeof(long), 0), sizeof(long));
		pair[1]++;
		EXPECT_EQUAL(pwrite(fd, pair, sizeof(pair), 0), sizeof(pair));
		range.l_type = F_UNLCK;
		EXPECT_EQUAL(fcntl(fd, F_SETLK, &range), 0);
		EXPECT_EQUAL(flock(fd, LOCK_EX), 0);
		EXPECT_EQUAL(flock(fd, LOCK_UN), 0);
		storm_count(4);
	}
	close(fd);
	unlink("storm-lock");
}

static void mount_storm(int index)
{
	char top[64], name[80];

	if (getuid())
		return;
	snprintf(top, sizeof(top), "storm-mount-%d", index);
	snprintf(name, sizeof(name), "%s/file", top);
	EXPECT_EQUAL(mkdir(top, 0700), 0);
	while (storm_goes_on()) {
		int fd;

		EXPECT_EQUAL(mount("storm", top, "tmpfs", 0, "size=1m"), 0);
		fd = open(name, O_CREAT | O_RDWR, 0600);
		EXPECT(fd >= 0);
		EXPECT_EQUAL(write(fd, name, sizeof(name)), sizeof(name));
		EXPECT(umount(top) == -1 && errno == EBUSY);
		close(fd);
		EXPECT_EQUAL(umount(top), 0);
		EXPECT(access(name, F_OK) == -1 && errno == ENOENT);
		storm_count(3);
	}
	EXPECT_EQUAL(rmdir(top), 0);
}

static const struct storm storms[] = {
	{ "pipe", pipe_storm, 0 },	 { "name", name_storm, 0 },
	{ "tree", tree_storm, 0 },	 { "descriptor", descriptor_storm, 0 },
	{ "pty", pty_storm, 0 },	 { "hangup", hangup_storm, 0 },
	{ "epoll", epoll_storm, 0 },	 { "lock", lock_storm, 0 },
	{ "mount", mount_storm, 0 },
};

const struct storm_table file_storms = { storms, STORM_COUNT(storms) };
