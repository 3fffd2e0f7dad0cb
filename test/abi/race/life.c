/*
 * Threads and processes that begin and end while others execute, kill or stop them: nobody may
 * escape, and nobody may be waited for who is gone.
 */
#include "support.h"
#include <pthread.h>
#include <sched.h>

static volatile long *shared;
static pthread_barrier_t gate;

HELPER(alone)
{
	(void)argc;
	return getpid() == atoi(argv[0]) &&
	       field_number("/proc/self/status", "Threads", 10) == 1 ? 31 : 1;
}

/* A few turns of its own length after the gate, then it is gone. */
static void *leave_soon(void *length)
{
	pthread_barrier_wait(&gate);
	for (volatile long i = (long)length * 200; i > 0; i--)
		continue;
	return NULL;
}

static void *execute(void *unused)
{
	char number[12];

	(void)unused;
	snprintf(number, sizeof(number), "%d", (int)getpid());
	pthread_barrier_wait(&gate);
	execl(check_program, "x", "--helper", "alone", number, NULL);
	_exit(2);
}

TEST(exec_while_the_others_leave)
{
	for (int round = 0; round < 40; round++) {
		pid_t pid = fork();
		pthread_t thread;

		if (pid == 0) {
			pthread_barrier_init(&gate, NULL, 6);
			for (long i = 0; i < 4; i++)
				pthread_create(&thread, NULL, leave_soon, (void *)(i * round));
			pthread_create(&thread, NULL, execute, NULL);
			pthread_barrier_wait(&gate);
			if (round % 2)
				syscall(SYS_exit, 0);
			for (;;)
				pause();
		}
		REQUIRE(child_exit_code(pid) == 31);
	}
}

static void *spin(void *unused)
{
	(void)unused;
	for (;;)
		shared[0]++;
	return NULL;
}

/* Makes threads for ever, most of which make others. */
static void *multiply(void *depth)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 16384);
	for (int i = 0; i < 40; i++)
		if (pthread_create(&thread, &attributes, i % 2 || depth ? spin : multiply,
				   (void *)1) != 0)
			sched_yield();
	spin(NULL);
	return NULL;
}

TEST(kill_while_threads_are_born)
{
	shared = pages_shared(1);
	for (int round = 0; round < 8; round++) {
		pid_t pid = fork();

		if (pid == 0)
			multiply(NULL);
		usleep(1000 + round * 1500);
		REQUIRE_OK(kill(pid, SIGKILL));
		REQUIRE(child_wait(pid) == SIGKILL);
	}
}

TEST(exit_while_threads_are_born)
{
	shared = pages_shared(1);
	for (int round = 0; round < 8; round++) {
		pid_t pid = fork();
		pthread_t thread;

		if (pid == 0) {
			pthread_create(&thread, NULL, multiply, NULL);
			usleep(1000 + round * 1500);
			_exit(round);
		}
		REQUIRE(child_exit_code(pid) == round);
	}
}

TEST(exec_while_threads_are_born)
{
	shared = pages_shared(1);
	for (int round = 0; round < 8; round++) {
		pid_t pid = fork();
		pthread_t thread;

		if (pid == 0) {
			pthread_barrier_init(&gate, NULL, 2);
			pthread_create(&thread, NULL, execute, NULL);
			pthread_create(&thread, NULL, multiply, NULL);
			usleep(round * 1500);
			pthread_barrier_wait(&gate);
			for (;;)
				pause();
		}
		REQUIRE(child_exit_code(pid) == 31);
	}
}

/* Threads that each count in a place of their own, as long as they are made. */
static void *count_here(void *place)
{
	for (;;)
		(*(volatile long *)place)++;
	return NULL;
}

static void *count_and_multiply(void *unused)
{
	pthread_t thread;

	(void)unused;
	for (int i = 1; i < 24; i++)
		pthread_create(&thread, NULL, count_here, (void *)&shared[i]);
	return count_here((void *)&shared[0]);
}

TEST(stop_while_threads_are_born)
{
	shared = pages_shared(1);
	for (int round = 0; round < 8; round++) {
		long seen[24];
		pid_t pid = fork();
		int status;

		if (pid == 0)
			count_and_multiply(NULL);
		usleep(round * 1000);
		REQUIRE_OK(kill(pid, SIGSTOP));
		REQUIRE(waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status));
		for (int i = 0; i < 24; i++)
			seen[i] = shared[i];
		sleep_milliseconds(5);
		for (int i = 0; i < 24; i++)
			REQUIRE(seen[i] == shared[i]);
		REQUIRE_OK(kill(pid, SIGCONT));
		REQUIRE_OK(kill(pid, SIGKILL));
		REQUIRE(child_wait(pid) == SIGKILL);
	}
}

/* Forks until it is killed; each child does the same a little later. */
static void fork_for_ever(void)
{
	for (int i = 0; i < 30; i++)
		if (fork() == 0)
			i += 10;
	for (;;)
		sched_yield();
}

TEST(group_killed_while_it_forks)
{
	for (int round = 0; round < 8; round++) {
		pid_t pid = fork();

		if (pid == 0) {
			setpgid(0, 0);
			fork_for_ever();
		}
		setpgid(pid, pid);
		usleep(1000 + round * 1000);
		REQUIRE_OK(kill(-pid, SIGKILL));
		REQUIRE(child_wait(pid) == SIGKILL);
		/* The rest falls to the first process, which reaps it sooner or later. */
		for (int i = 0; i < 5000 && kill(-pid, 0) == 0; i++)
			sleep_milliseconds(1);
		REQUIRE(kill(-pid, 0) == -1 && errno == ESRCH);
	}
}

static void *send_for_ever(void *pid)
{
	for (;;)
		kill((pid_t)(long)pid, SIGUSR1);
	return NULL;
}

/* The number of a child is known to others before it runs: what is sent then arrives. */
TEST(signals_meet_a_child_that_does_not_run_yet)
{
	pid_t wanted = getpid() + 2000;
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, send_for_ever, (void *)(long)wanted) == 0);
	for (int round = 0; round < 100; round++) {
		struct {
			uint64_t flags, pidfd, child_tid, parent_tid, exit_signal, stack,
				stack_size, tls, set_tid, set_tid_size, cgroup;
		} request = { .exit_signal = SIGCHLD, .set_tid = (uintptr_t)&wanted,
			      .set_tid_size = 1 };
		pid_t pid = syscall(SYS_clone3, &request, sizeof(request));

		if (pid == 0)
			for (;;)
				continue;
		REQUIRE(pid == wanted);
		REQUIRE(child_wait(pid) == SIGUSR1);
	}
}
