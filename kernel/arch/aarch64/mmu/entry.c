/*
 * Single entries of a space: query, set, clear, change. A valid entry never changes to another page
 * directly: the architecture wants it broken and forgotten first (D8.14.1, break-before-make).
 */
#include "arch/aarch64/mmu/entry.h"

#include "arch/aarch64/mmu/tlb.h"
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
	uint64_t new = page | entry_encode_bits(flags, level), old = READ_ONCE(*entry);

	if ((old & ENTRY_VALID) && (old & ENTRY_ADDRESS) != page) {
		old = atomic_swap(entry, 0);
		tlb_forget_address(space, address);
		atomic_store_release(entry, new);
	} else {
		old = atomic_swap(entry, new);
	}
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
	uint64_t old, new;

	if (!entry)
		return (struct mmu_entry){ 0 };
	old = READ_ONCE(*entry);
	do {
		uint32_t kept = entry_decode_flags(old) & (MMU_ACCESSED | MMU_DIRTY | MMU_SPECIAL |
							   MMU_DEVICE | MMU_WRITE_COMBINE);

		if (!entry_is_mapped(old))
			break;
		new = (old & ENTRY_ADDRESS) | entry_encode_bits(flags | kept, level);
	} while (!atomic_compare_swap(entry, &old, new));
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

/* A clean page is read-only to the CPU, so that the next write is noticed. */
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
	} while (!atomic_compare_swap(entry, &old, (old | ENTRY_READ_ONLY) & ~ENTRY_DIRTY_KEPT));
	return true;
}

/* The tables of the program that runs here, however they came into the register. */
static uint64_t *current_leaf(user_address_t address)
{
	uint64_t root, entry;
	uint64_t *table;

	__asm__ volatile("mrs %0, ttbr0_el1" : "=r"(root));
	table = table_at(root & ENTRY_ADDRESS);
	for (unsigned level = LEVEL_ROOT; level > 0; level--) {
		entry = atomic_load_acquire(&table[table_index(address, level)]);
		if (!entry_is_table(entry))
			return (entry & ENTRY_KIND) == ENTRY_BLOCK ?
				&table[table_index(address, level)] : NULL;
		table = table_below(entry);
	}
	return &table[table_index(address, 0)];
}

bool mmu_entry_follow(user_address_t address, bool is_write)
{
	uint64_t *at, old, new;

	if (mmu_has_hardware_flags || address >= USER_ADDRESS_END)
		return false;
	at = current_leaf(address);
	if (!at)
		return false;
	old = READ_ONCE(*at);
	do {
		if (!(old & ENTRY_VALID))
			return false;
		new = old | ENTRY_ACCESSED;
		if (is_write && (old & ENTRY_MAY_WRITE))
			new &= ~ENTRY_READ_ONLY;
		if (new == old)
			return false;
	} while (!atomic_compare_swap(at, &old, new));
	tlb_forget_address_here(address);
	return true;
}
