/*
 * Address spaces against a model: random calls on a small window, after each of which every page
 * must hold what the model says, in a parent and its copies, through TLBs that forget nothing.
 */
#include "arch/upcalls.h"
#include "base/errno.h"
#include "machine/host_mmu.h"
#include "memory/heap/slab.h"
#include "memory/host_test.h"
#include "memory/page/buddy.h"
#include "memory/page_cache.h"
#include "memory/space/regions.h"
#include "memory/transfer.h"
#include "sync/rcu.h"

#include <abi/memory.h>

#define WINDOW UINT64_C(0x7f0000000000)
#define WINDOW_PAGES 96
#define ALL_MAY (REGION_MAY_READ | REGION_MAY_WRITE | REGION_MAY_EXECUTE)
#define READ_WRITE (REGION_READ | REGION_WRITE)

static uint64_t seed = 1;

static uint64_t random_below_test(uint64_t limit)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (seed >> 33) % limit;
}

/* A load or store as a program makes it: faults are resolved until it succeeds or is refused. */
static bool program_access(struct space *space, user_address_t address, bool is_write,
			   uint32_t *value)
{
	struct fault fault = { .kind = FAULT_PAGE, .is_user = true, .address = address };

	fault.access = is_write ? FAULT_WRITE : FAULT_READ;
	for (int i = 0; i < 8; i++) {
		uint32_t *word = host_mmu_reach(&space->mmu, address, is_write);

		if (word && is_write)
			*word = *value;
		else if (word)
			*value = *word;
		if (word)
			return true;
		if (space_fault(space, &fault) != FAULT_RESOLVED)
			return false;
	}
	test_fail(__FILE__, __LINE__, "access at %llx never ends", (unsigned long long)address);
	return false;
}

struct model_page {
	bool is_mapped;
	uint32_t access;	/* REGION_READ and REGION_WRITE */
	bool is_file;		/* private view of the file below: starts with its page */
	uint32_t value;
};

struct model {
	struct space *space;
	struct model_page pages[WINDOW_PAGES];
};

/* A file of pages that hold their index plus 1000000. */
static struct page_cache test_cache;
static int64_t file_users;

static int test_page_get(struct region *region, uint64_t index, struct page **page)
{
	return page_cache_get(region->cache, index, page);
}

static void test_open(struct region *region)
{
	(void)region;
	file_users++;
}

static void test_close(struct region *region)
{
	(void)region;
	file_users--;
}

static const struct region_operations test_operations = {
	.page_get = test_page_get,
	.open = test_open,
	.close = test_close,
};

static int test_read_page(struct page_cache *cache, struct page *page)
{
	(void)cache;
	memset(page_address(page), 0, PAGE_SIZE);
	*(uint32_t *)page_address(page) = (uint32_t)page->index + 1000000;
	page_set(page, PAGE_UPTODATE);
	page_unlock(page);
	return 0;
}

static const struct page_cache_operations file_operations = { .read_page = test_read_page };

static user_address_t page_at(uint64_t page)
{
	return WINDOW + page * PAGE_SIZE;
}

static void model_map(struct model *model, uint64_t first, uint64_t count, uint32_t access,
		      bool is_file)
{
	struct map_request request = {
		.address = page_at(first),
		.length = count * PAGE_SIZE,
		.region_flags = access | ALL_MAY,
		.map_flags = MAP_AT_EXACTLY,
		.page_offset = first,
		.operations = is_file ? &test_operations : NULL,
		.object = is_file ? &test_cache : NULL,
		.cache = is_file ? &test_cache : NULL,
	};

	EXPECT_EQUAL(space_map(model->space, &request), page_at(first));
	for (uint64_t i = first; i < first + count; i++)
		model->pages[i] = (struct model_page){
			true, access, is_file, is_file ? (uint32_t)i + 1000000 : 0 };
}

static void model_unmap(struct model *model, uint64_t first, uint64_t count)
{
	EXPECT_EQUAL(space_unmap(model->space, page_at(first), count * PAGE_SIZE), 0);
	memset(&model->pages[first], 0, count * sizeof(struct model_page));
}

static void model_protect(struct model *model, uint64_t first, uint64_t count, uint32_t access)
{
	int result = space_protect(model->space, page_at(first), count * PAGE_SIZE, access);
	uint64_t i = first;

	while (i < first + count && model->pages[i].is_mapped)
		model->pages[i++].access = access;
	EXPECT_EQUAL(result, i == first + count ? 0 : -ENOMEM);
}

static void model_drop(struct model *model, uint64_t first, uint64_t count)
{
	int result = space_advise(model->space, page_at(first), count * PAGE_SIZE, MADV_DONTNEED);

	EXPECT(result == 0 || result == -ENOMEM);
	for (uint64_t i = first; i < first + count; i++) {
		struct model_page *page = &model->pages[i];

		/* After moves the file page of a place is not its number: ask the space. */
		if (page->is_mapped && page->is_file) {
			struct region *region = space_region_find(model->space, page_at(i));

			page->value = (uint32_t)region_index(region, page_at(i)) + 1000000;
		} else if (page->is_mapped) {
			page->value = 0;
		}
	}
}

/* Moves a run that lies in one region to a free or overwritten place that does not overlap. */
static void model_move(struct model *model, uint64_t first, uint64_t count, uint64_t to)
{
	struct region *region = space_region_find(model->space, page_at(first));
	int64_t result;

	if (!region || region->end < page_at(first + count) ||
	    (to < first + count && first < to + count))
		return;
	result = space_remap(model->space, page_at(first), count * PAGE_SIZE, count * PAGE_SIZE,
			     MREMAP_MAYMOVE | MREMAP_FIXED, page_at(to));
	EXPECT_EQUAL(result, page_at(to));
	memcpy(&model->pages[to], &model->pages[first], count * sizeof(struct model_page));
	memset(&model->pages[first], 0, count * sizeof(struct model_page));
}

static void model_write(struct model *model, uint64_t page)
{
	uint32_t value = (uint32_t)random_below_test(1000000) + 1;
	bool may = model->pages[page].is_mapped && model->pages[page].access & REGION_WRITE;

	EXPECT_EQUAL(program_access(model->space, page_at(page), true, &value), may);
	if (may)
		model->pages[page].value = value;
}

static bool model_check(struct model *model)
{
	for (uint64_t i = 0; i < WINDOW_PAGES; i++) {
		struct model_page *page = &model->pages[i];
		uint32_t value = 0;
		bool is_read = program_access(model->space, page_at(i), false, &value);

		if (is_read == (page->is_mapped && page->access) &&
		    (!is_read || value == page->value))
			continue;
		test_fail(__FILE__, __LINE__, "page %d: read %d value %u, model %d %x %u",
			  (int)i, is_read, value, page->is_mapped, page->access, page->value);
		return false;
	}
	return true;
}

/* Regions are in order, do not touch their likes, and know the room below them. */
static bool tree_check(struct space *space)
{
	user_address_t end = 0;
	uint64_t pages = 0;

	for (struct region *region = space_region_first(space); region;
	     region = space_region_next(region)) {
		if (region->start < end || region->end <= region->start ||
		    region->gap != region->start - end) {
			test_fail(__FILE__, __LINE__, "region at %llx is out of order",
				  (unsigned long long)region->start);
			return false;
		}
		end = region->end;
		pages += region_pages(region);
	}
	EXPECT_EQUAL(space->pages_mapped, pages);
	return pages == space->pages_mapped;
}

static void model_step(struct model *model)
{
	static const uint32_t accesses[] = { 0, REGION_READ, READ_WRITE, READ_WRITE };
	uint64_t first = random_below_test(WINDOW_PAGES);
	uint64_t count = 1 + random_below_test(min((uint64_t)WINDOW_PAGES - first, 20));
	uint32_t access = accesses[random_below_test(4)];

	switch (random_below_test(10)) {
	case 0:
		model_map(model, first, count, access, false);
		break;
	case 1:
		model_map(model, first, count, access, true);
		break;
	case 2:
		model_unmap(model, first, count);
		break;
	case 3:
	case 4:
		model_protect(model, first, count, access);
		break;
	case 5:
		model_drop(model, first, count);
		break;
	case 6:
		model_move(model, first, count, random_below_test(WINDOW_PAGES - count + 1));
		break;
	default:
		for (uint64_t i = first; i < first + count; i++)
			model_write(model, i);
	}
}

static uint64_t memory_settled(void)
{
	rcu_barrier();
	slab_reclaim();
	rcu_barrier();
	page_caches_drain();
	return page_buddy.free_pages + page_buddy.untouched_pages;
}

#define SPACES 5

static void models_run(struct model *models, int steps)
{
	for (int step = 0; step < steps; step++) {
		struct model *model = &models[random_below_test(SPACES)];

		if (random_below_test(40) == 0) {
			struct model *other = &models[random_below_test(SPACES)];

			if (other != model) {
				space_user_put(other->space);
				*other = *model;
				ASSERT_EQUAL(space_copy(model->space, &other->space), 0);
			}
		}
		for (int i = 0; i < 3; i++)
			model_step(model);
		for (int i = 0; i < SPACES; i++) {
			if (model_check(&models[i]) && tree_check(models[i].space))
				continue;
			test_fail(__FILE__, __LINE__, "in step %d, space %d", step, i);
			return;
		}
	}
}

MEMORY_TEST(space, random_calls_agree_with_a_model)
{
	static struct model models[SPACES];
	uint64_t before;

	page_cache_init(&test_cache, &file_operations, NULL);
	before = memory_settled();
	for (int i = 0; i < SPACES; i++)
		models[i].space = space_create();
	models_run(models, 1500);
	for (int i = 0; i < SPACES; i++)
		space_user_put(models[i].space);
	EXPECT_EQUAL(file_users, 0);
	region_links_for_each(tree, test_cache.links)
		EXPECT(interval_tree_is_empty(&tree->regions));
	page_cache_release(&test_cache);
	/* The caches themselves keep a few magazines. */
	EXPECT(memory_settled() + 16 >= before);
}

MEMORY_TEST(space, hostile_sizes)
{
	static const uint64_t numbers[] = { 0, 1, 4095, 4096, 0x7fffffffe000, 0x7ffffffff000,
		0x800000000000, UINT64_C(1) << 63, UINT64_MAX - 4096, UINT64_MAX - 4095,
		UINT64_MAX };
	struct space *space = space_create();

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(numbers); j++) {
			uint64_t a = numbers[i] & PAGE_MASK, b = numbers[j];
			struct map_request request = { .address = a, .length = b,
				.region_flags = REGION_READ, .map_flags = MAP_AT_EXACTLY };

			(void)!space_map(space, &request);
			(void)!space_protect(space, a, b, 0);
			(void)!space_advise(space, a, b, MADV_DONTNEED);
			(void)!space_remap(space, a, b, numbers[i], MREMAP_MAYMOVE, 0);
			(void)!space_remap(space, a, numbers[i], b,
					   MREMAP_MAYMOVE | MREMAP_FIXED, b & PAGE_MASK);
			(void)!space_lock_pages(space, a, b, false, false);
			(void)!space_sync(space, a, b, MS_SYNC);
			(void)!space_unmap(space, a, b);
			EXPECT(tree_check(space));
		}
	}
	space_user_put(space);
}

MEMORY_TEST(space, stack_grows_to_its_limit)
{
	struct space *space = space_create();
	struct map_request request = {
		.address = 0x7ffff0000000, .length = 4 * PAGE_SIZE,
		.region_flags = READ_WRITE | ALL_MAY | REGION_GROWS_DOWN,
		.map_flags = MAP_AT_EXACTLY, .name = "[stack]",
	};
	user_address_t end = request.address + request.length;
	uint32_t value = 7;

	test_stack_limit = 64 * PAGE_SIZE;
	EXPECT(space_map(space, &request) > 0);
	EXPECT(program_access(space, end - 10 * PAGE_SIZE, true, &value));
	EXPECT(program_access(space, end - 64 * PAGE_SIZE, true, &value));
	EXPECT(!program_access(space, end - 65 * PAGE_SIZE, true, &value));
	EXPECT_EQUAL(space->pages_stack, 64);
	test_stack_limit = UINT64_MAX;
	space_user_put(space);
}

MEMORY_TEST(space, break_and_gaps)
{
	struct space *space = space_create();
	struct map_request request = { .length = 3 * PAGE_SIZE,
		.region_flags = READ_WRITE | ALL_MAY };
	uint32_t value = 9;
	int64_t first, second;

	space->brk_start = space->brk_end = 0x600000;
	EXPECT_EQUAL(space_break(space, 0), 0x600000);
	EXPECT_EQUAL(space_break(space, 0x600123), 0x600123);
	EXPECT(program_access(space, 0x600100, true, &value));
	EXPECT_EQUAL(space_break(space, 0x610000), 0x610000);
	EXPECT_EQUAL(space->region_count, 1);
	EXPECT_EQUAL(space_break(space, 0x600000), 0x600000);
	EXPECT(!program_access(space, 0x600100, false, &value));
	space->mmap_top = 0x7f0000000000;
	first = space_map(space, &request);
	second = space_map(space, &request);
	EXPECT_EQUAL(first, 0x7f0000000000 - 3 * (int64_t)PAGE_SIZE);
	EXPECT_EQUAL(second, first - 3 * (int64_t)PAGE_SIZE);
	EXPECT_EQUAL(space->region_count, 1);
	EXPECT_EQUAL(space_unmap(space, (user_address_t)second + PAGE_SIZE, PAGE_SIZE), 0);
	EXPECT_EQUAL(space->region_count, 2);
	request.length = PAGE_SIZE;
	EXPECT_EQUAL(space_map(space, &request), second + (int64_t)PAGE_SIZE);
	EXPECT_EQUAL(space->region_count, 1);
	space_user_put(space);
}

MEMORY_TEST(space, shared_memory_and_truncation)
{
	static const struct page_cache_operations memory_operations = { NULL };
	static struct page_cache cache;
	struct space *one = space_create(), *two;
	struct map_request request = {
		.address = WINDOW, .length = 8 * PAGE_SIZE,
		.region_flags = READ_WRITE | ALL_MAY | REGION_SHARED,
		.map_flags = MAP_AT_EXACTLY, .operations = &test_operations, .object = &cache,
		.cache = &cache,
	};
	uint32_t value = 5;

	page_cache_init(&cache, &memory_operations, NULL);
	EXPECT(space_map(one, &request) > 0);
	EXPECT_EQUAL(cache.writable_mappings, 1);
	EXPECT(program_access(one, WINDOW + 4, true, &value));
	EXPECT(program_access(one, WINDOW + 7 * PAGE_SIZE, true, &value));
	ASSERT_EQUAL(space_copy(one, &two), 0);
	value = 6;
	EXPECT(program_access(two, WINDOW + 4, true, &value));
	EXPECT(program_access(one, WINDOW + 4, false, &value) && value == 6);
	EXPECT_EQUAL(cache.page_count, 2);
	page_cache_truncate(&cache, PAGE_SIZE);
	EXPECT_EQUAL(cache.page_count, 1);
	EXPECT(program_access(one, WINDOW + 7 * PAGE_SIZE, false, &value) && value == 0);
	page_cache_punch(&cache, 0, 6);
	EXPECT(program_access(two, WINDOW + 4, false, &value) && (value & 0xffff) == 0);
	space_user_put(one);
	space_user_put(two);
	EXPECT_EQUAL(cache.writable_mappings, 0);
	page_cache_release(&cache);
}

/* Pages made known to instruction fetch since the last call. */
static size_t fetched_pages(void)
{
	static size_t before;
	size_t pages = (host_mmu_synchronised_bytes - before) / PAGE_SIZE;

	before = host_mmu_synchronised_bytes;
	return pages;
}

MEMORY_TEST(space, instruction_fetch_sees_what_was_written)
{
	struct map_request request = {
		.address = WINDOW, .length = 4 * PAGE_SIZE,
		.region_flags = REGION_READ | REGION_EXECUTE | ALL_MAY, .map_flags = MAP_AT_EXACTLY,
		.operations = &test_operations, .object = &test_cache, .cache = &test_cache };
	struct space *space = space_create();
	uint32_t value = 7;
	struct page *page;

	page_cache_init(&test_cache, &file_operations, NULL);
	EXPECT(space_map(space, &request) > 0);
	EXPECT_EQUAL(space_populate(space, WINDOW, WINDOW + 2 * PAGE_SIZE, POPULATE_READ), 0);
	EXPECT_EQUAL(fetched_pages(), 2);
	/* A second view costs nothing until the kernel writes to the file. */
	request.address = page_at(8);
	EXPECT(space_map(space, &request) > 0);
	EXPECT_EQUAL(space_populate(space, page_at(8), page_at(10), POPULATE_READ), 0);
	EXPECT_EQUAL(fetched_pages(), 0);
	EXPECT_EQUAL(page_cache_get(&test_cache, 1, &page), 0);
	page_mark_dirty(page);
	page_put(page);
	request.address = page_at(16);
	EXPECT(space_map(space, &request) > 0);
	EXPECT_EQUAL(space_populate(space, page_at(16), page_at(18), POPULATE_READ), 0);
	EXPECT_EQUAL(fetched_pages(), 1);
	/* What may not be executed is not looked after until it may. */
	request = (struct map_request){ .address = page_at(24), .length = 2 * PAGE_SIZE,
					.region_flags = READ_WRITE | ALL_MAY,
					.map_flags = MAP_AT_EXACTLY };
	EXPECT(space_map(space, &request) > 0);
	EXPECT(program_access(space, page_at(24), true, &value));
	EXPECT_EQUAL(fetched_pages(), 0);
	EXPECT_EQUAL(space_protect(space, page_at(24), 2 * PAGE_SIZE,
				   REGION_READ | REGION_EXECUTE), 0);
	EXPECT_EQUAL(fetched_pages(), 1);
	space_user_put(space);
	page_cache_release(&test_cache);
}

/* Everything that can fail for want of memory, with the n-th request failing; whether one did. */
static uint32_t fail_at(uint32_t n, bool has_file)
{
	struct map_request request = {
		.length = 20 * PAGE_SIZE, .region_flags = READ_WRITE | ALL_MAY,
		.operations = has_file ? &test_operations : NULL,
		.object = &test_cache, .cache = has_file ? &test_cache : NULL };
	struct space *space, *copy = NULL;
	uint32_t value = 3;
	int64_t at = 0;

	memory_failures_plan(n, 1);
	space = space_create();
	if (space)
		at = space_map(space, &request);
	if (at > 0) {
		user_address_t start = (user_address_t)at;

		for (uint64_t i = 0; i < 20; i += 3)
			(void)program_access(space, start + i * PAGE_SIZE, true, &value);
		(void)!space_protect(space, start + PAGE_SIZE, PAGE_SIZE, 0);
		if (space_copy(space, &copy) == 0) {
			(void)program_access(copy, start, true, &value);
			space_user_put(copy);
		}
		(void)!space_unmap(space, start + 4 * PAGE_SIZE, PAGE_SIZE);
		(void)!space_remap(space, start + 8 * PAGE_SIZE, PAGE_SIZE, 9 * PAGE_SIZE, 1, 0);
		EXPECT(tree_check(space));
	}
	if (space)
		space_user_put(space);
	return memory_failures_end();
}

MEMORY_TEST(space, every_allocation_may_fail)
{
	uint64_t before = 0;

	page_cache_init(&test_cache, &file_operations, NULL);
	for (int round = 0; round < 6; round++) {
		uint32_t n = 1;

		while (fail_at(n, round & 1))
			n++;
		EXPECT(n > 20);
		EXPECT_EQUAL(file_users, 0);
		page_cache_truncate(&test_cache, 0);
		if (round > 2)
			EXPECT_EQUAL(host_test_free_pages(), before);
		before = host_test_free_pages();
	}
	page_cache_release(&test_cache);
	EXPECT_EQUAL(test_failures(), 0);
}
