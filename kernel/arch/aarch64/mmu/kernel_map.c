/*
 * The kernel's half of the page tables, behind TTBR1 of every CPU. Tables below the root are added
 * with compare-and-swap.
 */
#include "arch/aarch64/boot/linker.h"
#include "arch/aarch64/cpu/features.h"
#include "arch/aarch64/mmu/kasan_map.h"
#include "arch/aarch64/mmu/table.h"
#include "arch/aarch64/mmu/tlb.h"
#include "arch/mmu.h"
#include "arch/pages.h"
#include "base/atomic.h"
#include "base/errno.h"

physical_t mmu_kernel_root;
uint64_t kernel_image_offset;

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
	if (!atomic_compare_swap(entry, &empty, table | ENTRY_TABLE))
		arch_page_free(table);
	return true;
}

uint64_t *mmu_kernel_entry(virtual_t address, unsigned level, table_allocator allocate)
{
	uint64_t *table = table_at(mmu_kernel_root);

	for (unsigned at = LEVEL_ROOT; at > level; at--) {
		uint64_t *entry = &table[table_index(address, at)];

		if (!atomic_load_acquire(entry) && !table_add(entry, allocate))
			return NULL;
		if ((READ_ONCE(*entry) & ENTRY_KIND) != ENTRY_TABLE)
			return NULL;
		table = table_below(READ_ONCE(*entry));
	}
	return &table[table_index(address, level)];
}

uint64_t mmu_kernel_entry_bits(uint32_t flags, unsigned level)
{
	uint64_t bits = ENTRY_SHARED | ENTRY_ACCESSED | ENTRY_NO_USER_EXECUTE |
			(level ? ENTRY_BLOCK : ENTRY_PAGE);

	if (!(flags & MMU_WRITE))
		bits |= ENTRY_READ_ONLY;
	if (!(flags & MMU_EXECUTE))
		bits |= ENTRY_NO_KERNEL_EXECUTE;
	else if (cpu_has_branch_targets)
		bits |= ENTRY_GUARDED;
	if (flags & MMU_DEVICE)
		bits |= ENTRY_ATTRIBUTES(MAIR_DEVICE);
	else if (flags & MMU_WRITE_COMBINE)
		bits |= ENTRY_ATTRIBUTES(MAIR_UNCACHED);
	return bits;
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

		if (!(entry & ENTRY_VALID))
			return false;
		if (level == 0 || (entry & ENTRY_KIND) == ENTRY_BLOCK) {
			uint64_t within = LEVEL_BYTES(level) - 1;

			*physical = (entry & ENTRY_ADDRESS & ~within) | (address & within);
			return true;
		}
		table = table_below(entry);
	}
}

void *mmu_early_map(physical_t address)
{
	uint64_t root = early_root[table_index(address, LEVEL_ROOT)];
	uint64_t *entry;

	if (address >= DIRECT_MAP_BYTES || !(root & ENTRY_VALID))
		return NULL;
	entry = &table_below(root)[table_index(address, 2)];
	if (*entry)
		return NULL;
	*entry = align_down(address, LEVEL_BYTES(2)) |
		 mmu_kernel_entry_bits(MMU_READ | MMU_WRITE | MMU_DEVICE, 2);
	table_publish();
	return physical_to_virtual(address);
}
