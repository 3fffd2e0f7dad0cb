/*
 * Kernel stacks lie in slots twice their size: the lower half of a slot is never mapped, so that an
 * overflow faults. Freed stacks stay mapped, a few per CPU, the rest in a pool; both are chained
 * through their first word, and exchange several at once. Unmapping interrupts every CPU, so it
 * is done for many stacks together.
 */
#include "arch/context.h"
#include "arch/cpu.h"
#include "base/arithmetic.h"
#include "memory/counters.h"
#include "memory/heap.h"
#include "memory/heap/areas.h"
#include "memory/kasan.h"
#include "memory/kernel_map.h"
#include "memory/page.h"
#include "sync/spin_lock.h"

#define SLOT_BYTES ((virtual_t)2 * KERNEL_STACK_BYTES)
#define SLOT_COUNT ((KERNEL_AREAS_START - KERNEL_DYNAMIC_START) / SLOT_BYTES)
#define STACK_PAGES (KERNEL_STACK_BYTES / (int)PAGE_SIZE)
#define CPU_CACHE_MAXIMUM 8
#define CPU_CACHE_EXCHANGE 4
/* This many idle stacks stay in the pool; beyond them, a batch is unmapped whenever one is full. */
#define POOL_MAXIMUM 32
#define UNMAP_BATCH 32

struct stack_cache {
	virtual_t first;	/* chained through the stacks' first words */
	uint32_t count;
};

static DEFINE_PER_CPU(struct stack_cache, stack_cache);

static struct {
	struct spin_lock lock;		/* LOCK_KERNEL_MAP */
	struct stack_cache pool;	/* mapped, idle */
	uint64_t *free_slots;		/* unmapped slots below next_slot, a stack of numbers */
	uint64_t free_count, free_capacity;
	uint64_t next_slot;
} stacks = {
	.lock = SPIN_LOCK_INITIALIZER(LOCK_KERNEL_MAP),
};

static void cache_push(struct stack_cache *cache, virtual_t stack)
{
	*(virtual_t *)stack = cache->first;
	cache->first = stack;
	cache->count++;
}

static virtual_t cache_pop(struct stack_cache *cache)
{
	virtual_t stack = cache->first;

	if (stack) {
		cache->first = *(virtual_t *)stack;
		cache->count--;
	}
	return stack;
}

static virtual_t slot_stack(uint64_t slot)
{
	return KERNEL_DYNAMIC_START + slot * SLOT_BYTES + KERNEL_STACK_BYTES;
}

/* An unmapped slot's number, or SLOT_COUNT. */
static uint64_t slot_reserve(void)
{
	bool masked = spin_lock_irq(&stacks.lock);
	uint64_t slot = SLOT_COUNT;

	if (stacks.free_count > 0)
		slot = stacks.free_slots[--stacks.free_count];
	else if (stacks.next_slot < SLOT_COUNT)
		slot = stacks.next_slot++;
	spin_unlock_irq(&stacks.lock, masked);
	return slot;
}

/* Without memory to remember it, a slot is lost: addresses are plenty. */
static void slot_release(uint64_t slot)
{
	bool masked = spin_lock_irq(&stacks.lock);

	if (stacks.free_count < stacks.free_capacity)
		stacks.free_slots[stacks.free_count++] = slot;
	spin_unlock_irq(&stacks.lock, masked);
}

/* Makes room to remember every slot that was ever used. */
static void slots_grow(void)
{
	uint64_t wanted = max(stacks.next_slot * 2, 64);
	uint64_t *larger, *old = NULL;
	bool masked;

	if (READ_ONCE(stacks.free_capacity) >= stacks.next_slot)
		return;
	larger = heap_allocate_array(wanted, sizeof(*larger), HEAP_RAW);
	if (!larger)
		return;
	masked = spin_lock_irq(&stacks.lock);
	if (stacks.free_capacity < wanted) {
		for (uint64_t i = 0; i < stacks.free_count; i++)
			larger[i] = stacks.free_slots[i];
		old = stacks.free_slots;
		stacks.free_slots = larger;
		stacks.free_capacity = wanted;
		larger = NULL;
	}
	spin_unlock_irq(&stacks.lock, masked);
	heap_free(old);
	heap_free(larger);
}

/* Moves up to `count` stacks. */
static void cache_exchange(struct stack_cache *from, struct stack_cache *to, uint32_t count)
{
	while (count-- > 0 && from->first)
		cache_push(to, cache_pop(from));
}

/* Unmaps up to a batch of idle stacks, but leaves `keep`; the number unmapped. */
static uint32_t stacks_unmap(uint32_t keep)
{
	virtual_t unmapped[UNMAP_BATCH];
	struct kernel_unmapping unmapping = { .pages = NULL };
	uint32_t count = 0;
	bool masked = spin_lock_irq(&stacks.lock);

	while (count < UNMAP_BATCH && stacks.pool.count > keep)
		unmapped[count++] = cache_pop(&stacks.pool);
	spin_unlock_irq(&stacks.lock, masked);
	if (count == 0)
		return 0;
	for (uint32_t i = 0; i < count; i++)
		kernel_unmapping_add(&unmapping, unmapped[i], KERNEL_STACK_BYTES);
	kernel_unmapping_finish(&unmapping);
	for (uint32_t i = 0; i < count; i++)
		slot_release((unmapped[i] - KERNEL_DYNAMIC_START) / SLOT_BYTES);
	memory_count(COUNT_KERNEL_STACKS, -(int64_t)count * STACK_PAGES);
	return count;
}

static virtual_t stack_create(void)
{
	uint64_t slot = slot_reserve();

	if (slot == SLOT_COUNT)
		return 0;
	slots_grow();
	if (!kernel_pages_map(slot_stack(slot), KERNEL_STACK_BYTES, 0)) {
		slot_release(slot);
		return 0;
	}
	memory_count(COUNT_KERNEL_STACKS, STACK_PAGES);
	return slot_stack(slot);
}

/* Forgets what earlier frames poisoned. */
static virtual_t stack_fresh(virtual_t stack)
{
	if (DEBUG_BUILD && stack)
		kasan_unpoison((void *)stack, KERNEL_STACK_BYTES);
	return stack;
}

virtual_t kernel_stack_allocate(void)
{
	bool masked = interrupts_disable();
	struct stack_cache *cache = this_cpu(stack_cache);
	virtual_t stack;

	if (unlikely(!cache->first) && READ_ONCE(stacks.pool.count) > 0) {
		spin_lock_masked(&stacks.lock);
		cache_exchange(&stacks.pool, cache, CPU_CACHE_EXCHANGE);
		spin_unlock_masked(&stacks.lock);
	}
	stack = cache_pop(cache);
	interrupts_restore(masked);
	while (unlikely(READ_ONCE(stacks.pool.count) >= POOL_MAXIMUM + UNMAP_BATCH))
		stacks_unmap(POOL_MAXIMUM);
	if (unlikely(!stack))
		stack = stack_create();
	return stack_fresh(stack);
}

void kernel_stack_free(virtual_t stack)
{
	bool masked = interrupts_disable();
	struct stack_cache *cache = this_cpu(stack_cache);

	cache_push(cache, stack);
	if (unlikely(cache->count > CPU_CACHE_MAXIMUM)) {
		spin_lock_masked(&stacks.lock);
		cache_exchange(cache, &stacks.pool, CPU_CACHE_EXCHANGE);
		spin_unlock_masked(&stacks.lock);
	}
	interrupts_restore(masked);
}

uint64_t kernel_stacks_reclaim(void)
{
	uint64_t freed = 0;
	uint32_t count;

	while ((count = stacks_unmap(0)) > 0)
		freed += (uint64_t)count * STACK_PAGES;
	return freed;
}
