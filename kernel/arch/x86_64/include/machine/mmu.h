/* The inline parts of arch/mmu.h. */
#ifndef MACHINE_MMU_H
#define MACHINE_MMU_H

#include "arch/cpu.h"
#include "base/types.h"
#include "machine/layout.h"

#define USER_ADDRESS_LIMIT ((user_address_t)USER_ADDRESS_END)
#define KERNEL_DYNAMIC_START ((virtual_t)KERNEL_DYNAMIC_BASE)
#define KERNEL_DYNAMIC_END ((virtual_t)(KERNEL_DYNAMIC_BASE + KERNEL_DYNAMIC_BYTES))

struct mmu_space {
	physical_t root;
	physical_t shadow_root;		/* programs run on it under isolation; or 0 */
	uint64_t identity;		/* never used twice, unlike the address of this structure */
	uint64_t generation;		/* atomic: counts changes that TLBs must follow */
	struct cpu_mask active;		/* atomic bits: CPUs whose root register holds it */
	uint64_t table_count;	/* atomic: tables below the root */
};

static inline bool mmu_set_breaks_first(void)
{
	return false;
}

static inline bool mmu_has_execute_only(void)
{
	return false;
}

static inline bool mmu_fetch_is_coherent(void)
{
	return true;
}

static inline void *physical_to_virtual(physical_t address)
{
	return (void *)(virtual_t)(address + DIRECT_MAP_BASE);
}

static inline physical_t virtual_to_physical(const void *pointer)
{
	virtual_t address = (virtual_t)pointer;

	return address >= KERNEL_IMAGE_BASE ? address - KERNEL_IMAGE_BASE
					    : address - DIRECT_MAP_BASE;
}

#endif
