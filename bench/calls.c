/*
 * Rows of single calls: what it costs to enter the kernel, reach a file or a clock, and return.
 * Calls that a C library might answer by itself are made directly.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { SLEEP_NS = 50000, DEPTH = 8 };

static int call_fd = -1;
static char call_path[256];

static int path_prepare(void)
{
	int fd = open(bench_path(call_path, sizeof(call_path), "file"), O_CREAT | O_RDWR, 0600);

	if (fd < 0)
		return -errno;
	call_fd = fd;
	return 0;
}

static void path_finish(void)
{
	close(call_fd);
	unlink(call_path);
}

static int zero_prepare(void)
{
	call_fd = open("/dev/zero", O_RDONLY);
	return call_fd < 0 ? -errno : 0;
}

static int null_prepare(void)
{
	call_fd = open("/dev/null", O_RDWR);
	return call_fd < 0 ? -errno : 0;
}

/* The deepest name is a file in five directories below the benchmark's own. */
static int depth_prepare(void)
{
	bench_path(call_path, sizeof(call_path), "");
	for (int i = 0; i < DEPTH - 3; i++) {
		strcat(call_path, "d/");
		if (mkdir(call_path, 0700) && errno != EEXIST)
			return -errno;
	}
	strcat(call_path, "file");
	call_fd = open(call_path, O_CREAT | O_RDWR, 0600);
	return call_fd < 0 ? -errno : 0;
}

static void depth_finish(void)
{
	close(call_fd);
	unlink(call_path);
	for (int i = 0; i < DEPTH - 3; i++) {
		*strrchr(call_path, '/') = 0;
		rmdir(call_path);
	}
}

static void getppid_operate(long count)
{
	while (count--)
		syscall(SYS_getppid);
}

static void getpid_operate(long count)
{
	while (count--)
		syscall(SYS_getpid);
}

static void read_operate(long count)
{
	char byte;

	while (count--)
		bench_check(read(call_fd, &byte, 1), "read");
}

static void write_operate(long count)
{
	while (count--)
		bench_check(write(call_fd, "x", 1), "write");
}

static void stat_operate(long count)
{
	struct stat status;

	while (count--)
		bench_check(stat(call_path, &status), "stat");
}

static void fstat_operate(long count)
{
	struct stat status;

	while (count--)
		bench_check(fstat(call_fd, &status), "fstat");
}

static void open_operate(long count)
{
	while (count--)
		close((int)bench_check(open(call_path, O_RDONLY), "open"));
}

static void dup_operate(long count)
{
	while (count--)
		close((int)bench_check(dup(call_fd), "dup"));
}

static void yield_operate(long count)
{
	while (count--)
		sched_yield();
}

static void clock_operate(long count)
{
	struct timespec now;

	while (count--)
		clock_gettime(CLOCK_MONOTONIC, &now);
}

static void clock_call_operate(long count)
{
	struct timespec now;

	while (count--)
		bench_check(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now), "clock_gettime");
}

/* A slack of 1 ns keeps the kernel from putting the wake-up off to join it with others. */
static int sleep_prepare(void)
{
	prctl(PR_SET_TIMERSLACK, 1);
	return 0;
}

static void sleep_operate(long count)
{
	const struct timespec wait = { 0, SLEEP_NS };

	while (count--)
		bench_check(nanosleep(&wait, NULL), "nanosleep");
}

#define SIMPLE(name_, meaning_, count_, prepare_, operate_, finish_) { \
	.name = name_, .meaning = meaning_, .operations = count_, \
	.prepare = prepare_, .operate = operate_, .finish = finish_ }

static const struct row rows[] = {
	SIMPLE("null_call", "getppid: into the kernel and back", 20000, NULL, getppid_operate,
	       NULL),
	SIMPLE("getpid", "getpid", 20000, NULL, getpid_operate, NULL),
	SIMPLE("read_zero", "read 1 byte of /dev/zero", 10000, zero_prepare, read_operate, NULL),
	SIMPLE("write_null", "write 1 byte to /dev/null", 10000, null_prepare, write_operate,
	       NULL),
	SIMPLE("stat", "stat by a path of three components", 3000, path_prepare, stat_operate,
	       path_finish),
	SIMPLE("fstat", "stat of an open file", 10000, path_prepare, fstat_operate, path_finish),
	SIMPLE("open_close", "open and close by a path of three components", 3000, path_prepare,
	       open_operate, path_finish),
	SIMPLE("open_close_depth8", "open and close by a path of eight components", 2000,
	       depth_prepare, open_operate, depth_finish),
	SIMPLE("dup_close", "dup and close", 5000, null_prepare, dup_operate, NULL),
	SIMPLE("sched_yield", "sched_yield with nobody else to run", 10000, NULL, yield_operate,
	       NULL),
	SIMPLE("clock_vdso", "clock_gettime as the C library does it", 20000, NULL,
	       clock_operate, NULL),
	SIMPLE("clock_call", "clock_gettime as a system call", 10000, NULL, clock_call_operate,
	       NULL),
	{ .name = "nanosleep", .meaning = "what a sleep of 50 us takes beyond the 50 us",
	  .operations = 500, .prepare = sleep_prepare, .operate = sleep_operate,
	  .excused_ns = SLEEP_NS },
};

const struct row_table calls_table = { rows, ROW_COUNT(rows) };
