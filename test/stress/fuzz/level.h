/*
 * What the machine holds when nothing runs: memory, kernel objects, processes, descriptors. After
 * a storm it has to be back where it was.
 */
#ifndef LEVEL_H
#define LEVEL_H

#include <stdbool.h>

struct level_slab {
	char name[32];
	long objects;
};

enum { LEVEL_SLABS = 128 };

struct level {
	long free_kb, slab_kb, processes, descriptors, lock_reports;
	int slab_count;
	struct level_slab slabs[LEVEL_SLABS];
};

void level_read(struct level *level);

/* Waits some seconds for the level of before; prints `ok leak_NAME` or `not ok leak_NAME` for each
 * part of it and what kernel objects became more. */
bool level_compare(const struct level *before);

/* A value of /proc/meminfo in KB, -1 when there is none. */
long level_memory(const char *name);

#endif
