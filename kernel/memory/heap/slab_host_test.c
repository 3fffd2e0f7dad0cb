/* Slab caches and the heap: sizes, alignment, reuse, leaks, and failure of every allocation. */
#include "memory/heap/slab.h"
#include "memory/host_test.h"
#include "memory/page/buddy.h"
#include "sync/rcu.h"

MEMORY_TEST(heap, sizes_and_alignment)
{
	for (size_t size = 1; size <= 40000; size += size / 7 + 1) {
		char *memory = heap_allocate(size, 0);

		ASSERT_TRUE(memory != NULL);
		EXPECT(is_aligned((uintptr_t)memory, 16));
		if (is_power_of_two(size) && size >= 16 && size <= PAGE_SIZE)
			EXPECT(is_aligned((uintptr_t)memory, size));
		EXPECT(heap_size_of(memory) >= size);
		for (size_t i = 0; i < size; i++)
			ASSERT_TRUE(memory[i] == 0);
		memset(memory, 0x77, size);
		heap_free(memory);
	}
	EXPECT(heap_allocate(SIZE_MAX, 0) == NULL);
	EXPECT(heap_allocate_array(SIZE_MAX / 2, 3, 0) == NULL);
}

MEMORY_TEST(heap, resize_keeps_and_zeroes)
{
	char *memory = heap_allocate(100, 0);

	memset(memory, 1, 100);
	memory = heap_resize(memory, 100, 5000, 0);
	EXPECT(memory[99] == 1 && memory[100] == 0 && memory[4999] == 0);
	memory = heap_resize(memory, 5000, 10, 0);
	EXPECT(memory[9] == 1);
	heap_free(memory);
}

struct object {
	uint64_t words[11];
};

MEMORY_TEST(slab, gives_all_memory_back)
{
	enum { COUNT = 5000 };
	static struct object *objects[COUNT];
	struct slab_cache *cache = slab_cache_create("test", sizeof(struct object), 8, 0);
	uint64_t before;

	slab_free(cache, slab_allocate(cache, 0));
	slab_reclaim();
	page_caches_drain();
	before = page_buddy.free_pages + page_buddy.untouched_pages;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < COUNT; i++) {
			objects[i] = slab_allocate(cache, 0);
			ASSERT_TRUE(objects[i] != NULL);
			objects[i]->words[10] = (uint64_t)i;
		}
		EXPECT_EQUAL(slab_cache_used(cache), COUNT);
		for (int i = 0; i < COUNT; i++) {
			int other = (i * 7919) % COUNT;

			EXPECT_EQUAL(objects[other]->words[10], other);
			slab_free(cache, objects[other]);
		}
	}
	EXPECT_EQUAL(slab_cache_used(cache), 0);
	slab_reclaim();
	page_caches_drain();
	EXPECT_EQUAL(page_buddy.free_pages + page_buddy.untouched_pages, before);
}

MEMORY_TEST(slab, type_stable_keeps_contents_until_grace)
{
	struct slab_cache *cache = slab_cache_create("test", 32, 8, SLAB_TYPE_STABLE);
	uint64_t *object = slab_allocate(cache, 0);

	object[0] = 42;
	object[3] = 43;
	slab_free(cache, object);
	slab_reclaim();
	EXPECT(object[0] == 42 && object[3] == 43);
	rcu_barrier();
}

MEMORY_TEST(heap, fails_cleanly_at_every_allocation)
{
	void *kept[64];
	uint32_t n = 0, was_reached = 1;

	while (was_reached) {
		int failed = 0;

		memory_failures_plan(++n, 1);
		for (int i = 0; i < 64; i++) {
			kept[i] = heap_allocate((size_t)i * 37 + 1, 0);
			failed += kept[i] == NULL;
		}
		was_reached = memory_failures_end();
		EXPECT(failed <= 1);
		for (int i = 0; i < 64; i++)
			heap_free(kept[i]);
	}
	EXPECT(n > 64);
}

MEMORY_TEST(heap, is_exhausted_without_harm)
{
	void *first = NULL;
	void **memory;

	while ((memory = heap_allocate(3000, 0)) != NULL) {
		*memory = first;
		first = memory;
	}
	while (first) {
		memory = first;
		first = *memory;
		heap_free(memory);
	}
	slab_reclaim();
	page_caches_drain();
	EXPECT(page_buddy.free_pages > page_buddy.total_pages * 9 / 10);
}
