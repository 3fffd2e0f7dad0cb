/* Spaces: roots, and tables added on demand. The kernel's half hangs from a register of its own. */
#include "arch/aarch64/mmu/entry.h"
#include "arch/aarch64/mmu/tlb.h"
#include "arch/mmu.h"
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

static void table_free(physical_t table, unsigned level)
{
	if (level > 0) {
		for (unsigned i = table_next(table_at(table), 0, ENTRIES); i < ENTRIES;
		     i = table_next(table_at(table), i + 1, ENTRIES)) {
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
}

int mmu_prepare(struct mmu_space *space, user_address_t address, unsigned level)
{
	uint64_t *table = table_at(space->root);

	for (unsigned at = LEVEL_ROOT; at > level; at--) {
		uint64_t *place = &table[table_index(address, at)];
		uint64_t entry = atomic_load_acquire(place);

		if (!entry) {
			physical_t added = arch_page_allocate(true);

			if (!added)
				return -ENOMEM;
			if (atomic_compare_swap(place, &entry, added | ENTRY_TABLE)) {
				entry = added | ENTRY_TABLE;
				atomic_fetch_add_relaxed(&space->table_count, 1);
			} else {
				arch_page_free(added);
			}
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
