/*
 * Checks of locks: mutexes of every kind, condition variables, barriers, reader-writer locks,
 * semaphores and spin locks, between threads and between processes.
 */
#define _GNU_SOURCE
#include "torture.h"

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CONTENDERS = 4, ROUNDS = 20000, PRODUCERS = 3, ITEMS = 4000, SLOTS = 4, WAITERS = 8 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
static pthread_cond_t space = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static sem_t semaphore, answer;
/* Plain on purpose: only the lock under test keeps it right. */
static volatile long counter, twin;
static _Atomic long total;

static void mutex_make(pthread_mutex_t *made, int type, int protocol, int robust)
{
	pthread_mutexattr_t attributes;

	EXPECT_EQUAL(pthread_mutexattr_init(&attributes), 0);
	EXPECT_EQUAL(pthread_mutexattr_settype(&attributes, type), 0);
	EXPECT_EQUAL(pthread_mutexattr_setprotocol(&attributes, protocol), 0);
	EXPECT_EQUAL(pthread_mutexattr_setrobust(&attributes, robust), 0);
	EXPECT_EQUAL(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED), 0);
	EXPECT_EQUAL(pthread_mutex_init(made, &attributes), 0);
}

static int mutex_rounds = ROUNDS;

static void *mutex_count(void *argument)
{
	for (int i = 0; i < mutex_rounds; i++) {
		EXPECT_EQUAL(pthread_mutex_lock(&mutex), 0);
		counter++;
		EXPECT_EQUAL(pthread_mutex_unlock(&mutex), 0);
	}
	return argument;
}

static void mutex_contend(int type, int protocol, int robust)
{
	mutex_make(&mutex, type, protocol, robust);
	/* Inheriting mutexes hand over by the kernel each time, which is slow by nature. */
	if (protocol == PTHREAD_PRIO_INHERIT)
		mutex_rounds = ROUNDS / 10;
	torture_run(CONTENDERS, mutex_count);
	EXPECT_EQUAL(counter, CONTENDERS * mutex_rounds);
}

static void mutex_normal(void)
{
	mutex_contend(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
}

static void mutex_recursive(void)
{
	mutex_contend(PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
	EXPECT_EQUAL(pthread_mutex_lock(&mutex), 0);
	EXPECT_EQUAL(pthread_mutex_trylock(&mutex), 0);
	EXPECT_EQUAL(pthread_mutex_unlock(&mutex), 0);
	EXPECT_EQUAL(pthread_mutex_unlock(&mutex), 0);
	EXPECT_EQUAL(pthread_mutex_unlock(&mutex), EPERM);
}

static void mutex_robust_contended(void)
{
	mutex_contend(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST);
}

static void mutex_inheriting(void)
{
	mutex_contend(PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
}

static void mutex_inheriting_robust(void)
{
	mutex_contend(PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_ROBUST);
}

/* The mutex is held by another thread: what this one may and may not do. */
static void *mutex_intrude(void *argument)
{
	uint64_t begin = torture_now(CLOCK_MONOTONIC);
	struct timespec limit = torture_ahead(CLOCK_REALTIME, 50);

	EXPECT_EQUAL(pthread_mutex_trylock(&mutex), EBUSY);
	EXPECT_EQUAL(pthread_mutex_unlock(&mutex), EPERM);
	EXPECT_EQUAL(pthread_mutex_timedlock(&mutex, &limit), ETIMEDOUT);
	EXPECT(torture_now(CLOCK_MONOTONIC) - begin >= 49000000u);
	limit.tv_sec -= 10;
	EXPECT_EQUAL(pthread_mutex_timedlock(&mutex, &limit), ETIMEDOUT);
	return argument;
}

static void mutex_refuse(int protocol)
{
	mutex_make(&mutex, PTHREAD_MUTEX_ERRORCHECK, protocol, PTHREAD_MUTEX_STALLED);
	EXPECT_EQUAL(pthread_mutex_unlock(&mutex), EPERM);
	EXPECT_EQUAL(pthread_mutex_lock(&mutex), 0);
	EXPECT_EQUAL(pthread_mutex_lock(&mutex), EDEADLK);
	torture_run(1, mutex_intrude);
	EXPECT_EQUAL(pthread_mutex_unlock(&mutex), 0);
}

static void mutex_errors(void)
{
	mutex_refuse(PTHREAD_PRIO_NONE);
}

static void mutex_inheriting_errors(void)
{
	mutex_refuse(PTHREAD_PRIO_INHERIT);
}

static void *mutex_abandon(void *argument)
{
	EXPECT_EQUAL(pthread_mutex_lock(argument), 0);
	return argument;
}

static void robust_recover(int protocol)
{
	mutex_make(&mutex, PTHREAD_MUTEX_NORMAL, protocol, PTHREAD_MUTEX_ROBUST);
	for (int i = 0; i < 20; i++) {
		torture_join(torture_start(mutex_abandon, &mutex));
		EXPECT_EQUAL(pthread_mutex_lock(&mutex), EOWNERDEAD);
		EXPECT_EQUAL(pthread_mutex_consistent(&mutex), 0);
		EXPECT_EQUAL(pthread_mutex_unlock(&mutex), 0);
	}
	torture_join(torture_start(mutex_abandon, &mutex));
	EXPECT_EQUAL(pthread_mutex_lock(&mutex), EOWNERDEAD);
	EXPECT_EQUAL(pthread_mutex_unlock(&mutex), 0);
	EXPECT_EQUAL(pthread_mutex_lock(&mutex), ENOTRECOVERABLE);
}

static void robust_thread(void)
{
	robust_recover(PTHREAD_PRIO_NONE);
}

static void robust_inheriting_thread(void)
{
	robust_recover(PTHREAD_PRIO_INHERIT);
}

/* The owner is a process that is killed while this one already sleeps on the lock. */
static void robust_kill(int protocol)
{
	struct shared {
		pthread_mutex_t mutex;
		_Atomic int held;
	} *shared = torture_share(sizeof(*shared));

	mutex_make(&shared->mutex, PTHREAD_MUTEX_NORMAL, protocol, PTHREAD_MUTEX_ROBUST);

	pid_t pid = fork();

	if (pid == 0) {
		EXPECT_EQUAL(pthread_mutex_lock(&shared->mutex), 0);
		shared->held = 1;
		torture_sleep(100);
		_exit(0);
	}
	while (!shared->held)
		torture_sleep(1);
	EXPECT_EQUAL(pthread_mutex_lock(&shared->mutex), EOWNERDEAD);
	EXPECT_EQUAL(pthread_mutex_consistent(&shared->mutex), 0);
	EXPECT_EQUAL(pthread_mutex_unlock(&shared->mutex), 0);
	EXPECT_EQUAL(pthread_mutex_lock(&shared->mutex), 0);
	EXPECT_EQUAL(waitpid(pid, NULL, 0), pid);
}

static void robust_process(void)
{
	robust_kill(PTHREAD_PRIO_NONE);
}

static void robust_inheriting_process(void)
{
	robust_kill(PTHREAD_PRIO_INHERIT);
}

/* A bounded queue: the sum shows that each item went through once. */
static long slots[SLOTS];
static int used;

static void *queue_produce(void *argument)
{
	for (long i = 1; i <= ITEMS; i++) {
		pthread_mutex_lock(&mutex);
		while (used == SLOTS)
			EXPECT_EQUAL(pthread_cond_wait(&space, &mutex), 0);
		slots[used++] = i;
		pthread_cond_signal(&condition);
		pthread_mutex_unlock(&mutex);
	}
	return argument;
}

static void *queue_consume(void *argument)
{
	for (long i = 1; i <= ITEMS; i++) {
		pthread_mutex_lock(&mutex);
		while (!used)
			EXPECT_EQUAL(pthread_cond_wait(&condition, &mutex), 0);
		counter += slots[--used];
		pthread_cond_signal(&space);
		pthread_mutex_unlock(&mutex);
	}
	return argument;
}

static void *queue_work(void *argument)
{
	return (intptr_t)argument & 1 ? queue_produce(argument) : queue_consume(argument);
}

static void condition_queue(void)
{
	torture_run(2 * PRODUCERS, queue_work);
	EXPECT_EQUAL(counter, (long)PRODUCERS * ITEMS * (ITEMS + 1) / 2);
	EXPECT_EQUAL(used, 0);
}

static void *generation_follow(void *argument)
{
	pthread_mutex_lock(&mutex);
	for (long seen = 0; seen < 200; seen++) {
		while (counter == seen)
			pthread_cond_wait(&condition, &mutex);
		EXPECT_EQUAL(counter, seen + 1);
		if (++twin == WAITERS)
			pthread_cond_signal(&space);
	}
	pthread_mutex_unlock(&mutex);
	return argument;
}

static void condition_broadcast(void)
{
	pthread_t threads[WAITERS];

	for (int i = 0; i < WAITERS; i++)
		threads[i] = torture_start(generation_follow, NULL);
	pthread_mutex_lock(&mutex);
	for (int i = 0; i < 200; i++) {
		twin = 0;
		counter++;
		pthread_cond_broadcast(&condition);
		while (twin < WAITERS)
			pthread_cond_wait(&space, &mutex);
	}
	pthread_mutex_unlock(&mutex);
	for (int i = 0; i < WAITERS; i++)
		torture_join(threads[i]);
}

static void condition_timeout(void)
{
	pthread_condattr_t attributes;
	const int clocks[] = { CLOCK_MONOTONIC, CLOCK_REALTIME };

	for (int i = 0; i < 2; i++) {
		pthread_condattr_init(&attributes);
		EXPECT_EQUAL(pthread_condattr_setclock(&attributes, clocks[i]), 0);
		EXPECT_EQUAL(pthread_cond_init(&condition, &attributes), 0);

		struct timespec limit = torture_ahead(clocks[i], 60);
		uint64_t begin = torture_now(CLOCK_MONOTONIC);

		pthread_mutex_lock(&mutex);
		EXPECT_EQUAL(pthread_cond_timedwait(&condition, &mutex, &limit), ETIMEDOUT);
		EXPECT(torture_now(CLOCK_MONOTONIC) - begin >= 59000000u);
		EXPECT_EQUAL(pthread_mutex_trylock(&mutex), EBUSY);
		pthread_mutex_unlock(&mutex);
	}
}

static void *barrier_pass(void *argument)
{
	for (long i = 0; i < 500; i++) {
		int result = pthread_barrier_wait(&barrier);

		EXPECT(result == 0 || result == PTHREAD_BARRIER_SERIAL_THREAD);
		if (result == PTHREAD_BARRIER_SERIAL_THREAD)
			counter++;
		pthread_barrier_wait(&barrier);
		EXPECT_EQUAL(counter, i + 1);
		pthread_barrier_wait(&barrier);
	}
	return argument;
}

static void barrier_rounds(void)
{
	EXPECT_EQUAL(pthread_barrier_init(&barrier, NULL, 5), 0);
	torture_run(5, barrier_pass);
	EXPECT_EQUAL(pthread_barrier_destroy(&barrier), 0);
}

static void *rwlock_use(void *argument)
{
	int writes = (intptr_t)argument < 2;

	for (int i = 0; i < 5000; i++) {
		if (writes && i % 4 == 0) {
			EXPECT_EQUAL(pthread_rwlock_wrlock(&rwlock), 0);
			counter++;
			twin++;
		} else {
			EXPECT_EQUAL(pthread_rwlock_rdlock(&rwlock), 0);
			EXPECT_EQUAL(counter, twin);
		}
		EXPECT_EQUAL(pthread_rwlock_unlock(&rwlock), 0);
	}
	return argument;
}

static void *rwlock_refused(void *argument)
{
	struct timespec limit = torture_ahead(CLOCK_REALTIME, 30);

	EXPECT_EQUAL(pthread_rwlock_tryrdlock(&rwlock), EBUSY);
	EXPECT_EQUAL(pthread_rwlock_trywrlock(&rwlock), EBUSY);
	EXPECT_EQUAL(pthread_rwlock_timedrdlock(&rwlock, &limit), ETIMEDOUT);
	return argument;
}

static void rwlock_sharing(void)
{
	torture_run(6, rwlock_use);
	EXPECT_EQUAL(counter, 2 * 1250);
	EXPECT_EQUAL(pthread_rwlock_rdlock(&rwlock), 0);
	EXPECT_EQUAL(pthread_rwlock_tryrdlock(&rwlock), 0);
	EXPECT_EQUAL(pthread_rwlock_trywrlock(&rwlock), EBUSY);
	pthread_rwlock_unlock(&rwlock);
	pthread_rwlock_unlock(&rwlock);
	EXPECT_EQUAL(pthread_rwlock_wrlock(&rwlock), 0);
	torture_run(1, rwlock_refused);
}

static void *spin_count(void *argument)
{
	for (int i = 0; i < ROUNDS; i++) {
		pthread_spin_lock(&spin);
		counter++;
		pthread_spin_unlock(&spin);
	}
	return argument;
}

static void spin_contended(void)
{
	EXPECT_EQUAL(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE), 0);
	torture_run(CONTENDERS, spin_count);
	EXPECT_EQUAL(counter, CONTENDERS * ROUNDS);
	EXPECT_EQUAL(pthread_spin_trylock(&spin), 0);
	EXPECT_EQUAL(pthread_spin_trylock(&spin), EBUSY);
}

static void *semaphore_serve(void *argument)
{
	for (int i = 0; i < 3000; i++) {
		EXPECT_EQUAL(sem_wait(&semaphore), 0);
		total++;
		EXPECT_EQUAL(sem_post(&answer), 0);
	}
	return argument;
}

static void semaphore_rounds(void)
{
	struct timespec limit;
	int value;

	EXPECT_EQUAL(sem_init(&semaphore, 0, 0), 0);
	EXPECT_EQUAL(sem_init(&answer, 0, 0), 0);

	pthread_t server = torture_start(semaphore_serve, NULL);

	for (int i = 0; i < 3000; i++) {
		EXPECT_EQUAL(sem_post(&semaphore), 0);
		EXPECT_EQUAL(sem_wait(&answer), 0);
		EXPECT_EQUAL(total, i + 1);
	}
	torture_join(server);
	EXPECT(sem_trywait(&answer) == -1 && errno == EAGAIN);
	limit = torture_ahead(CLOCK_REALTIME, 40);
	EXPECT(sem_timedwait(&answer, &limit) == -1 && errno == ETIMEDOUT);
	EXPECT_EQUAL(sem_post(&answer), 0);
	EXPECT_EQUAL(sem_getvalue(&answer, &value), 0);
	EXPECT_EQUAL(value, 1);
}

/* Named semaphores live in /dev/shm; a machine without it has none. */
static void semaphore_named(void)
{
	struct stat status;

	if (stat("/dev/shm", &status))
		return;
	sem_unlink("/torture");

	sem_t *named = sem_open("/torture", O_CREAT | O_EXCL, 0600, 0);

	EXPECT(named != SEM_FAILED);
	EXPECT(sem_open("/torture", O_CREAT | O_EXCL, 0600, 0) == SEM_FAILED && errno == EEXIST);

	pid_t pid = fork();

	if (pid == 0) {
		sem_t *other = sem_open("/torture", 0);

		EXPECT(other != SEM_FAILED);
		torture_sleep(30);
		_exit(sem_post(other));
	}
	EXPECT_EQUAL(sem_wait(named), 0);
	EXPECT_EQUAL(waitpid(pid, NULL, 0), pid);
	EXPECT_EQUAL(sem_unlink("/torture"), 0);
	EXPECT(sem_open("/torture", 0) == SEM_FAILED && errno == ENOENT);
}

/* Everything that may be shared between processes, in one page. */
struct common {
	pthread_mutex_t mutex;
	pthread_cond_t condition;
	pthread_barrier_t barrier;
	sem_t semaphore;
	long turn, count;
};

static void common_use(struct common *common, int mine)
{
	pthread_barrier_wait(&common->barrier);
	for (int i = 0; i < 500; i++) {
		pthread_mutex_lock(&common->mutex);
		while (common->turn % 3 != mine)
			pthread_cond_wait(&common->condition, &common->mutex);
		common->turn++;
		pthread_cond_broadcast(&common->condition);
		pthread_mutex_unlock(&common->mutex);
		EXPECT_EQUAL(sem_wait(&common->semaphore), 0);
		common->count++;
		EXPECT_EQUAL(sem_post(&common->semaphore), 0);
	}
}

static void processes_share(void)
{
	struct common *common = torture_share(sizeof(*common));
	pthread_condattr_t condition_attributes;
	pthread_barrierattr_t barrier_attributes;
	pid_t pids[2];
	int status;

	mutex_make(&common->mutex, PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
	pthread_condattr_init(&condition_attributes);
	pthread_condattr_setpshared(&condition_attributes, PTHREAD_PROCESS_SHARED);
	pthread_cond_init(&common->condition, &condition_attributes);
	pthread_barrierattr_init(&barrier_attributes);
	pthread_barrierattr_setpshared(&barrier_attributes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&common->barrier, &barrier_attributes, 3);
	EXPECT_EQUAL(sem_init(&common->semaphore, 1, 1), 0);
	for (int i = 0; i < 2; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			common_use(common, i);
			_exit(0);
		}
	}
	common_use(common, 2);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQUAL(waitpid(pids[i], &status, 0), pids[i]);
		EXPECT_EQUAL(status, 0);
	}
	EXPECT_EQUAL(common->turn, 1500);
	EXPECT_EQUAL(common->count, 1500);
}

static const struct check checks[] = {
	{ "mutex_normal", mutex_normal, 0 },
	{ "mutex_recursive", mutex_recursive, 0 },
	{ "mutex_errors", mutex_errors, 0 },
	{ "mutex_inheriting", mutex_inheriting, 0 },
	{ "mutex_inheriting_errors", mutex_inheriting_errors, 0 },
	{ "mutex_inheriting_robust", mutex_inheriting_robust, 0 },
	{ "mutex_robust_contended", mutex_robust_contended, 0 },
	{ "robust_thread", robust_thread, 0 },
	{ "robust_process", robust_process, 0 },
	{ "robust_inheriting_thread", robust_inheriting_thread, 0 },
	{ "robust_inheriting_process", robust_inheriting_process, 0 },
	{ "condition_queue", condition_queue, 0 },
	{ "condition_broadcast", condition_broadcast, 0 },
	{ "condition_timeout", condition_timeout, 0 },
	{ "barrier_rounds", barrier_rounds, 0 },
	{ "rwlock_sharing", rwlock_sharing, 0 },
	{ "spin_contended", spin_contended, 0 },
	{ "semaphore_rounds", semaphore_rounds, 0 },
	{ "semaphore_named", semaphore_named, 0 },
	{ "processes_share", processes_share, 0 },
};

const struct check_table lock_table = { checks, CHECK_COUNT(checks) };
