/*
 * Terminals: sessions with jobs in the foreground and behind, typed signals, hang-ups against
 * readers and writers.
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
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { TALKERS = 4 };

static int pair_open(char *path, size_t size)
{
	int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), number, lock = 0;

	EXPECT(master >= 0);
	EXPECT_EQUAL(ioctl(master, TIOCSPTLCK, &lock), 0);
	EXPECT_EQUAL(ioctl(master, TIOCGPTN, &number), 0);
	snprintf(path, size, "/dev/pts/%d", number);
	return master;
}

static int pair[2];

static void *pair_talk(void *argument)
{
	uint64_t seed = storm_seed();
	struct winsize size = { 20, 70, 0, 0 };
	struct termios settings;
	char bytes[200];

	for (int i = 0; i < 60; i++) {
		int side = pair[storm_random(&seed) & 1];
		struct pollfd file = { side, POLLIN | POLLOUT, 0 };

		switch (storm_random(&seed) % 8) {
		case 0:
		case 1:
			memset(bytes, "a\n\003x"[storm_random(&seed) % 4], sizeof(bytes));
			(void)!write(side, bytes, 1 + storm_random(&seed) % (sizeof(bytes) - 1));
			break;
		case 2:
		case 3:
			(void)!read(side, bytes, sizeof(bytes));
			break;
		case 4:
			EXPECT(poll(&file, 1, 1) >= 0);
			break;
		case 5:
			if (tcgetattr(side, &settings) == 0) {
				settings.c_lflag ^= ICANON | ECHO;
				tcsetattr(side, TCSAFLUSH, &settings);
			}
			break;
		case 6:
			ioctl(side, TIOCSWINSZ, &size);
			break;
		default:
			ioctl(side, TCFLSH, (int)(storm_random(&seed) % 3));
			break;
		}
		storm_count(1);
	}
	return argument;
}

static void *pair_close(void *argument)
{
	storm_sleep((long)(storm_now() % 3000));
	close(pair[storm_now() & 1]);
	return argument;
}

/* Both ends are read and written by many, and one of them goes at some moment. */
static void talk_storm(int index)
{
	char path[64];

	(void)index;
	signal(SIGHUP, SIG_IGN);
	signal(SIGIO, SIG_IGN);
	while (storm_goes_on()) {
		pthread_t talkers[TALKERS], closer;

		pair[0] = pair_open(path, sizeof(path));
		pair[1] = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
		EXPECT(pair[1] >= 0);
		fcntl(pair[0], F_SETFL, O_NONBLOCK);
		for (int i = 0; i < TALKERS; i++)
			EXPECT_EQUAL(pthread_create(&talkers[i], NULL, pair_talk, NULL), 0);
		EXPECT_EQUAL(pthread_create(&closer, NULL, pair_close, NULL), 0);
		pthread_join(closer, NULL);
		for (int i = 0; i < TALKERS; i++)
			pthread_join(talkers[i], NULL);
		close(pair[0]);
		close(pair[1]);
	}
}

/* A job: in a group of its own, it reads from the terminal until it is ended. */
static pid_t job_start(int terminal, int is_foreground)
{
	pid_t pid = fork();

	EXPECT(pid >= 0);
	if (pid == 0) {
		char byte;

		setpgid(0, 0);
		if (is_foreground)
			tcsetpgrp(terminal, getpid());
		signal(SIGTTOU, SIG_DFL);
		signal(SIGINT, SIG_DFL);
		signal(SIGTSTP, SIG_DFL);
		while (read(terminal, &byte, 1) > 0)
			;
		_exit(5);
	}
	setpgid(pid, pid);
	if (is_foreground)
		tcsetpgrp(terminal, pid);
	return pid;
}

/* Waits for a change of a job. One that ended by itself met the hang-up, which ends all. */
static int job_wait(pid_t pid)
{
	int status;

	EXPECT_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
	while (WIFEXITED(status))
		pause();
	return status;
}

/* What a shell does: one job reads, one is stopped by reading behind it, ^C ends, ^Z stops. */
_Noreturn static void shell_run(const char *path)
{
	int terminal, status;
	pid_t front, behind;

	/* Keys are typed from the moment that the terminal has a session. */
	signal(SIGTTOU, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	EXPECT(setsid() > 0);
	terminal = open(path, O_RDWR);
	EXPECT(terminal >= 0);
	EXPECT_EQUAL(ioctl(terminal, TIOCSCTTY, 0), 0);
	for (;;) {
		front = job_start(terminal, 1);
		behind = job_start(terminal, 0);
		status = job_wait(behind);
		EXPECT(WIFSTOPPED(status) && WSTOPSIG(status) == SIGTTIN);
		/* Typed by the master at any moment: what ends the front job, or stops it. */
		status = job_wait(front);
		if (WIFSTOPPED(status)) {
			EXPECT_EQUAL(WSTOPSIG(status), SIGTSTP);
			EXPECT_EQUAL(kill(-front, SIGKILL), 0);
			status = job_wait(front);
			EXPECT_EQUAL(status, SIGKILL);
		}
		EXPECT_EQUAL(WTERMSIG(status) == SIGINT || WTERMSIG(status) == SIGKILL, 1);
		tcsetpgrp(terminal, getpgrp());
		EXPECT_EQUAL(kill(-behind, SIGKILL), 0);
		EXPECT_EQUAL(job_wait(behind), SIGKILL);
		storm_count(2);
	}
}

static void job_storm(int index)
{
	(void)index;
	while (storm_goes_on()) {
		char path[64], echo[256];
		int master = pair_open(path, sizeof(path));
		uint64_t seed = storm_seed();
		pid_t shell = fork();
		int status;

		EXPECT(shell >= 0);
		if (shell == 0) {
			close(master);
			shell_run(path);
		}
		fcntl(master, F_SETFL, O_NONBLOCK);
		/* Until it is the shell's there is nobody to hang up on. */
		while (tcgetpgrp(master) <= 0)
			storm_sleep(100);
		for (int i = 0; i < 100 && storm_goes_on(); i++) {
			(void)!write(master, storm_random(&seed) & 1 ? "\003" : "\032", 1);
			(void)!read(master, echo, sizeof(echo));
			storm_sleep((long)(storm_random(&seed) % 2000));
			/* It would have ended only because something was wrong. */
			if (waitpid(shell, &status, WNOHANG) != 0)
				storm_fail(__FILE__, __LINE__, "the shell ended", status);
		}
		/* The hang-up ends the shell, and the group in front. */
		close(master);
		EXPECT_EQUAL(waitpid(shell, &status, 0), shell);
		EXPECT_EQUAL(status, SIGHUP);
	}
}

static const struct storm storms[] = {
	{ "talk", talk_storm, 0 }, { "job", job_storm, 0 },
};

const struct storm_table terminal_storms = { storms, STORM_COUNT(storms) };
