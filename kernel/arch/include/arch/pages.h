/*
 * Seam: memory for the architecture, given by memory/: pages for page tables, and small objects.
 */
#ifndef ARCH_PAGES_H
#define ARCH_PAGES_H

#include "base/types.h"

#define PAGE_SHIFT 12
#define PAGE_SIZE ((size_t)1 << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))

/* A zeroed page, or 0 when memory is short. May not sleep unless is_patient. */
physical_t arch_page_allocate(bool is_patient);
void arch_page_free(physical_t page);

/* Zeroed heap memory for the architecture's own structures (FPU state, per-CPU tables), aligned
 * to 64 bytes from that size on; NULL when short. May sleep. Freeing: NULL is allowed, any
 * context. */
void *arch_heap_allocate(size_t size);
void arch_heap_free(void *memory);

#endif
