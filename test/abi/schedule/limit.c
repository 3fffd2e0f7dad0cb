/*
 * Resource limits: reading and setting, who may raise, and those that stop
 * things and are not checked with the thing itself: CPU, NPROC.
 */
#include "support.h"
#include <pthread.h>
#include <sched.h>
#include <sys/resource.h>

TEST(limits_read_and_set)
{
	struct rlimit set = { 100, 200 }, got[2];

	for (int which = 0; which < 16; which++) {
		poison(got, sizeof(got));
		CHECK_OK(syscall(SYS_getrlimit, which, got));
		CHECK(got[0].rlim_cur <= got[0].rlim_max);
		CHECK_UNTOUCHED(&got[1], sizeof(got[1]));
	}
	CHECK_OK(syscall(SYS_setrlimit, RLIMIT_NOFILE, &set));
	CHECK_OK(syscall(SYS_getrlimit, RLIMIT_NOFILE, got));
	CHECK_BYTES(got, &set, sizeof(set));
	IN_CHILD {
		CHECK_OK(syscall(SYS_getrlimit, RLIMIT_NOFILE, got));
		CHECK_BYTES(got, &set, sizeof(set));
	}
}

TEST(limits_of_another_process)
{
	struct rlimit set = { 5, 10 }, old;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	CHECK_OK(syscall(SYS_prlimit64, pid, RLIMIT_CORE, &set, NULL));
	set.rlim_cur = 7;
	CHECK_OK(syscall(SYS_prlimit64, pid, RLIMIT_CORE, &set, &old));
	CHECK_EQUAL(old.rlim_cur, 5);
	CHECK_OK(syscall(SYS_prlimit64, pid, RLIMIT_CORE, NULL, &old));
	CHECK_EQUAL(old.rlim_cur, 7);
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_prlimit64, pid, RLIMIT_CORE, NULL, &old), EPERM);
	}
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
	CHECK_ERRNO(syscall(SYS_prlimit64, 0x7ffffff0, RLIMIT_CORE, NULL, &old), ESRCH);
}

TEST(limit_refusals)
{
	struct rlimit set = { 10, 5 };

	CHECK_ERRNO(syscall(SYS_setrlimit, RLIMIT_CORE, &set), EINVAL);
	CHECK_ERRNO(syscall(SYS_getrlimit, 16, &set), EINVAL);
	CHECK_ERRNO(syscall(SYS_setrlimit, 16, &set), EINVAL);
	CHECK_ERRNO(syscall(SYS_prlimit64, 0, -1, NULL, &set), EINVAL);
	CHECK_FAULTS(syscall(SYS_getrlimit, RLIMIT_CORE, bad));
	CHECK_FAULTS(syscall(SYS_setrlimit, RLIMIT_CORE, bad));
	CHECK_FAULTS(syscall(SYS_prlimit64, 0, RLIMIT_CORE, bad, NULL));
	CHECK_FAULTS(syscall(SYS_prlimit64, 0, RLIMIT_CORE, NULL, bad));
	set = (struct rlimit){ 5, 5 };
	REQUIRE_OK(syscall(SYS_setrlimit, RLIMIT_CORE, &set));
	IN_CHILD {
		user_become(NOBODY);
		set.rlim_max = 6;
		CHECK_ERRNO(syscall(SYS_setrlimit, RLIMIT_CORE, &set), EPERM);
		set = (struct rlimit){ 3, 4 };
		CHECK_OK(syscall(SYS_setrlimit, RLIMIT_CORE, &set));
		set.rlim_max = 5;
		CHECK_ERRNO(syscall(SYS_setrlimit, RLIMIT_CORE, &set), EPERM);
	}
	set.rlim_max = 6;
	CHECK_OK(syscall(SYS_setrlimit, RLIMIT_CORE, &set));
}

TEST(process_limit_stops_fork)
{
	struct rlimit limit = { 4, 4 };

	REQUIRE_OK(setrlimit(RLIMIT_NPROC, &limit));
	IN_CHILD {
		int made = 0;
		pid_t pid;

		user_become(45678);
		while ((pid = fork()) > 0)
			made++;
		if (pid == 0)
			for (;;)
				pause();
		CHECK_EQUAL(errno, EAGAIN);
		CHECK_EQUAL(made, 3);
		signal_ignore(SIGTERM);
		kill(-1, SIGKILL);
	}
}

__attribute__((noreturn)) static void *wait_for_ever(void *unused)
{
	(void)unused;
	for (;;)
		pause();
}

static void *end_at_once(void *unused)
{
	return unused;
}

/* Threads are counted like processes, as long as they live. */
TEST(process_limit_stops_threads)
{
	struct rlimit limit = { 4, 4 };

	REQUIRE_OK(setrlimit(RLIMIT_NPROC, &limit));
	IN_CHILD {
		int made = 0, error;
		pthread_t thread;

		user_become(45679);
		for (int i = 0; i < 50; i++) {
			while ((error = pthread_create(&thread, NULL, end_at_once, NULL)) == EAGAIN)
				usleep(500);
			REQUIRE(error == 0);
			REQUIRE(pthread_join(thread, NULL) == 0);
		}
		for (error = 0; error == 0; made += error == 0) {
			error = pthread_create(&thread, NULL, wait_for_ever, NULL);
			/* Those that were joined may not be gone yet. */
			for (int i = 0; error == EAGAIN && i < 100; i++) {
				usleep(500);
				error = pthread_create(&thread, NULL, wait_for_ever, NULL);
			}
		}
		CHECK_EQUAL(error, EAGAIN);
		CHECK_EQUAL(made, 3);
		CHECK_EQUAL(fork(), -1);
	}
}

TEST(processor_limit_signals_and_kills)
{
	struct rlimit limit = { 1, 2 };
	int64_t *used = (int64_t *)pages_shared(1);
	pid_t pid = fork();

	if (pid == 0) {
		signal_counted(SIGXCPU, 0);
		setrlimit(RLIMIT_CPU, &limit);
		for (;;)
			if (signal_count(SIGXCPU) > 0 && *used == 0)
				*used = clock_now(CLOCK_PROCESS_CPUTIME_ID);
	}
	CHECK_EQUAL(child_wait(pid), SIGKILL);
	CHECK_AT_LEAST(*used, 900000000);
	CHECK(*used < 10000000000);
}

/* A child goes by the limit that its parent set. */
TEST(processor_limit_is_inherited)
{
	struct rlimit limit = { 1, 10 };
	pid_t pid;

	REQUIRE_OK(setrlimit(RLIMIT_CPU, &limit));
	pid = fork();
	if (pid == 0)
		for (;;)
			continue;
	CHECK_EQUAL(child_wait(pid) & 0x7f, SIGXCPU);
}

static volatile int exceeded;

static void note_limit(int number)
{
	(void)number;
	exceeded++;
}

/* What a real-time thread runs without sleeping. */
TEST(real_time_limit_signals_and_kills)
{
	struct rlimit limit = { 50000, 1200000 };
	pid_t pid = fork();

	if (pid == 0) {
		struct sched_param parameters = { .sched_priority = 3 };

		signal(SIGXCPU, note_limit);
		setrlimit(RLIMIT_RTTIME, &limit);
		REQUIRE_OK(syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &parameters));
		/* Sleeping begins anew. */
		for (int i = 0; i < 30; i++) {
			int64_t start = clock_now(CLOCK_THREAD_CPUTIME_ID);

			while (clock_now(CLOCK_THREAD_CPUTIME_ID) - start < 5000000)
				continue;
			sleep_milliseconds(1);
		}
		CHECK_EQUAL(exceeded, 0);
		while (!exceeded)
			continue;
		getrlimit(RLIMIT_RTTIME, &limit);
		CHECK_EQUAL(limit.rlim_cur, 1050000);
		for (;;)
			continue;
	}
	CHECK_EQUAL(child_wait(pid), SIGKILL);
}
