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
	uint64_t tag;		/* atomic: generation of ASIDs above, ASID below; 0: none yet */
	uint64_t identity;	/* never used twice, unlike the address of this structure */
	uint64_t table_count;	/* atomic: tables below the root */
	uint32_t home;		/* atomic: 1 + the only CPU that ever ran it (mmu/tlb.c) */
};

/* Where the loader put the image: what an address in it is away from its physical one. */
extern uint64_t kernel_image_offset;

static inline bool mmu_set_breaks_first(void)
{
	return true;
}

/* FEAT_PAN3, without which the kernel could still read such a page for a program. */
extern bool mmu_can_execute_only;

static inline bool mmu_has_execute_only(void)
{
	return mmu_can_execute_only;
}

/* CTR_EL0.IDC and DIC: neither cache has to be told of new instructions. */
extern bool mmu_has_coherent_fetch;

static inline bool mmu_fetch_is_coherent(void)
{
	return mmu_has_coherent_fetch;
}

static inline void *physical_to_virtual(physical_t address)
{
	return (void *)(virtual_t)(address + DIRECT_MAP_BASE);
}

static inline physical_t virtual_to_physical(const void *pointer)
{
	virtual_t address = (virtual_t)pointer;

	return address >= KERNEL_IMAGE_BASE ? address - kernel_image_offset
					    : address - DIRECT_MAP_BASE;
}

#endif
