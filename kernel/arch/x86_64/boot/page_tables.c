/* What this CPU has of its own in the final page tables. */
#include "arch/common/page_tables.h"

#include "arch/x86_64/boot/linker.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/mmu/table.h"

unsigned boot_page_tables_begin(void)
{
	mmu_entry_no_execute = cpu_has(CPU_HAS_NO_EXECUTE) ? ENTRY_NO_EXECUTE : 0;
	mmu_entry_global = !cpu_is_isolated && cpu_has(CPU_HAS_GLOBAL_PAGES) ? ENTRY_GLOBAL : 0;
	return cpu_has(CPU_HAS_1GB_PAGES) ? 2 : 1;
}

/* Every slot of the root that the kernel will ever use: roots of spaces copy them once. */
static void prepare_slots(void)
{
	mmu_kernel_entry(KERNEL_DYNAMIC_BASE, 2, boot_table_take);
	mmu_kernel_entry(CPU_AREA_BASE, 2, boot_table_take);
	mmu_kernel_entry(FIXED_MAP_BASE, 0, boot_table_take);
	if (!cpu_is_isolated)
		return;
	mmu_shadow_kernel_root = boot_pages_take(1);
	mmu_shadow_share((virtual_t)__entry_text_start, (virtual_t)__entry_text_end,
			 boot_table_take);
}

void boot_page_tables_load(void)
{
	prepare_slots();
	__asm__ volatile("movq %0, %%cr3" : : "r"(mmu_kernel_root) : "memory");
}
