/* Single entries of a space: query, set, clear, change. */
#include "arch/common/mmu_table.h"
#include "base/panic.h"
#include "machine/table_entry.h"

struct mmu_entry mmu_query(struct mmu_space *space, user_address_t address)
{
	unsigned level;
	uint64_t *entry = mmu_leaf(space, address, &level);

	if (!entry)
		return (struct mmu_entry){ 0 };
	return entry_decode(READ_ONCE(*entry), level);
}

/* The entry at exactly this level; mmu_prepare() made it. */
static uint64_t *entry_prepared(struct mmu_space *space, user_address_t address, unsigned level)
{
	uint64_t *table = table_at(space->root);

#pragma GCC unroll 3
	for (unsigned at = LEVEL_ROOT; at > level; at--) {
		uint64_t entry = READ_ONCE(table[table_index(address, at)]);

		ASSERT(entry_is_table(entry));
		table = table_below(entry);
	}
	return &table[table_index(address, level)];
}

struct mmu_entry mmu_set(struct mmu_space *space, user_address_t address, physical_t page,
			 uint32_t flags, unsigned level)
{
	uint64_t *entry = entry_prepared(space, address, level);
	uint64_t old = entry_replace(space, address, entry,
				     page | entry_encode_bits(flags, level));

	table_publish();
	return entry_decode(old, level);
}

struct mmu_entry mmu_clear(struct mmu_space *space, user_address_t address)
{
	unsigned level;
	uint64_t *entry = mmu_leaf(space, address, &level);

	if (!entry)
		return (struct mmu_entry){ 0 };
	return entry_decode(atomic_swap(entry, 0), level);
}

struct mmu_entry mmu_set_software(struct mmu_space *space, user_address_t address, uint64_t value)
{
	uint64_t *entry = entry_prepared(space, address, 0);

	return entry_decode(atomic_swap(entry, value << SOFTWARE_SHIFT), 0);
}

/* The CPU may note accesses and writes at any moment, hence the loop. */
struct mmu_entry mmu_protect(struct mmu_space *space, user_address_t address, uint32_t flags)
{
	unsigned level;
	uint64_t *entry = mmu_leaf(space, address, &level);
	uint64_t old;

	if (!entry)
		return (struct mmu_entry){ 0 };
	old = READ_ONCE(*entry);
	do {
		if (!entry_is_mapped(old))
			break;
	} while (!atomic_compare_swap(entry, &old, entry_protect(old, flags, level)));
	table_publish();
	return entry_decode(old, level);
}

bool mmu_test_clear_accessed(struct mmu_space *space, user_address_t address)
{
	unsigned level;
	uint64_t *entry = mmu_leaf(space, address, &level);

	if (!entry || !entry_is_mapped(READ_ONCE(*entry)) || !(READ_ONCE(*entry) & ENTRY_ACCESSED))
		return false;
	return atomic_fetch_and_ordered(entry, ~ENTRY_ACCESSED) & ENTRY_ACCESSED;
}

bool mmu_test_clear_dirty(struct mmu_space *space, user_address_t address)
{
	unsigned level;
	uint64_t *entry = mmu_leaf(space, address, &level);
	uint64_t old;

	if (!entry)
		return false;
	old = READ_ONCE(*entry);
	do {
		if (!entry_is_mapped(old) || !entry_is_dirty(old))
			return false;
	} while (!atomic_compare_swap(entry, &old, entry_clean(old)));
	return true;
}
