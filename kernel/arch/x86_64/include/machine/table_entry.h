/* What arch/common/mmu_walk.c needs to know of page-table entries. */
#ifndef MACHINE_TABLE_ENTRY_H
#define MACHINE_TABLE_ENTRY_H

#include "arch/x86_64/mmu/entry.h"

/* Freed tables need no waiting: nobody but the CPUs walks them. */
static inline void tables_wait(void)
{
}

#endif
