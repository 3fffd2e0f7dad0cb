/*
 * The end of programs against everything else: exec and exit while other threads call, while
 * signals come, while timers go off, while parents die.
 */
#define _GNU_SOURCE
#include "storms.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { COMPANIONS = 3, MORTALS = 6 };

static int noise[2];

/* What a thread may be doing when its process ends or executes. */
static void *companion_work(void *argument)
{
	uint64_t seed = storm_seed();

	for (;;) {
		const struct timespec soon = { 0, 20000 };
		char bytes[64], *memory;
		pid_t pid;

		switch (storm_random(&seed) % 6) {
		case 0:
			nanosleep(&soon, NULL);
			break;
		case 1:
			(void)!write(noise[1], bytes, sizeof(bytes));
			break;
		case 2:
			(void)!read(noise[0], bytes, sizeof(bytes));
			break;
		case 3:
			memory = mmap(NULL, 65536, PROT_READ | PROT_WRITE,
				      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
			if (memory != MAP_FAILED)
				munmap(memory, 65536);
			break;
		case 4:
			pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
			if (pid == 0)
				_exit(0);
			waitpid(pid, NULL, 0);
			break;
		default:
			close(open("/dev/null", O_RDONLY | O_CLOEXEC));
			break;
		}
	}
	return argument;
}

static void companions_start(void)
{
	pthread_t thread;

	EXPECT_EQUAL(pipe2(noise, O_NONBLOCK | O_CLOEXEC), 0);
	for (int i = 0; i < COMPANIONS; i++)
		EXPECT_EQUAL(pthread_create(&thread, NULL, companion_work, NULL), 0);
}

static void *exec_also(void *argument)
{
	storm_execute((const char *)argument);
	return NULL;
}

/* Two threads execute at once, others call, and a stranger signals: one program comes out of it. */
static void exec_race(int index)
{
	uint64_t seed = storm_seed();

	(void)index;
	signal(SIGUSR1, SIG_IGN);
	while (storm_goes_on()) {
		pid_t pid = fork();
		int status;

		EXPECT(pid >= 0);
		if (pid == 0) {
			pthread_t other;

			companions_start();
			EXPECT_EQUAL(pthread_create(&other, NULL, exec_also, "one"), 0);
			storm_execute("two");
		}
		for (int i = 0; i < 20; i++) {
			storm_sleep((long)(storm_random(&seed) % 100));
			EXPECT_EQUAL(kill(pid, i & 1 ? SIGUSR1 : SIGCONT), 0);
			if (i % 5 == 4)
				EXPECT_EQUAL(kill(pid, SIGSTOP), 0);
		}
		EXPECT_EQUAL(kill(pid, SIGCONT), 0);
		EXPECT_EQUAL(waitpid(pid, &status, 0), pid);
		EXPECT_EQUAL(status, 21 << 8);
		storm_count(20);
	}
}

/* Killed at any moment of exec and of what comes before and after. */
static void exec_kill(int index)
{
	uint64_t seed = storm_seed();

	(void)index;
	while (storm_goes_on()) {
		pid_t pid = fork();
		int status;

		EXPECT(pid >= 0);
		if (pid == 0) {
			if (storm_random(&seed) & 1)
				companions_start();
			storm_execute("killed");
		}
		storm_sleep((long)(storm_random(&seed) % 3000));
		EXPECT_EQUAL(kill(pid, SIGKILL), 0);
		EXPECT_EQUAL(waitpid(pid, &status, 0), pid);
		EXPECT(status == SIGKILL || status == 21 << 8);
		storm_count(1);
	}
}

static void *mortal_work(void *argument)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN + 1,
		.sigev_value.sival_int = 1,
	};
	const struct itimerspec often = { { 0, 100000 }, { 0, 50000 } };
	timer_t timers[4];
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);

	for (int i = 0; i < 4; i++) {
		clockid_t clock = i == 3 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC;

		if (timer_create(clock, &event, &timers[i]) == 0)
			timer_settime(timers[i], 0, &often, NULL);
	}
	timerfd_settime(fd, 0, &often, NULL);
	for (int i = 0; i < 50 + (int)((uintptr_t)argument % 50); i++)
		sched_yield();
	if ((uintptr_t)argument == 1)
		syscall(SYS_exit_group, 7);
	return argument;
}

static void timer_note(int number)
{
	(void)number;
}

/* Timers of all kinds go off while their threads and their process end. */
static void timer_exit(int index)
{
	(void)index;
	while (storm_goes_on()) {
		pid_t pid = fork();
		int status;

		EXPECT(pid >= 0);
		if (pid == 0) {
			const struct itimerval often = { { 0, 200 }, { 0, 100 } };
			struct sigaction action = { .sa_handler = timer_note };
			pthread_t threads[MORTALS];

			sigaction(SIGRTMIN + 1, &action, NULL);
			sigaction(SIGALRM, &action, NULL);
			sigaction(SIGVTALRM, &action, NULL);
			setitimer(ITIMER_REAL, &often, NULL);
			setitimer(ITIMER_VIRTUAL, &often, NULL);
			for (uintptr_t i = 0; i < MORTALS; i++)
				pthread_create(&threads[i], NULL, mortal_work, (void *)i);
			for (int i = 0; i < MORTALS; i++)
				pthread_join(threads[i], NULL);
			_exit(8);
		}
		EXPECT_EQUAL(waitpid(pid, &status, 0), pid);
		EXPECT(status == 7 << 8 || status == 8 << 8);
		storm_count(MORTALS);
	}
}

/* Families die in any order: sub-reapers take orphans over while they end themselves. */
static void family_storm(int index)
{
	(void)index;
	EXPECT_EQUAL(prctl(PR_SET_CHILD_SUBREAPER, 1), 0);
	while (storm_goes_on()) {
		int reaped = 0;

		for (int i = 0; i < 4; i++) {
			pid_t pid = fork();

			EXPECT(pid >= 0);
			if (pid)
				continue;
			prctl(PR_SET_CHILD_SUBREAPER, i & 1);
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (int j = 0; j < 3; j++) {
				if (fork() == 0) {
					if (j & 1)
						setsid();
					(void)fork();
					_exit(0);
				}
			}
			_exit(0);
		}
		while (waitpid(-1, NULL, 0) > 0)
			reaped++;
		EXPECT_EQUAL(errno, ECHILD);
		EXPECT(reaped >= 4);
		storm_count(reaped);
	}
}

static const struct storm storms[] = {
	{ "exec_race", exec_race, 0 },	 { "exec_kill", exec_kill, 0 },
	{ "timer_exit", timer_exit, 0 }, { "family", family_storm, 0 },
};

const struct storm_table exec_storms = { storms, STORM_COUNT(storms) };
