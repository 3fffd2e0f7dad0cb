/* Tables of programs' spaces, as the files of arch/ that read and change entries see them. */
#ifndef ARCH_COMMON_MMU_TABLE_H
#define ARCH_COMMON_MMU_TABLE_H

#include "arch/mmu.h"

/* The leaf entry for an address, its level in *level; NULL if a table is missing on the way. */
uint64_t *mmu_leaf(struct mmu_space *space, user_address_t address, unsigned *level);

/* Gives the root and the programs' tables back: nobody uses them any more. */
void mmu_tables_release(struct mmu_space *space);

#endif
