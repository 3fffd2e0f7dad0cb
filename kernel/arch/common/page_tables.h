/* The final page tables of the kernel's half, made before kernel_main(). */
#ifndef ARCH_COMMON_PAGE_TABLES_H
#define ARCH_COMMON_PAGE_TABLES_H

#include "arch/common/memory_map.h"

/* Builds them over everything in the map and loads them on this CPU. */
void boot_page_tables_build(const struct memory_map *map);
/* Ends the image's mapping of memory that is given back. */
void boot_image_unmap(const uint8_t *start, const uint8_t *end);
/* A table_allocator. */
physical_t boot_table_take(void);

/* Each CPU's: takes zeroed pages out of usable memory (on x86_64 below 4 GB) for ever; stops the
 * machine when there are none. Before kernel_main() only. */
physical_t boot_pages_take(unsigned count);
/* Before the first entry: the level of the largest pages. Behind the last: this CPU's tables. */
unsigned boot_page_tables_begin(void);
void boot_page_tables_load(void);

#endif
