/*
 * Threads that move between CPUs, policies and locks, and die holding them.
 */
#define _GNU_SOURCE
#include "storms.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
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

/*
 * Robust locks straight from set_robust_list(2) and futex(2): those of C libraries lose wake-ups
 * when a waiter is killed, and some forget waiters when they are made consistent.
 */
#define FUTEX_WAIT 0
#define FUTEX_WAKE 1
#define FUTEX_LOCK_PI 6
#define FUTEX_UNLOCK_PI 7
#define FUTEX_TID_MASK 0x3fffffffu
#define FUTEX_OWNER_DIED 0x40000000u
#define FUTEX_WAITERS 0x80000000u

struct robust_list {
	struct robust_list *next;
};

struct robust_list_head {
	struct robust_list list;
	long futex_offset;
	struct robust_list *list_op_pending;
};

struct robust_lock {
	struct robust_list entry;
	uint32_t word;
	int is_inheriting;
	volatile long guarded, twin;
};

static struct robust_lock *locks;
static _Thread_local struct robust_list_head own_list;

static long word_call(struct robust_lock *lock, int operation, uint32_t value)
{
	/* Not for ever: whom the lock's end woke may have been killed before it could take it. */
	struct timespec limit = { 0, 50000000 };

	return syscall(SYS_futex, &lock->word, operation, value,
		       operation == FUTEX_WAIT ? &limit : NULL, NULL, 0);
}

static uint32_t word_change(struct robust_lock *lock, uint32_t seen, uint32_t wanted)
{
	return __sync_val_compare_and_swap(&lock->word, seen, wanted);
}

/* Announces what is about to be done to the lock, as the kernel wants to find it. */
static void operation_begin(struct robust_lock *lock)
{
	*(struct robust_list *volatile *)&own_list.list_op_pending =
		(struct robust_list *)((uintptr_t)&lock->entry | (uintptr_t)lock->is_inheriting);
	atomic_signal_fence(memory_order_seq_cst);
}

static void operation_end(void)
{
	atomic_signal_fence(memory_order_seq_cst);
	*(struct robust_list *volatile *)&own_list.list_op_pending = NULL;
}

/* The word when it was taken; its FUTEX_OWNER_DIED tells that the owner before died. */
static uint32_t word_take(struct robust_lock *lock, uint32_t own)
{
	uint32_t waited = 0, seen;

	if (lock->is_inheriting) {
		if (word_change(lock, 0, own) != 0)
			EXPECT_EQUAL(word_call(lock, FUTEX_LOCK_PI, 0), 0);
		return lock->word;
	}
	for (;;) {
		seen = *(volatile uint32_t *)&lock->word;
		if (!(seen & FUTEX_TID_MASK)) {
			if (word_change(lock, seen, seen | own | waited) == seen)
				return seen;
		} else if ((seen & FUTEX_WAITERS) ||
			   word_change(lock, seen, seen | FUTEX_WAITERS) == seen) {
			word_call(lock, FUTEX_WAIT, seen | FUTEX_WAITERS);
			waited = FUTEX_WAITERS;
		}
	}
}

/* Takes a lock whose owner may have died; what it guards is put right then. */
static void lock_take(struct robust_lock *lock)
{
	uint32_t own = (uint32_t)syscall(SYS_gettid), seen;

	operation_begin(lock);
	seen = word_take(lock, own);
	EXPECT_EQUAL(lock->word & FUTEX_TID_MASK, own);
	lock->entry.next = &own_list.list;
	*(struct robust_list *volatile *)&own_list.list.next =
		(struct robust_list *)((uintptr_t)&lock->entry | (uintptr_t)lock->is_inheriting);
	operation_end();
	if (seen & FUTEX_OWNER_DIED) {
		lock->twin = lock->guarded;
		__sync_and_and_fetch(&lock->word, ~FUTEX_OWNER_DIED);
	}
	EXPECT_EQUAL(lock->guarded, lock->twin);
}

static void lock_leave(struct robust_lock *lock)
{
	uint32_t own = (uint32_t)syscall(SYS_gettid);

	EXPECT_EQUAL(lock->word & FUTEX_TID_MASK, own);
	operation_begin(lock);
	*(struct robust_list *volatile *)&own_list.list.next = &own_list.list;
	if (!lock->is_inheriting) {
		if (__sync_lock_test_and_set(&lock->word, 0) & FUTEX_WAITERS)
			word_call(lock, FUTEX_WAKE, 1);
	} else if (word_change(lock, own, 0) != own) {
		EXPECT_EQUAL(word_call(lock, FUTEX_UNLOCK_PI, 0), 0);
	}
	operation_end();
}

static void list_register(void)
{
	own_list.list.next = &own_list.list;
	own_list.futex_offset = (long)offsetof(struct robust_lock, word) -
		(long)offsetof(struct robust_lock, entry);
	own_list.list_op_pending = NULL;
	EXPECT_EQUAL(syscall(SYS_set_robust_list, &own_list, sizeof(own_list)), 0);
}

static void *locker_work(void *argument)
{
	uint64_t seed = storm_seed();

	list_register();
	for (;;) {
		struct robust_lock *lock = &locks[storm_random(&seed) & 1];

		lock_take(lock);
		lock->guarded++;
		if (storm_random(&seed) % 400 == 0 && argument)
			kill(getpid(), SIGKILL);
		if (storm_random(&seed) % 8 == 0)
			sched_yield();
		lock->twin++;
		lock_leave(lock);
		storm_count(1);
		if (!storm_goes_on())
			return argument;
	}
}

/* Processes share robust locks, one of them with priority inheritance, and are killed in them. */
static void robust_storm(int index)
{
	(void)index;
	locks = mmap(NULL, 2 * sizeof(*locks), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	EXPECT(locks != MAP_FAILED);
	locks[1].is_inheriting = 1;
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
	list_register();
	for (int i = 0; i < 2; i++) {
		lock_take(&locks[i]);
		lock_leave(&locks[i]);
	}
	munmap(locks, 2 * sizeof(*locks));
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
