/* What this CPU has of its own in the kernel's half of the page tables, behind TTBR1. */
#include "arch/aarch64/boot/linker.h"
#include "arch/aarch64/cpu/features.h"
#include "arch/aarch64/mmu/table.h"

uint64_t kernel_image_offset;

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
