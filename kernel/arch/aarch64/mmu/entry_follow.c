/* Accessed and dirty, on CPUs that do not note them by themselves. */
#include "arch/aarch64/mmu/entry.h"

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
