/*
 * Checks of a thread's life: birth and death in masses, its own storage and stack, cancellation,
 * fork, exec and exit among threads, and one address space seen by all of them.
 */
#define _GNU_SOURCE
#include "torture.h"

#include <errno.h>
#include <limits.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static _Atomic long alive, ended;
static pthread_barrier_t barrier;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static sem_t semaphore;
static pthread_key_t key;
static int ends[2];

static void *thread_count(void *argument)
{
	ended++;
	return (void *)((intptr_t)argument * 3);
}

static void join_storm(void)
{
	for (int round = 0; round < 100; round++) {
		pthread_t threads[20];

		for (intptr_t i = 0; i < 20; i++)
			threads[i] = torture_start(thread_count, (void *)i);
		for (intptr_t i = 0; i < 20; i++)
			EXPECT_EQUAL((intptr_t)torture_join(threads[i]), i * 3);
	}
	EXPECT_EQUAL(ended, 2000);
}

static void detached_storm(void)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 65536);
	for (int i = 0; i < 1000; i++) {
		EXPECT_EQUAL(pthread_create(&thread, &attributes, thread_count, NULL), 0);
		while (i + 1 - ended > 32)
			sched_yield();
	}
	while (ended < 1000)
		torture_sleep(1);
}

static void *crowd_wait(void *argument)
{
	alive++;
	pthread_barrier_wait(&barrier);
	EXPECT_EQUAL(alive, 200);
	return argument;
}

static void crowd(void)
{
	pthread_barrier_init(&barrier, NULL, 200);
	torture_run(200, crowd_wait);
}

/* Thread-local storage, with an alignment of its own, starts afresh in each thread. */
static _Thread_local long local_value = 1234;
static _Thread_local _Alignas(64) char local_block[256];

static void *local_use(void *argument)
{
	EXPECT_EQUAL(local_value, 1234);
	EXPECT_EQUAL((uintptr_t)local_block % 64, 0);
	for (size_t i = 0; i < sizeof(local_block); i++)
		EXPECT_EQUAL(local_block[i], 0);
	local_value = (intptr_t)argument;
	memset(local_block, (int)local_value, sizeof(local_block));
	for (int i = 0; i < 50; i++) {
		sched_yield();
		EXPECT_EQUAL(local_value, (intptr_t)argument);
		EXPECT_EQUAL(local_block[200], (char)local_value);
	}
	return argument;
}

static void local_storage(void)
{
	for (int i = 0; i < 10; i++)
		torture_run(16, local_use);
	EXPECT_EQUAL(local_value, 1234);
}

/* The destructor sets the value again once, so it has to be called again. */
static void key_destroy(void *value)
{
	ended++;
	if ((intptr_t)value < 1000)
		pthread_setspecific(key, (void *)((intptr_t)value + 1000));
}

static void *key_use(void *argument)
{
	EXPECT(!pthread_getspecific(key));
	EXPECT_EQUAL(pthread_setspecific(key, (void *)((intptr_t)argument + 1)), 0);
	sched_yield();
	EXPECT_EQUAL((intptr_t)pthread_getspecific(key), (intptr_t)argument + 1);
	return argument;
}

static void key_destructors(void)
{
	EXPECT_EQUAL(pthread_key_create(&key, key_destroy), 0);
	torture_run(30, key_use);
	EXPECT_EQUAL(ended, 60);
}

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void once_run(void)
{
	torture_sleep(20);
	ended++;
}

static void *once_use(void *argument)
{
	pthread_once(&once, once_run);
	EXPECT_EQUAL(ended, 1);
	return argument;
}

static void once_only(void)
{
	torture_run(8, once_use);
}

static long stack_descend(long depth)
{
	volatile char frame[512];

	frame[0] = (char)depth;
	return depth ? stack_descend(depth - 1) + (frame[0] == (char)depth) : 0;
}

static void *stack_use(void *argument)
{
	EXPECT_EQUAL(stack_descend((intptr_t)argument), (intptr_t)argument);
	return argument;
}

static void stack_run(long depth)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	EXPECT_EQUAL(pthread_attr_setstacksize(&attributes, 512 << 10), 0);
	EXPECT_EQUAL(pthread_attr_setguardsize(&attributes, 65536), 0);
	EXPECT_EQUAL(pthread_create(&thread, &attributes, stack_use, (void *)depth), 0);
	torture_join(thread);
}

static void stack_deep(void)
{
	stack_run(600);
}

/* The guard ends the process with SIGSEGV: the status that the table expects. */
static void stack_overflow(void)
{
	stack_run(100000);
}

static void cleanup_note(void *argument)
{
	*(int *)argument += 1;
	ended++;
}

static void cleanup_unlock(void *argument)
{
	EXPECT_EQUAL(pthread_mutex_unlock(argument), 0);
}

/* One way to wait for ever per index; each is a cancellation point. */
static void wait_for_ever(long how)
{
	char byte;

	switch (how) {
	case 0:
		(void)!read(ends[0], &byte, 1);
		break;
	case 1:
		pause();
		break;
	case 2:
		sem_wait(&semaphore);
		break;
	case 3:
		torture_sleep(100000);
		break;
	case 4:
		pthread_cond_wait(&condition, &mutex);
		break;
	default:
		for (;;)
			pthread_testcancel();
	}
}

static void *cancel_wait(void *argument)
{
	int cleaned = 0;

	pthread_cleanup_push(cleanup_note, &cleaned);
	/* A cancelled wait for a condition holds the mutex again when the clean-up runs. */
	if ((intptr_t)argument == 4) {
		pthread_mutex_lock(&mutex);
		pthread_cleanup_push(cleanup_unlock, &mutex);
		alive++;
		wait_for_ever(4);
		pthread_cleanup_pop(1);
	} else {
		alive++;
		wait_for_ever((intptr_t)argument);
	}
	pthread_cleanup_pop(1);
	return argument;
}

static void cancel_waits(void)
{
	EXPECT_EQUAL(pipe(ends), 0);
	sem_init(&semaphore, 0, 0);
	for (intptr_t how = 0; how < 6; how++) {
		pthread_t threads[8];

		alive = ended = 0;
		for (int i = 0; i < 8; i++)
			threads[i] = torture_start(cancel_wait, (void *)how);
		while (alive < 8)
			torture_sleep(1);
		torture_sleep(10);
		for (int i = 0; i < 8; i++)
			EXPECT_EQUAL(pthread_cancel(threads[i]), 0);
		for (int i = 0; i < 8; i++)
			EXPECT(torture_join(threads[i]) == PTHREAD_CANCELED);
		EXPECT_EQUAL(ended, 8);
		EXPECT_EQUAL(pthread_mutex_trylock(&mutex), 0);
		pthread_mutex_unlock(&mutex);
	}
}

static void *cancel_ignore(void *argument)
{
	int old;

	pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &old);
	alive++;
	torture_sleep(80);
	ended++;
	pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &old);
	pthread_testcancel();
	ended++;
	return argument;
}

static void *cancel_spin(void *argument)
{
	int old;

	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &old);
	alive++;
	for (;;)
		__asm__ volatile("" : : : "memory");
	return argument;
}

static void cancel_states(void)
{
	pthread_t thread = torture_start(cancel_ignore, NULL);

	while (alive < 1)
		torture_sleep(1);
	EXPECT_EQUAL(pthread_cancel(thread), 0);
	EXPECT(torture_join(thread) == PTHREAD_CANCELED);
	EXPECT_EQUAL(ended, 1);
	thread = torture_start(cancel_spin, NULL);
	while (alive < 2)
		torture_sleep(1);
	EXPECT_EQUAL(pthread_cancel(thread), 0);
	EXPECT(torture_join(thread) == PTHREAD_CANCELED);
}

/* The first thread goes; the process lives on and ends with the other's status. */
static void *exit_later(void *argument)
{
	torture_sleep(60);
	exit((int)(intptr_t)argument);
}

static void first_thread_exits(void)
{
	torture_start(exit_later, (void *)7);
	pthread_exit(NULL);
}

static void *cancel_wait_alone(void *argument)
{
	wait_for_ever((intptr_t)argument);
	return argument;
}

/* Sleepers of all kinds, and one that computes, must not keep exit from ending them. */
static void exit_among_sleepers(void)
{
	EXPECT_EQUAL(pipe(ends), 0);
	sem_init(&semaphore, 0, 0);
	for (intptr_t i = 0; i < 24; i++)
		torture_start(cancel_wait_alone, (void *)(i % 4));
	torture_start(cancel_spin, NULL);
	torture_sleep(30);
	torture_join(torture_start(exit_later, (void *)3));
}

static void *kill_self(void *argument)
{
	raise(SIGKILL);
	return argument;
}

static void kill_among_sleepers(void)
{
	EXPECT_EQUAL(pipe(ends), 0);
	for (intptr_t i = 0; i < 8; i++)
		torture_start(cancel_wait_alone, (void *)(i % 2));
	torture_join(torture_start(kill_self, NULL));
	torture_sleep(100000);
}

static void *execute(void *argument)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", getpid());
	execl(torture_program, torture_program, "--executed", pid, (char *)NULL);
	torture_fail(__FILE__, __LINE__, "exec", 0);
	return argument;
}

/* The executing thread becomes the process; all others are gone. */
static void exec_from_thread(void)
{
	EXPECT_EQUAL(pipe(ends), 0);
	for (intptr_t i = 0; i < 8; i++)
		torture_start(cancel_wait_alone, (void *)(i % 2));
	torture_start(cancel_spin, NULL);
	torture_join(torture_start(execute, NULL));
}

static _Atomic int prepared, parented, childed;

static void fork_prepare(void)
{
	prepared++;
}

static void fork_parent(void)
{
	parented++;
}

static void fork_child(void)
{
	childed++;
}

/* In the child only the forking thread lives, and it is the first one. */
static void *fork_often(void *argument)
{
	for (int i = 0; i < 25; i++) {
		int status;
		pid_t pid = fork();

		if (pid == 0)
			_exit(getpid() == syscall(SYS_gettid) && childed == 1 ? i : 98);
		EXPECT(pid > 0);
		EXPECT_EQUAL(waitpid(pid, &status, 0), pid);
		EXPECT_EQUAL(status, i << 8);
	}
	return argument;
}

static void fork_from_threads(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
	torture_run(4, fork_often);
	EXPECT_EQUAL(prepared, 100);
	EXPECT_EQUAL(parented, 100);
	EXPECT_EQUAL(childed, 0);
	EXPECT(waitpid(-1, NULL, 0) == -1 && errno == ECHILD);
}

/*
 * One thread replaces a page again and again; the others must never see an older one. `ready` is
 * 0 while the page changes, so an unchanged value around a read says which content was due.
 */
static _Atomic long ready;
static _Atomic int stop;
static volatile long *page;

static void *page_watch(void *argument)
{
	while (!stop) {
		long due = ready, seen;

		if (!due)
			continue;
		seen = *page;
		if (ready == due)
			EXPECT_EQUAL(seen, due);
	}
	return argument;
}

static void translation_shootdown(void)
{
	pthread_t threads[3];

	page = torture_share(4096);
	for (int i = 0; i < 3; i++)
		threads[i] = torture_start(page_watch, NULL);
	for (long i = 1; i <= 1000; i++) {
		ready = 0;
		EXPECT(mmap((void *)page, 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == page);
		*page = i;
		ready = i;
		if (i % 64 == 0)
			torture_sleep(1);
	}
	stop = 1;
	for (int i = 0; i < 3; i++)
		torture_join(threads[i]);
}

static void *fault_together(void *argument)
{
	volatile char *pages = *(char *volatile *)argument;

	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 256; i++)
		__atomic_fetch_add(&pages[i * 4096], 1, __ATOMIC_SEQ_CST);
	return argument;
}

/* Four threads touch the same fresh pages: each page must come into being once. */
static void faults_race(void)
{
	pthread_barrier_init(&barrier, NULL, 4);
	for (int round = 0; round < 20; round++) {
		char *pages = mmap(NULL, 256 * 4096, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		pthread_t threads[4];

		EXPECT(pages != MAP_FAILED);
		for (int i = 0; i < 4; i++)
			threads[i] = torture_start(fault_together, &pages);
		for (int i = 0; i < 4; i++)
			torture_join(threads[i]);
		for (int i = 0; i < 256; i++)
			EXPECT_EQUAL(pages[i * 4096], 4);
		munmap(pages, 256 * 4096);
	}
}

static void *sleep_exactly(void *argument)
{
	for (long i = 1; i < 20; i++) {
		long length = 1 + ((intptr_t)argument * 7 + i * 3) % 13;
		uint64_t begin = torture_now(CLOCK_MONOTONIC);

		torture_sleep(length);
		EXPECT(torture_now(CLOCK_MONOTONIC) - begin >= (uint64_t)length * 1000000u);
	}
	return argument;
}

static void sleepers(void)
{
	torture_run(40, sleep_exactly);
}

static clockid_t waiting_clock;
static _Atomic uint64_t burnt;

/* What a clock of CPU time moves while this thread computes for 50 ms of its own time. */
static uint64_t moved_while_burning(clockid_t clock)
{
	uint64_t seen = torture_now(clock), begin = torture_now(CLOCK_THREAD_CPUTIME_ID), now;

	do {
		now = torture_now(CLOCK_THREAD_CPUTIME_ID);
	} while (now - begin < 50000000u);
	return torture_now(clock) - seen;
}

static void *burn(void *argument)
{
	uint64_t begin = torture_now(CLOCK_THREAD_CPUTIME_ID);

	EXPECT(moved_while_burning(CLOCK_PROCESS_CPUTIME_ID) >= 50000000u);
	/* It sleeps, sooner or later: then its time stands still to the nanosecond. */
	while (moved_while_burning(waiting_clock))
		;
	burnt += torture_now(CLOCK_THREAD_CPUTIME_ID) - begin;
	return argument;
}

/* A thread's own time counts only its own work; the process's is the sum, nothing lost. */
static void cpu_clocks(void)
{
	uint64_t all = torture_now(CLOCK_PROCESS_CPUTIME_ID);
	uint64_t mine = torture_now(CLOCK_THREAD_CPUTIME_ID);

	EXPECT_EQUAL(pthread_getcpuclockid(pthread_self(), &waiting_clock), 0);
	torture_run(4, burn);
	mine = torture_now(CLOCK_THREAD_CPUTIME_ID) - mine;
	EXPECT(burnt >= 400000000u);
	EXPECT(torture_now(CLOCK_PROCESS_CPUTIME_ID) - all >= mine + burnt);
}

static void *group_see(void *argument)
{
	pthread_barrier_wait(&barrier);
	pthread_barrier_wait(&barrier);
	EXPECT_EQUAL(syscall(SYS_getegid), 77);
	return argument;
}

/* The C library makes a change of ids one of the whole process, thread by thread. */
static void ids_of_all_threads(void)
{
	pthread_t threads[6];

	if (getuid())
		return;
	pthread_barrier_init(&barrier, NULL, 7);
	for (int i = 0; i < 6; i++)
		threads[i] = torture_start(group_see, NULL);
	pthread_barrier_wait(&barrier);
	EXPECT_EQUAL(setegid(77), 0);
	pthread_barrier_wait(&barrier);
	for (int i = 0; i < 6; i++)
		torture_join(threads[i]);
}

static const struct check checks[] = {
	{ "join_storm", join_storm, 0 },
	{ "detached_storm", detached_storm, 0 },
	{ "crowd", crowd, 0 },
	{ "local_storage", local_storage, 0 },
	{ "key_destructors", key_destructors, 0 },
	{ "once_only", once_only, 0 },
	{ "stack_deep", stack_deep, 0 },
	{ "stack_overflow", stack_overflow, SIGSEGV },
	{ "cancel_waits", cancel_waits, 0 },
	{ "cancel_states", cancel_states, 0 },
	{ "first_thread_exits", first_thread_exits, 7 << 8 },
	{ "exit_among_sleepers", exit_among_sleepers, 3 << 8 },
	{ "kill_among_sleepers", kill_among_sleepers, SIGKILL },
	{ "exec_from_thread", exec_from_thread, 42 << 8 },
	{ "fork_from_threads", fork_from_threads, 0 },
	{ "translation_shootdown", translation_shootdown, 0 },
	{ "faults_race", faults_race, 0 },
	{ "sleepers", sleepers, 0 },
	{ "cpu_clocks", cpu_clocks, 0 },
	{ "ids_of_all_threads", ids_of_all_threads, 0 },
};

const struct check_table life_table = { checks, CHECK_COUNT(checks) };
