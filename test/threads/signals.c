/*
 * Checks of signals among threads: sent to one, sent to all, waited for, blocked, and falling
 * like rain on threads that hold locks.
 */
#define _GNU_SOURCE
#include "torture.h"

#include <errno.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { TARGETS = 6, SENT = 200 };

static _Atomic long seen[TARGETS], stray, stop, total;
static _Thread_local long self_index = -1;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static volatile long counter;
static sem_t semaphore;
static pthread_barrier_t barrier;

static void signal_note(int number)
{
	int saved = errno;

	(void)number;
	if (self_index < 0)
		stray++;
	else
		seen[self_index]++;
	total++;
	errno = saved;
}

static void handler_install(int number, int flags)
{
	struct sigaction action = { .sa_handler = signal_note, .sa_flags = flags };

	EXPECT_EQUAL(sigaction(number, &action, NULL), 0);
}

static void mask_change(int how, int number)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, number);
	EXPECT_EQUAL(pthread_sigmask(how, &set, NULL), 0);
}

static void *target_run(void *argument)
{
	self_index = (intptr_t)argument;
	pthread_barrier_wait(&barrier);
	while (!stop)
		torture_sleep(1);
	return argument;
}

/* Each signal is seen by the thread it was sent to, before the next one is sent. */
static void directed(void)
{
	pthread_t threads[TARGETS];

	handler_install(SIGUSR1, 0);
	pthread_barrier_init(&barrier, NULL, TARGETS + 1);
	for (intptr_t i = 0; i < TARGETS; i++)
		threads[i] = torture_start(target_run, (void *)i);
	pthread_barrier_wait(&barrier);
	for (long round = 1; round <= SENT; round++) {
		long target = round % TARGETS, before = seen[target];

		EXPECT_EQUAL(pthread_kill(threads[target], SIGUSR1), 0);
		while (seen[target] == before)
			sched_yield();
	}
	stop = 1;
	for (int i = 0; i < TARGETS; i++)
		torture_join(threads[i]);
	EXPECT_EQUAL(stray, 0);
	EXPECT_EQUAL(total, SENT);
}

/* A signal to the process goes to the one thread that does not block it. */
static void undirected(void)
{
	pthread_t thread;

	handler_install(SIGUSR2, 0);
	pthread_barrier_init(&barrier, NULL, 2);
	thread = torture_start(target_run, (void *)2);
	pthread_barrier_wait(&barrier);
	mask_change(SIG_BLOCK, SIGUSR2);
	for (long i = 1; i <= 50; i++) {
		EXPECT_EQUAL(kill(getpid(), SIGUSR2), 0);
		while (seen[2] < i)
			sched_yield();
	}
	stop = 1;
	torture_join(thread);
	EXPECT_EQUAL(stray, 0);
	EXPECT_EQUAL(kill(getpid(), SIGUSR2), 0);
	torture_sleep(5);
	EXPECT_EQUAL(stray, 0);
	mask_change(SIG_UNBLOCK, SIGUSR2);
	EXPECT_EQUAL(stray, 1);
}

static void *signals_take(void *argument)
{
	sigset_t set;
	int number;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	for (int i = 0; i < SENT; i++) {
		EXPECT_EQUAL(sigwait(&set, &number), 0);
		EXPECT_EQUAL(number, SIGRTMIN);
		total++;
	}
	return argument;
}

/* Real-time signals queue: none may be lost, however many wait at once. */
static void queued(void)
{
	pthread_t threads[2];

	mask_change(SIG_BLOCK, SIGRTMIN);
	for (int i = 0; i < 2; i++)
		threads[i] = torture_start(signals_take, NULL);
	for (int i = 0; i < 2 * SENT; i++)
		EXPECT_EQUAL(sigqueue(getpid(), SIGRTMIN, (union sigval){ .sival_int = i }), 0);
	for (int i = 0; i < 2; i++)
		torture_join(threads[i]);
	EXPECT_EQUAL(total, 2 * SENT);
}

static void *order_take(void *argument)
{
	sigset_t set;
	siginfo_t info;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN + 1);
	for (int i = 0; i < SENT; i++) {
		EXPECT_EQUAL(sigwaitinfo(&set, &info), SIGRTMIN + 1);
		EXPECT_EQUAL(info.si_value.sival_int, i);
		EXPECT_EQUAL(info.si_code, SI_QUEUE);
		EXPECT_EQUAL(info.si_pid, getpid());
	}
	return argument;
}

static void queued_in_order(void)
{
	mask_change(SIG_BLOCK, SIGRTMIN + 1);

	pthread_t thread = torture_start(order_take, NULL);

	for (int i = 0; i < SENT; i++)
		EXPECT_EQUAL(sigqueue(getpid(), SIGRTMIN + 1, (union sigval){ .sival_int = i }), 0);
	torture_join(thread);
}

static void *lock_under_rain(void *argument)
{
	self_index = (intptr_t)argument;
	for (int i = 0; i < 20000; i++) {
		pthread_mutex_lock(&mutex);
		counter++;
		if (i % 100 == 0)
			sched_yield();
		pthread_mutex_unlock(&mutex);
	}
	return argument;
}

/* A lock's futex wait is interrupted all the time, and the count has to be right. */
static void rain_on_locks(void)
{
	pthread_t threads[4];
	struct itimerval often = { { 0, 1000 }, { 0, 1000 } }, never = { { 0, 0 }, { 0, 0 } };

	handler_install(SIGALRM, SA_RESTART);
	handler_install(SIGUSR1, 0);
	EXPECT_EQUAL(setitimer(ITIMER_REAL, &often, NULL), 0);
	for (intptr_t i = 0; i < 4; i++)
		threads[i] = torture_start(lock_under_rain, (void *)i);
	for (int i = 0; i < 300; i++) {
		pthread_kill(threads[i % 4], SIGUSR1);
		sched_yield();
	}
	for (int i = 0; i < 4; i++)
		torture_join(threads[i]);
	setitimer(ITIMER_REAL, &never, NULL);
	EXPECT_EQUAL(counter, 4 * 20000);
	EXPECT(total > 0);
}

static void *interrupted_wait(void *argument)
{
	self_index = 0;
	pthread_barrier_wait(&barrier);
	EXPECT(sem_wait(&semaphore) == -1 && errno == EINTR);
	pthread_barrier_wait(&barrier);
	EXPECT_EQUAL(sem_wait(&semaphore), 0);
	return argument;
}

/* Without SA_RESTART a wait ends with EINTR; with it the wait goes on. */
static void interruption(void)
{
	pthread_t thread;

	sem_init(&semaphore, 0, 0);
	pthread_barrier_init(&barrier, NULL, 2);
	handler_install(SIGUSR1, 0);
	handler_install(SIGUSR2, SA_RESTART);
	thread = torture_start(interrupted_wait, NULL);
	pthread_barrier_wait(&barrier);
	torture_sleep(50);
	pthread_kill(thread, SIGUSR1);
	pthread_barrier_wait(&barrier);
	torture_sleep(50);
	pthread_kill(thread, SIGUSR2);
	while (total < 2)
		torture_sleep(1);
	torture_sleep(20);
	sem_post(&semaphore);
	torture_join(thread);
}

static void *alternate_stack(void *argument)
{
	_Alignas(16) static char stacks[TARGETS][65536];
	stack_t stack = { .ss_sp = stacks[(intptr_t)argument], .ss_size = sizeof(stacks[0]) };
	stack_t found;

	self_index = (intptr_t)argument;
	EXPECT_EQUAL(sigaltstack(NULL, &found), 0);
	EXPECT_EQUAL(found.ss_flags, SS_DISABLE);
	EXPECT_EQUAL(sigaltstack(&stack, NULL), 0);
	for (int i = 0; i < 100; i++)
		raise(SIGUSR1);
	EXPECT_EQUAL(seen[self_index], 100);
	/* The frames must have been written to this thread's own stack. */
	for (size_t i = 0; i < sizeof(stacks[0]); i++) {
		if (stacks[(intptr_t)argument][i])
			return argument;
	}
	torture_fail(__FILE__, __LINE__, "the alternate stack was not used", 0);
}

static void alternate_stacks(void)
{
	handler_install(SIGUSR1, SA_ONSTACK);
	torture_run(TARGETS, alternate_stack);
}

/* A fault in a thread is that thread's signal, even when it blocks all others. */
static void fault_note(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	EXPECT_EQUAL((uintptr_t)info->si_addr, 64 + (uintptr_t)self_index);
	EXPECT_EQUAL(info->si_code, SEGV_MAPERR);
	total++;
	pthread_exit(NULL);
}

static void *fault_run(void *argument)
{
	volatile char *nowhere = (volatile char *)64;

	self_index = (intptr_t)argument;
	/* The handler reads the index: it has to be stored before the fault. */
	__asm__ volatile("" : "+r"(nowhere) : : "memory");
	nowhere[self_index] = 1;
	torture_fail(__FILE__, __LINE__, "no fault", 0);
	return argument;
}

static void faults(void)
{
	struct sigaction action = { .sa_sigaction = fault_note, .sa_flags = SA_SIGINFO };

	EXPECT_EQUAL(sigaction(SIGSEGV, &action, NULL), 0);
	for (int i = 0; i < 20; i++)
		torture_run(TARGETS, fault_run);
	EXPECT_EQUAL(total, 20 * TARGETS);
}

static const struct check checks[] = {
	{ "directed", directed, 0 },
	{ "undirected", undirected, 0 },
	{ "queued", queued, 0 },
	{ "queued_in_order", queued_in_order, 0 },
	{ "rain_on_locks", rain_on_locks, 0 },
	{ "interruption", interruption, 0 },
	{ "alternate_stacks", alternate_stacks, 0 },
	{ "faults", faults, 0 },
};

const struct check_table signal_table = { checks, CHECK_COUNT(checks) };
