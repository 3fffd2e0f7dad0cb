/*
 * Futexes that the kernel owns a part of: priority inheritance, robust lists,
 * and the word cleared at thread exit.
 */
#include "support.h"
#include <pthread.h>
#include <sched.h>

enum {
	LOCK = 6, UNLOCK = 7, TRYLOCK = 8, WAIT_REQUEUE = 11, COMPARE_REQUEUE = 12, LOCK2 = 13,
	PRIVATE = 128,
};

#define WAITERS 0x80000000u
#define OWNER_DIED 0x40000000u
#define TID_MASK 0x3fffffffu

static long futex(void *word, int operation, uint32_t value, const void *limit, void *second,
		  uint32_t third)
{
	return syscall(SYS_futex, word, operation, value, limit, second, third);
}

TEST(lock_and_unlock_without_contention)
{
	uint32_t word = 0, self = syscall(SYS_gettid);

	CHECK_OK(futex(&word, LOCK | PRIVATE, 0, NULL, NULL, 0));
	CHECK_EQUAL(word, self);
	CHECK_ERRNO(futex(&word, LOCK | PRIVATE, 0, NULL, NULL, 0), EDEADLK);
	CHECK_ERRNO(futex(&word, TRYLOCK | PRIVATE, 0, NULL, NULL, 0), EDEADLK);
	CHECK_OK(futex(&word, UNLOCK | PRIVATE, 0, NULL, NULL, 0));
	CHECK_EQUAL(word, 0);
	CHECK_ERRNO(futex(&word, UNLOCK | PRIVATE, 0, NULL, NULL, 0), EPERM);
	CHECK_OK(futex(&word, TRYLOCK | PRIVATE, 0, NULL, NULL, 0));
	CHECK_EQUAL(word, self);
}

TEST(lock_refusals)
{
	uint32_t words[2] = { 0x3ffffff0, 0 };

	CHECK_ERRNO(futex(words, LOCK | PRIVATE, 0, NULL, NULL, 0), ESRCH);
	CHECK_ERRNO(futex((char *)words + 1, LOCK, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERRNO(futex((void *)8, LOCK | PRIVATE, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERRNO(futex((void *)8, UNLOCK | PRIVATE, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERRNO(futex(words, COMPARE_REQUEUE | PRIVATE, 1, (void *)1, words, 0), EINVAL);
}

static uint32_t word;
static volatile int waiter_tid, waiter_result = -1;

static void *contend(void *unused)
{
	(void)unused;
	waiter_tid = syscall(SYS_gettid);
	waiter_result = futex(&word, LOCK | PRIVATE, 0, NULL, NULL, 0);
	if (waiter_result == 0)
		futex(&word, UNLOCK | PRIVATE, 0, NULL, NULL, 0);
	return NULL;
}

TEST(contended_lock_is_handed_over)
{
	struct timespec past = { 1, 0 };
	pthread_t thread;

	REQUIRE_OK(futex(&word, LOCK | PRIVATE, 0, NULL, NULL, 0));
	REQUIRE(pthread_create(&thread, NULL, contend, NULL) == 0);
	while (waiter_tid == 0)
		sleep_milliseconds(1);
	REQUIRE(process_await(waiter_tid, 'S'));
	CHECK_EQUAL(word, syscall(SYS_gettid) | WAITERS);
	CHECK_OK(futex(&word, UNLOCK | PRIVATE, 0, NULL, NULL, 0));
	pthread_join(thread, NULL);
	CHECK_EQUAL(waiter_result, 0);
	CHECK_EQUAL(word, 0);
	word = waiter_tid;
	CHECK_ERRNO(futex(&word, LOCK | PRIVATE, 0, &past, NULL, 0), ESRCH);
}

static void *hold(void *unused)
{
	(void)unused;
	futex(&word, LOCK | PRIVATE, 0, NULL, NULL, 0);
	waiter_tid = syscall(SYS_gettid);
	sleep_milliseconds(300);
	futex(&word, UNLOCK | PRIVATE, 0, NULL, NULL, 0);
	return NULL;
}

TEST(lock_time_limits)
{
	struct timespec limit;
	pthread_t thread;

	REQUIRE(pthread_create(&thread, NULL, hold, NULL) == 0);
	while (waiter_tid == 0)
		sleep_milliseconds(1);
	CHECK_ERRNO(futex(&word, TRYLOCK | PRIVATE, 0, NULL, NULL, 0), EAGAIN);
	limit = timespec_of(clock_now(CLOCK_REALTIME) + 20000000);
	CHECK_ERRNO(futex(&word, LOCK | PRIVATE, 0, &limit, NULL, 0), ETIMEDOUT);
	limit = timespec_of(clock_now(CLOCK_MONOTONIC) + 20000000);
	CHECK_ERRNO(futex(&word, LOCK2 | PRIVATE, 0, &limit, NULL, 0), ETIMEDOUT);
	CHECK_OK(futex(&word, LOCK | PRIVATE, 0, NULL, NULL, 0));
	CHECK_EQUAL(word & TID_MASK, syscall(SYS_gettid));
	pthread_join(thread, NULL);
	CHECK_OK(futex(&word, UNLOCK | PRIVATE, 0, NULL, NULL, 0));
}

static pthread_mutex_t mutex;
static volatile int inner_priority;

static void *low_run(void *opaque)
{
	char text[400], *at;
	volatile int *stage = opaque;
	int fields = 0;

	pthread_mutex_lock(&mutex);
	*stage = 1;
	while (*stage == 1)
		sleep_milliseconds(1);
	sleep_milliseconds(50);
	snprintf(text, sizeof(text), "/proc/self/task/%d/stat", (int)syscall(SYS_gettid));
	file_read(text, text, sizeof(text));
	for (at = strrchr(text, ')') + 1; fields < 16; at++)
		fields += *at == ' ';
	inner_priority = atoi(at);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

static void *high_run(void *opaque)
{
	struct sched_param priority = { 30 };
	volatile int *stage = opaque;

	if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &priority) != 0)
		return (void *)1;
	*stage = 2;
	pthread_mutex_lock(&mutex);
	pthread_mutex_unlock(&mutex);
	return NULL;
}

TEST(priority_is_inherited)
{
	pthread_mutexattr_t attributes;
	pthread_t low, high;
	volatile int stage = 0;

	pthread_mutexattr_init(&attributes);
	REQUIRE(pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT) == 0);
	REQUIRE(pthread_mutex_init(&mutex, &attributes) == 0);
	REQUIRE(pthread_create(&low, NULL, low_run, (void *)&stage) == 0);
	while (stage == 0)
		sleep_milliseconds(1);
	REQUIRE(pthread_create(&high, NULL, high_run, (void *)&stage) == 0);
	pthread_join(low, NULL);
	pthread_join(high, NULL);
	CHECK_EQUAL(inner_priority, -31);
}

static struct kernel_robust_list_head head;
static struct { struct kernel_robust_list link; uint32_t word, more; } entries[3];

static void *die_holding(void *way)
{
	uint32_t self = syscall(SYS_gettid);

	head.list.next = &entries[0].link;
	entries[0].link.next = &entries[1].link;
	entries[1].link.next = &head.list;
	head.futex_offset = offsetof(__typeof__(entries[0]), word);
	head.pending = &entries[2].link;
	entries[0].word = self;
	entries[1].word = way ? 12345 : (self | WAITERS);
	entries[2].word = self;
	syscall(SYS_set_robust_list, &head, sizeof(head));
	syscall(SYS_exit, 0);
	return NULL;
}

TEST(robust_list_at_thread_exit)
{
	pid_t pid = fork();

	if (pid == 0) {
		pthread_t thread;

		pthread_create(&thread, NULL, die_holding, NULL);
		for (int i = 0; i < 2000 && !(entries[2].word & OWNER_DIED); i++)
			sleep_milliseconds(5);
		CHECK_EQUAL(entries[0].word, OWNER_DIED);
		CHECK_EQUAL(entries[1].word, OWNER_DIED | WAITERS);
		CHECK_EQUAL(entries[2].word, OWNER_DIED);
		check_child_end();
	}
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(robust_list_between_processes)
{
	pthread_mutex_t *shared = pages_shared(1);
	pthread_mutexattr_t attributes;
	pid_t pid;

	pthread_mutexattr_init(&attributes);
	pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED);
	pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST);
	REQUIRE(pthread_mutex_init(shared, &attributes) == 0);
	pid = fork();
	if (pid == 0) {
		pthread_mutex_lock(shared);
		kill(getpid(), SIGKILL);
	}
	CHECK_EQUAL(child_wait(pid), SIGKILL);
	CHECK_EQUAL(pthread_mutex_lock(shared), EOWNERDEAD);
	CHECK_EQUAL(pthread_mutex_consistent(shared), 0);
	CHECK_EQUAL(pthread_mutex_unlock(shared), 0);
	CHECK_EQUAL(pthread_mutex_lock(shared), 0);
}

TEST(robust_list_that_lies)
{
	for (size_t i = 0; i < bad_count + 2; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			void *lie = i < bad_count ? bad_addresses[i] : &head;

			head.list.next = i == bad_count ? &head.list : lie;
			if (i == bad_count + 1) {
				/* A ring that never comes back to the head. */
				head.list.next = &entries[0].link;
				entries[0].link.next = &entries[1].link;
				entries[1].link.next = &entries[0].link;
			}
			head.pending = lie;
			head.futex_offset = -8;
			CHECK_OK(syscall(SYS_set_robust_list, &head, sizeof(head)));
			_exit(5);
		}
		CHECK_EQUAL(child_wait(pid), 5 << 8);
	}
	CHECK_OK(syscall(SYS_set_robust_list, bad_addresses[4], sizeof(head)));
	syscall(SYS_set_robust_list, NULL, sizeof(head));
}

TEST(robust_list_calls)
{
	struct kernel_robust_list_head *got[2];
	size_t length[2];

	poison(got, sizeof(got));
	poison(length, sizeof(length));
	CHECK_OK(syscall(SYS_set_robust_list, &head, sizeof(head)));
	CHECK_OK(syscall(SYS_get_robust_list, 0, got, length));
	CHECK(got[0] == &head);
	CHECK_EQUAL(length[0], 24);
	CHECK_UNTOUCHED(&got[1], 8);
	CHECK_UNTOUCHED(&length[1], 8);
	CHECK_ERRNO(syscall(SYS_set_robust_list, &head, 23), EINVAL);
	CHECK_ERRNO(syscall(SYS_set_robust_list, &head, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_get_robust_list, 0x7ffffff0, got, length), ESRCH);
	CHECK_FAULTS(syscall(SYS_get_robust_list, 0, bad, length));
	CHECK_FAULTS(syscall(SYS_get_robust_list, 0, got, bad));
	/* Not the library's fork, which registers a list again. */
	pid_t pid = syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

	if (pid == 0) {
		CHECK_OK(syscall(SYS_get_robust_list, 0, got, length));
		CHECK(got[0] == NULL);
		check_child_end();
	}
	CHECK_EQUAL(child_wait(pid), 0);
	head.list.next = &head.list;
	head.pending = NULL;
}
