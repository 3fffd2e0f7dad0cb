/*
 * What this CPU has of its own in the kernel's half of the page tables, which all spaces share
 * through their root's upper slots: those never change after boot.
 */
#include "arch/x86_64/mmu/table.h"

uint64_t mmu_entry_no_execute;
uint64_t mmu_entry_global;
physical_t mmu_shadow_kernel_root;

uint64_t mmu_kernel_entry_bits(uint32_t flags, unsigned level)
{
	uint64_t bits = ENTRY_PRESENT | ENTRY_ACCESSED | mmu_entry_global |
			(level ? ENTRY_LARGE : 0);

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

void *mmu_fixed_map(enum fixed_map slot, physical_t page)
{
	virtual_t address = FIXED_MAP_BASE + (uint64_t)slot * PAGE_SIZE;
	uint64_t *entry = mmu_kernel_entry(address, 0, NULL);

	*entry = (page & PAGE_MASK) |
		 mmu_kernel_entry_bits(MMU_READ | MMU_WRITE | MMU_DEVICE, 0);
	tlb_flush_address(address);
	return (void *)(address + (page & ~PAGE_MASK));
}

void mmu_shadow_share(virtual_t start, virtual_t end, table_allocator allocate)
{
	for (virtual_t address = start; address < end; address += PAGE_SIZE) {
		uint64_t *from = mmu_kernel_entry(address, 0, NULL);
		uint64_t *to = mmu_table_entry(mmu_shadow_kernel_root, address, 0, allocate);

		*to = *from;
	}
}
