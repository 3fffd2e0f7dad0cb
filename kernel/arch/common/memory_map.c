/*
 * Sorting and merging of memory ranges. Every change is "cut a hole, then perhaps fill it", so that
 * ranges never overlap; an array that is full loses usable memory, never a reservation.
 */
#include "arch/common/memory_map.h"

#include "arch/pages.h"
#include "base/string.h"

/* No physical address has more bits than this. */
#define PHYSICAL_LIMIT (UINT64_C(1) << 52)

static physical_t range_end_of(const struct boot_memory_range *range)
{
	return range->start + range->length_bytes;
}

static void range_delete(struct memory_map *map, unsigned index)
{
	map->count--;
	memmove(&map->ranges[index], &map->ranges[index + 1],
		(map->count - index) * sizeof(map->ranges[0]));
}

static bool range_insert(struct memory_map *map, unsigned index, physical_t start, physical_t end,
			 enum boot_memory_kind kind)
{
	if (map->count == map->capacity) {
		map->has_overflowed = true;
		return false;
	}
	memmove(&map->ranges[index + 1], &map->ranges[index],
		(map->count - index) * sizeof(map->ranges[0]));
	map->count++;
	map->ranges[index] = (struct boot_memory_range){ start, end - start, kind };
	return true;
}

/* Clips to addresses that can exist; false if nothing is left. */
static bool range_clip(physical_t start, uint64_t length, physical_t *end)
{
	if (start >= PHYSICAL_LIMIT || length == 0)
		return false;
	*end = length > PHYSICAL_LIMIT - start ? PHYSICAL_LIMIT : start + length;
	return true;
}

/* Joins the range at index with its left neighbour if they are alike and touch. */
static void range_join_left(struct memory_map *map, unsigned index)
{
	struct boot_memory_range *left, *right;

	if (index == 0 || index >= map->count)
		return;
	left = &map->ranges[index - 1];
	right = &map->ranges[index];
	if (left->kind == right->kind && range_end_of(left) == right->start) {
		left->length_bytes += right->length_bytes;
		range_delete(map, index);
	}
}

/* Empties [start, end); the result is the index where a range there would stand. */
static unsigned range_cut(struct memory_map *map, physical_t start, physical_t end)
{
	unsigned i = 0;

	while (i < map->count && range_end_of(&map->ranges[i]) <= start)
		i++;
	while (i < map->count && map->ranges[i].start < end) {
		struct boot_memory_range *range = &map->ranges[i];
		physical_t range_end = range_end_of(range);

		if (range->start < start) {
			range->length_bytes = start - range->start;
			i++;
			/* When the array is full, the right part is lost, whatever its kind. */
			if (range_end > end)
				range_insert(map, i, end, range_end, range->kind);
		} else if (range_end > end) {
			range->start = end;
			range->length_bytes = range_end - end;
		} else {
			range_delete(map, i);
		}
	}
	return i;
}

void memory_map_add_usable(struct memory_map *map, physical_t start, uint64_t length)
{
	physical_t end;

	if (!range_clip(start, length, &end))
		return;
	start = align_up(start, PAGE_SIZE);
	end = align_down(end, PAGE_SIZE);
	for (unsigned i = 0; start < end; i++) {
		physical_t gap_end = i < map->count ? min(end, map->ranges[i].start) : end;

		if (start < gap_end) {
			if (!range_insert(map, i, start, gap_end, BOOT_MEMORY_USABLE))
				return;
			range_join_left(map, i + 1);
			i++;
		}
		if (i >= map->count)
			break;
		start = max(start, range_end_of(&map->ranges[i]));
	}
	for (unsigned i = map->count; i > 0; i--)
		range_join_left(map, i - 1);
}

void memory_map_remove(struct memory_map *map, physical_t start, uint64_t length)
{
	physical_t end;

	if (range_clip(start, length, &end))
		range_cut(map, align_down(start, PAGE_SIZE), align_up(end, PAGE_SIZE));
}

void memory_map_set(struct memory_map *map, physical_t start, uint64_t length,
		    enum boot_memory_kind kind)
{
	physical_t end;
	unsigned i;

	if (!range_clip(start, length, &end))
		return;
	start = align_down(start, PAGE_SIZE);
	end = align_up(end, PAGE_SIZE);
	i = range_cut(map, start, end);
	if (!range_insert(map, i, start, end, kind))
		return;
	range_join_left(map, i + 1);
	range_join_left(map, i);
}

physical_t memory_map_take(struct memory_map *map, uint64_t length, physical_t low,
			   physical_t high)
{
	for (unsigned i = map->count; i > 0; i--) {
		const struct boot_memory_range *range = &map->ranges[i - 1];
		physical_t start = max(range->start, low);
		physical_t end = min(range_end_of(range), high);

		if (range->kind != BOOT_MEMORY_USABLE || end <= start || end - start < length)
			continue;
		memory_map_set(map, end - length, length, BOOT_MEMORY_RESERVED);
		return end - length;
	}
	return 0;
}
