/*
 * Storms of processes and threads: fork, exec, signals, futexes, timers.
 */
#define _GNU_SOURCE
#include "storms.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* futex(2): operations with FUTEX_PRIVATE_FLAG (128). */
enum { FUTEX_WAIT = 0 | 128, FUTEX_WAKE = 1 | 128, FUTEX_REQUEUE = 3 | 128 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static volatile long guarded, twin;
static _Atomic uint32_t words[2];
static _Atomic long caught;

/* A tree of processes; each node's status says how many there are below it, itself included. */
static int tree_grow(int depth)
{
	int sum = 1;

	for (int i = 0; depth && i < 2; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(tree_grow(depth - 1));
		EXPECT(pid > 0);
		EXPECT_EQUAL(waitpid(pid, &status, 0), pid);
		EXPECT(WIFEXITED(status));
		sum += WEXITSTATUS(status);
	}
	return sum;
}

static void orphan_leave(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		if (fork() == 0) {
			storm_sleep(500);
			_exit(0);
		}
		_exit(0);
	}
	EXPECT(pid > 0);
	storm_reap(pid, 0);
}

/* Memory written before the fork differs after it between parent and child. */
static void fork_storm(int index)
{
	static volatile long private_value[2048];

	while (storm_goes_on()) {
		pid_t pid;

		EXPECT_EQUAL(tree_grow(3), 15);
		orphan_leave();
		for (int i = 0; i < 2048; i += 256)
			private_value[i] = index;
		pid = fork();
		if (pid == 0) {
			for (int i = 0; i < 2048; i += 256) {
				EXPECT_EQUAL(private_value[i], index);
				private_value[i] = -1;
			}
			_exit(5);
		}
		storm_reap(pid, 5 << 8);
		for (int i = 0; i < 2048; i += 256)
			EXPECT_EQUAL(private_value[i], index);
		storm_count(18);
	}
}

/* Children that sleep, compute or wait are killed and reaped. */
static void kill_storm(int index)
{
	while (storm_goes_on()) {
		pid_t pids[8];

		for (int i = 0; i < 8; i++) {
			pids[i] = fork();
			EXPECT(pids[i] >= 0);
			if (pids[i])
				continue;
			if (i % 3 == 0)
				pause();
			while (i % 3 == 1)
				__asm__ volatile("" : : : "memory");
			for (;;)
				waitpid(-1, NULL, 0);
		}
		storm_sleep(index * 100);
		for (int i = 0; i < 8; i++) {
			if (i & 1)
				EXPECT_EQUAL(kill(pids[i], SIGSTOP), 0);
			EXPECT_EQUAL(kill(pids[i], SIGKILL), 0);
		}
		for (int i = 0; i < 8; i++)
			storm_reap(pids[i], SIGKILL);
		storm_count(8);
	}
}

/* Three things that are no program, then one that looks at its argument and environment. */
_Noreturn static void exec_try(char *const *arguments, char *const *variables)
{
	execve("/nonexistent", arguments, variables);
	execve("/dev/null", arguments, variables);
	execve("/", arguments, variables);
	execve(storm_program, arguments, variables);
	_exit(98);
}

static void exec_once(char *const *arguments, char *const *variables, int is_borrowed)
{
	pid_t pid = is_borrowed ? vfork() : fork();

	if (pid == 0)
		exec_try(arguments, variables);
	EXPECT(pid > 0);
	storm_reap(pid, 21 << 8);
}

static void exec_storm(int index)
{
	char value[2000];
	char *const arguments[] = { "storms", "--executed", value, NULL };
	char environment[sizeof(value) + 8];
	char *const variables[] = { environment, NULL };

	for (long round = 0; storm_goes_on(); round++) {
		size_t length = (size_t)(round * 37 + index) % (sizeof(value) - 1);

		memset(value, 'a' + (int)(round % 26), length);
		value[length] = 0;
		snprintf(environment, sizeof(environment), "STORM=%s", value);
		exec_once(arguments, variables, round & 1);
		storm_count(1);
	}
}

static void signal_note(int number)
{
	(void)number;
	caught++;
}

/* Two processes throw signals at each other while both run and return from handlers. */
static void signal_storm(int index)
{
	struct sigaction action = { .sa_handler = signal_note };
	pid_t parent = getpid(), pid;
	sigset_t set;

	(void)index;
	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	EXPECT_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
	EXPECT_EQUAL(sigaction(SIGRTMIN, &action, NULL), 0);
	EXPECT_EQUAL(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	pid = fork();
	EXPECT(pid >= 0);
	if (pid == 0) {
		while (storm_goes_on()) {
			kill(parent, SIGUSR1);
			kill(parent, SIGUSR2);
		}
		_exit(0);
	}
	while (storm_goes_on()) {
		long before = caught;

		EXPECT_EQUAL(kill(pid, SIGUSR1), 0);
		for (int i = 0; i < 10; i++)
			EXPECT_EQUAL(sigqueue(parent, SIGRTMIN, (union sigval){ 0 }), 0);
		EXPECT(caught - before >= 10);
		sigtimedwait(&set, NULL, &(struct timespec){ 0, 0 });
		storm_count(11);
	}
	storm_reap(pid, 0);
}

static void *futex_toss(void *argument)
{
	uint64_t seed = (uint64_t)(uintptr_t)&seed | 1;

	while (storm_goes_on()) {
		const struct timespec soon = { 0, 50000 };
		uint64_t dice = storm_random(&seed) % 4;
		_Atomic uint32_t *word = &words[dice & 1];
		uint32_t value = *word;

		if (dice < 2)
			syscall(SYS_futex, word, FUTEX_WAIT, value, &soon, NULL, 0);
		else if (dice == 2)
			syscall(SYS_futex, &words[0], FUTEX_REQUEUE, 1, 8, &words[1], 0);
		(*word)++;
		syscall(SYS_futex, word, FUTEX_WAKE, 2, NULL, NULL, 0);
		pthread_mutex_lock(&mutex);
		guarded++;
		if (dice == 3)
			pthread_cond_broadcast(&condition);
		twin++;
		EXPECT_EQUAL(guarded, twin);
		pthread_mutex_unlock(&mutex);
		storm_count(2);
	}
	return argument;
}

static void *condition_follow(void *argument)
{
	pthread_mutex_lock(&mutex);
	while (storm_goes_on()) {
		struct timespec limit;

		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_nsec += 1000000;
		limit.tv_sec += limit.tv_nsec / 1000000000;
		limit.tv_nsec %= 1000000000;
		pthread_cond_timedwait(&condition, &mutex, &limit);
		EXPECT_EQUAL(guarded, twin);
	}
	pthread_mutex_unlock(&mutex);
	return argument;
}

static void futex_storm(int index)
{
	pthread_t followers[2];

	(void)index;
	for (int i = 0; i < 2; i++)
		EXPECT_EQUAL(pthread_create(&followers[i], NULL, condition_follow, NULL), 0);
	storm_threads(4, futex_toss, NULL);
	for (int i = 0; i < 2; i++)
		pthread_join(followers[i], NULL);
}

static void *thread_nothing(void *argument)
{
	storm_count(1);
	return argument;
}

static void thread_storm(int index)
{
	(void)index;
	while (storm_goes_on())
		storm_threads(16, thread_nothing, NULL);
}

/* Sleeps and timers of all lengths: none may end early, and each timer must go off. */
static void timer_storm(int index)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGUSR1 };
	struct sigaction action = { .sa_handler = signal_note, .sa_flags = SA_RESTART };
	const struct itimerspec often = { { 0, 300000 }, { 0, 300000 } };
	uint64_t seed = (uint64_t)index + 1;
	timer_t timer;
	int fd = timerfd_create(CLOCK_MONOTONIC, 0);

	EXPECT(fd >= 0);
	EXPECT_EQUAL(sigaction(SIGUSR1, &action, NULL), 0);
	EXPECT_EQUAL(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
	EXPECT_EQUAL(timer_settime(timer, 0, &often, NULL), 0);
	while (storm_goes_on()) {
		long length_ns = (long)(storm_random(&seed) % 2000000) + 1;
		struct itimerspec once = { { 0, 0 }, { 0, length_ns } };
		uint64_t begin = storm_now(), expirations = 0;

		EXPECT_EQUAL(timerfd_settime(fd, 0, &once, NULL), 0);
		EXPECT_EQUAL(read(fd, &expirations, sizeof(expirations)), sizeof(expirations));
		EXPECT_EQUAL(expirations, 1);
		EXPECT(storm_now() - begin >= (uint64_t)length_ns);
		begin = storm_now();
		storm_sleep(length_ns / 1000);
		EXPECT(storm_now() - begin >= (uint64_t)(length_ns / 1000 * 1000));
		/* Armed and disarmed before it can go off. */
		once.it_value.tv_sec = 100;
		EXPECT_EQUAL(timerfd_settime(fd, 0, &once, NULL), 0);
		once.it_value.tv_sec = once.it_value.tv_nsec = 0;
		EXPECT_EQUAL(timerfd_settime(fd, 0, &once, NULL), 0);
		storm_count(3);
	}
	EXPECT_EQUAL(timer_delete(timer), 0);
	EXPECT(caught > 0);
	close(fd);
}

static const struct storm storms[] = {
	{ "fork", fork_storm, 0 },	 { "kill", kill_storm, 0 },
	{ "exec", exec_storm, 0 },	 { "signal", signal_storm, 0 },
	{ "futex", futex_storm, 0 },	 { "thread", thread_storm, 0 },
	{ "timer", timer_storm, 0 },
};

const struct storm_table process_storms = { storms, STORM_COUNT(storms) };
