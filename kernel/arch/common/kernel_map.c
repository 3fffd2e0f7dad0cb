/* The kernel's half of the page tables. Tables below the root are added with compare-and-swap. */
#include "arch/common/kasan_map.h"
#include "arch/pages.h"
#include "base/errno.h"
#include "machine/table_entry.h"

physical_t mmu_kernel_root;

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
	if (!atomic_compare_swap(entry, &empty, table | ENTRY_KERNEL_TABLE))
		arch_page_free(table);
	return true;
}

uint64_t *mmu_table_entry(physical_t root, virtual_t address, unsigned level,
			  table_allocator allocate)
{
	uint64_t *table = table_at(root);

	for (unsigned at = LEVEL_ROOT; at > level; at--) {
		uint64_t *entry = &table[table_index(address, at)];

		if (!atomic_load_acquire(entry) && !table_add(entry, allocate))
			return NULL;
		if (!entry_is_table(READ_ONCE(*entry)))
			return NULL;
		table = table_below(READ_ONCE(*entry));
	}
	return &table[table_index(address, level)];
}

uint64_t *mmu_kernel_entry(virtual_t address, unsigned level, table_allocator allocate)
{
	return mmu_table_entry(mmu_kernel_root, address, level, allocate);
}

static physical_t allocate_patiently(void)
{
	return arch_page_allocate(true);
}

int mmu_kernel_map(virtual_t address, physical_t page, uint32_t flags)
{
	uint64_t *entry = mmu_kernel_entry(address, 0, allocate_patiently);

	if (!entry)
		return -ENOMEM;
	if (DEBUG_BUILD &&
	    !kasan_shadow_prepare(address, address + PAGE_SIZE, allocate_patiently))
		return -ENOMEM;
	atomic_store_release(entry, page | mmu_kernel_entry_bits(flags, 0));
	table_publish();
	return 0;
}

physical_t mmu_kernel_unmap(virtual_t address)
{
	uint64_t *entry = mmu_kernel_entry(address, 0, NULL);

	return entry ? atomic_swap(entry, 0) & ENTRY_ADDRESS : 0;
}

bool mmu_kernel_query(virtual_t address, physical_t *physical)
{
	uint64_t *table = table_at(mmu_kernel_root);

	if (address < DIRECT_MAP_BASE)
		return false;
	for (unsigned level = LEVEL_ROOT;; level--) {
		uint64_t entry = READ_ONCE(table[table_index(address, level)]);

		if (!entry_is_mapped(entry))
			return false;
		if (level == 0 || !entry_is_table(entry)) {
			uint64_t within = LEVEL_BYTES(level) - 1;

			*physical = (entry & ENTRY_ADDRESS & ~within) | (address & within);
			return true;
		}
		table = table_below(entry);
	}
}
