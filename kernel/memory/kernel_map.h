/*
 * Kernel virtual ranges outside the direct map: kernel stacks with guard pages, large tables made
 * of scattered pages, device registers.
 */
#ifndef MEMORY_KERNEL_MAP_H
#define MEMORY_KERNEL_MAP_H

#include "base/compiler.h"
#include "base/types.h"

/* KERNEL_STACK_BYTES with an unmapped page below; 0 when short. May sleep. Cached per CPU. */
virtual_t kernel_stack_allocate(void);
void kernel_stack_free(virtual_t stack);

/* Zeroed memory of any size, contiguous in virtual addresses only. May sleep; NULL. */
void *kernel_area_allocate(size_t size);
void kernel_area_free(void *area, size_t size);

/* Maps device registers or firmware memory; flags as enum mmu_flags (MMU_DEVICE...). NULL: short.
 * Usable from memory_start() on. */
void *kernel_map_physical(physical_t address, size_t size, unsigned flags);

#endif
