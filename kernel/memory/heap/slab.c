/*
 * Slab caches: pages cut into objects of one type. A CPU allocates from and frees to its own
 * magazine with interrupts masked and no lock; magazines exchange half their capacity with the
 * slabs under the cache's lock. A slab's first page counts used objects and chains free ones.
 */
#include "memory/heap/slab.h"

#include "arch/cpu.h"
#include "base/arithmetic.h"
#include "base/format.h"
#include "memory/counters.h"
#include "memory/failure.h"
#include "memory/kasan.h"
#include "memory/page.h"
#include "sync/rcu.h"

#define EMPTY_SLABS_KEPT 2
#define SLAB_ORDER_MAXIMUM 3
#define SLAB_OBJECTS_WANTED 8

/* All caches; they are never removed. */
static struct spin_lock caches_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);
static struct list_head caches = LIST_HEAD_INITIALIZER(caches);

/* A slab's state in its first page: objects in use, objects never handed out yet, free chain. */
struct slab_state {
	uint32_t used;
	uint32_t fresh;		/* number of the first object that was never used */
};

static_assert(sizeof(struct slab_state) == sizeof(uint64_t), "it lies in page->private2");
static_assert(sizeof(struct rcu_head) <= sizeof(struct list_node), "it lies in page->node");

static struct slab_state *slab_state(struct page *slab)
{
	return (struct slab_state *)&slab->private2;
}

static void **object_link(const struct slab_cache *cache, void *object)
{
	return (void **)((char *)object + cache->link_offset);
}

/* A slab's later pages know how far behind the first they are. */
static struct page *slab_of_object(const void *object)
{
	struct page *page = page_of_address(object);

	return page - page->index;
}

static void *slab_take(struct slab_cache *cache, struct page *slab)
{
	struct slab_state *state = slab_state(slab);
	void *object = (void *)slab->private;

	if (object)
		slab->private = (uint64_t)*object_link(cache, object);
	else
		object = (char *)page_address(slab) + (size_t)state->fresh++ * cache->stride;
	state->used++;
	cache->taken++;
	return object;
}

/* Where no large block is free, slabs are smaller than their cache wants. */
static uint32_t slab_capacity(const struct slab_cache *cache, const struct page *slab)
{
	if (likely(slab->order == cache->order))
		return cache->per_slab;
	return (uint32_t)((PAGE_SIZE << slab->order) / cache->stride);
}

static bool slab_is_full(const struct slab_cache *cache, struct page *slab)
{
	return slab_state(slab)->used == slab_capacity(cache, slab);
}

/* Up to `wanted` objects from slabs that exist. */
static uint32_t cache_take(struct slab_cache *cache, void **objects, uint32_t wanted)
	REQUIRES(cache->lock)
{
	uint32_t count = 0;

	while (count < wanted) {
		struct page *slab = list_first(&cache->partial, struct page, node);

		if (!slab) {
			slab = list_pop(&cache->empty, struct page, node);
			if (!slab)
				break;
			cache->empty_count--;
			list_add(&cache->partial, &slab->node);
		}
		while (count < wanted && !slab_is_full(cache, slab))
			objects[count++] = slab_take(cache, slab);
		if (slab_is_full(cache, slab))
			list_remove(&slab->node);
	}
	return count;
}

/* Puts an object back. A slab that nobody needs is chained to *unused for slab_release(). */
static void cache_give(struct slab_cache *cache, void *object, struct list_head *unused)
	REQUIRES(cache->lock)
{
	struct page *slab = slab_of_object(object);
	bool was_full = slab_is_full(cache, slab);

	*object_link(cache, object) = (void *)slab->private;
	slab->private = (uint64_t)object;
	slab_state(slab)->used--;
	cache->taken--;
	if (was_full)
		list_add(&cache->partial, &slab->node);
	if (slab_state(slab)->used > 0)
		return;
	list_remove(&slab->node);
	if (cache->empty_count < EMPTY_SLABS_KEPT) {
		list_add(&cache->empty, &slab->node);
		cache->empty_count++;
		return;
	}
	list_add(unused, &slab->node);
	cache->slab_count--;
}

static enum memory_counter slab_counter(const struct slab_cache *cache)
{
	return cache->flags & SLAB_RECLAIMABLE ? COUNT_SLAB_RECLAIMABLE
					       : COUNT_SLAB_UNRECLAIMABLE;
}

static void slab_free_pages(struct page *slab)
{
	unsigned order = slab->order;

	for (unsigned i = 1; i < 1u << order; i++)
		slab[i].flags = 0;
	page_put(slab);
}

static void slab_free_later(struct rcu_head *head)
{
	slab_free_pages(container_of((struct list_node *)head, struct page, node));
}

/* How many pages it gave back. */
static uint64_t slab_release(struct slab_cache *cache, struct list_head *unused)
{
	uint64_t pages = 0;
	struct page *slab;

	while ((slab = list_pop(unused, struct page, node)) != NULL) {
		memory_count(slab_counter(cache), -(int64_t)(1 << slab->order));
		pages += UINT64_C(1) << slab->order;
		if (cache->flags & SLAB_TYPE_STABLE)
			rcu_call((struct rcu_head *)&slab->node, slab_free_later);
		else
			slab_free_pages(slab);
	}
	return pages;
}

/* A block of the size that the cache wants, or of the least that holds an object: nobody is
 * killed because free pages do not lie side by side. */
static struct page *slab_pages(const struct slab_cache *cache, unsigned heap_flags)
{
	unsigned flags = heap_page_flags(heap_flags), least = log2_ceiling(
		divide_up(cache->stride, PAGE_SIZE));
	struct page *slab = NULL;

	if (cache->order > least)
		slab = page_allocate(cache->order, flags | ALLOCATE_NO_KILL);
	return slab ? slab : page_allocate(least, flags);
}

static bool cache_grow(struct slab_cache *cache, unsigned heap_flags)
{
	struct page *slab = slab_pages(cache, heap_flags);
	bool masked;

	if (!slab)
		return false;
	for (unsigned i = 0; i < 1u << slab->order; i++) {
		slab[i].flags = PAGE_SLAB;
		slab[i].slab = cache;
		slab[i].index = i;
	}
	slab->private = 0;
	*slab_state(slab) = (struct slab_state){ 0, 0 };
	if (DEBUG_BUILD) {
		slab_guard_fresh(cache, page_address(slab), slab_capacity(cache, slab));
		kasan_poison(page_address(slab), PAGE_SIZE << slab->order, KASAN_REDZONE);
	}
	memory_count(slab_counter(cache), 1 << slab->order);
	masked = spin_lock_irq(&cache->lock);
	list_add(&cache->empty, &slab->node);
	cache->empty_count++;
	cache->slab_count++;
	spin_unlock_irq(&cache->lock, masked);
	return true;
}

/* A CPU's first use of a cache makes its magazine; without memory for it there is none. */
static void magazine_create(struct slab_cache *cache, unsigned cpu)
{
	size_t size = sizeof(struct slab_magazine) + cache->capacity * sizeof(void *);
	struct slab_magazine *magazine, *none = NULL;
	struct slab_magazine *busy = (struct slab_magazine *)cache;

	/* While the place is marked busy, the request below finds no magazine and makes none. */
	if (!atomic_compare_swap(&cache->magazines[cpu], &none, busy))
		return;
	magazine = heap_allocate(size, HEAP_ATOMIC);
	atomic_store_release(&cache->magazines[cpu], magazine);
}

/* This CPU's magazine or NULL; interrupts masked. */
static inline struct slab_magazine *magazine_of(struct slab_cache *cache, unsigned cpu)
{
	struct slab_magazine *magazine;

	if (unlikely(cpu >= cache->magazine_count))
		return NULL;
	magazine = cache->magazines[cpu];
	return unlikely((void *)magazine == (void *)cache) ? NULL : magazine;
}

/* Debug builds hand out what was freed first, so that use after free shows. */
static inline void *magazine_pop(struct slab_magazine *magazine)
{
	void *oldest = magazine->objects[0];

	magazine->count--;
	if (!DEBUG_BUILD)
		return magazine->objects[magazine->count];
	memmove(magazine->objects, magazine->objects + 1, magazine->count * sizeof(void *));
	return oldest;
}

/* Fills the magazine by half and takes one; without a magazine takes one. */
static void *cache_refill(struct slab_cache *cache)
{
	bool masked = spin_lock_irq(&cache->lock);
	struct slab_magazine *magazine = magazine_of(cache, cpu_current());
	void *object = NULL;

	if (!magazine) {
		cache_take(cache, &object, 1);
	} else {
		uint32_t room = cache->capacity - magazine->count;

		magazine->count += cache_take(cache, magazine->objects + magazine->count,
					      min(room, cache->capacity / 2));
		if (magazine->count > 0)
			object = magazine_pop(magazine);
	}
	spin_unlock_irq(&cache->lock, masked);
	return object;
}

static NOINLINE void *slab_allocate_slow(struct slab_cache *cache, unsigned heap_flags)
{
	void *object;
	unsigned cpu;
	bool masked = interrupts_disable();

	cpu = cpu_current();
	interrupts_restore(masked);
	if (cpu < cache->magazine_count && !READ_ONCE(cache->magazines[cpu]))
		magazine_create(cache, cpu);
	while ((object = cache_refill(cache)) == NULL) {
		if (!cache_grow(cache, heap_flags))
			return NULL;
	}
	return object;
}

void *slab_allocate(struct slab_cache *cache, unsigned heap_flags)
{
	bool masked;
	struct slab_magazine *magazine;
	void *object;

	if (memory_must_fail())
		return NULL;
	masked = interrupts_disable();
	magazine = magazine_of(cache, cpu_current());
	if (likely(magazine && magazine->count > 0)) {
		object = magazine_pop(magazine);
		interrupts_restore(masked);
	} else {
		interrupts_restore(masked);
		object = slab_allocate_slow(cache, heap_flags);
		if (!object)
			return NULL;
	}
	if (DEBUG_BUILD)
		slab_guard_allocated(cache, object);
	if (!(heap_flags & HEAP_RAW))
		memset(object, 0, cache->object_size);
	return object;
}

/* Moves half a magazine to the slabs, or the one object when there is no magazine. */
static NOINLINE void slab_free_slow(struct slab_cache *cache, void *object)
{
	struct list_head unused;
	struct slab_magazine *magazine;
	bool masked;

	list_init(&unused);
	masked = spin_lock_irq(&cache->lock);
	magazine = magazine_of(cache, cpu_current());
	if (magazine) {
		for (uint32_t i = 0; i < cache->capacity / 2 && magazine->count > 0; i++)
			cache_give(cache, magazine->objects[--magazine->count], &unused);
		magazine->objects[magazine->count++] = object;
	} else {
		cache_give(cache, object, &unused);
	}
	spin_unlock_irq(&cache->lock, masked);
	slab_release(cache, &unused);
}

void slab_free(struct slab_cache *cache, void *object)
{
	bool masked;
	struct slab_magazine *magazine;

	if (!object)
		return;
	if (DEBUG_BUILD)
		slab_guard_freed(cache, object);
	masked = interrupts_disable();
	magazine = magazine_of(cache, cpu_current());
	if (likely(magazine && magazine->count < cache->capacity)) {
		magazine->objects[magazine->count++] = object;
		interrupts_restore(masked);
		return;
	}
	interrupts_restore(masked);
	slab_free_slow(cache, object);
}

/* The smallest order that wastes little and holds several objects. */
static unsigned slab_order_for(uint32_t stride)
{
	unsigned order = 0;

	while (order < SLAB_ORDER_MAXIMUM) {
		size_t bytes = PAGE_SIZE << order;

		if (bytes / stride >= SLAB_OBJECTS_WANTED ||
		    (bytes / stride >= 2 && bytes % stride <= bytes / 16))
			break;
		order++;
	}
	return order;
}

static uint32_t capacity_for(uint32_t stride)
{
	if (stride <= 256)
		return 64;
	if (stride <= 1024)
		return 32;
	return stride <= 4096 ? 16 : 8;
}

void slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t alignment,
		     unsigned flags)
{
	size_t stride = align_up(max(size, sizeof(void *)), sizeof(void *));

	*cache = (struct slab_cache){ .name = name, .object_size = (uint32_t)size, .flags = flags };
	cache->has_guards = DEBUG_BUILD && !(flags & SLAB_TYPE_STABLE);
	/* What readers under RCU may still look at is not written over while it is free. */
	if (flags & SLAB_TYPE_STABLE || DEBUG_BUILD) {
		cache->link_offset = (uint32_t)stride;
		stride += 2 * sizeof(void *);
	}
	cache->stride = (uint32_t)align_up(stride, max(alignment, sizeof(void *)));
	cache->order = (uint8_t)slab_order_for(cache->stride);
	cache->per_slab = (uint32_t)((PAGE_SIZE << cache->order) / cache->stride);
	cache->capacity = capacity_for(cache->stride);
	spin_lock_init(&cache->lock, LOCK_SLAB);
	list_init(&cache->partial);
	list_init(&cache->empty);
	bool masked = spin_lock_irq(&caches_lock);
	list_add_tail_rcu(&caches, &cache->node);
	spin_unlock_irq(&caches_lock, masked);
}

void slab_cache_start_magazines(struct slab_cache *cache)
{
	unsigned cpus = cpu_count();

	cache->magazines = heap_allocate_array(cpus, sizeof(*cache->magazines), 0);
	if (cache->magazines)
		atomic_store_release(&cache->magazine_count, cpus);
}

struct slab_cache *slab_cache_create(const char *name, size_t size, size_t alignment,
				     unsigned flags)
{
	struct slab_cache *cache = heap_allocate(sizeof(*cache), 0);

	if (!cache)
		return NULL;
	slab_cache_init(cache, name, size, max(alignment, sizeof(void *)), flags);
	slab_cache_start_magazines(cache);
	return cache;
}

uint64_t slab_cache_used(const struct slab_cache *cache)
{
	uint64_t used = READ_ONCE(cache->taken);

	for (unsigned cpu = 0; cpu < cache->magazine_count; cpu++) {
		struct slab_magazine *magazine = READ_ONCE(cache->magazines[cpu]);

		if (magazine && (void *)magazine != (void *)cache)
			used -= READ_ONCE(magazine->count);
	}
	return (int64_t)used < 0 ? 0 : used;
}

static void magazines_empty(void *argument)
{
	struct slab_cache *cache;

	(void)argument;
	list_for_each_rcu(cache, &caches, node) {
		struct list_head unused;
		struct slab_magazine *magazine;
		bool masked = spin_lock_irq(&cache->lock);

		list_init(&unused);
		magazine = magazine_of(cache, cpu_current());
		while (magazine && magazine->count > 0)
			cache_give(cache, magazine->objects[--magazine->count], &unused);
		spin_unlock_irq(&cache->lock, masked);
		slab_release(cache, &unused);
	}
}

uint64_t slab_reclaim(void)
{
	struct slab_cache *cache;
	struct cpu_mask mask;
	uint64_t freed = 0;

	cpu_online_mask(&mask);
	cpu_call(&mask, magazines_empty, NULL);
	list_for_each_rcu(cache, &caches, node) {
		struct list_head unused;
		bool masked = spin_lock_irq(&cache->lock);

		list_init(&unused);
		cache->slab_count -= cache->empty_count;
		cache->empty_count = 0;
		list_splice(&unused, &cache->empty);
		spin_unlock_irq(&cache->lock, masked);
		freed += slab_release(cache, &unused);
	}
	return freed;
}

static PRINTF_LIKE(2, 3) void describe_line(struct format_sink *sink, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	format_to_sink(sink, format, arguments);
	va_end(arguments);
}

void slab_describe(struct format_sink *sink)
{
	struct slab_cache *cache;

	describe_line(sink, "slabinfo - version: 2.1\n# name            <active_objs> <num_objs> "
		      "<objsize> <objperslab> <pagesperslab>\n");
	list_for_each_rcu(cache, &caches, node) {
		uint64_t slabs = READ_ONCE(cache->slab_count);

		describe_line(sink, "%-17s %6llu %6llu %6u %4u %4u : tunables 0 0 0 : slabdata "
			      "%6llu %6llu 0\n", cache->name,
			      (unsigned long long)slab_cache_used(cache),
			      (unsigned long long)slabs * cache->per_slab, cache->stride,
			      cache->per_slab, 1u << cache->order, (unsigned long long)slabs,
			      (unsigned long long)slabs);
	}
}
