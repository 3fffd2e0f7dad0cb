/*
 * Hands out small numbers for pointers: process and timer numbers. A radix tree that is searched
 * for its first free index. Changes need the owner's lock; identifier_map_find() needs it or RCU.
 */
#ifndef BASE_TREE_IDENTIFIER_MAP_H
#define BASE_TREE_IDENTIFIER_MAP_H

#include "base/tree/radix_tree.h"

struct identifier_map {
	struct radix_tree entries;
	uint64_t first;
	uint64_t last;
	uint64_t next_cyclic;
	size_t count;
};

/* Start empty; numbers run from `first` to `last`, both included. */
void identifier_map_init(struct identifier_map *map, uint64_t first, uint64_t last,
			 const struct radix_allocator *allocator);

/* Give back all nodes; the entries are the caller's affair. */
void identifier_map_release(struct identifier_map *map);

/* Give `entry`, not NULL, the lowest free number. 0, -ENOSPC if all are taken, or -ENOMEM. */
MUST_CHECK int identifier_map_add(struct identifier_map *map, void *entry, uint64_t *identifier);

/* The same, but go round, so that a number is not given out again soon. */
MUST_CHECK int identifier_map_add_cyclic(struct identifier_map *map, void *entry,
					 uint64_t *identifier);

/* Give `entry` this number. 0, -EEXIST, -EINVAL outside the range, or -ENOMEM. */
MUST_CHECK int identifier_map_add_at(struct identifier_map *map, void *entry, uint64_t identifier);

/* Put `entry` in the place of another; the old one, NULL if there was none. */
void *identifier_map_replace(struct identifier_map *map, uint64_t identifier, void *entry);

/* Free the number; the entry that had it, NULL if none. */
void *identifier_map_remove(struct identifier_map *map, uint64_t identifier);

static inline void *identifier_map_find(const struct identifier_map *map, uint64_t identifier)
{
	return radix_tree_find(&map->entries, identifier);
}

/* The entry with the lowest number >= *identifier, which becomes that number; NULL at the end. */
static inline void *identifier_map_next(const struct identifier_map *map, uint64_t *identifier)
{
	return radix_tree_next(&map->entries, identifier);
}

#endif
