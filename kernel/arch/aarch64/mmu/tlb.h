/* Address-space identifiers, and making CPUs forget translations. */
#ifndef ARCH_AARCH64_MMU_TLB_H
#define ARCH_AARCH64_MMU_TLB_H

#include "arch/mmu.h"

/* On each CPU, before its area is loaded: no program's tables. */
void tlb_start(void);

/* At a context switch; NULL: no program's tables. Interrupts masked. */
void tlb_switch(struct mmu_space *space);

/* Every CPU forgets one address of a space. Any context. */
void tlb_forget_address(struct mmu_space *space, user_address_t address);
/* The same for the space that this CPU runs, on this CPU only. */
void tlb_forget_address_here(user_address_t address);
/* Every CPU forgets one page of the kernel. Any context. */
void tlb_forget_kernel_address(virtual_t address);

/* This CPU may not walk the space's tables any more. */
void tlb_space_forget(struct mmu_space *space);

#endif
