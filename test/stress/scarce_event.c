/*
 * Waiting with scarce memory: pipes, epoll, poll, event files, terminals.
 */
#define _GNU_SOURCE
#include "scarce.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

enum { POLLED = 100, PIPE_BYTES = 1 << 20 };

static char block[65536];

static int pipes(void)
{
	int ends[2], others[2];

	TRY(pipe2(ends, O_NONBLOCK));
	TRY_ALL(write(ends[1], block, 60000), 60000);
	TRY_ALL(read(ends[0], block, 30000), 30000);
	TRY(fcntl(ends[1], F_SETPIPE_SZ, PIPE_BYTES));
	for (int i = 0; i < 8; i++)
		TRY_ALL(write(ends[1], block, sizeof(block)), sizeof(block));
	TRY(pipe2(others, O_NONBLOCK));
	TRY(tee(ends[0], others[1], 20000, 0));
	TRY(splice(ends[0], NULL, others[1], NULL, 10000, 0));
	return 0;
}

static void fifo_clean(void)
{
	unlink("scarce-fifo");
}

static int fifo(void)
{
	int fd;

	TRY(mkfifo("scarce-fifo", 0600));
	TRY(fd = open("scarce-fifo", O_RDWR | O_NONBLOCK));
	TRY_ALL(write(fd, block, 1000), 1000);
	TRY_ALL(read(fd, block, 1000), 1000);
	return close(fd);
}

static int epolls(void)
{
	struct epoll_event event = { .events = EPOLLIN }, found[4];
	uint64_t one = 1;
	int outer, inner, fd, ends[2];

	TRY(outer = epoll_create1(0));
	TRY(inner = epoll_create1(EPOLL_CLOEXEC));
	TRY(fd = eventfd(0, EFD_NONBLOCK));
	TRY(pipe(ends));
	TRY(epoll_ctl(inner, EPOLL_CTL_ADD, fd, &event));
	TRY(epoll_ctl(outer, EPOLL_CTL_ADD, inner, &event));
	TRY(epoll_ctl(outer, EPOLL_CTL_ADD, ends[0], &event));
	TRY(epoll_ctl(inner, EPOLL_CTL_ADD, ends[1], &(struct epoll_event){ .events = EPOLLET }));
	TRY_ALL(write(fd, &one, sizeof(one)), sizeof(one));
	TRY(epoll_wait(outer, found, 4, 0));
	event.events = EPOLLIN | EPOLLONESHOT;
	TRY(epoll_ctl(inner, EPOLL_CTL_MOD, fd, &event));
	TRY(epoll_ctl(outer, EPOLL_CTL_DEL, ends[0], NULL));
	close(inner);
	close(ends[1]);
	return 0;
}

static int polls(void)
{
	struct pollfd files[POLLED];
	struct timeval none = { 0, 0 };
	fd_set set;
	int ends[2], high;

	TRY(pipe(ends));
	for (int i = 0; i < POLLED; i++)
		files[i] = (struct pollfd){ ends[i & 1], POLLIN | POLLOUT, 0 };
	TRY(poll(files, POLLED, 1));
	TRY(high = fcntl(ends[0], F_DUPFD, 900));
	FD_ZERO(&set);
	FD_SET(high, &set);
	TRY(select(high + 1, &set, NULL, NULL, &none));
	return 0;
}

static int event_files(void)
{
	struct signalfd_siginfo information;
	sigset_t set;
	uint64_t value = 3;
	int fd;

	TRY(fd = eventfd(0, EFD_SEMAPHORE));
	TRY_ALL(write(fd, &value, sizeof(value)), sizeof(value));
	TRY_ALL(read(fd, &value, sizeof(value)), sizeof(value));
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	MUST_BE(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	TRY(fd = signalfd(-1, &set, SFD_NONBLOCK));
	MUST_BE(raise(SIGUSR1), 0);
	TRY_ALL(read(fd, &information, sizeof(information)), sizeof(information));
	TRY(fcntl(fd, F_SETFL, O_ASYNC));
	TRY(fcntl(fd, F_SETOWN, getpid()));
	return 0;
}

static int terminals(void)
{
	struct winsize size = { 24, 80, 0, 0 };
	struct termios settings;
	char path[64], line[64];
	int master, slave, number, lock = 0;

	TRY(master = open("/dev/ptmx", O_RDWR | O_NOCTTY));
	TRY(ioctl(master, TIOCSPTLCK, &lock));
	TRY(ioctl(master, TIOCGPTN, &number));
	snprintf(path, sizeof(path), "/dev/pts/%d", number);
	TRY(slave = open(path, O_RDWR | O_NOCTTY));
	TRY(ioctl(slave, TIOCSCTTY, 0));
	TRY(tcgetattr(slave, &settings));
	settings.c_lflag &= ~(tcflag_t)ECHO;
	TRY(tcsetattr(slave, TCSANOW, &settings));
	TRY(ioctl(slave, TIOCSWINSZ, &size));
	TRY_ALL(write(master, "line\n", 5), 5);
	TRY_ALL(read(slave, line, sizeof(line)), 5);
	TRY_ALL(write(slave, "answer", 6), 6);
	TRY_ALL(read(master, line, sizeof(line)), 6);
	TRY(tcsetpgrp(slave, getpid()));
	signal(SIGHUP, SIG_IGN);
	close(master);
	close(slave);
	return 0;
}

static const struct scenario scenarios[] = {
	{ "pipes", pipes, NULL, 0, 0 },
	{ "fifo", fifo, fifo_clean, 0, 0 },
	{ "epolls", epolls, NULL, 0, 0 },
	{ "polls", polls, NULL, 0, 0 },
	{ "event_files", event_files, NULL, 0, 0 },
	{ "terminals", terminals, NULL, 0, 0 },
};

const struct scenario_table event_scenarios = SCENARIO_TABLE(scenarios);
