/*
 * Page-table entries (Intel SDM volume 3, 4.5) and the kernel's own half of the tables.
 * Levels are numbered as in arch/mmu.h: 0 is 4 KB, 1 is 2 MB, 2 is 1 GB, 3 is the root.
 */
#ifndef ARCH_X86_64_MMU_TABLE_H
#define ARCH_X86_64_MMU_TABLE_H

#include "arch/common/kernel_map.h"
#include "arch/mmu.h"
#include "base/compiler.h"
#include "base/types.h"

#define ENTRY_PRESENT BIT(0)
#define ENTRY_WRITE BIT(1)
#define ENTRY_USER BIT(2)
#define ENTRY_WRITE_THROUGH BIT(3)
#define ENTRY_CACHE_DISABLE BIT(4)
#define ENTRY_ACCESSED BIT(5)
#define ENTRY_DIRTY BIT(6)
#define ENTRY_LARGE BIT(7)	/* at levels 1 and 2 */
#define ENTRY_GLOBAL BIT(8)
#define ENTRY_SPECIAL BIT(9)	/* ours: MMU_SPECIAL */
#define ENTRY_NO_EXECUTE BIT(63)
#define ENTRY_ADDRESS UINT64_C(0x000ffffffffff000)
/* As the CPU leaves it: kasan_map.c compares. */
#define ENTRY_KERNEL_TABLE (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_ACCESSED)

#define ENTRIES 512
#define LEVEL_ROOT 3
#define LEVEL_SHIFT(level) (PAGE_SHIFT + 9 * (level))
#define LEVEL_BYTES(level) (UINT64_C(1) << LEVEL_SHIFT(level))

/* Bits that this CPU or this boot does not use are absent from these. */
extern uint64_t mmu_entry_no_execute;	/* ENTRY_NO_EXECUTE or 0 */
extern uint64_t mmu_entry_global;	/* ENTRY_GLOBAL, or 0 under page-table isolation */

static inline unsigned table_index(virtual_t address, unsigned level)
{
	return (address >> LEVEL_SHIFT(level)) & (ENTRIES - 1);
}

static inline uint64_t *table_at(physical_t table)
{
	return physical_to_virtual(table);
}

static inline uint64_t *table_below(uint64_t entry)
{
	return table_at(entry & ENTRY_ADDRESS);
}

/* Pages at fixed addresses, for registers that are needed without memory/: before it runs, and at
 * the end of the machine. */
enum fixed_map {
	FIXED_LOCAL_APIC,
	FIXED_HPET,
	FIXED_RESET,
};
void *mmu_fixed_map(enum fixed_map slot, physical_t page);

/* Makes a kernel page visible in the tables that programs run on under page-table isolation. */
void mmu_shadow_share(virtual_t start, virtual_t end, table_allocator allocate);
extern physical_t mmu_shadow_kernel_root;	/* template of the upper half; 0: no isolation */

/* The CPU sees stores to tables in their order. */
static inline void table_publish(void)
{
}

static inline void tlb_flush_address(virtual_t address)
{
	__asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

#endif
