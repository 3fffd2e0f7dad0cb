/*
 * Page-table entries (Arm ARM D8.3, VMSAv8-64 with 4 KB granule) and the kernel's own half.
 * Levels are numbered as in arch/mmu.h: 0 is 4 KB, 1 is 2 MB, 2 is 1 GB, 3 is the root.
 */
#ifndef ARCH_AARCH64_MMU_TABLE_H
#define ARCH_AARCH64_MMU_TABLE_H

#include "arch/aarch64/boot/head.h"
#include "arch/common/kernel_map.h"
#include "arch/mmu.h"
#include "base/compiler.h"
#include "base/types.h"

#define ENTRY_KIND UINT64_C(3)
#define ENTRY_VALID BIT(0)
#define ENTRY_TABLE UINT64_C(3)		/* at levels 1 to 3 */
#define ENTRY_KERNEL_TABLE ENTRY_TABLE
#define ENTRY_BLOCK UINT64_C(1)		/* at levels 1 and 2 */
#define ENTRY_PAGE UINT64_C(3)		/* at level 0 */
#define ENTRY_ATTRIBUTES(index) ((uint64_t)(index) << 2)
#define ENTRY_USER BIT(6)		/* AP[1] */
#define ENTRY_READ_ONLY BIT(7)		/* AP[2] */
#define ENTRY_SHARED (UINT64_C(3) << 8)	/* inner */
#define ENTRY_ACCESSED BIT(10)
#define ENTRY_NOT_GLOBAL BIT(11)
#define ENTRY_GUARDED BIT(50)		/* GP: indirect branches come to landing pads only */
#define ENTRY_MAY_WRITE BIT(51)		/* DBM: read-only until it is written */
#define ENTRY_NO_KERNEL_EXECUTE BIT(53)
#define ENTRY_NO_USER_EXECUTE BIT(54)
#define ENTRY_DIRTY_KEPT BIT(55)	/* ours: was written before it lost ENTRY_MAY_WRITE */
#define ENTRY_SPECIAL BIT(56)		/* ours: MMU_SPECIAL */
#define ENTRY_ADDRESS UINT64_C(0x0000fffffffff000)

#define ENTRIES 512
#define LEVEL_ROOT 3
#define LEVEL_SHIFT(level) (PAGE_SHIFT + 9 * (level))
#define LEVEL_BYTES(level) (UINT64_C(1) << LEVEL_SHIFT(level))

/* Whether the CPUs set accessed and dirty by themselves, else mmu_entry_follow() does. */
extern bool mmu_has_hardware_flags;

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

/* A register while the early page tables are in use; NULL if they do not reach it. */
void *mmu_early_map(physical_t address);

/* A store to a table has reached memory before the next access that needs it. */
static inline void table_publish(void)
{
	__asm__ volatile("dsb ishst\n\tisb" ::: "memory");
}

#endif
