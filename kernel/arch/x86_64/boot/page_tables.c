/*
 * The final page tables: all memory in the direct map with the largest pages that fit, never
 * executable; the kernel image with text read-only and data not executable, in both places.
 */
#include "arch/mmu.h"
#include "arch/x86_64/boot/boot.h"
#include "arch/x86_64/boot/linker.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/mmu/kasan_map.h"
#include "arch/x86_64/mmu/table.h"
#include "base/string.h"

static physical_t table_take(void)
{
	return boot_pages_take(1);
}

static void map_page(virtual_t address, physical_t page, unsigned level, uint32_t flags)
{
	uint64_t *entry = mmu_kernel_entry(mmu_kernel_root, address, level, table_take);

	*entry = page | mmu_kernel_entry_bits(flags) | (level ? ENTRY_LARGE : 0);
}

/* Maps [start, end) of physical memory at its place in the direct map. */
static void map_direct(physical_t start, physical_t end, uint32_t flags)
{
	unsigned largest = cpu_has(CPU_HAS_1GB_PAGES) ? 2 : 1;

	while (start < end) {
		unsigned level = largest;

		while (level && (!is_aligned(start, LEVEL_BYTES(level)) ||
				 end - start < LEVEL_BYTES(level)))
			level--;
		map_page(DIRECT_MAP_BASE + start, start, level, flags);
		start += LEVEL_BYTES(level);
	}
}

/* What nobody may write of the image is not to be written through the direct map either. */
static void map_direct_around_image(physical_t start, physical_t end)
{
	physical_t fixed_start = virtual_to_physical(__kernel_start);
	physical_t fixed_end = virtual_to_physical(__rodata_end);

	if (start < fixed_start)
		map_direct(start, min(end, fixed_start), MMU_READ | MMU_WRITE);
	if (start < fixed_end && end > fixed_start)
		map_direct(max(start, fixed_start), min(end, fixed_end), MMU_READ);
	if (end > fixed_end)
		map_direct(max(start, fixed_end), end, MMU_READ | MMU_WRITE);
}

/* Taking pages for tables changes the kinds of ranges while this runs, never what they cover. */
static void map_all_memory(const struct memory_map *map)
{
	physical_t done = 0;

	for (;;) {
		physical_t start = 0, end = 0;

		for (unsigned i = 0; i < map->count; i++) {
			const struct boot_memory_range *range = &map->ranges[i];
			physical_t range_end = range->start + range->length_bytes;

			if (end == 0 && range_end > done) {
				start = max(range->start, done);
				end = range_end;
			} else if (end == range->start && end != 0) {
				end = range_end;
			}
		}
		if (end == 0)
			return;
		map_direct_around_image(start, end);
		done = end;
	}
}

/* Shadow that is written: of memory and of the image. That of other ranges comes with them. */
static void shadow_build(const struct memory_map *map)
{
	kasan_shadow_start(table_take);
	for (unsigned i = 0; i < map->count; i++) {
		const struct boot_memory_range *range = &map->ranges[i];

		kasan_shadow_prepare(DIRECT_MAP_BASE + range->start,
				     DIRECT_MAP_BASE + range->start + range->length_bytes,
				     table_take);
	}
	kasan_shadow_prepare((virtual_t)__kernel_start, (virtual_t)__boot_bss_end, table_take);
}

static void map_image(const uint8_t *start, const uint8_t *end, uint32_t flags)
{
	for (virtual_t address = (virtual_t)start; address < (virtual_t)end; address += PAGE_SIZE)
		map_page(address, address - KERNEL_IMAGE_BASE, 0, flags);
}

/* Every slot of the root that the kernel will ever use: roots of spaces copy them once. */
static void prepare_slots(void)
{
	mmu_kernel_entry(mmu_kernel_root, KERNEL_DYNAMIC_BASE, 2, table_take);
	mmu_kernel_entry(mmu_kernel_root, CPU_AREA_BASE, 2, table_take);
	mmu_kernel_entry(mmu_kernel_root, FIXED_MAP_BASE, 0, table_take);
	if (!cpu_is_isolated)
		return;
	mmu_shadow_kernel_root = boot_pages_take(1);
	mmu_shadow_share((virtual_t)__entry_text_start, (virtual_t)__entry_text_end, table_take);
}

void boot_page_tables_build(const struct memory_map *map)
{
	mmu_entry_no_execute = cpu_has(CPU_HAS_NO_EXECUTE) ? ENTRY_NO_EXECUTE : 0;
	mmu_entry_global = !cpu_is_isolated && cpu_has(CPU_HAS_GLOBAL_PAGES) ? ENTRY_GLOBAL : 0;
	mmu_kernel_root = boot_pages_take(1);
	map_all_memory(map);
	map_image(__kernel_start, __text_end, MMU_READ | MMU_EXECUTE);
	map_image(__rodata_start, __rodata_end, MMU_READ);
	map_image(__data_start, __boot_bss_end, MMU_READ | MMU_WRITE);
	prepare_slots();
	if (DEBUG_BUILD)
		shadow_build(map);
	__asm__ volatile("movq %0, %%cr3" : : "r"(mmu_kernel_root) : "memory");
}

void boot_image_unmap(const uint8_t *start, const uint8_t *end)
{
	for (virtual_t address = (virtual_t)start; address < (virtual_t)end; address += PAGE_SIZE) {
		*mmu_kernel_entry(mmu_kernel_root, address, 0, NULL) = 0;
		tlb_flush_address(address);
	}
}
