/* What the files of arch/common/ need to know of page-table entries. */
#ifndef MACHINE_TABLE_ENTRY_H
#define MACHINE_TABLE_ENTRY_H

#include "arch/x86_64/mmu/entry.h"

/* Freed tables need no waiting: nobody but the CPUs walks them. */
static inline void tables_wait(void)
{
}

/* On this CPU, which is the only one that may know a page of the kernel whose entry is new. */
static inline void tlb_forget_kernel_address(virtual_t address)
{
	tlb_flush_address(address);
}

#endif
