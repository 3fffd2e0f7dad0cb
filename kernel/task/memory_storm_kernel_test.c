/*
 * Storms on memory/ from threads on all CPUs: allocators, and one address space in which many
 * write, fork, unmap and move at once. What was written must be read, and all memory must come
 * back.
 */
#include "base/errno.h"
#include "base/test.h"
#include "log/log.h"
#include "memory/heap.h"
#include "memory/kernel_map.h"
#include "memory/page.h"
#include "memory/space.h"
#include "memory/user.h"
#include "random/random.h"
#include "sync/rcu.h"
#include "task/thread.h"
#include "time/clock_time.h"

#include <abi/memory.h>

#define THREADS 8
#define ROUNDS 400
#define KEPT 64
#define PATIENCE_NS (120 * NANOSECONDS_PER_SECOND)
#define SHARED_AT UINT64_C(0x10000000)
#define SHARED_PAGES 64
#define READ_WRITE (REGION_READ | REGION_WRITE | REGION_MAY_READ | REGION_MAY_WRITE)

static struct wait_queue all_done = WAIT_QUEUE_INITIALIZER(all_done);
static uint32_t running, wrong, next_number;

static void finish(void)
{
	atomic_fetch_subtract_ordered(&running, 1);
	wait_queue_wake_all(&all_done, 0);
	thread_exit();
}

static bool storm(void (*body)(void *argument))
{
	atomic_store_relaxed(&wrong, 0);
	atomic_store_relaxed(&next_number, 0);
	atomic_store_relaxed(&running, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		if (kernel_thread_start("storm", body, NULL, NULL) < 0)
			atomic_fetch_subtract_ordered(&running, 1);
	}
	return WAIT_EVENT_DEADLINE(&all_done, atomic_load_relaxed(&running) == 0,
				   SLEEP_UNINTERRUPTIBLE,
				   time_monotonic_ns() + PATIENCE_NS) == 0;
}

static void expect_here(bool holds)
{
	if (!holds)
		atomic_fetch_add_relaxed(&wrong, 1);
}

struct kept {
	unsigned char *at;
	size_t size;
	bool is_pages;
};

static void kept_fill(struct kept *kept)
{
	size_t size = random_below(10) ? random_below(600) + 1 : random_below(40000) + 1;

	kept->is_pages = random_below(4) == 0;
	if (kept->is_pages) {
		kept->size = PAGE_SIZE << random_below(4);
		kept->at = pages_allocate((unsigned)__builtin_ctzll(kept->size / PAGE_SIZE),
					  ALLOCATE_PATIENT);
	} else {
		kept->size = size;
		kept->at = heap_allocate(size, random_below(2) ? 0 : HEAP_ATOMIC | HEAP_RAW);
	}
	if (kept->at)
		memset(kept->at, (unsigned char)(uintptr_t)kept + (unsigned char)kept->size,
		       kept->size);
}

static void kept_drop(struct kept *kept)
{
	unsigned char byte = (unsigned char)((unsigned char)(uintptr_t)kept +
					     (unsigned char)kept->size);

	if (!kept->at)
		return;
	expect_here(kept->at[0] == byte && kept->at[kept->size - 1] == byte &&
		    kept->at[kept->size / 2] == byte);
	if (kept->is_pages)
		pages_free(kept->at, (unsigned)__builtin_ctzll(kept->size / PAGE_SIZE));
	else
		heap_free(kept->at);
	kept->at = NULL;
}

static void allocator_body(void *unused)
{
	struct kept *kept = heap_allocate_array(KEPT, sizeof(*kept), 0);

	(void)unused;
	for (unsigned i = 0; kept && i < ROUNDS * 20; i++) {
		struct kept *one = &kept[random_below(KEPT)];

		kept_drop(one);
		kept_fill(one);
		if (i % 200 == 0) {
			void *area = kernel_area_allocate(5 * PAGE_SIZE);

			expect_here(area && ((char *)area)[5 * PAGE_SIZE - 1] == 0);
			kernel_area_free(area, 5 * PAGE_SIZE);
		}
	}
	for (unsigned i = 0; kept && i < KEPT; i++)
		kept_drop(&kept[i]);
	heap_free(kept);
	finish();
}

TEST(memory_storm, allocators)
{
	ASSERT_TRUE(storm(allocator_body));
	EXPECT_EQUAL(wrong, 0);
}

static struct space *shared_space;

/* Threads of the kernel look at programs' memory as programs do, through the MMU. */
static void space_enter(struct space *space)
{
	bool masked = interrupts_disable();

	context_current()->space = space ? &space->mmu : NULL;
	mmu_space_load(context_current()->space);
	interrupts_restore(masked);
}

static bool word_write(user_address_t address, uint32_t value)
{
	return user_copy_out(address, &value, sizeof(value)) == 0;
}

static bool word_is(user_address_t address, uint32_t value)
{
	uint32_t found;

	return user_copy_in(&found, address, sizeof(found)) == 0 && found == value;
}

/* A private copy of everything: this thread's words are there, and changes stay inside. */
static void copy_check(user_address_t word, uint32_t value)
{
	struct space *copy;

	if (space_copy(shared_space, &copy) != 0)
		return;
	space_enter(copy);
	expect_here(word_is(word, value));
	expect_here(word_write(word, value + 1000000));
	expect_here(word_is(word, value + 1000000));
	space_enter(shared_space);
	expect_here(word_is(word, value));
	space_user_put(copy);
}

/* A place of one's own in the shared space: mapped, used, moved, protected, dropped. */
static void map_check(uint32_t value)
{
	struct map_request request = { .length = 6 * PAGE_SIZE, .region_flags = READ_WRITE };
	int64_t at = space_map(shared_space, &request);
	int64_t moved;

	if (at < 0)
		return;
	expect_here(word_write((user_address_t)at + PAGE_SIZE, value));
	moved = space_remap(shared_space, (user_address_t)at, 6 * PAGE_SIZE, 40 * PAGE_SIZE,
			    MREMAP_MAYMOVE, 0);
	at = moved > 0 ? moved : at;
	expect_here(word_is((user_address_t)at + PAGE_SIZE, value));
	expect_here(space_protect(shared_space, (user_address_t)at, 2 * PAGE_SIZE,
				  REGION_READ) == 0);
	expect_here(!word_write((user_address_t)at + PAGE_SIZE, value));
	expect_here(space_protect(shared_space, (user_address_t)at, 2 * PAGE_SIZE,
				  REGION_READ | REGION_WRITE) == 0);
	expect_here(word_write((user_address_t)at + PAGE_SIZE, value + 1));
	expect_here(space_unmap(shared_space, (user_address_t)at,
				(moved > 0 ? 40 : 6) * PAGE_SIZE) == 0);
}

static void space_body(void *unused)
{
	uint32_t number = atomic_fetch_add_relaxed(&next_number, 1);
	uint32_t last[SHARED_PAGES / 4] = { 0 };

	(void)unused;
	space_user_get(shared_space);
	space_enter(shared_space);
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		/* Each page holds a word of every thread, so that all of them fault on all. */
		uint32_t slot = (uint32_t)random_below(SHARED_PAGES / 4);
		user_address_t word = SHARED_AT + slot * 4 * PAGE_SIZE + number * 4;

		expect_here(word_is(word, last[slot]));
		expect_here(word_write(word, i));
		last[slot] = i;
		if (i % 8 == number)
			copy_check(word, i);
		if (i % 4 == 0)
			map_check(i);
	}
	space_enter(NULL);
	space_user_put(shared_space);
	finish();
}

static uint64_t pages_free_settled(void)
{
	struct memory_statistics statistics;

	rcu_barrier();
	memory_statistics_read(&statistics);
	return statistics.anonymous + statistics.page_tables;
}

TEST(memory_storm, one_space_many_threads)
{
	struct map_request request = {
		.address = SHARED_AT, .length = SHARED_PAGES * PAGE_SIZE,
		.region_flags = READ_WRITE, .map_flags = MAP_AT_EXACTLY,
	};
	uint64_t before = pages_free_settled();

	shared_space = space_create();
	ASSERT_TRUE(shared_space != NULL);
	shared_space->mmap_top = UINT64_C(0x7f0000000000);
	EXPECT_EQUAL(space_map(shared_space, &request), SHARED_AT);
	ASSERT_TRUE(storm(space_body));
	EXPECT_EQUAL(wrong, 0);
	EXPECT_EQUAL(shared_space->region_count, 1);
	space_user_put(shared_space);
	EXPECT(pages_free_settled() <= before + 8);
}
