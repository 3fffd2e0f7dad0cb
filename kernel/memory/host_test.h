/*
 * Host tests of memory/: each runs in a process of its own with a made-up memory map, because the
 * allocators start only once.
 */
#ifndef MEMORY_HOST_TEST_H
#define MEMORY_HOST_TEST_H

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/test.h"
#include "machine/host_memory.h"
#include "memory/failure.h"
#include "memory/heap/slab.h"
#include "memory/limit.h"
#include "memory/page.h"
#include "memory/page/buddy.h"
#include "memory/pressure.h"
#include "sync/rcu.h"

/* There are no threads here: the boot context is none, so task/'s answers are of no use. */
bool pressure_kill(void)
{
	return false;
}

bool pressure_current_is_dying(void)
{
	return false;
}

int pressure_thread_start(const char *name, void (*entry)(void *argument), void *argument)
{
	(void)name;
	(void)entry;
	(void)argument;
	return 0;
}

/* What programs may have; a test that wants less sets it. */
static uint64_t test_stack_limit UNUSED = UINT64_MAX;

uint64_t memory_limit(enum memory_limit kind)
{
	return kind == MEMORY_LIMIT_STACK ? test_stack_limit : UINT64_MAX;
}

/* Without readers, what waits for a grace period may go at once. */
static inline void host_test_run_callbacks(void)
{
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		struct rcu_head *head;

		while ((head = *per_cpu(rcu_queued, cpu)) != NULL) {
			*per_cpu(rcu_queued, cpu) = head->next;
			head->function(head);
		}
	}
}

/* Free pages when nothing is kept in caches of free objects and pages. */
static inline uint64_t host_test_free_pages(void)
{
	host_test_run_callbacks();
	slab_reclaim();
	host_test_run_callbacks();
	page_caches_drain();
	return page_buddy.free_pages + page_buddy.untouched_pages;
}

/* TEST() with memory of the given ranges (struct boot_memory_range initialisers). */
#define MEMORY_TEST_RANGES(subject, test_name, ...) \
	static void body_##subject##_##test_name(void); \
	TEST(subject, test_name) \
	{ \
		static const struct boot_memory_range ranges[] = { __VA_ARGS__ }; \
		host_test_run(ranges, ARRAY_SIZE(ranges), body_##subject##_##test_name); \
	} \
	static void body_##subject##_##test_name(void)

/* 64 MB. */
#define MEMORY_TEST(subject, test_name) \
	MEMORY_TEST_RANGES(subject, test_name, FRAMES(0x400, 0x4000, BOOT_MEMORY_USABLE))

#define FRAMES(first, count, range_kind) { \
	.start = (physical_t)(first) << PAGE_SHIFT, \
	.length_bytes = (uint64_t)(count) << PAGE_SHIFT, .kind = (range_kind) }

static inline void host_test_run(const struct boot_memory_range *ranges, unsigned count,
				 void (*body)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		host_memory_set(ranges, count);
		memory_start();
		interrupts_enable();
		body();
		fflush(NULL);
		_exit(test_failures() ? 1 : 0);
	}
	EXPECT(waitpid(child, &status, 0) == child);
	EXPECT_EQUAL(status, 0);
}

#endif
