/* What this CPU has of its own in the final page tables. */
#include "arch/common/page_tables.h"

#include "arch/aarch64/boot/boot.h"
#include "arch/aarch64/mmu/table.h"
#include "arch/aarch64/mmu/tlb.h"

unsigned boot_page_tables_begin(void)
{
	return 2;
}

void boot_page_tables_load(void)
{
	/* Addresses mean the same memory before and after, so this can be done in place. */
	__asm__ volatile("dsb ishst\n\t"
			 "msr ttbr1_el1, %0\n\t"
			 "isb\n\t"
			 "tlbi vmalle1\n\t"
			 "dsb nsh\n\t"
			 "isb" : : "r"(mmu_kernel_root) : "memory");
	/* Nor is the image reachable where it lies any more. */
	tlb_start();
}

void boot_page_tables_add_device(physical_t start, uint64_t length_bytes)
{
	uint64_t bits = mmu_kernel_entry_bits(MMU_READ | MMU_WRITE | MMU_DEVICE, 0);
	physical_t end = start + length_bytes;

	for (physical_t at = align_down(start, PAGE_SIZE); at < end; at += PAGE_SIZE)
		*mmu_kernel_entry(DIRECT_MAP_BASE + at, 0, boot_table_take) = at | bits;
	table_publish();
}
