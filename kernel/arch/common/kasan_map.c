/*
 * The address sanitizer's shadow: one byte for eight of the kernel's half. All of it is mapped to
 * one page of zeros (everything may be touched) through shared tables; where allocators poison, the
 * tables are unshared and real pages put in.
 */
#include "arch/common/kasan_map.h"

#include "base/string.h"
#include "machine/table_entry.h"

#define SHADOW_SHIFT 3
#define SHADOW_START shadow_of(KERNEL_HALF_BASE)
#define SHADOW_END shadow_of(UINT64_MAX)

/* What an entry at each level points to where nothing is poisoned: at level 0 the page of zeros. */
static physical_t zero_tables[LEVEL_ROOT];

static virtual_t shadow_of(virtual_t address)
{
	return (address >> SHADOW_SHIFT) + KASAN_SHADOW_OFFSET;
}

static uint64_t entry_shared(unsigned level)
{
	if (level)
		return zero_tables[level] | ENTRY_KERNEL_TABLE;
	return zero_tables[0] | mmu_kernel_entry_bits(MMU_READ, 0);
}

void kasan_shadow_start(table_allocator allocate)
{
	uint64_t *root = table_at(mmu_kernel_root);

	for (unsigned level = 0; level < LEVEL_ROOT; level++) {
		zero_tables[level] = allocate();
		for (unsigned i = 0; i < ENTRIES && level; i++)
			table_at(zero_tables[level])[i] = entry_shared(level - 1);
	}
	for (unsigned i = table_index(SHADOW_START, LEVEL_ROOT);
	     i <= table_index(SHADOW_END, LEVEL_ROOT); i++) {
		/* Where spaces copy the root's slots, these never change afterwards. */
		physical_t table = allocate();

		for (unsigned slot = 0; slot < ENTRIES; slot++)
			table_at(table)[slot] = entry_shared(LEVEL_ROOT - 1);
		root[i] = table | ENTRY_KERNEL_TABLE;
	}
}

/* A private table or page in place of the shared one behind an entry. */
static bool unshare(uint64_t *entry, unsigned level, table_allocator allocate)
{
	uint64_t expected = entry_shared(level);
	physical_t page;

	if ((READ_ONCE(*entry) & ENTRY_ADDRESS) != zero_tables[level])
		return true;
	page = allocate();
	if (!page)
		return false;
	memcpy(table_at(page), table_at(zero_tables[level]), PAGE_SIZE);
	/* Losing to another CPU loses a page, in debug builds. The contents do not change, so the
	 * entry need not be broken first. */
	atomic_compare_swap(entry, &expected,
			    page | (level ? ENTRY_KERNEL_TABLE :
				    mmu_kernel_entry_bits(MMU_READ | MMU_WRITE, 0)));
	return true;
}

bool kasan_shadow_prepare(virtual_t start, virtual_t end, table_allocator allocate)
{
	virtual_t last = shadow_of(end - 1);

	for (virtual_t at = align_down(shadow_of(start), PAGE_SIZE); at <= last; at += PAGE_SIZE) {
		uint64_t *root = table_at(mmu_kernel_root);
		uint64_t *table = table_below(root[table_index(at, LEVEL_ROOT)]);

		for (unsigned level = LEVEL_ROOT - 1;; level--) {
			uint64_t *entry = &table[table_index(at, level)];

			if (!unshare(entry, level, allocate))
				return false;
			if (level == 0)
				break;
			table = table_below(READ_ONCE(*entry));
		}
		tlb_forget_kernel_address(at);
	}
	return true;
}
