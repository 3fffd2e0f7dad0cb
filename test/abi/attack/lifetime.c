/*
 * Objects that go away while somebody else uses them: groups whose members
 * move under a signal, limits lowered under a raise, ids changed under a look.
 */
#include "../terminal/pair.h"
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#define ROUNDS 3000
#define MOVERS 3
#define BYSTANDERS 3
#define THREADS 100

static volatile int *shared;	/* 0: interrupts that bystanders saw; 1: end; 2: those ready */

static void interrupt_seen(int number)
{
	(void)number;
	__atomic_add_fetch(&shared[0], 1, __ATOMIC_SEQ_CST);
}

/* A child in the group of number `group` (0: its own) that runs `act` until it is killed. */
static pid_t member_start(int group, void (*act)(int first, int second), int first, int second)
{
	pid_t pid = REQUIRE_OK(fork());

	if (pid == 0) {
		signal(SIGINT, SIG_IGN);
		REQUIRE_OK(setpgid(0, group));
		__atomic_add_fetch(&shared[2], 1, __ATOMIC_SEQ_CST);
		act(first, second);
		check_child_end();
	}
	setpgid(pid, group ? group : pid);
	return pid;
}

static void act_stay(int first, int second)
{
	(void)first;
	(void)second;
	while (!shared[1])
		usleep(2000);
}

static void act_watch(int first, int second)
{
	signal(SIGINT, interrupt_seen);
	act_stay(first, second);
}

__attribute__((noreturn)) static void *sleep_on(void *unused)
{
	(void)unused;
	for (;;)
		pause();
}

/* With many threads that each have to be asked, a signal to the process takes its time. */
static void act_move(int first, int second)
{
	pthread_attr_t small;
	pthread_t thread;

	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 16384);
	for (int i = 0; i < THREADS; i++)
		REQUIRE(pthread_create(&thread, &small, sleep_on, NULL) == 0);
	__atomic_add_fetch(&shared[2], 1, __ATOMIC_SEQ_CST);
	while (!shared[1]) {
		REQUIRE_OK(setpgid(0, first));
		REQUIRE_OK(setpgid(0, second));
	}
}

/* The terminal interrupts one group, again and again, while members leave it and come back. */
TEST(only_the_interrupted_group_is_interrupted)
{
	shared = pages_shared(1);
	IN_CHILD {
		struct pair pair = pair_open();
		pid_t pids[2 + MOVERS + BYSTANDERS], hit, other;
		int count = 0;

		REQUIRE_OK(setsid());
		REQUIRE_OK(syscall(SYS_ioctl, pair.slave, TIOCSCTTY, 0));
		signal(SIGTTOU, SIG_IGN);
		hit = pids[count++] = member_start(0, act_stay, 0, 0);
		other = pids[count++] = member_start(0, act_stay, 0, 0);
		for (int i = 0; i < BYSTANDERS; i++)
			pids[count++] = member_start(other, act_watch, 0, 0);
		for (int i = 0; i < MOVERS; i++)
			pids[count++] = member_start(hit, act_move, other, hit);
		while (shared[2] < count + MOVERS)
			usleep(1000);
		REQUIRE_OK(tcsetpgrp(pair.slave, hit));
		for (int i = 0; i < ROUNDS; i++)
			REQUIRE(write(pair.master, "\003", 1) == 1);
		shared[1] = 1;
		while (count > 0)
			CHECK_EQUAL(child_wait(pids[--count]), 0);
		CHECK_EQUAL(shared[0], 0);
	}
}

static void *lower_the_limit(void *stage)
{
	struct rlimit low = { 5, 5 };

	while (*(volatile int *)stage == 0)
		;
	setrlimit(RLIMIT_CORE, &low);
	return NULL;
}

/* Whoever has no privilege never gets above the lowest hard limit there was. */
TEST(a_lowered_limit_is_not_raised_by_another_thread)
{
	for (int i = 0; i < 200; i++) {
		IN_CHILD {
			struct rlimit high = { 10, 10 }, seen;
			volatile int stage = 0;
			pthread_t thread;

			REQUIRE_OK(setrlimit(RLIMIT_CORE, &high));
			user_become(NOBODY);
			REQUIRE(pthread_create(&thread, NULL, lower_the_limit,
					       (void *)&stage) == 0);
			stage = 1;
			for (int round = 0; round < 20; round++)
				setrlimit(RLIMIT_CORE, &high);
			REQUIRE(pthread_join(thread, NULL) == 0);
			REQUIRE_OK(getrlimit(RLIMIT_CORE, &seen));
			REQUIRE(seen.rlim_max == 5);
		}
	}
}

static void *ask_by_group(void *end)
{
	while (!*(volatile int *)end) {
		kill(0, 0);
		syscall(SYS_getpriority, PRIO_PGRP, 0);
		syscall(SYS_wait4, 0, NULL, WNOHANG, NULL);
	}
	return NULL;
}

/* The group that a call names by 0 is left, and dissolves, during the call. */
TEST(own_group_changes_under_calls)
{
	IN_CHILD {
		pid_t pid = REQUIRE_OK(fork());
		volatile int end = 0;
		pthread_t thread;

		if (pid == 0) {
			setpgid(0, 0);
			pause();
		}
		setpgid(pid, pid);
		signal(SIGTTOU, SIG_IGN);
		REQUIRE(pthread_create(&thread, NULL, ask_by_group, (void *)&end) == 0);
		for (int i = 0; i < ROUNDS; i++) {
			CHECK_OK(setpgid(0, pid));
			CHECK_OK(setpgid(0, 0));
		}
		end = 1;
		REQUIRE(pthread_join(thread, NULL) == 0);
		kill(pid, SIGKILL);
		child_wait(pid);
	}
}

static void *look_at_the_process(void *end)
{
	char name[64], text[512];

	snprintf(name, sizeof(name), "/proc/%d/status", getpid());
	while (!*(volatile int *)end)
		REQUIRE(file_read(name, text, sizeof(text)) > 0);
	return NULL;
}

/* Ids and groups are replaced while others read them. */
TEST(identity_changes_under_a_look)
{
	unsigned int groups[64];
	volatile int end = 0;
	pthread_t thread;

	for (size_t i = 0; i < COUNT(groups); i++)
		groups[i] = i;
	REQUIRE(pthread_create(&thread, NULL, look_at_the_process, (void *)&end) == 0);
	for (int i = 0; i < ROUNDS; i++) {
		CHECK_OK(syscall(SYS_setgroups, i % COUNT(groups), groups));
		CHECK_OK(syscall(SYS_setresgid, -1, i % 2 ? 0 : 5, -1));
	}
	end = 1;
	REQUIRE(pthread_join(thread, NULL) == 0);
}
