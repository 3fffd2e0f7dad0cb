/* Tables of spaces: added on demand, looked up, freed. */
#include "arch/common/mmu_table.h"

#include "base/errno.h"
#include "machine/table_entry.h"

static void table_free(physical_t table, unsigned level)
{
	if (level > 0) {
		unsigned count = level == LEVEL_ROOT ? USER_ENTRIES : ENTRIES;

		for (unsigned i = table_next(table_at(table), 0, count); i < count;
		     i = table_next(table_at(table), i + 1, count)) {
			uint64_t entry = table_at(table)[i];

			if (entry_is_table(entry))
				table_free(entry & ENTRY_ADDRESS, level - 1);
		}
	}
	arch_page_free(table);
}

void mmu_tables_release(struct mmu_space *space)
{
	table_free(space->root, LEVEL_ROOT);
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
			if (atomic_compare_swap(&table[index], &entry, added | ENTRY_USER_TABLE)) {
				entry = added | ENTRY_USER_TABLE;
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
