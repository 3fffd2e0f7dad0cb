/* What the files of arch/common/ need to know of page-table entries. */
#ifndef MACHINE_TABLE_ENTRY_H
#define MACHINE_TABLE_ENTRY_H

#include "arch/aarch64/mmu/entry.h"

/* Until no CPU is inside mmu_entry_follow(), which walks the tables without a lock. */
void tables_wait(void);

#endif
