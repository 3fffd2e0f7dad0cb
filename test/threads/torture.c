/*
 * Runs the checks of the pthread torture (those named, or all), each in a process of its own,
 * prints `ok NAME` or `not ok NAME: status, what failed` for each, and ends with one line:
 * `N passed, N failed`. --list prints their names. It is built with static glibc and with static
 * musl, and passes on Linux.
 */
#define _GNU_SOURCE
#include "torture.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { THREAD_LIMIT = 256, CHECK_SECONDS = 240, REASON_BYTES = 256 };

const char *torture_program;

/* Written by a failing check, read by who waits for it. */
static char *reason;

static const struct check_table *const tables[] = { &lock_table, &life_table, &signal_table };

void torture_fail(const char *file, int line, const char *what, long value)
{
	snprintf(reason, REASON_BYTES, ", %s:%d: %s (%ld, errno %d)", file, line, what, value,
		 errno);
	_exit(99);
}

pthread_t torture_start(void *(*run)(void *argument), void *argument)
{
	pthread_t thread;

	EXPECT_EQUAL(pthread_create(&thread, NULL, run, argument), 0);
	return thread;
}

void *torture_join(pthread_t thread)
{
	void *value = NULL;

	EXPECT_EQUAL(pthread_join(thread, &value), 0);
	return value;
}

/* What torture_run() hands to its threads, all of which begin together. */
struct gate {
	pthread_barrier_t barrier;
	void *(*run)(void *argument);
	_Atomic intptr_t next;
};

static void *gate_enter(void *argument)
{
	struct gate *gate = argument;
	intptr_t index = gate->next++;

	pthread_barrier_wait(&gate->barrier);
	return gate->run((void *)index);
}

void torture_run(int count, void *(*run)(void *argument))
{
	struct gate gate = { .run = run };
	pthread_t threads[THREAD_LIMIT];

	EXPECT_EQUAL(pthread_barrier_init(&gate.barrier, NULL, (unsigned int)count), 0);
	for (int i = 0; i < count; i++)
		threads[i] = torture_start(gate_enter, &gate);
	for (int i = 0; i < count; i++)
		torture_join(threads[i]);
}

void *torture_share(size_t size)
{
	void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	EXPECT(start != MAP_FAILED);
	return start;
}

uint64_t torture_now(int clock)
{
	struct timespec now;

	EXPECT_EQUAL(clock_gettime(clock, &now), 0);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

struct timespec torture_ahead(int clock, long milliseconds)
{
	uint64_t then = torture_now(clock) + (uint64_t)milliseconds * 1000000u;

	return (struct timespec){ (time_t)(then / 1000000000u), (long)(then % 1000000000u) };
}

void torture_sleep(long milliseconds)
{
	struct timespec left = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	while (nanosleep(&left, &left))
		EXPECT_EQUAL(errno, EINTR);
}

/* Returns 1 when the check passed. */
static int check_run(const struct check *check)
{
	int status = 0;

	fflush(stdout);
	reason[0] = '\0';

	pid_t pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		alarm(CHECK_SECONDS);
		check->run();
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		status = -1;
	/* What it started goes with it, and does not slow down the next one. */
	if (pid > 0)
		kill(-pid, SIGKILL);
	/* 128 says that a core was written, which depends on limits. */
	if (status != -1)
		status &= ~128;
	if (status == check->status) {
		printf("ok %s\n", check->name);
		return 1;
	}
	printf("not ok %s: status %#x%s\n", check->name, status, reason);
	return 0;
}

static int check_is_selected(const char *name, int count, char **names)
{
	for (int i = 0; i < count; i++) {
		if (!strcmp(name, names[i]))
			return 1;
	}
	return count == 0;
}

int main(int argc, char **argv)
{
	int only_lists = argc == 2 && !strcmp(argv[1], "--list");
	int passed = 0, failed = 0;

	/* Executed by a thread: the process has to be the one that executed. */
	if (argc == 3 && !strcmp(argv[1], "--executed"))
		return getpid() == atoi(argv[2]) ? 42 : 43;
	torture_program = argv[0];
	reason = torture_share(REASON_BYTES);
	for (size_t i = 0; i < CHECK_COUNT(tables); i++) {
		for (size_t j = 0; j < tables[i]->count; j++) {
			const struct check *check = &tables[i]->checks[j];

			if (only_lists)
				puts(check->name);
			else if (!check_is_selected(check->name, argc - 1, argv + 1))
				continue;
			else if (check_run(check))
				passed++;
			else
				failed++;
		}
	}
	if (only_lists)
		return 0;
	printf("%d passed, %d failed\n", passed, failed);
	return failed != 0;
}
