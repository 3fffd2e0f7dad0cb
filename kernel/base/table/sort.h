/* Sorting and searching arrays in place, without memory of its own. */
#ifndef BASE_TABLE_SORT_H
#define BASE_TABLE_SORT_H

#include "base/types.h"

/* Negative, 0 or positive as `a` comes before, with or behind `b`. */
typedef int (*sort_compare_function)(const void *a, const void *b);

/* Sort `count` elements of `size` bytes. Not stable; n log n in the worst case. */
void sort(void *array, size_t count, size_t size, sort_compare_function compare);

/* An element that compares equal to `key` in a sorted array, NULL if there is none. */
void *sorted_find(const void *array, size_t count, size_t size, const void *key,
		  sort_compare_function compare);

#endif
