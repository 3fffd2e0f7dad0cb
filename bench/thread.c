/*
 * Rows of threads: making one, and waking another by a futex or an event file.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

/* futex(2): the operations, with FUTEX_PRIVATE_FLAG (128); musl has no header for them. */
enum { FUTEX_WAIT_PRIVATE = 0 | 128, FUTEX_WAKE_PRIVATE = 1 | 128 };

static pthread_t partner;
static _Atomic uint32_t turn;
static int event_here, event_there;

static void *thread_nothing(void *argument)
{
	return argument;
}

static void create_operate(long count)
{
	while (count--) {
		pthread_t thread;

		if (pthread_create(&thread, NULL, thread_nothing, NULL))
			bench_fail("pthread_create");
		pthread_join(thread, NULL);
	}
}

static void wake_operate(long count)
{
	while (count--)
		bench_check(syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0),
			    "futex wake");
}

/* Always by way of the kernel, so that each round is two sleeps and two wake-ups. */
static void turn_give(uint32_t mine, uint32_t other)
{
	atomic_store(&turn, other);
	syscall(SYS_futex, &turn, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
	while (atomic_load(&turn) != mine)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, other, NULL, NULL, 0);
}

static void *futex_answer(void *argument)
{
	while (atomic_load(&turn) != 1)
		syscall(SYS_futex, &turn, FUTEX_WAIT_PRIVATE, 0, NULL, NULL, 0);
	for (;;)
		turn_give(1, 0);
	return argument;
}

static int futex_prepare(void)
{
	return -pthread_create(&partner, NULL, futex_answer, NULL);
}

static void futex_operate(long count)
{
	while (count--)
		turn_give(0, 1);
}

static void *event_answer(void *argument)
{
	uint64_t value;

	while (read(event_there, &value, sizeof(value)) == sizeof(value) &&
	       write(event_here, &value, sizeof(value)) == sizeof(value))
		;
	return argument;
}

static int event_prepare(void)
{
	event_here = eventfd(0, 0);
	event_there = eventfd(0, 0);
	if (event_here < 0 || event_there < 0)
		return -errno;
	return -pthread_create(&partner, NULL, event_answer, NULL);
}

static void event_operate(long count)
{
	uint64_t value = 1;

	while (count--) {
		if (write(event_there, &value, sizeof(value)) != sizeof(value) ||
		    read(event_here, &value, sizeof(value)) != sizeof(value))
			bench_fail("eventfd");
	}
}

static const struct row rows[] = {
	{ .name = "thread_create", .meaning = "make a thread that ends at once, join it",
	  .operations = 200, .operate = create_operate },
	{ .name = "futex_wake_nobody", .meaning = "futex wake with nobody waiting",
	  .operations = 10000, .operate = wake_operate },
	{ .name = "futex_round_trip", .meaning = "two threads hand a turn over and back by futex",
	  .operations = 1000, .prepare = futex_prepare, .operate = futex_operate },
	{ .name = "eventfd_round_trip", .meaning = "two threads wake each other by event files",
	  .operations = 1000, .prepare = event_prepare, .operate = event_operate },
};

const struct row_table thread_table = { rows, ROW_COUNT(rows) };
