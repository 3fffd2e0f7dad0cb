/*
 * The kernel's half of the page tables: made at boot, shared by all spaces through their root's
 * upper slots, which never change after boot. Tables below are added with compare-and-swap.
 */
#include "arch/mmu.h"
#include "arch/pages.h"
#include "arch/x86_64/mmu/kasan_map.h"
#include "arch/x86_64/mmu/table.h"
#include "base/atomic.h"
#include "base/errno.h"

uint64_t mmu_entry_no_execute;
uint64_t mmu_entry_global;
physical_t mmu_kernel_root;
physical_t mmu_shadow_kernel_root;

/* Puts a new table into an empty entry, unless somebody else was first. */
static bool table_add(uint64_t *entry, table_allocator allocate)
{
	uint64_t empty = 0;
	physical_t table;

	if (!allocate)
		return false;
	table = allocate();
	if (!table)
		return false;
	if (!atomic_compare_swap(entry, &empty, table | ENTRY_PRESENT | ENTRY_WRITE))
		arch_page_free(table);
	return true;
}

uint64_t *mmu_kernel_entry(physical_t root, virtual_t address, unsigned level,
			   table_allocator allocate)
{
	uint64_t *table = table_at(root);

	for (unsigned at = LEVEL_ROOT; at > level; at--) {
		uint64_t *entry = &table[table_index(address, at)];

		if (!atomic_load_acquire(entry) && !table_add(entry, allocate))
			return NULL;
		if (READ_ONCE(*entry) & ENTRY_LARGE)
			return NULL;
		table = table_below(READ_ONCE(*entry));
	}
	return &table[table_index(address, level)];
}

uint64_t mmu_kernel_entry_bits(uint32_t flags)
{
	uint64_t bits = ENTRY_PRESENT | ENTRY_ACCESSED | mmu_entry_global;

	if (flags & MMU_WRITE)
		bits |= ENTRY_WRITE | ENTRY_DIRTY;
	if (!(flags & MMU_EXECUTE))
		bits |= mmu_entry_no_execute;
	if (flags & MMU_DEVICE)
		bits |= ENTRY_CACHE_DISABLE | ENTRY_WRITE_THROUGH;
	else if (flags & MMU_WRITE_COMBINE)
		bits |= ENTRY_WRITE_THROUGH;	/* PAT entry 1, set up so by cpu/features.c */
	return bits;
}

static physical_t allocate_patiently(void)
{
	return arch_page_allocate(true);
}

int mmu_kernel_map(virtual_t address, physical_t page, uint32_t flags)
{
	uint64_t *entry = mmu_kernel_entry(mmu_kernel_root, address, 0, allocate_patiently);

	if (!entry)
		return -ENOMEM;
	if (DEBUG_BUILD &&
	    !kasan_shadow_prepare(address, address + PAGE_SIZE, allocate_patiently))
		return -ENOMEM;
	atomic_store_release(entry, page | mmu_kernel_entry_bits(flags));
	return 0;
}

physical_t mmu_kernel_unmap(virtual_t address)
{
	uint64_t *entry = mmu_kernel_entry(mmu_kernel_root, address, 0, NULL);

	return entry ? atomic_swap(entry, 0) & ENTRY_ADDRESS : 0;
}

bool mmu_kernel_query(virtual_t address, physical_t *physical)
{
	uint64_t *table = table_at(mmu_kernel_root);

	if (address < DIRECT_MAP_BASE)
		return false;
	for (unsigned level = LEVEL_ROOT;; level--) {
		uint64_t entry = READ_ONCE(table[table_index(address, level)]);

		if (!(entry & ENTRY_PRESENT))
			return false;
		if (level == 0 || entry & ENTRY_LARGE) {
			uint64_t within = LEVEL_BYTES(level) - 1;

			*physical = (entry & ENTRY_ADDRESS & ~within) | (address & within);
			return true;
		}
		table = table_below(entry);
	}
}

void *mmu_fixed_map(enum fixed_map slot, physical_t page)
{
	virtual_t address = FIXED_MAP_BASE + (uint64_t)slot * PAGE_SIZE;
	uint64_t *entry = mmu_kernel_entry(mmu_kernel_root, address, 0, NULL);

	*entry = (page & PAGE_MASK) | mmu_kernel_entry_bits(MMU_READ | MMU_WRITE | MMU_DEVICE);
	tlb_flush_address(address);
	return (void *)(address + (page & ~PAGE_MASK));
}

void mmu_shadow_share(virtual_t start, virtual_t end, table_allocator allocate)
{
	for (virtual_t address = start; address < end; address += PAGE_SIZE) {
		uint64_t *from = mmu_kernel_entry(mmu_kernel_root, address, 0, NULL);
		uint64_t *to = mmu_kernel_entry(mmu_shadow_kernel_root, address, 0, allocate);

		*to = *from;
	}
}
