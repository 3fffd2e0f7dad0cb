/*
 * The final page tables: all memory in the direct map with the largest pages that fit, never
 * executable; the kernel image with text read-only and data not executable, in both places.
 */
#include "arch/common/page_tables.h"

#include "arch/common/kasan_map.h"
#include "arch/common/linker.h"
#include "machine/table_entry.h"

static unsigned level_largest;

physical_t boot_table_take(void)
{
	return boot_pages_take(1);
}

static void map_page(virtual_t address, physical_t page, unsigned level, uint32_t flags)
{
	uint64_t *entry = mmu_kernel_entry(address, level, boot_table_take);

	*entry = page | mmu_kernel_entry_bits(flags, level);
}

/* Maps [start, end) of physical memory at its place in the direct map. */
static void map_direct(physical_t start, physical_t end, uint32_t flags)
{
	while (start < end) {
		unsigned level = level_largest;

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
	kasan_shadow_start(boot_table_take);
	for (unsigned i = 0; i < map->count; i++) {
		const struct boot_memory_range *range = &map->ranges[i];

		kasan_shadow_prepare(DIRECT_MAP_BASE + range->start,
				     DIRECT_MAP_BASE + range->start + range->length_bytes,
				     boot_table_take);
	}
	kasan_shadow_prepare((virtual_t)__kernel_start, (virtual_t)__boot_bss_end, boot_table_take);
}

static void map_image(const uint8_t *start, const uint8_t *end, uint32_t flags)
{
	for (virtual_t address = (virtual_t)start; address < (virtual_t)end; address += PAGE_SIZE)
		map_page(address, virtual_to_physical((const void *)address), 0, flags);
}

void boot_page_tables_build(const struct memory_map *map)
{
	level_largest = boot_page_tables_begin();
	mmu_kernel_root = boot_pages_take(1);
	map_all_memory(map);
	map_image(__kernel_start, __text_end, MMU_READ | MMU_EXECUTE);
	map_image(__rodata_start, __rodata_end, MMU_READ);
	map_image(__data_start, __boot_bss_end, MMU_READ | MMU_WRITE);
	if (DEBUG_BUILD)
		shadow_build(map);
	boot_page_tables_load();
}

void boot_image_unmap(const uint8_t *start, const uint8_t *end)
{
	for (virtual_t address = (virtual_t)start; address < (virtual_t)end; address += PAGE_SIZE) {
		*mmu_kernel_entry(address, 0, NULL) = 0;
		tlb_forget_kernel_address(address);
	}
}
