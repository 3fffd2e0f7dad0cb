/* The kernel's half of the page tables, within arch/. */
#ifndef ARCH_COMMON_KERNEL_MAP_H
#define ARCH_COMMON_KERNEL_MAP_H

#include "base/types.h"

extern physical_t mmu_kernel_root;

/* Where new table pages come from: zeroed, or 0. */
typedef physical_t (*table_allocator)(void);

/*
 * The entry for an address at a level under `root`, with tables of the kernel made on the way by
 * `allocate`; NULL if a table is missing and there is no allocator or no memory, or if a larger
 * page is in the way.
 */
uint64_t *mmu_table_entry(physical_t root, virtual_t address, unsigned level,
			  table_allocator allocate);
/* The same under the kernel's root. */
uint64_t *mmu_kernel_entry(virtual_t address, unsigned level, table_allocator allocate);

/* Flags of enum mmu_flags as an entry for a kernel page without its address. Each CPU's. */
uint64_t mmu_kernel_entry_bits(uint32_t flags, unsigned level);

#endif
