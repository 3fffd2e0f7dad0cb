/*
 * How much of everything the kernel holds, as /proc tells: objects of each slab cache, pages by
 * what they are for, processes, descriptors of this process, mounts. What a storm leaves behind is
 * the difference between two levels.
 */
#ifndef LEAKS_H
#define LEAKS_H

#include <stddef.h>

enum { LEVEL_VALUES = 96 };

struct level {
	size_t count;
	struct level_value {
		char name[24];
		long value;
	} values[LEVEL_VALUES];
};

/* Reads the level once nothing changes any more: what waits for a grace period is freed by then. */
void level_read(struct level *level);

/*
 * How many values are higher than before; each is noted in `grown`, by its place in `after`. With
 * `was_grown`, which may be the same, only what is noted there counts.
 */
size_t level_compare(const struct level *before, const struct level *after,
		     const unsigned char *was_grown, unsigned char *grown);

/* Prints the values that are noted, as comments. */
void level_print(const struct level *before, const struct level *after,
		 const unsigned char *grown);

/*
 * Whether more remains with each round of work than before: `again` is called for further rounds
 * as long as something did, a few times. Prints a verdict and what grew; 1 if something leaks.
 */
int leaks_find(const struct level *before, void (*again)(void *argument), void *argument);

/* A value of /proc/meminfo in KB, -1 when there is none. */
long level_memory(const char *name);

#endif
