/*
 * Areas of the kernel's dynamic range: a tree of those in use by address. A new one goes behind the
 * last if there is room, else into the first gap. One page behind each stays unmapped.
 */
#include "memory/kernel_map.h"

#include "arch/cpu.h"
#include "arch/mmu.h"
#include "base/arithmetic.h"
#include "base/panic.h"
#include "base/tree/rbtree.h"
#include "memory/heap.h"
#include "memory/heap/areas.h"
#include "memory/page.h"
#include "sync/spin_lock.h"

struct kernel_area {
	struct rbtree_node node;
	virtual_t start, end;		/* with the unmapped page behind */
};

static struct spin_lock areas_lock = SPIN_LOCK_INITIALIZER(LOCK_KERNEL_MAP);
static struct rbtree areas = RBTREE_INITIALIZER;
static virtual_t areas_next = KERNEL_AREAS_START;

static struct kernel_area *area_entry(struct rbtree_node *node)
{
	return node ? rbtree_entry(node, struct kernel_area, node) : NULL;
}

static void area_insert(struct kernel_area *area)
{
	struct rbtree_node **link = &areas.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = area->start < area_entry(parent)->start ? &parent->left : &parent->right;
	}
	rbtree_insert(&areas, &area->node, parent, link);
}

/* The start of the lowest gap of `size` bytes, 0 if there is none. */
static virtual_t gap_find(size_t size)
{
	virtual_t start = KERNEL_AREAS_START;
	struct rbtree_node *node;

	rbtree_for_each(node, &areas) {
		struct kernel_area *area = area_entry(node);

		if (area->start - start >= size)
			return start;
		start = area->end;
	}
	return KERNEL_DYNAMIC_END - start >= size ? start : 0;
}

/* Reserves addresses for `size` bytes (whole pages). 0: none left. */
static virtual_t area_reserve(size_t size)
{
	struct kernel_area *area = heap_allocate(sizeof(*area), 0);
	bool masked;
	virtual_t start;

	if (!area)
		return 0;
	size += PAGE_SIZE;
	masked = spin_lock_irq(&areas_lock);
	if (KERNEL_DYNAMIC_END - areas_next >= size) {
		start = areas_next;
		areas_next += size;
	} else {
		start = gap_find(size);
	}
	area->start = start;
	area->end = start + size;
	if (start)
		area_insert(area);
	spin_unlock_irq(&areas_lock, masked);
	if (!start)
		heap_free(area);
	return start;
}

static void area_release(virtual_t start)
{
	bool masked = spin_lock_irq(&areas_lock);
	struct rbtree_node *node = areas.root;
	struct kernel_area *area = NULL;

	while (node) {
		area = area_entry(node);
		if (area->start == start)
			break;
		node = start < area->start ? node->left : node->right;
	}
	if (node)
		rbtree_erase(&areas, node);
	spin_unlock_irq(&areas_lock, masked);
	ASSERT(node);
	heap_free(area);
}

void kernel_unmapping_add(struct kernel_unmapping *unmapping, virtual_t start, size_t size)
{
	for (virtual_t at = start; at < start + size; at += PAGE_SIZE) {
		physical_t physical = mmu_kernel_unmap(at);
		struct page *page = physical ? page_of_frame_address(physical) : NULL;

		if (page) {
			page->private = (uint64_t)unmapping->pages;
			unmapping->pages = page;
		}
	}
	unmapping->start = unmapping->end ? min(unmapping->start, start) : start;
	unmapping->end = max(unmapping->end, start + size);
}

void kernel_unmapping_finish(struct kernel_unmapping *unmapping)
{
	/* Nothing is reused before no CPU can reach it. */
	mmu_kernel_invalidate(unmapping->start, unmapping->end);
	while (unmapping->pages) {
		struct page *page = unmapping->pages;

		unmapping->pages = (struct page *)page->private;
		page_put(page);
	}
}

void kernel_pages_unmap(virtual_t start, size_t size)
{
	struct kernel_unmapping unmapping = { .pages = NULL };

	kernel_unmapping_add(&unmapping, start, size);
	kernel_unmapping_finish(&unmapping);
}

bool kernel_pages_map(virtual_t start, size_t size, unsigned page_flags)
{
	for (virtual_t at = start; at < start + size; at += PAGE_SIZE) {
		struct page *page = page_allocate(0, page_flags | ALLOCATE_PATIENT);

		if (!page || mmu_kernel_map(at, page_physical(page), MMU_READ | MMU_WRITE) != 0) {
			if (page)
				page_put(page);
			kernel_pages_unmap(start, at - start);
			return false;
		}
	}
	return true;
}

void *kernel_area_allocate(size_t size)
{
	virtual_t start;

	if (size == 0 || size > KERNEL_DYNAMIC_END - KERNEL_AREAS_START)
		return NULL;
	size = align_up(size, PAGE_SIZE);
	start = area_reserve(size);
	if (!start)
		return NULL;
	if (!kernel_pages_map(start, size, ALLOCATE_ZERO)) {
		area_release(start);
		return NULL;
	}
	return (void *)start;
}

void kernel_area_free(void *area, size_t size)
{
	if (!area)
		return;
	kernel_pages_unmap((virtual_t)area, align_up(size, PAGE_SIZE));
	area_release((virtual_t)area);
}

static void mapping_undo(virtual_t start, size_t size)
{
	for (virtual_t at = start; at < start + size; at += PAGE_SIZE)
		mmu_kernel_unmap(at);
	mmu_kernel_invalidate(start, start + size);
	area_release(start);
}

void *kernel_map_physical(physical_t address, size_t size, unsigned flags)
{
	size_t offset = address % PAGE_SIZE;
	virtual_t start;
	size_t whole;

	/* Devices and tables say where: an address that is too wide would damage an entry. */
	if (size == 0 || !checked_add(size, offset + PAGE_SIZE - 1, &whole) ||
	    !range_is_within(address, size, BIT(cpu_physical_bits())))
		return NULL;
	whole = align_down(whole, PAGE_SIZE);
	start = area_reserve(whole);
	if (!start)
		return NULL;
	for (size_t at = 0; at < whole; at += PAGE_SIZE) {
		if (mmu_kernel_map(start + at, address - offset + at, flags) != 0) {
			mapping_undo(start, at);
			return NULL;
		}
	}
	return (void *)(start + offset);
}
