/*
 * Spaces: roots, and tables added on demand. Under page-table isolation each space has a second
 * root, whose lower half equals the first's and whose upper half holds the entry code only.
 */
#include "arch/mmu.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/mmu/entry.h"
#include "arch/x86_64/mmu/tlb.h"
#include "base/atomic.h"
#include "base/errno.h"
#include "base/string.h"

#define USER_SLOTS (ENTRIES / 2)
#define TABLE_BITS (ENTRY_PRESENT | ENTRY_WRITE | ENTRY_USER | ENTRY_ACCESSED)

static uint64_t identity_last;

static void upper_half_copy(physical_t to, physical_t from)
{
	memcpy(table_at(to) + USER_SLOTS, table_at(from) + USER_SLOTS,
	       USER_SLOTS * sizeof(uint64_t));
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

static void table_free(physical_t table, unsigned level)
{
	if (level > 0) {
		unsigned count = level == LEVEL_ROOT ? USER_SLOTS : ENTRIES;

		for (unsigned i = table_next(table_at(table), 0, count); i < count;
		     i = table_next(table_at(table), i + 1, count)) {
			uint64_t entry = table_at(table)[i];

			if (entry_is_table(entry))
				table_free(entry & ENTRY_ADDRESS, level - 1);
		}
	}
	arch_page_free(table);
}

void mmu_space_release(struct mmu_space *space)
{
	tlb_space_forget(space);
	table_free(space->root, LEVEL_ROOT);
	if (space->shadow_root)
		arch_page_free(space->shadow_root);
}

void mmu_root_entry_mirror(struct mmu_space *space, unsigned index, uint64_t entry)
{
	if (space->shadow_root)
		atomic_store_release(&table_at(space->shadow_root)[index], entry);
}

int mmu_prepare(struct mmu_space *space, user_address_t address, unsigned level)
{
	uint64_t *table = table_at(space->root);

	for (unsigned at = LEVEL_ROOT; at > level; at--) {
		unsigned index = table_index(address, at);
		uint64_t entry = atomic_load_acquire(&table[index]);

		if (!entry) {
			physical_t added = arch_page_allocate(true);

			if (!added)
				return -ENOMEM;
			if (atomic_compare_swap(&table[index], &entry, added | TABLE_BITS)) {
				entry = added | TABLE_BITS;
				atomic_fetch_add_relaxed(&space->table_count, 1);
			} else {
				arch_page_free(added);
			}
			/* Both who won and who lost: the winner may be preempted before it. */
			if (at == LEVEL_ROOT)
				mmu_root_entry_mirror(space, index, entry);
		}
		if (!entry_is_table(entry))
			return -EEXIST;
		table = table_below(entry);
	}
	return 0;
}

uint64_t *mmu_leaf(struct mmu_space *space, user_address_t address, unsigned *level)
{
	uint64_t *table = table_at(space->root);

#pragma GCC unroll 3
	for (unsigned at = LEVEL_ROOT; at > 0; at--) {
		uint64_t *entry = &table[table_index(address, at)];
		uint64_t value = atomic_load_acquire(entry);

		if (!entry_is_table(value)) {
			*level = at;
			return at < LEVEL_ROOT ? entry : NULL;
		}
		table = table_below(value);
	}
	*level = 0;
	return &table[table_index(address, 0)];
}
