/*
 * futex and futex_waitv: waiting, waking, requeueing, bit sets, operations,
 * time limits, sharing between processes, refusals.
 */
#include "support.h"
#include <pthread.h>

enum {
	WAIT = 0, WAKE = 1, REQUEUE = 3, COMPARE_REQUEUE = 4, WAKE_OPERATION = 5,
	WAIT_BITS = 9, WAKE_BITS = 10, PRIVATE = 128, REALTIME = 256,
};

static long futex(void *word, int operation, uint32_t value, const void *limit, void *second,
		  uint32_t third)
{
	return syscall(SYS_futex, word, operation, value, limit, second, third);
}

/* What a waiting thread waits with, and what came of it. */
struct waiter {
	pthread_t thread;
	void *word;
	uint32_t bits;
	int operation;
	volatile int tid;
	long result;
	int problem;
};

static void *wait_run(void *opaque)
{
	struct waiter *waiter = opaque;

	waiter->tid = syscall(SYS_gettid);
	waiter->result = futex(waiter->word, waiter->operation, 0, NULL, NULL, waiter->bits);
	waiter->problem = waiter->result == -1 ? errno : 0;
	return NULL;
}

static void waiter_start(struct waiter *waiter, void *word, int operation, uint32_t bits)
{
	memset(waiter, 0, sizeof(*waiter));
	waiter->word = word;
	waiter->operation = operation;
	waiter->bits = bits;
	REQUIRE(pthread_create(&waiter->thread, NULL, wait_run, waiter) == 0);
	while (waiter->tid == 0)
		sleep_milliseconds(1);
	REQUIRE(process_await(waiter->tid, 'S'));
}

static long waiter_end(struct waiter *waiter)
{
	pthread_join(waiter->thread, NULL);
	return waiter->result;
}

TEST(value_differs)
{
	uint32_t word = 5;

	CHECK_ERRNO(futex(&word, WAIT, 4, NULL, NULL, 0), EAGAIN);
	CHECK_ERRNO(futex(&word, WAIT | PRIVATE, 4, NULL, NULL, 0), EAGAIN);
	CHECK_ERRNO(futex(&word, WAIT_BITS, 4, NULL, NULL, 1), EAGAIN);
}

TEST(nobody_to_wake)
{
	uint32_t word = 5;

	CHECK_EQUAL(futex(&word, WAKE, 100, NULL, NULL, 0), 0);
	CHECK_EQUAL(futex(&word, WAKE | PRIVATE, 1, NULL, NULL, 0), 0);
}

TEST(time_limits)
{
	struct timespec limit = { 0, 30000000 };
	int64_t start = clock_now(CLOCK_MONOTONIC);
	uint32_t word = 0;

	CHECK_ERRNO(futex(&word, WAIT, 0, &limit, NULL, 0), ETIMEDOUT);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 30000000);
	start = clock_now(CLOCK_MONOTONIC);
	limit = timespec_of(start + 30000000);
	CHECK_ERRNO(futex(&word, WAIT_BITS, 0, &limit, NULL, -1), ETIMEDOUT);
	CHECK_AT_LEAST(clock_now(CLOCK_MONOTONIC) - start, 30000000);
	limit = timespec_of(clock_now(CLOCK_REALTIME) + 30000000);
	CHECK_ERRNO(futex(&word, WAIT_BITS | REALTIME, 0, &limit, NULL, -1), ETIMEDOUT);
	CHECK_AT_LEAST(clock_now(CLOCK_REALTIME), limit.tv_sec * NANOSECONDS + limit.tv_nsec);
	limit = (struct timespec){ 0, 0 };
	CHECK_ERRNO(futex(&word, WAIT, 0, &limit, NULL, 0), ETIMEDOUT);
	limit = (struct timespec){ 0, NANOSECONDS };
	CHECK_ERRNO(futex(&word, WAIT, 0, &limit, NULL, 0), EINVAL);
	limit = (struct timespec){ -1, 0 };
	CHECK_ERRNO(futex(&word, WAIT, 0, &limit, NULL, 0), EINVAL);
}

TEST(refusals)
{
	uint32_t words[2] = { 0, 0 };
	char *unaligned = (char *)words + 1;

	CHECK_ERRNO(futex(unaligned, WAIT, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERRNO(futex(unaligned, WAKE, 1, NULL, NULL, 0), EINVAL);
	CHECK_ERRNO(futex(words, 99, 0, NULL, NULL, 0), ENOSYS);
	CHECK_ERRNO(futex(words, WAIT_BITS, 0, NULL, NULL, 0), EINVAL);
	CHECK_ERRNO(futex(words, WAKE_BITS, 1, NULL, NULL, 0), EINVAL);
	CHECK_ERRNO(futex(words, WAKE | REALTIME, 1, NULL, NULL, 0), ENOSYS);
	CHECK_ERRNO(futex(words, COMPARE_REQUEUE, 1, (void *)1, words + 1, 1), EAGAIN);
	CHECK_ERRNO(futex(words, REQUEUE, -1, (void *)1, words + 1, 0), EINVAL);
	CHECK_ERRNO(futex((void *)8, WAIT, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERRNO(futex((void *)8, WAIT | PRIVATE, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERRNO(futex((void *)8, WAKE, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERRNO(futex((void *)0xffff888000000000, WAIT | PRIVATE, 0, NULL, NULL, 0), EFAULT);
	CHECK_ERRNO(futex((void *)0xffff888000000000, WAKE | PRIVATE, 0, NULL, NULL, 0), EFAULT);
	CHECK_FAULTS(futex(words, WAIT, 0, bad, NULL, 0));
}

TEST(waking_some)
{
	static struct waiter waiters[5];
	uint32_t word = 0;

	for (int i = 0; i < 5; i++)
		waiter_start(&waiters[i], &word, WAIT | PRIVATE, 0);
	CHECK_EQUAL(futex(&word, WAKE | PRIVATE, 2, NULL, NULL, 0), 2);
	CHECK_EQUAL(waiter_end(&waiters[0]), 0);
	CHECK_EQUAL(waiter_end(&waiters[1]), 0);
	CHECK_EQUAL(futex(&word, WAKE | PRIVATE, 100, NULL, NULL, 0), 3);
	for (int i = 2; i < 5; i++)
		CHECK_EQUAL(waiter_end(&waiters[i]), 0);
}

TEST(private_and_shared_keys_differ)
{
	static struct waiter waiter;
	static uint32_t word;

	waiter_start(&waiter, &word, WAIT | PRIVATE, 0);
	CHECK_EQUAL(futex(&word, WAKE | PRIVATE, 1, NULL, NULL, 0), 1);
	CHECK_EQUAL(waiter_end(&waiter), 0);
	waiter_start(&waiter, &word, WAIT, 0);
	CHECK_EQUAL(futex(&word, WAKE, 1, NULL, NULL, 0), 1);
	CHECK_EQUAL(waiter_end(&waiter), 0);
}

TEST(bit_sets_choose)
{
	static struct waiter one, two;
	uint32_t word = 0;

	waiter_start(&one, &word, WAIT_BITS | PRIVATE, 1);
	waiter_start(&two, &word, WAIT_BITS | PRIVATE, 6);
	CHECK_EQUAL(futex(&word, WAKE_BITS | PRIVATE, 10, NULL, NULL, 8), 0);
	CHECK_EQUAL(futex(&word, WAKE_BITS | PRIVATE, 10, NULL, NULL, 4), 1);
	CHECK_EQUAL(waiter_end(&two), 0);
	CHECK_EQUAL(futex(&word, WAKE | PRIVATE, 10, NULL, NULL, 0), 1);
	CHECK_EQUAL(waiter_end(&one), 0);
}

TEST(requeue_moves_waiters)
{
	static struct waiter waiters[4];
	static uint32_t from, to;

	for (int i = 0; i < 4; i++)
		waiter_start(&waiters[i], &from, WAIT | PRIVATE, 0);
	CHECK_EQUAL(futex(&from, COMPARE_REQUEUE | PRIVATE, 1, (void *)2, &to, 0), 3);
	CHECK_EQUAL(futex(&to, WAKE | PRIVATE, 10, NULL, NULL, 0), 2);
	CHECK_EQUAL(futex(&from, WAKE | PRIVATE, 10, NULL, NULL, 0), 1);
	for (int i = 0; i < 4; i++)
		CHECK_EQUAL(waiter_end(&waiters[i]), 0);
	waiter_start(&waiters[0], &from, WAIT | PRIVATE, 0);
	CHECK_EQUAL(futex(&from, REQUEUE | PRIVATE, 0, (void *)10, &to, 0), 1);
	CHECK_EQUAL(futex(&from, WAKE | PRIVATE, 10, NULL, NULL, 0), 0);
	CHECK_EQUAL(futex(&to, WAKE | PRIVATE, 10, NULL, NULL, 0), 1);
	CHECK_EQUAL(waiter_end(&waiters[0]), 0);
}

TEST(wake_with_an_operation)
{
	/* operation, its argument, comparison, its argument; the word before and after; wakes
	 * second */
	static const struct { uint32_t code, before, after; int wakes; } cases[] = {
		{ 0u << 28 | 0u << 24 | 7u << 12 | 3, 3, 7, 1 },
		{ 1u << 28 | 1u << 24 | 2u << 12 | 9, 9, 11, 0 },
		{ 2u << 28 | 2u << 24 | 4u << 12 | 5, 3, 7, 1 },
		{ 3u << 28 | 4u << 24 | 1u << 12 | 5, 7, 6, 1 },
		{ 4u << 28 | 5u << 24 | 3u << 12 | 8, 5, 6, 0 },
		{ 8u << 28 | 3u << 24 | 4u << 12 | 9, 1, 16, 1 },
	};
	static struct waiter waiter;
	static uint32_t first, second;

	for (size_t i = 0; i < COUNT(cases); i++) {
		second = 0;
		waiter_start(&waiter, &second, WAIT | PRIVATE, 0);
		second = cases[i].before;
		CHECK_EQUAL(futex(&first, WAKE_OPERATION | PRIVATE, 1, (void *)1, &second,
				  cases[i].code), cases[i].wakes);
		CHECK_EQUAL(second, cases[i].after);
		if (!cases[i].wakes)
			CHECK_EQUAL(futex(&second, WAKE | PRIVATE, 1, NULL, NULL, 0), 1);
		CHECK_EQUAL(waiter_end(&waiter), 0);
	}
	CHECK_ERRNO(futex(&first, WAKE_OPERATION, 1, (void *)1, &second, 6u << 28), ENOSYS);
	CHECK_ERRNO(futex(&first, WAKE_OPERATION, 1, (void *)1, (void *)8, 0), EFAULT);
}

TEST(between_processes)
{
	uint32_t *word = pages_shared(1);
	pid_t pid = fork();

	if (pid == 0) {
		CHECK_EQUAL(futex(word, WAIT, 0, NULL, NULL, 0), 0);
		check_child_end();
	}
	REQUIRE(process_await(pid, 'S'));
	CHECK_EQUAL(futex(word, WAKE, 10, NULL, NULL, 0), 1);
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(between_processes_through_a_file_at_two_addresses)
{
	uint32_t *one, *two;
	pid_t pid;
	int fd;

	file_make("f", PAGE);
	fd = file_open("f", O_RDWR);
	one = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	two = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	CHECK(one != two);
	one[4] = 0;
	pid = fork();
	if (pid == 0) {
		CHECK_EQUAL(futex(&one[4], WAIT, 0, NULL, NULL, 0), 0);
		check_child_end();
	}
	REQUIRE(process_await(pid, 'S'));
	CHECK_EQUAL(futex(&two[4], WAKE, 10, NULL, NULL, 0), 1);
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(private_memory_of_a_forked_child_is_apart)
{
	static uint32_t word;
	pid_t pid = fork();

	if (pid == 0) {
		struct timespec limit = { 0, 200000000 };

		CHECK_ERRNO(futex(&word, WAIT, 0, &limit, NULL, 0), ETIMEDOUT);
		check_child_end();
	}
	process_await(pid, 'S');
	CHECK_EQUAL(futex(&word, WAKE, 10, NULL, NULL, 0), 0);
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(wait_is_interrupted)
{
	uint32_t word = 0;
	struct timespec limit = { 100, 0 };

	CHECK_INTERRUPTED(futex(&word, WAIT | PRIVATE, 0, NULL, NULL, 0));
	CHECK_INTERRUPTED(futex(&word, WAIT | PRIVATE, 0, &limit, NULL, 0));
}

static long waitv(struct kernel_futex_waitv *list, unsigned int count, unsigned int flags,
		  struct timespec *limit, clockid_t clock)
{
	return syscall(SYS_futex_waitv, list, count, flags, limit, clock);
}

TEST(waiting_for_several)
{
	static uint32_t words[3];
	struct kernel_futex_waitv list[3];
	struct timespec limit = timespec_of(clock_now(CLOCK_MONOTONIC) + 30000000);
	pid_t pid;
	uint32_t *shared = pages_shared(1);

	for (int i = 0; i < 3; i++)
		list[i] = (struct kernel_futex_waitv){ 0, (uintptr_t)&words[i], 2 | PRIVATE, 0 };
	CHECK_ERRNO(waitv(list, 3, 0, &limit, CLOCK_MONOTONIC), ETIMEDOUT);
	words[2] = 1;
	CHECK_ERRNO(waitv(list, 3, 0, NULL, CLOCK_MONOTONIC), EAGAIN);
	list[2] = (struct kernel_futex_waitv){ 0, (uintptr_t)&shared[7], 2, 0 };
	pid = fork();
	if (pid == 0) {
		while (futex(&shared[7], WAKE, 1, NULL, NULL, 0) == 0)
			sleep_milliseconds(5);
		_exit(0);
	}
	CHECK_EQUAL(waitv(list, 3, 0, NULL, CLOCK_MONOTONIC), 2);
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(waitv_refusals)
{
	static uint32_t word;
	struct kernel_futex_waitv entry = { 0, (uintptr_t)&word, 2 | PRIVATE, 0 }, list[129];
	struct timespec limit = { 0, NANOSECONDS };

	for (int i = 0; i < 129; i++)
		list[i] = entry;
	CHECK_ERRNO(waitv(list, 0, 0, NULL, 0), EINVAL);
	CHECK_ERRNO(waitv(list, 129, 0, NULL, 0), EINVAL);
	CHECK_ERRNO(waitv(list, 1, 1, NULL, 0), EINVAL);
	CHECK_ERRNO(waitv(NULL, 1, 0, NULL, 0), EINVAL);
	CHECK_ERRNO(waitv(list, 1, 0, &limit, CLOCK_MONOTONIC), EINVAL);
	limit.tv_nsec = 0;
	CHECK_ERRNO(waitv(list, 1, 0, &limit, CLOCK_PROCESS_CPUTIME_ID), EINVAL);
	entry.flags = PRIVATE;
	CHECK_ERRNO(waitv(&entry, 1, 0, NULL, 0), EINVAL);
	entry.flags = 2 | 4;
	CHECK_ERRNO(waitv(&entry, 1, 0, NULL, 0), EINVAL);
	entry = list[0];
	entry.reserved = 1;
	CHECK_ERRNO(waitv(&entry, 1, 0, NULL, 0), EINVAL);
	entry = list[0];
	entry.address = (uintptr_t)&word + 1;
	CHECK_ERRNO(waitv(&entry, 1, 0, NULL, 0), EINVAL);
	CHECK_FAULTS((entry.address = (uintptr_t)bad & -4ul, waitv(&entry, 1, 0, NULL, 0)));
	CHECK_FAULTS(waitv(bad, 1, 0, NULL, 0));
	CHECK_INTERRUPTED(waitv(list, 1, 0, NULL, 0));
}
