/* What a program's load or store would do, for tests: through the TLB of the current CPU. */
#ifndef MACHINE_HOST_MMU_H
#define MACHINE_HOST_MMU_H

#include "arch/mmu.h"

/* The byte that a program would reach; NULL: the access faults. */
void *host_mmu_reach(struct mmu_space *space, user_address_t address, bool is_write);

/* How much was made known to instruction fetch so far. */
extern size_t host_mmu_synchronised_bytes;

#endif
