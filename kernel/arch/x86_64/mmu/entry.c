/* Single entries of a space: query, set, clear, change. */
#include "arch/x86_64/mmu/entry.h"

#include "base/panic.h"

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

	return entry_decode(atomic_swap(entry, page | entry_encode_bits(flags, level)), level);
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

/* The CPU may set accessed and dirty at any moment, hence the loop. */
struct mmu_entry mmu_protect(struct mmu_space *space, user_address_t address, uint32_t flags)
{
	const uint64_t kept = ENTRY_ADDRESS | ENTRY_ACCESSED | ENTRY_DIRTY | ENTRY_SPECIAL |
			      ENTRY_CACHE_DISABLE | ENTRY_WRITE_THROUGH;
	unsigned level;
	uint64_t *entry = mmu_leaf(space, address, &level);
	uint64_t old, new;

	if (!entry)
		return (struct mmu_entry){ 0 };
	old = READ_ONCE(*entry);
	do {
		if (!entry_is_mapped(old))
			break;
		new = (old & kept) | entry_encode_bits(flags, level);
	} while (!atomic_compare_swap(entry, &old, new));
	return entry_decode(old, level);
}

static bool entry_test_clear(struct mmu_space *space, user_address_t address, uint64_t bit)
{
	unsigned level;
	uint64_t *entry = mmu_leaf(space, address, &level);

	if (!entry || !entry_is_mapped(READ_ONCE(*entry)) || !(READ_ONCE(*entry) & bit))
		return false;
	return atomic_fetch_and_ordered(entry, ~bit) & bit;
}

bool mmu_test_clear_accessed(struct mmu_space *space, user_address_t address)
{
	return entry_test_clear(space, address, ENTRY_ACCESSED);
}

bool mmu_test_clear_dirty(struct mmu_space *space, user_address_t address)
{
	return entry_test_clear(space, address, ENTRY_DIRTY);
}
