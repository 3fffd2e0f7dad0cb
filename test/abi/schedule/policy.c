/*
 * Scheduling: policies, priorities, affinity, nice values and their effect.
 */
#include "support.h"
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

#define RESET_ON_FORK 0x40000000

static int cpu_now(void)
{
	unsigned int cpu = 999;

	REQUIRE_OK(syscall(SYS_getcpu, &cpu, NULL, NULL));
	return cpu;
}

TEST(affinity_is_obeyed)
{
	unsigned long allowed[16] = { 0 }, one[16] = { 0 };
	long length = REQUIRE_OK(syscall(SYS_sched_getaffinity, 0, sizeof(allowed), allowed));

	CHECK(length >= 8 && length % 8 == 0);
	CHECK(allowed[0] & 1);
	for (int cpu = 0; cpu < 64; cpu++) {
		if (!(allowed[0] >> cpu & 1))
			continue;
		one[0] = 1ul << cpu;
		CHECK_OK(syscall(SYS_sched_setaffinity, 0, sizeof(one), one));
		for (int i = 0; i < 20; i++) {
			REQUIRE(cpu_now() == cpu);
			sched_yield();
		}
		memset(one, 0, sizeof(one));
		CHECK_EQUAL(syscall(SYS_sched_getaffinity, 0, sizeof(one), one), length);
		CHECK_EQUAL(one[0], 1ul << cpu);
		IN_CHILD {
			CHECK_EQUAL(cpu_now(), cpu);
		}
	}
}

TEST(affinity_of_another_process)
{
	unsigned long mask[16] = { 1 };
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	CHECK_OK(syscall(SYS_sched_setaffinity, pid, sizeof(mask), mask));
	memset(mask, 0xff, sizeof(mask));
	CHECK(syscall(SYS_sched_getaffinity, pid, sizeof(mask), mask) > 0);
	CHECK_EQUAL(mask[0], 1);
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_sched_setaffinity, pid, sizeof(mask), mask), EPERM);
		CHECK_OK(syscall(SYS_sched_getaffinity, pid, sizeof(mask), mask));
	}
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
}

TEST(affinity_refusals)
{
	unsigned long mask[16] = { 0 };

	CHECK_ERRNO(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask), EINVAL);
	mask[0] = 1;
	CHECK_ERRNO(syscall(SYS_sched_setaffinity, 0x7ffffff0, sizeof(mask), mask), ESRCH);
	CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0x7ffffff0, sizeof(mask), mask), ESRCH);
	CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, 7, mask), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_getaffinity, 0, 0, mask), EINVAL);
	CHECK_FAULTS(syscall(SYS_sched_setaffinity, 0, sizeof(mask), bad));
	CHECK_FAULTS(syscall(SYS_sched_getaffinity, 0, sizeof(mask), bad));
}

TEST(policies_set_and_read)
{
	static const struct { int policy, priority, problem; } cases[] = {
		{ SCHED_OTHER, 0, 0 }, { SCHED_FIFO, 1, 0 }, { SCHED_FIFO, 99, 0 }, { SCHED_RR,
			50, 0 },
		{ SCHED_BATCH, 0, 0 }, { SCHED_IDLE, 0, 0 }, { SCHED_OTHER, 1, EINVAL },
		{ SCHED_FIFO, 0, EINVAL }, { SCHED_FIFO, 100, EINVAL }, { SCHED_RR, -1, EINVAL },
		{ 77, 0, EINVAL }, { -1, 0, EINVAL },
	};
	struct sched_param priority[2];

	for (size_t i = 0; i < COUNT(cases); i++) {
		memset(priority, 0, sizeof(priority));
		*(int *)priority = cases[i].priority;
		if (cases[i].problem) {
			CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, cases[i].policy, priority),
				    cases[i].problem);
			continue;
		}
		CHECK_OK(syscall(SYS_sched_setscheduler, 0, cases[i].policy, priority));
		CHECK_EQUAL(syscall(SYS_sched_getscheduler, 0), cases[i].policy);
		poison(priority, sizeof(priority));
		CHECK_OK(syscall(SYS_sched_getparam, 0, priority));
		CHECK_EQUAL(*(int *)priority, cases[i].priority);
		CHECK_UNTOUCHED((int *)priority + 1, 4);
	}
}

TEST(priority_changes_alone)
{
	int priority = 10;

	REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &priority));
	priority = 20;
	CHECK_OK(syscall(SYS_sched_setparam, 0, &priority));
	priority = 0;
	CHECK_OK(syscall(SYS_sched_getparam, 0, &priority));
	CHECK_EQUAL(priority, 20);
	CHECK_EQUAL(syscall(SYS_sched_getscheduler, 0), SCHED_FIFO);
	priority = 100;
	CHECK_ERRNO(syscall(SYS_sched_setparam, 0, &priority), EINVAL);
	IN_CHILD {
		CHECK_EQUAL(syscall(SYS_sched_getscheduler, 0), SCHED_FIFO);
	}
	priority = 20;
	CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO | RESET_ON_FORK, &priority));
	CHECK_EQUAL(syscall(SYS_sched_getscheduler, 0), SCHED_FIFO | RESET_ON_FORK);
	IN_CHILD {
		CHECK_EQUAL(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
	}
}

TEST(policy_refusals)
{
	int priority = 1;

	CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0x7ffffff0, SCHED_FIFO, &priority), ESRCH);
	CHECK_ERRNO(syscall(SYS_sched_setscheduler, -1, SCHED_FIFO, &priority), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_setparam, 0, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_setparam, -1, &priority), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_getparam, 0, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_getparam, -1, &priority), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_getparam, 0x7ffffff0, &priority), ESRCH);
	CHECK_ERRNO(syscall(SYS_sched_getscheduler, -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_getscheduler, 0x7ffffff0), ESRCH);
	CHECK_FAULTS(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, bad));
	CHECK_FAULTS(syscall(SYS_sched_setparam, 0, bad));
	CHECK_FAULTS(syscall(SYS_sched_getparam, 0, bad));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &priority), EPERM);
		priority = 0;
		CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &priority));
	}
}

TEST(priority_limits)
{
	static const struct { int policy, least, most; } cases[] = {
		{ SCHED_OTHER, 0, 0 }, { SCHED_FIFO, 1, 99 }, { SCHED_RR, 1, 99 }, { SCHED_BATCH,
			0, 0 },
		{ SCHED_IDLE, 0, 0 }, { 6, 0, 0 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK_EQUAL(syscall(SYS_sched_get_priority_min, cases[i].policy), cases[i].least);
		CHECK_EQUAL(syscall(SYS_sched_get_priority_max, cases[i].policy), cases[i].most);
	}
	CHECK_ERRNO(syscall(SYS_sched_get_priority_min, 99), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_get_priority_max, -1), EINVAL);
}

TEST(round_robin_interval)
{
	struct timespec slice[2];
	int priority = 5;

	REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &priority));
	poison(slice, sizeof(slice));
	CHECK_OK(syscall(SYS_sched_rr_get_interval, 0, slice));
	CHECK_EQUAL(slice[0].tv_sec, 0);
	CHECK(slice[0].tv_nsec >= 90000000 && slice[0].tv_nsec <= 110000000);
	CHECK_UNTOUCHED(&slice[1], sizeof(slice[1]));
	REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &priority));
	CHECK_OK(syscall(SYS_sched_rr_get_interval, 0, slice));
	CHECK_EQUAL(slice[0].tv_nsec, 0);
	CHECK_ERRNO(syscall(SYS_sched_rr_get_interval, 0x7ffffff0, slice), ESRCH);
	CHECK_ERRNO(syscall(SYS_sched_rr_get_interval, -1, slice), EINVAL);
	CHECK_FAULTS(syscall(SYS_sched_rr_get_interval, 0, bad));
}

TEST(attributes)
{
	struct kernel_sched_attr set = { .size = 56, .policy = SCHED_RR, .priority = 7 }, got[2];

	CHECK_OK(syscall(SYS_sched_setattr, 0, &set, 0));
	poison(got, sizeof(got));
	CHECK_OK(syscall(SYS_sched_getattr, 0, got, sizeof(got[0]), 0));
	CHECK_UNTOUCHED(&got[1], sizeof(got[1]));
	CHECK_EQUAL(got[0].size, 56);
	CHECK_EQUAL(got[0].policy, SCHED_RR);
	CHECK_EQUAL(got[0].priority, 7);
	CHECK_EQUAL(got[0].nice, 0);
	CHECK_EQUAL(got[0].runtime, 0);
	set = (struct kernel_sched_attr){ .size = 48, .policy = SCHED_OTHER, .nice = 5 };
	CHECK_OK(syscall(SYS_sched_setattr, 0, &set, 0));
	CHECK_OK(syscall(SYS_sched_getattr, 0, got, sizeof(got[0]), 0));
	CHECK_EQUAL(got[0].nice, 5);
	CHECK_EQUAL(getpriority(PRIO_PROCESS, 0), 5);
}

/* Who keeps the policy keeps the reset on fork, which belongs to it. */
TEST(attributes_without_the_policy)
{
	enum { RESET = 1, KEEP_POLICY = 8 };
	struct kernel_sched_attr set = { .size = 48, .policy = SCHED_BATCH, .flags = RESET };

	CHECK_OK(syscall(SYS_sched_setattr, 0, &set, 0));
	set = (struct kernel_sched_attr){ .size = 48, .flags = KEEP_POLICY, .nice = 5 };
	CHECK_OK(syscall(SYS_sched_setattr, 0, &set, 0));
	CHECK_EQUAL(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH | RESET_ON_FORK);
	CHECK_EQUAL(getpriority(PRIO_PROCESS, 0), 5);
	set.flags = KEEP_POLICY | RESET;
	CHECK_OK(syscall(SYS_sched_setattr, 0, &set, 0));
	CHECK_EQUAL(syscall(SYS_sched_getscheduler, 0), SCHED_BATCH | RESET_ON_FORK);
	set.flags = 0;
	CHECK_OK(syscall(SYS_sched_setattr, 0, &set, 0));
	CHECK_EQUAL(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
	set.flags = KEEP_POLICY | RESET;
	CHECK_OK(syscall(SYS_sched_setattr, 0, &set, 0));
	CHECK_EQUAL(syscall(SYS_sched_getscheduler, 0), SCHED_OTHER);
}

TEST(attribute_refusals)
{
	struct { struct kernel_sched_attr known; uint64_t more; } set = { { 0 }, 0 };

	set.known.size = 10;
	CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &set, 0), E2BIG);
	CHECK_EQUAL(set.known.size, 56);
	set.known.size = sizeof(set);
	CHECK_OK(syscall(SYS_sched_setattr, 0, &set, 0));
	set.more = 1;
	CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &set, 0), E2BIG);
	set.known.size = 56;
	CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &set, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_setattr, -1, &set, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_setattr, 0x7ffffff0, &set, 0), ESRCH);
	CHECK_ERRNO(syscall(SYS_sched_setattr, 0, NULL, 0), EINVAL);
	set.known.policy = 99;
	CHECK_ERRNO(syscall(SYS_sched_setattr, 0, &set, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_getattr, 0, &set, 47, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_getattr, 0, &set, 56, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_getattr, 0, &set, 5000, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_sched_getattr, 0x7ffffff0, &set, 56, 0), ESRCH);
	CHECK_FAULTS(syscall(SYS_sched_setattr, 0, bad, 0));
	CHECK_FAULTS(syscall(SYS_sched_getattr, 0, bad, 56, 0));
}

TEST(nice_values)
{
	pid_t child;

	/* The call itself answers 20 - nice. */
	CHECK_EQUAL(syscall(SYS_getpriority, PRIO_PROCESS, 0), 20);
	CHECK_OK(syscall(SYS_setpriority, PRIO_PROCESS, 0, 10));
	CHECK_EQUAL(syscall(SYS_getpriority, PRIO_PROCESS, getpid()), 10);
	IN_CHILD {
		CHECK_EQUAL(syscall(SYS_getpriority, PRIO_PROCESS, 0), 10);
	}
	CHECK_OK(syscall(SYS_setpriority, PRIO_PROCESS, 0, -100));
	CHECK_EQUAL(syscall(SYS_getpriority, PRIO_PROCESS, 0), 40);
	CHECK_OK(syscall(SYS_setpriority, PRIO_PROCESS, 0, 100));
	CHECK_EQUAL(syscall(SYS_getpriority, PRIO_PROCESS, 0), 1);
	CHECK_OK(syscall(SYS_setpriority, PRIO_PROCESS, 0, 0));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_setpriority, PRIO_PROCESS, 0, -1), EACCES);
		CHECK_OK(syscall(SYS_setpriority, PRIO_PROCESS, 0, 5));
		CHECK_ERRNO(syscall(SYS_setpriority, PRIO_PROCESS, 0, 4), EACCES);
		CHECK_ERRNO(syscall(SYS_setpriority, PRIO_PROCESS, getppid(), 5), EPERM);
		/* Another process of one's own is as good as oneself. */
		child = fork();
		if (child == 0)
			for (;;)
				pause();
		CHECK_OK(syscall(SYS_setpriority, PRIO_PROCESS, child, 6));
		CHECK_ERRNO(syscall(SYS_setpriority, PRIO_PROCESS, child, 2), EACCES);
		CHECK_EQUAL(syscall(SYS_getpriority, PRIO_PROCESS, child), 14);
		REQUIRE_OK(kill(child, SIGKILL));
		child_wait(child);
	}
}

TEST(nice_values_of_groups_and_users)
{
	CHECK_OK(syscall(SYS_setpriority, PRIO_PGRP, 0, 3));
	CHECK_EQUAL(syscall(SYS_getpriority, PRIO_PGRP, 0), 17);
	CHECK_EQUAL(syscall(SYS_getpriority, PRIO_PROCESS, 0), 17);
	IN_CHILD {
		user_become(NOBODY);
		CHECK_OK(syscall(SYS_setpriority, PRIO_USER, 0, 7));
		CHECK_EQUAL(syscall(SYS_getpriority, PRIO_USER, NOBODY), 13);
	}
	CHECK_ERRNO(syscall(SYS_getpriority, 3, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_getpriority, -1, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_setpriority, 3, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_getpriority, PRIO_PROCESS, 0x7ffffff0), ESRCH);
	CHECK_ERRNO(syscall(SYS_setpriority, PRIO_PGRP, 0x7ffffff0, 0), ESRCH);
}

static void *wait_for_the_nice_value(void *argument)
{
	volatile int *stage = argument;

	*stage = 1;
	while (*stage == 1)
		usleep(1000);
	return (void *)syscall(SYS_getpriority, PRIO_PROCESS, 0);
}

/* A group's nice value is that of each thread of each process. */
TEST(nice_values_reach_all_threads)
{
	pthread_t thread;
	volatile int stage = 0;
	void *seen;

	IN_CHILD {
		CHECK_OK(setpgid(0, 0));
		REQUIRE(pthread_create(&thread, NULL, wait_for_the_nice_value,
				       (void *)&stage) == 0);
		while (stage == 0)
			usleep(1000);
		CHECK_OK(syscall(SYS_setpriority, PRIO_PGRP, 0, 6));
		stage = 2;
		REQUIRE(pthread_join(thread, &seen) == 0);
		CHECK_EQUAL((long)seen, 14);
		CHECK_EQUAL(syscall(SYS_getpriority, PRIO_PROCESS, 0), 14);
	}
}

/* Without a limit of its own, nobody changes to a real-time policy, nor from one to another. */
TEST(real_time_without_a_limit)
{
	struct sched_param two = { .sched_priority = 2 }, one = { .sched_priority = 1 };
	struct sched_param none = { 0 };

	CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &two));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &two), EPERM);
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &one), EPERM);
		CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &one));
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &two), EPERM);
		CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &none));
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &one), EPERM);
	}
	IN_CHILD {
		CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &none));
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &none), EPERM);
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_BATCH, &none), EPERM);
	}
}

/* A limit allows real-time policies, but not to drop the reset, nor to leave SCHED_IDLE. */
TEST(real_time_within_a_limit)
{
	struct sched_param two = { .sched_priority = 2 }, one = { .sched_priority = 1 };
	struct sched_param three = { .sched_priority = 3 }, none = { 0 };
	struct rlimit limit = { 2, 2 };

	REQUIRE_OK(setrlimit(RLIMIT_RTPRIO, &limit));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &three), EPERM);
		CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO | RESET_ON_FORK, &one));
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &one), EPERM);
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_RR, &two), EPERM);
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &none), EPERM);
		CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_RR | RESET_ON_FORK, &two));
		CHECK_OK(syscall(SYS_sched_setparam, 0, &one));
		CHECK_EQUAL(syscall(SYS_sched_getscheduler, 0), SCHED_RR | RESET_ON_FORK);
	}
	IN_CHILD {
		user_become(NOBODY);
		CHECK_OK(syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &none));
		CHECK_ERRNO(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &one), EPERM);
		CHECK_EQUAL(syscall(SYS_sched_getscheduler, 0), SCHED_IDLE);
	}
}

/* Two processes share a CPU for a second: their counts of rounds. */
static void compete(long *counts, void (*prepare)(int which))
{
	unsigned long mask[16] = { 1 };
	volatile long *shared = pages_shared(1);
	pid_t pids[2];

	REQUIRE_OK(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask));
	for (int which = 0; which < 2; which++) {
		pids[which] = fork();
		if (pids[which] == 0) {
			__atomic_add_fetch(&shared[8], 1, __ATOMIC_SEQ_CST);
			while (shared[8] < 2)
				sched_yield();
			/* Not before: it might not run again for long, and nobody would begin. */
			prepare(which);
			for (;;)
				shared[which]++;
		}
	}
	sleep_milliseconds(1000);
	for (int which = 0; which < 2; which++) {
		kill(pids[which], SIGKILL);
		child_wait(pids[which]);
		counts[which] = shared[which];
	}
}

static void prepare_nice(int which)
{
	setpriority(PRIO_PROCESS, 0, which ? 19 : 0);
}

static void prepare_idle(int which)
{
	int priority = 0;

	if (which)
		syscall(SYS_sched_setscheduler, 0, SCHED_IDLE, &priority);
}

TEST(nice_has_an_effect)
{
	long counts[2];

	compete(counts, prepare_nice);
	CHECK(counts[0] > 4 * counts[1]);
}

TEST(idle_policy_has_an_effect)
{
	long counts[2];

	compete(counts, prepare_idle);
	CHECK(counts[0] > 4 * counts[1]);
}

TEST(fifo_runs_before_others)
{
	unsigned long mask[16] = { 1 };
	volatile long *shared = pages_shared(1);
	int priority = 10, high = 20;
	pid_t pid;

	REQUIRE_OK(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask));
	REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &high));
	pid = fork();
	if (pid == 0) {
		syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &priority);
		for (;;)
			shared[0]++;
	}
	sleep_milliseconds(50);
	long before = shared[0];

	for (int64_t start = clock_now(CLOCK_MONOTONIC);
	     clock_now(CLOCK_MONOTONIC) - start < 100000000;)
		continue;
	CHECK(before > 0);
	CHECK_EQUAL(shared[0], before);
	kill(pid, SIGKILL);
	child_wait(pid);
}

/* Spins at a real-time priority; how often a child that is not real-time ran meanwhile. */
static long spin_above_a_child(int64_t length_ns)
{
	volatile long *shared = pages_shared(1);
	unsigned long mask[16] = { 1 };
	int priority = 10;
	pid_t pid;

	REQUIRE_OK(syscall(SYS_sched_setaffinity, 0, sizeof(mask), mask));
	REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO | RESET_ON_FORK, &priority));
	pid = fork();
	while (pid == 0)
		shared[0]++;
	for (int64_t start = clock_now(CLOCK_MONOTONIC);
	     clock_now(CLOCK_MONOTONIC) - start < length_ns && shared[0] == 0;)
		continue;
	kill(pid, SIGKILL);
	child_wait(pid);
	return shared[0];
}

TEST(fifo_leaves_a_share_to_others)
{
	CHECK(spin_above_a_child(20000000000) > 0);
}

static int share_set(const char *text)
{
	int fd = open("/proc/sys/kernel/sched_rt_runtime_us", O_WRONLY);
	long length = syscall(SYS_write, fd, text, strlen(text)), error = errno;

	close(fd);
	return length < 0 ? -(int)error : (int)length;
}

TEST(fifo_leaves_nothing_when_told_so)
{
	char text[32];

	file_read("/proc/sys/kernel/sched_rt_period_us", text, sizeof(text));
	CHECK(!strcmp(text, "1000000\n"));
	file_read("/proc/sys/kernel/sched_rt_runtime_us", text, sizeof(text));
	CHECK(!strcmp(text, "950000\n"));
	CHECK_EQUAL(share_set("1000001"), -EINVAL);
	CHECK_EQUAL(share_set("-1"), 2);
	CHECK_EQUAL(spin_above_a_child(1500000000), 0);
	CHECK_EQUAL(share_set("950000"), 6);
}

TEST(yield_and_getcpu)
{
	unsigned int cpu[2], node[2];

	CHECK_EQUAL(syscall(SYS_sched_yield), 0);
	poison(cpu, sizeof(cpu));
	poison(node, sizeof(node));
	CHECK_OK(syscall(SYS_getcpu, cpu, node, NULL));
	CHECK(cpu[0] < 1024);
	CHECK_EQUAL(node[0], 0);
	CHECK_UNTOUCHED(&cpu[1], 4);
	CHECK_UNTOUCHED(&node[1], 4);
	CHECK_OK(syscall(SYS_getcpu, NULL, NULL, NULL));
	CHECK_FAULTS(syscall(SYS_getcpu, bad, NULL, NULL));
	CHECK_FAULTS(syscall(SYS_getcpu, NULL, bad, NULL));
}
