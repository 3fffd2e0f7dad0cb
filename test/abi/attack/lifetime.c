/*
 * Objects that go away while somebody else uses them: groups whose members
 * move under a signal, limits lowered under a raise, ids changed under a look.
 */
#include "../terminal/pair.h"
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
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

static int look_at_the_descriptor(void *fd)
{
	return fcntl((int)(intptr_t)fd, F_GETFD) == FD_CLOEXEC ? 0 : 1;
}

HELPER(nothing)
{
	(void)argc;
	(void)argv;
	return 0;
}

static int execute_nothing(void *unused)
{
	(void)unused;
	execl(check_program, check_program, "--helper", "nothing", NULL);
	return 1;
}

/* What exec closes, it closes for itself, even if another process had the same descriptors. */
TEST(exec_closes_nothing_of_others)
{
	char *stack = pages_private(16);
	int fd = REQUIRE_OK(open("/dev/null", O_RDONLY | O_CLOEXEC));
	pid_t pid = REQUIRE_OK(clone(execute_nothing, stack + 16 * PAGE, CLONE_FILES | SIGCHLD,
				     NULL));

	CHECK_EQUAL(child_wait(pid), 0);
	CHECK_EQUAL(look_at_the_descriptor((void *)(intptr_t)fd), 0);
}

static void *open_and_close(void *end)
{
	while (!*(volatile int *)end) {
		int fd = dup(0);

		if (fd >= 0)
			close(fd);
	}
	return NULL;
}

static int sleep_a_little(void *end)
{
	while (!*(volatile int *)end)
		usleep(1000);
	return 0;
}

/* A table is taken apart while threads are using it. */
TEST(descriptors_unshared_under_use)
{
	for (int round = 0; round < 20; round++) {
		volatile int *end = pages_shared(1);
		char *stack = pages_private(16);
		pthread_t threads[3];
		pid_t pid;

		for (size_t i = 0; i < COUNT(threads); i++)
			REQUIRE(pthread_create(&threads[i], NULL, open_and_close,
					       (void *)end) == 0);
		pid = REQUIRE_OK(clone(sleep_a_little, stack + 16 * PAGE, CLONE_FILES | SIGCHLD,
				       (void *)end));
		for (int i = 0; i < 50; i++)
			syscall(SYS_close_range, 500, 600, 2);		/* CLOSE_RANGE_UNSHARE */
		*end = 1;
		for (size_t i = 0; i < COUNT(threads); i++)
			REQUIRE(pthread_join(threads[i], NULL) == 0);
		CHECK_EQUAL(child_wait(pid), 0);
	}
	CHECK_EQUAL(fcntl(0, F_GETFD), 0);
}

/* A signalfd is watched by processes that end while others go on watching it. */
TEST(watchers_of_signals_end)
{
	kernel_sigset_t set = SIGNAL_BIT(SIGUSR1);
	int signals;

	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &set, NULL, sizeof(set)));
	signals = REQUIRE_OK(syscall(SYS_signalfd4, -1, &set, sizeof(set), 0));
	for (int i = 0; i < 300; i++) {
		struct epoll_event event = { .events = EPOLLIN };
		int watcher = REQUIRE_OK(epoll_create1(0));

		IN_CHILD {
			REQUIRE_OK(epoll_ctl(watcher, EPOLL_CTL_ADD, signals, &event));
			raise(SIGUSR1);
			CHECK_EQUAL(epoll_wait(watcher, &event, 1, 0), 1);
		}
		/* The watch is still there; the process it looks at is not. */
		CHECK(epoll_wait(watcher, &event, 1, 0) >= 0);
		close(watcher);
	}
}

/* The rights of a process that gave some up are shown until it is waited for, and copied by forks
 * while other threads give up more. */
static void *give_up(void *unused)
{
	uint64_t keep[2] = { UINT64_MAX, UINT64_MAX };

	(void)unused;
	for (int i = 0; i < 2000; i++)
		syscall(1024, keep, sizeof(keep));		/* capability_drop; Linux: ENOSYS */
	return NULL;
}

TEST(rights_of_zombies_and_forks)
{
	char name[64], text[4096];
	pthread_t threads[2];
	pid_t pid;

	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_create(&threads[i], NULL, give_up, NULL) == 0);
	for (int i = 0; i < 50; i++) {
		struct rlimit old;

		pid = REQUIRE_OK(fork());
		if (pid == 0) {
			give_up(NULL);
			_exit(0);
		}
		CHECK(process_await(pid, 'Z'));
		snprintf(name, sizeof(name), "/proc/%d/capabilities", pid);
		file_read(name, text, sizeof(text));
		syscall(SYS_prlimit64, pid, RLIMIT_CORE, NULL, &old);
		snprintf(name, sizeof(name), "/proc/%d/environ", pid);
		file_read(name, text, sizeof(text));
		CHECK_EQUAL(child_wait(pid), 0);
	}
	for (int i = 0; i < 2; i++)
		REQUIRE(pthread_join(threads[i], NULL) == 0);
}
