/*
 * I/O priorities: kept by thread, handed to children, chosen by process, group
 * and user, and what it takes to set them.
 */
#include "support.h"
#include <pthread.h>
#include <sys/resource.h>

#define VALUE(class, data) ((class) << 13 | (data))

enum { PROCESS = 1, GROUP, USER };
enum { NONE, REAL_TIME, BEST_EFFORT, IDLE };

static long priority_get(int which, int who)
{
	return syscall(SYS_ioprio_get, which, who);
}

static long priority_set(int which, int who, int value)
{
	return syscall(SYS_ioprio_set, which, who, value);
}

TEST(io_priority_is_kept)
{
	static const int kept[] = {
		VALUE(REAL_TIME, 0), VALUE(REAL_TIME, 7), VALUE(BEST_EFFORT, 0),
		VALUE(BEST_EFFORT, 6), VALUE(IDLE, 0), VALUE(IDLE, 3), VALUE(NONE, 0),
		VALUE(BEST_EFFORT, 1 << 3 | 2),
	};

	CHECK_EQUAL(priority_get(PROCESS, 0), 0);
	for (size_t i = 0; i < COUNT(kept); i++) {
		CHECK_OK(priority_set(PROCESS, 0, kept[i]));
		CHECK_EQUAL(priority_get(PROCESS, 0), kept[i]);
		CHECK_EQUAL(priority_get(PROCESS, getpid()), kept[i]);
		CHECK_EQUAL(priority_get(GROUP, 0), kept[i] ? kept[i] : VALUE(BEST_EFFORT, 4));
	}
}

TEST(io_priority_refusals)
{
	static const int refused[] = {
		VALUE(NONE, 1), VALUE(4, 0), VALUE(5, 2), VALUE(7, 7), -1,
	};

	for (size_t i = 0; i < COUNT(refused); i++)
		CHECK_ERRNO(priority_set(PROCESS, 0, refused[i]), EINVAL);
	CHECK_ERRNO(priority_set(0, 0, VALUE(IDLE, 0)), EINVAL);
	CHECK_ERRNO(priority_set(4, 0, VALUE(IDLE, 0)), EINVAL);
	CHECK_ERRNO(priority_set(PROCESS, 99999, VALUE(IDLE, 0)), ESRCH);
	CHECK_ERRNO(priority_set(GROUP, 99999, VALUE(IDLE, 0)), ESRCH);
	CHECK_ERRNO(priority_set(USER, 4242, VALUE(IDLE, 0)), ESRCH);
	CHECK_ERRNO(priority_get(0, 0), EINVAL);
	CHECK_ERRNO(priority_get(4, 0), EINVAL);
	CHECK_ERRNO(priority_get(PROCESS, 99999), ESRCH);
	CHECK_ERRNO(priority_get(PROCESS, -1), ESRCH);
	CHECK_ERRNO(priority_get(GROUP, 99999), ESRCH);
	CHECK_ERRNO(priority_get(USER, 4242), ESRCH);
	CHECK_EQUAL(priority_get(PROCESS, 0), 0);
}

/* What was not set follows the nice value and the policy; of several the best is told. */
TEST(io_priority_follows_scheduling)
{
	struct kernel_sched { int priority; } none = { 0 }, some = { 5 };

	for (int nice = -20; nice < 20; nice += 3) {
		REQUIRE_OK(setpriority(PRIO_PROCESS, 0, nice));
		CHECK_EQUAL(priority_get(GROUP, 0), VALUE(BEST_EFFORT, (nice + 20) / 5));
		CHECK_EQUAL(priority_get(PROCESS, 0), 0);
	}
	REQUIRE_OK(setpriority(PRIO_PROCESS, 0, 0));
	REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, 5, &none));
	CHECK_EQUAL(priority_get(GROUP, 0), VALUE(IDLE, 4));
	REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, 3, &none));
	CHECK_EQUAL(priority_get(GROUP, 0), VALUE(BEST_EFFORT, 4));
	REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, 1, &some));
	CHECK_EQUAL(priority_get(GROUP, 0), VALUE(REAL_TIME, 4));
	CHECK_OK(priority_set(PROCESS, 0, VALUE(IDLE, 0)));
	CHECK_EQUAL(priority_get(GROUP, 0), VALUE(IDLE, 0));
}

static void *other_thread(void *unused)
{
	CHECK_EQUAL(priority_get(PROCESS, 0), VALUE(BEST_EFFORT, 6));
	CHECK_OK(priority_set(PROCESS, 0, VALUE(BEST_EFFORT, 1)));
	CHECK_EQUAL(priority_get(PROCESS, 0), VALUE(BEST_EFFORT, 1));
	CHECK_EQUAL(priority_get(PROCESS, getpid()), VALUE(BEST_EFFORT, 6));
	return unused;
}

TEST(io_priority_of_threads_and_children)
{
	pthread_t thread;
	pid_t pid;

	REQUIRE_OK(priority_set(PROCESS, 0, VALUE(BEST_EFFORT, 6)));
	REQUIRE(pthread_create(&thread, NULL, other_thread, NULL) == 0);
	pthread_join(thread, NULL);
	CHECK_EQUAL(priority_get(PROCESS, 0), VALUE(BEST_EFFORT, 6));
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	CHECK_EQUAL(priority_get(PROCESS, pid), VALUE(BEST_EFFORT, 6));
	CHECK_OK(priority_set(PROCESS, pid, VALUE(IDLE, 0)));
	CHECK_EQUAL(priority_get(PROCESS, pid), VALUE(IDLE, 0));
	CHECK_EQUAL(priority_get(PROCESS, 0), VALUE(BEST_EFFORT, 6));
	CHECK_EQUAL(priority_get(GROUP, 0), VALUE(BEST_EFFORT, 6));
	CHECK_OK(priority_set(GROUP, 0, VALUE(BEST_EFFORT, 3)));
	CHECK_EQUAL(priority_get(PROCESS, pid), VALUE(BEST_EFFORT, 3));
	CHECK_EQUAL(priority_get(PROCESS, 0), VALUE(BEST_EFFORT, 3));
	CHECK_OK(priority_set(GROUP, getpid(), VALUE(BEST_EFFORT, 2)));
	CHECK_EQUAL(priority_get(PROCESS, pid), VALUE(BEST_EFFORT, 2));
	REQUIRE_OK(kill(pid, SIGKILL));
	REQUIRE(process_await(pid, 'Z'));
	/* It is let go of a moment after that, on Linux too. */
	for (int i = 0; i < 2000 && priority_get(PROCESS, pid) != 0; i++)
		usleep(1000);
	CHECK_EQUAL(priority_get(PROCESS, pid), 0);
	CHECK_OK(priority_set(PROCESS, pid, VALUE(IDLE, 0)));
	CHECK_EQUAL(priority_get(PROCESS, pid), 0);
	child_wait(pid);
}

/* With CLONE_IO the two have one priority; it takes one that was set before. */
TEST(io_priority_shared_by_clone)
{
	int go[2];
	char byte;
	pid_t pid;

	REQUIRE_OK(pipe(go));
	REQUIRE_OK(priority_set(PROCESS, 0, VALUE(BEST_EFFORT, 6)));
	pid = syscall(SYS_clone, SIGCHLD | 0x80000000ul, 0, 0, 0, 0);
	if (pid == 0) {
		read(go[0], &byte, 1);
		CHECK_EQUAL(priority_get(PROCESS, 0), VALUE(BEST_EFFORT, 2));
		CHECK_OK(priority_set(PROCESS, 0, VALUE(IDLE, 0)));
		check_child_end();
	}
	REQUIRE(pid > 0);
	REQUIRE_OK(priority_set(PROCESS, 0, VALUE(BEST_EFFORT, 2)));
	REQUIRE(write(go[1], "g", 1) == 1);
	CHECK_EQUAL(child_exit_code(pid), 0);
	CHECK_EQUAL(priority_get(PROCESS, 0), VALUE(IDLE, 0));
}

TEST(io_priority_and_users)
{
	pid_t root = fork();

	if (root == 0) {
		REQUIRE_OK(syscall(SYS_setsid));
		for (;;)
			pause();
	}
	IN_CHILD {
		REQUIRE_OK(syscall(SYS_setsid));
		user_become(4321);
		CHECK_OK(priority_set(PROCESS, 0, VALUE(BEST_EFFORT, 0)));
		CHECK_OK(priority_set(PROCESS, 0, VALUE(IDLE, 0)));
		CHECK_ERRNO(priority_set(PROCESS, 0, VALUE(REAL_TIME, 7)), EPERM);
		CHECK_ERRNO(priority_set(PROCESS, root, VALUE(IDLE, 0)), EPERM);
		CHECK_EQUAL(priority_get(PROCESS, root), 0);
		CHECK_OK(priority_set(USER, 4321, VALUE(BEST_EFFORT, 5)));
		CHECK_EQUAL(priority_get(USER, 4321), VALUE(BEST_EFFORT, 5));
		/* 0 is the caller's user to one call, and user 0 to the other. */
		CHECK_EQUAL(priority_get(USER, 0), VALUE(BEST_EFFORT, 5));
		CHECK_ERRNO(priority_set(USER, 0, VALUE(BEST_EFFORT, 1)), EPERM);
		CHECK_EQUAL(priority_get(PROCESS, root), 0);
	}
	REQUIRE_OK(kill(root, SIGKILL));
	child_wait(root);
}
