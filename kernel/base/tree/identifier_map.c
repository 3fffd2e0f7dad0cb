/* Numbers for pointers. */
#include "base/tree/identifier_map.h"

#include "base/errno.h"

void identifier_map_init(struct identifier_map *map, uint64_t first, uint64_t last,
			 const struct radix_allocator *allocator)
{
	*map = (struct identifier_map){ .first = first, .last = last, .next_cyclic = first };
	radix_tree_init(&map->entries, allocator);
}

void identifier_map_release(struct identifier_map *map)
{
	radix_tree_release(&map->entries);
	map->count = 0;
}

/* Add at the lowest free number from `from` up. */
static int add_from(struct identifier_map *map, uint64_t from, void *entry, uint64_t *identifier)
{
	uint64_t found = from;
	int error;

	if (!radix_tree_next_free(&map->entries, &found) || found > map->last)
		return -ENOSPC;
	error = radix_tree_insert(&map->entries, found, entry);
	if (error)
		return error;
	map->count++;
	*identifier = found;
	return 0;
}

int identifier_map_add(struct identifier_map *map, void *entry, uint64_t *identifier)
{
	return add_from(map, map->first, entry, identifier);
}

int identifier_map_add_cyclic(struct identifier_map *map, void *entry, uint64_t *identifier)
{
	int error = add_from(map, map->next_cyclic, entry, identifier);

	if (error == -ENOSPC)
		error = add_from(map, map->first, entry, identifier);
	if (!error)
		map->next_cyclic = *identifier == map->last ? map->first : *identifier + 1;
	return error;
}

int identifier_map_add_at(struct identifier_map *map, void *entry, uint64_t identifier)
{
	int error;

	if (identifier < map->first || identifier > map->last)
		return -EINVAL;
	error = radix_tree_insert(&map->entries, identifier, entry);
	if (!error)
		map->count++;
	return error;
}

void *identifier_map_replace(struct identifier_map *map, uint64_t identifier, void *entry)
{
	return radix_tree_replace(&map->entries, identifier, entry);
}

void *identifier_map_remove(struct identifier_map *map, uint64_t identifier)
{
	void *entry = radix_tree_remove(&map->entries, identifier);

	if (entry)
		map->count--;
	return entry;
}
