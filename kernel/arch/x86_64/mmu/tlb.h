/* TLBs: which space each CPU has loaded, and making CPUs forget. */
#ifndef ARCH_X86_64_MMU_TLB_H
#define ARCH_X86_64_MMU_TLB_H

#include "arch/mmu.h"

struct context;

/* Loads the next context's space; a kernel thread keeps what is loaded, lazily. Masked. */
void tlb_switch(struct mmu_space *space);

/* Makes CPUs that have the space loaded lazily let go of it. Interrupts enabled. */
void tlb_space_forget(struct mmu_space *space);

/* Forgets everything on this CPU, global translations too. */
void tlb_flush_all_local(void);

#endif
