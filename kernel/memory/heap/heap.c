/*
 * heap_allocate(): sizes up to 8 KB from slab caches of rising size, larger ones as blocks of
 * pages. heap_free() finds out which from the page.
 */
#include "memory/heap/slab.h"

#include "arch/pages.h"
#include "base/arithmetic.h"
#include "base/panic.h"
#include "memory/kasan.h"
#include "memory/page.h"

#define HEAP_CACHE_COUNT ARRAY_SIZE(heap_sizes)
#define HEAP_CACHED_MAXIMUM 8192
#define SMALL_MAXIMUM 1024
#define SMALL_STEP 16
#define HEAP_LARGEST (PAGE_SIZE << (PAGE_ORDER_COUNT - 1))

static const struct heap_size {
	uint16_t size;
	const char *name;
} heap_sizes[] = {
	{ 16, "heap-16" }, { 32, "heap-32" }, { 48, "heap-48" }, { 64, "heap-64" },
	{ 96, "heap-96" }, { 128, "heap-128" }, { 192, "heap-192" }, { 256, "heap-256" },
	{ 384, "heap-384" }, { 512, "heap-512" }, { 768, "heap-768" }, { 1024, "heap-1024" },
	{ 1536, "heap-1536" }, { 2048, "heap-2048" }, { 3072, "heap-3072" },
	{ 4096, "heap-4096" }, { 8192, "heap-8192" },
};

static struct slab_cache heap_caches[HEAP_CACHE_COUNT];
/* The cache for each size up to SMALL_MAXIMUM, in steps. */
static uint8_t small_index[SMALL_MAXIMUM / SMALL_STEP + 1];

static size_t heap_alignment(size_t size)
{
	if (!is_power_of_two(size))
		return size % 64 == 0 ? 64 : SMALL_STEP;
	return min(size, PAGE_SIZE);
}

void heap_start(void)
{
	unsigned index = 0;

	for (size_t i = 0; i < HEAP_CACHE_COUNT; i++)
		slab_cache_init(&heap_caches[i], heap_sizes[i].name, heap_sizes[i].size,
				heap_alignment(heap_sizes[i].size), 0);
	for (size_t step = 0; step < ARRAY_SIZE(small_index); step++) {
		while (heap_sizes[index].size < step * SMALL_STEP)
			index++;
		small_index[step] = (uint8_t)index;
	}
	for (size_t i = 0; i < HEAP_CACHE_COUNT; i++)
		slab_cache_start_magazines(&heap_caches[i]);
}

unsigned heap_page_flags(unsigned heap_flags)
{
	unsigned flags = heap_flags & HEAP_ATOMIC ? 0 : ALLOCATE_PATIENT;

	if (heap_flags & HEAP_ACCOUNT)
		flags |= ALLOCATE_USER;
	return flags;
}

static struct slab_cache *heap_cache_for(size_t size)
{
	size_t index;

	if (likely(size <= SMALL_MAXIMUM))
		return &heap_caches[small_index[(size + SMALL_STEP - 1) / SMALL_STEP]];
	for (index = small_index[ARRAY_SIZE(small_index) - 1]; heap_sizes[index].size < size;)
		index++;
	return &heap_caches[index];
}

static void *heap_allocate_pages(size_t size, unsigned flags)
{
	unsigned order = log2_ceiling(divide_up(size, PAGE_SIZE));
	unsigned page_flags = heap_page_flags(flags);

	if (!(flags & HEAP_RAW))
		page_flags |= ALLOCATE_ZERO;
	return pages_allocate(order, page_flags);
}

void *heap_allocate(size_t size, unsigned flags)
{
	if (unlikely(size > HEAP_CACHED_MAXIMUM)) {
		if (size > HEAP_LARGEST)
			return NULL;
		return heap_allocate_pages(size, flags);
	}
	return slab_allocate(heap_cache_for(size), flags);
}

void *heap_allocate_array(size_t count, size_t size, unsigned flags)
{
	size_t bytes;

	if (!checked_multiply(count, size, &bytes))
		return NULL;
	return heap_allocate(bytes, flags);
}

size_t heap_size_of(const void *memory)
{
	struct page *page = page_of_address(memory);

	if (page_test(page, PAGE_SLAB))
		return ((struct slab_cache *)page->slab)->object_size;
	return PAGE_SIZE << page->order;
}

void *heap_resize(void *old, size_t old_size, size_t new_size, unsigned flags)
{
	char *memory;
	size_t kept = min(old_size, new_size);

	if (old && new_size <= heap_size_of(old) && new_size > heap_size_of(old) / 4) {
		if (new_size > old_size && !(flags & HEAP_RAW))
			memset((char *)old + old_size, 0, new_size - old_size);
		return old;
	}
	memory = heap_allocate(new_size, flags | HEAP_RAW);
	if (!memory)
		return NULL;
	if (kept > 0)
		memcpy(memory, old, kept);
	if (!(flags & HEAP_RAW))
		memset(memory + kept, 0, new_size - kept);
	heap_free(old);
	return memory;
}

void *heap_copy(const void *data, size_t size, unsigned flags)
{
	void *memory = heap_allocate(size, flags | HEAP_RAW);

	if (memory)
		memcpy(memory, data, size);
	return memory;
}

char *heap_copy_string(const char *text, unsigned flags)
{
	return heap_copy(text, strlen(text) + 1, flags);
}

void heap_free(void *memory)
{
	struct page *page;

	if (!memory)
		return;
	page = page_of_address(memory);
	if (likely(page_test(page, PAGE_SLAB))) {
		slab_free(page->slab, memory);
		return;
	}
	DEBUG_ASSERT(is_aligned((uintptr_t)memory, PAGE_SIZE));
	page_put(page);
}

void *arch_heap_allocate(size_t size)
{
	/* From 64 bytes on the caches align to 64, except the few odd sizes: round past those. */
	return heap_allocate(size >= 64 ? align_up(size, 64) : size, 0);
}

void arch_heap_free(void *memory)
{
	heap_free(memory);
}
