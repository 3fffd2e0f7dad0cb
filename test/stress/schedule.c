/*
 * Threads that move between CPUs, policies and locks, and die holding them.
 */
#define _GNU_SOURCE
#include "storms.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOVERS = 6, LOCKERS = 5 };

static _Atomic pid_t movers[MOVERS];
static _Atomic int mover_count;

static void mover_change(pid_t thread, uint64_t *seed)
{
	struct sched_param parameter = { 0 };
	cpu_set_t cpus;
	int policy = SCHED_OTHER;

	CPU_ZERO(&cpus);
	for (int i = 0; i < 4; i++) {
		if (storm_random(seed) & 1)
			CPU_SET(i, &cpus);
	}
	switch (storm_random(seed) % 4) {
	case 0:
	case 1:
		if (CPU_COUNT(&cpus))
			syscall(SYS_sched_setaffinity, thread, sizeof(cpus), &cpus);
		break;
	case 2:
		/* Now and then real-time, never for long: each round of work sets it back. */
		if (storm_random(seed) % 8 == 0) {
			policy = storm_random(seed) & 1 ? SCHED_FIFO : SCHED_RR;
			parameter.sched_priority = 1 + (int)(storm_random(seed) % 10);
		}
		syscall(SYS_sched_setscheduler, thread, policy, &parameter);
		break;
	default:
		setpriority(PRIO_PROCESS, (id_t)thread, (int)(storm_random(seed) % 20));
		break;
	}
}

static void *mover_work(void *argument)
{
	int own = mover_count++ % MOVERS;
	const struct sched_param plain = { 0 };
	uint64_t seed = storm_seed();

	movers[own] = (pid_t)syscall(SYS_gettid);
	while (storm_goes_on()) {
		volatile unsigned spin = (unsigned)(storm_random(&seed) % 2000);

		while (spin)
			spin--;
		mover_change(movers[storm_random(&seed) % MOVERS], &seed);
		if (storm_random(&seed) & 1)
			sched_yield();
		else
			storm_sleep((long)(storm_random(&seed) % 100));
		syscall(SYS_sched_setscheduler, 0, SCHED_OTHER, &plain);
		storm_count(2);
	}
	return argument;
}

static void move_storm(int index)
{
	(void)index;
	storm_threads(MOVERS, mover_work, NULL);
}

struct shared_locks {
	pthread_mutex_t plain, inherited;
	pthread_cond_t condition;
	volatile long guarded[2], twin[2];
};

static struct shared_locks *locks;

static void mutex_make(pthread_mutex_t *mutex, int protocol)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	EXPECT_EQUAL(pthread_mutexattr_setprotocol(&attributes, protocol), 0);
	EXPECT_EQUAL(pthread_mutex_init(mutex, &attributes), 0);
}

/* Takes a lock whose owner may have died; what it guards is put right then. */
static void lock_take(pthread_mutex_t *mutex, int which)
{
	int error = pthread_mutex_lock(mutex);

	EXPECT(error == 0 || error == EOWNERDEAD);
	if (error == EOWNERDEAD) {
		locks->twin[which] = locks->guarded[which];
		EXPECT_EQUAL(pthread_mutex_consistent(mutex), 0);
	}
	EXPECT_EQUAL(locks->guarded[which], locks->twin[which]);
}

static void *locker_work(void *argument)
{
	uint64_t seed = storm_seed();

	for (;;) {
		int which = (int)(storm_random(&seed) & 1);
		pthread_mutex_t *mutex = which ? &locks->inherited : &locks->plain;

		lock_take(mutex, which);
		locks->guarded[which]++;
		if (storm_random(&seed) % 400 == 0 && argument)
			kill(getpid(), SIGKILL);
		if (storm_random(&seed) % 8 == 0)
			sched_yield();
		locks->twin[which]++;
		EXPECT_EQUAL(pthread_mutex_unlock(mutex), 0);
		storm_count(1);
		if (!storm_goes_on())
			return argument;
	}
}

/* Processes share robust locks, one of them with priority inheritance, and are killed in them. */
static void robust_storm(int index)
{
	(void)index;
	locks = mmap(NULL, sizeof(*locks), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		     0);
	EXPECT(locks != MAP_FAILED);
	mutex_make(&locks->plain, PTHREAD_PRIO_NONE);
	mutex_make(&locks->inherited, PTHREAD_PRIO_INHERIT);
	while (storm_goes_on()) {
		pid_t pids[LOCKERS];

		for (int i = 0; i < LOCKERS; i++) {
			pids[i] = fork();
			EXPECT(pids[i] >= 0);
			if (pids[i] == 0) {
				pthread_t other;

				EXPECT_EQUAL(pthread_create(&other, NULL, locker_work, "dies"), 0);
				locker_work("dies");
				pthread_join(other, NULL);
				_exit(0);
			}
		}
		for (int i = 0; i < LOCKERS; i++) {
			int status;

			EXPECT_EQUAL(waitpid(pids[i], &status, 0), pids[i]);
			EXPECT(status == 0 || status == SIGKILL);
		}
	}
	/* Nobody is left: both locks can be had. */
	lock_take(&locks->plain, 0);
	lock_take(&locks->inherited, 1);
	munmap(locks, sizeof(*locks));
}

/* Chains of priority inheritance that form and dissolve while waiters give up. */
static pthread_mutex_t chain[3];

static void *chain_work(void *argument)
{
	uint64_t seed = storm_seed();

	while (storm_goes_on()) {
		int first = (int)(storm_random(&seed) % 2);
		struct timespec limit;

		EXPECT_EQUAL(pthread_mutex_lock(&chain[first]), 0);
		clock_gettime(CLOCK_REALTIME, &limit);
		limit.tv_nsec += 200000;
		if (limit.tv_nsec >= 1000000000) {
			limit.tv_sec++;
			limit.tv_nsec -= 1000000000;
		}
		if (pthread_mutex_timedlock(&chain[first + 1], &limit) == 0)
			EXPECT_EQUAL(pthread_mutex_unlock(&chain[first + 1]), 0);
		EXPECT_EQUAL(pthread_mutex_unlock(&chain[first]), 0);
		setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid),
			    (int)(storm_random(&seed) % 20));
		storm_count(2);
	}
	return argument;
}

static void chain_storm(int index)
{
	(void)index;
	for (int i = 0; i < 3; i++) {
		pthread_mutexattr_t attributes;

		pthread_mutexattr_init(&attributes);
		EXPECT_EQUAL(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT), 0);
		EXPECT_EQUAL(pthread_mutex_init(&chain[i], &attributes), 0);
	}
	storm_threads(LOCKERS, chain_work, NULL);
}

/* Signals of all kinds between processes and threads that stop, wait and die. */
static volatile sig_atomic_t noted;

static void note(int number)
{
	noted = number;
}

static void *signal_take(void *argument)
{
	uint64_t seed = storm_seed();
	sigset_t set, old;

	for (;;) {
		const struct timespec moment = { 0, 100000 };

		sigemptyset(&set);
		sigaddset(&set, SIGRTMIN + 2);
		sigaddset(&set, SIGUSR2);
		switch (storm_random(&seed) % 3) {
		case 0:
			pthread_sigmask(SIG_BLOCK, &set, &old);
			sigtimedwait(&set, NULL, &moment);
			pthread_sigmask(SIG_SETMASK, &old, NULL);
			break;
		case 1:
			pthread_sigmask(SIG_BLOCK, &set, &old);
			syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), SIGUSR2);
			sigsuspend(&old);
			pthread_sigmask(SIG_SETMASK, &old, NULL);
			break;
		default:
			nanosleep(&moment, NULL);
			break;
		}
	}
	return argument;
}

_Noreturn static void target_run(int ready)
{
	struct sigaction action = { .sa_handler = note, .sa_flags = SA_RESTART };
	pthread_t thread;

	setpgid(0, 0);
	sigaction(SIGUSR1, &action, NULL);
	sigaction(SIGUSR2, &action, NULL);
	sigaction(SIGRTMIN + 2, &action, NULL);
	for (int i = 0; i < 2; i++)
		EXPECT_EQUAL(pthread_create(&thread, NULL, signal_take, NULL), 0);
	close(ready);
	signal_take(NULL);
	_exit(1);
}

static void target_shower(pid_t pid, uint64_t *seed)
{
	const int numbers[] = {
		SIGUSR1, SIGUSR2, SIGCONT, SIGSTOP, SIGCONT, SIGTSTP, SIGCONT, SIGWINCH,
	};

	for (int i = 0; i < 300; i++) {
		int number = numbers[storm_random(seed) % STORM_COUNT(numbers)];

		EXPECT_EQUAL(kill(i & 1 ? -pid : pid, number), 0);
		if (sigqueue(pid, SIGRTMIN + 2, (union sigval){ i }))
			EXPECT_EQUAL(errno, EAGAIN);
		if (i % 4 == 0)
			EXPECT(waitpid(pid, NULL, WNOHANG | WUNTRACED | WCONTINUED) >= 0);
	}
}

static void shower_storm(int index)
{
	uint64_t seed = storm_seed();

	(void)index;
	while (storm_goes_on()) {
		int ready[2], status;
		char byte;
		pid_t pid;

		EXPECT_EQUAL(pipe(ready), 0);
		pid = fork();
		EXPECT(pid >= 0);
		if (pid == 0) {
			close(ready[0]);
			target_run(ready[1]);
		}
		close(ready[1]);
		EXPECT_EQUAL(read(ready[0], &byte, 1), 0);
		close(ready[0]);
		target_shower(pid, &seed);
		EXPECT_EQUAL(kill(pid, SIGKILL), 0);
		EXPECT_EQUAL(waitpid(pid, &status, 0), pid);
		EXPECT_EQUAL(status, SIGKILL);
		storm_count(600);
	}
}

static const struct storm storms[] = {
	{ "move", move_storm, 0 },   { "robust", robust_storm, 0 },
	{ "chain", chain_storm, 0 }, { "shower", shower_storm, 0 },
};

const struct storm_table schedule_storms = { storms, STORM_COUNT(storms) };
