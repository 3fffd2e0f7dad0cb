/*
 * How memory/ divides the kernel's dynamic range: stacks in the first quarter, areas behind.
 */
#ifndef MEMORY_HEAP_AREAS_H
#define MEMORY_HEAP_AREAS_H

#include "arch/mmu.h"
#include "base/types.h"

struct page;

#define KERNEL_AREAS_START \
	(KERNEL_DYNAMIC_START + (KERNEL_DYNAMIC_END - KERNEL_DYNAMIC_START) / 4)

/* Maps fresh pages at a range; false, with nothing left mapped, when memory is short. May sleep. */
bool kernel_pages_map(virtual_t start, size_t size, unsigned page_flags);
/* Unmaps and frees the pages of a range. May sleep. */
void kernel_pages_unmap(virtual_t start, size_t size);

/* Several ranges that are unmapped with one interrupt of the other CPUs: add them, then finish. */
struct kernel_unmapping {
	struct page *pages;		/* starts NULL; chained through `private` */
	virtual_t start, end;		/* spans all ranges */
};
void kernel_unmapping_add(struct kernel_unmapping *unmapping, virtual_t start, size_t size);
/* Frees the pages once no CPU can reach them. May sleep. */
void kernel_unmapping_finish(struct kernel_unmapping *unmapping);

/* Unmaps kernel stacks that wait to be used again; pages freed. May sleep. */
uint64_t kernel_stacks_reclaim(void);

#endif
