/*
 * Reads the level from /proc and compares two of them.
 */
#define _GNU_SOURCE
#include "level.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	/* What caches may keep of memory: KB, and a part of all memory. */
	LEAK_FLOOR_KB = 4096,
	LEAK_PART = 64,
	SETTLE_ROUNDS = 50,
	/* Objects of one kind that may be more than before: of caches, and of what runs now. */
	OBJECTS_MORE = 200,
};

static void sleep_shortly(void)
{
	nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
}

long level_memory(const char *name)
{
	char line[128];
	long value = -1;
	FILE *file = fopen("/proc/meminfo", "r");

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, strlen(name)) && line[strlen(name)] == ':')
			value = atol(line + strlen(name) + 1);
	}
	fclose(file);
	return value;
}

/* Entries of a directory whose names are numbers: processes of /proc, descriptors of fd. */
static long numbers_count(const char *path)
{
	struct dirent *entry;
	long count = 0;
	DIR *directory = opendir(path);

	if (!directory)
		return -1;
	while ((entry = readdir(directory)))
		count += isdigit((unsigned char)entry->d_name[0]) != 0;
	closedir(directory);
	return count;
}

static int slabs_read(struct level_slab *slabs)
{
	char line[256];
	int count = 0;
	FILE *file = fopen("/proc/slabinfo", "r");

	while (file && count < LEVEL_SLABS && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%31s %ld", slabs[count].name, &slabs[count].objects) == 2)
			count++;
	}
	if (file)
		fclose(file);
	return count;
}

static long lock_reports(void)
{
	char line[128];
	long reports = 0;
	FILE *file = fopen("/proc/aegis/locks", "r");

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "reports %ld", &reports);
	if (file)
		fclose(file);
	return reports;
}

void level_read(struct level *level)
{
	level->free_kb = level_memory("MemFree");
	level->slab_kb = level_memory("Slab");
	level->processes = numbers_count("/proc");
	level->descriptors = numbers_count("/proc/self/fd");
	level->lock_reports = lock_reports();
	level->slab_count = slabs_read(level->slabs);
}

static long slab_more(const struct level *before, const struct level_slab *slab)
{
	for (int i = 0; i < before->slab_count; i++) {
		if (!strcmp(before->slabs[i].name, slab->name))
			return slab->objects - before->slabs[i].objects;
	}
	return slab->objects;
}

/* How many kinds of objects are far more than before. */
static int slabs_compare(const struct level *before, const struct level *after, bool is_loud)
{
	int found = 0;

	for (int i = 0; i < after->slab_count; i++) {
		long more = slab_more(before, &after->slabs[i]);

		found += more > OBJECTS_MORE;
		if (is_loud && more > OBJECTS_MORE / 8)
			printf("# %s: %ld more than before\n", after->slabs[i].name, more);
	}
	return found;
}

static bool verdict(const char *name, bool is_good)
{
	printf("%s leak_%s\n", is_good ? "ok" : "not ok", name);
	return is_good;
}

bool level_compare(const struct level *before)
{
	static struct level after;
	long allowed = level_memory("MemTotal") / LEAK_PART;
	bool good = true;

	if (allowed < LEAK_FLOOR_KB)
		allowed = LEAK_FLOOR_KB;
	level_read(&after);
	/* Freed things may wait for a grace period or a work queue. */
	for (int i = 0; i < SETTLE_ROUNDS; i++) {
		if (after.free_kb >= before->free_kb - allowed &&
		    after.processes <= before->processes &&
		    slabs_compare(before, &after, false) == 0)
			break;
		sleep_shortly();
		level_read(&after);
	}
	printf("# free %ld KB before, %ld after; slab %ld, %ld; processes %ld, %ld;"
	       " descriptors %ld, %ld\n",
	       before->free_kb, after.free_kb, before->slab_kb, after.slab_kb, before->processes,
	       after.processes, before->descriptors, after.descriptors);
	good &= verdict("memory", after.free_kb >= before->free_kb - allowed);
	good &= verdict("objects", slabs_compare(before, &after, true) == 0);
	good &= verdict("processes", after.processes <= before->processes);
	good &= verdict("descriptors", after.descriptors == before->descriptors);
	good &= verdict("locks", after.lock_reports == before->lock_reports);
	return good;
}
