/*
 * Spaces and their roots. Under page-table isolation each space has a second root, whose lower half
 * equals the first's and whose upper half holds the entry code only.
 */
#include "arch/common/mmu_table.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/mmu/entry.h"
#include "arch/x86_64/mmu/tlb.h"
#include "base/errno.h"
#include "base/string.h"

static uint64_t identity_last;

static void upper_half_copy(physical_t to, physical_t from)
{
	memcpy(table_at(to) + USER_ENTRIES, table_at(from) + USER_ENTRIES,
	       USER_ENTRIES * sizeof(uint64_t));
}

int mmu_space_init(struct mmu_space *space)
{
	memset(space, 0, sizeof(*space));
	space->root = arch_page_allocate(true);
	if (!space->root)
		return -ENOMEM;
	upper_half_copy(space->root, mmu_kernel_root);
	if (cpu_is_isolated) {
		space->shadow_root = arch_page_allocate(true);
		if (!space->shadow_root) {
			arch_page_free(space->root);
			return -ENOMEM;
		}
		upper_half_copy(space->shadow_root, mmu_shadow_kernel_root);
	}
	space->identity = atomic_fetch_add_relaxed(&identity_last, 1) + 1;
	space->generation = 1;
	return 0;
}

void mmu_space_release(struct mmu_space *space)
{
	tlb_space_forget(space);
	mmu_tables_release(space);
	if (space->shadow_root)
		arch_page_free(space->shadow_root);
}

void mmu_root_entry_mirror(struct mmu_space *space, unsigned index, uint64_t entry)
{
	if (space->shadow_root)
		atomic_store_release(&table_at(space->shadow_root)[index], entry);
}
