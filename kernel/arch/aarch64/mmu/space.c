/* Spaces and their roots. The kernel's half hangs from a register of its own. */
#include "arch/aarch64/mmu/tlb.h"
#include "arch/common/mmu_table.h"
#include "base/atomic.h"
#include "base/errno.h"
#include "base/string.h"

static uint64_t identity_last;

int mmu_space_init(struct mmu_space *space)
{
	memset(space, 0, sizeof(*space));
	space->root = arch_page_allocate(true);
	if (!space->root)
		return -ENOMEM;
	space->identity = atomic_fetch_add_relaxed(&identity_last, 1) + 1;
	return 0;
}

void mmu_space_release(struct mmu_space *space)
{
	tlb_space_forget(space);
	mmu_tables_release(space);
}
