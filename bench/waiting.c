/*
 * Rows of waiting for many files at once: select, poll and epoll over pipes, none of them ready
 * unless the row says so, always with a timeout of zero.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <unistd.h>

enum { FILE_LIMIT = 100 };

static int ends[2];
static struct pollfd polled[FILE_LIMIT];
static int epoll_fd;

/* As lmbench does, all descriptors are duplicates of one pipe's reading end. */
static int files_prepare(void)
{
	if (pipe(ends))
		return -errno;
	polled[0].fd = ends[0];
	polled[0].events = POLLIN;
	for (long i = 1; i < bench_row->variant; i++) {
		polled[i].fd = dup(ends[0]);
		polled[i].events = POLLIN;
		if (polled[i].fd < 0)
			return -errno;
	}
	return 0;
}

static int epoll_prepare(void)
{
	int error = files_prepare();
	long added = bench_row->variant;

	if (error)
		return error;
	epoll_fd = epoll_create1(0);
	if (epoll_fd < 0)
		return -errno;
	for (long i = 0; i < added; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = polled[i].fd };

		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, polled[i].fd, &event))
			return -errno;
	}
	return 0;
}

/* One more pipe, with a byte in it, among those that are not ready. */
static int epoll_ready_prepare(void)
{
	int error = epoll_prepare();
	int ready[2];
	struct epoll_event event = { .events = EPOLLIN };

	if (error)
		return error;
	if (pipe(ready) || write(ready[1], "x", 1) != 1)
		return -errno;
	return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ready[0], &event) ? -errno : 0;
}

static void select_operate(long count)
{
	long files = bench_row->variant;

	while (count--) {
		struct timeval none = { 0, 0 };
		fd_set set;

		FD_ZERO(&set);
		for (long i = 0; i < files; i++)
			FD_SET(polled[i].fd, &set);
		bench_check(select(polled[files - 1].fd + 1, &set, NULL, NULL, &none), "select");
	}
}

static void poll_operate(long count)
{
	while (count--)
		bench_check(poll(polled, (nfds_t)bench_row->variant, 0), "poll");
}

static void epoll_control_operate(long count)
{
	struct epoll_event event = { .events = EPOLLIN };

	while (count--) {
		bench_check(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, ends[1], &event), "epoll_ctl add");
		bench_check(epoll_ctl(epoll_fd, EPOLL_CTL_DEL, ends[1], NULL), "epoll_ctl del");
	}
}

static void epoll_wait_operate(long count)
{
	struct epoll_event events[8];

	while (count--)
		bench_check(epoll_wait(epoll_fd, events, 8, 0), "epoll_wait");
}

static const struct row rows[] = {
	{ .name = "select_10", .meaning = "select over 10 pipes", .operations = 2000,
	  .prepare = files_prepare, .operate = select_operate, .variant = 10 },
	{ .name = "select_100", .meaning = "select over 100 pipes", .operations = 400,
	  .prepare = files_prepare, .operate = select_operate, .variant = 100 },
	{ .name = "poll_10", .meaning = "poll over 10 pipes", .operations = 2000,
	  .prepare = files_prepare, .operate = poll_operate, .variant = 10 },
	{ .name = "poll_100", .meaning = "poll over 100 pipes", .operations = 400,
	  .prepare = files_prepare, .operate = poll_operate, .variant = 100 },
	{ .name = "epoll_add_delete", .meaning = "epoll_ctl: add a file and delete it",
	  .operations = 2000, .prepare = epoll_prepare, .operate = epoll_control_operate,
	  .variant = 10 },
	{ .name = "epoll_wait_idle", .meaning = "epoll_wait over 100 pipes, none ready",
	  .operations = 5000, .prepare = epoll_prepare, .operate = epoll_wait_operate,
	  .variant = 100 },
	{ .name = "epoll_wait_ready", .meaning = "epoll_wait over 101 pipes, one ready",
	  .operations = 5000, .prepare = epoll_ready_prepare, .operate = epoll_wait_operate,
	  .variant = 100 },
};

const struct row_table waiting_table = { rows, ROW_COUNT(rows) };
