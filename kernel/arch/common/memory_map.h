/*
 * The memory map while it is being put together: sorted ranges that do not overlap. Loaders report
 * in any order, with overlaps, to the byte; what is reserved wins over what is usable.
 */
#ifndef ARCH_COMMON_MEMORY_MAP_H
#define ARCH_COMMON_MEMORY_MAP_H

#include "arch/boot.h"
#include "base/types.h"

struct memory_map {
	struct boot_memory_range *ranges;
	unsigned count, capacity;
	bool has_overflowed;	/* usable memory was left out */
};

/* Adds what is not in the map yet of a usable range, shrunk to whole pages. */
void memory_map_add_usable(struct memory_map *map, physical_t start, uint64_t length);

/* Takes a range out of the map, grown to whole pages: it is not memory for anybody. */
void memory_map_remove(struct memory_map *map, physical_t start, uint64_t length);

/* Gives a range, grown to whole pages, another kind; it need not have been in the map. */
void memory_map_set(struct memory_map *map, physical_t start, uint64_t length,
		    enum boot_memory_kind kind);

/*
 * Makes `length` bytes (whole pages) of usable memory in [low, high) reserved, from the highest
 * range that has them; 0 when none has.
 */
physical_t memory_map_take(struct memory_map *map, uint64_t length, physical_t low,
			   physical_t high);

#endif
