/*
 * Levels of what the kernel holds. Pages that no line of /proc/meminfo accounts for (pipe buffers,
 * blocks of the heap) are the rest of all pages, so none can be lost unseen.
 */
#define _GNU_SOURCE
#include "leaks.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	SETTLE_NS = 30000000,
	SETTLE_ROUNDS = 100,
	/* So many readings in a row have to be the same. */
	SETTLE_EQUAL = 3,
	/* What grows in each of so many rounds leaks. */
	LEAK_ROUNDS = 5,
};

long level_memory(const char *name)
{
	char line[128];
	long value = -1;
	size_t length = strlen(name);
	FILE *file = fopen("/proc/meminfo", "r");

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, name, length) && line[length] == ':')
			value = atol(line + length + 1);
	}
	fclose(file);
	return value;
}

static void value_add(struct level *level, const char *name, long value)
{
	struct level_value *to = &level->values[level->count];

	if (level->count == LEVEL_VALUES)
		return;
	snprintf(to->name, sizeof(to->name), "%s", name);
	to->value = value;
	level->count++;
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

static long lines_count(const char *path)
{
	char line[512];
	long count = 0;
	FILE *file = fopen(path, "r");

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		count++;
	fclose(file);
	return count;
}

static void slabs_read(struct level *level)
{
	char line[256], name[24];
	long used;
	FILE *file = fopen("/proc/slabinfo", "r");

	if (!file)
		return;
	while (fgets(line, sizeof(line), file)) {
		if (line[0] != '#' && sscanf(line, "%23s %ld", name, &used) == 2)
			value_add(level, name, used);
	}
	fclose(file);
}

/* Names and inodes that nobody uses. They would be found by chance in later rounds, too. */
static void caches_drop(void)
{
	int fd = open("/proc/sys/vm/drop_caches", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, "2", 1) != 1)
		perror("drop_caches");
	close(fd);
}

static void read_once(struct level *level)
{
	static const char *const parts[] = {
		"AnonPages", "Cached", "Shmem", "PageTables", "KernelStack", "Mlocked",
	};
	long rest;

	caches_drop();
	memset(level, 0, sizeof(*level));
	/* First, for what the rest opens and closes waits for a grace period. */
	slabs_read(level);
	value_add(level, "processes", numbers_count("/proc"));
	value_add(level, "descriptors", numbers_count("/proc/self/fd"));
	value_add(level, "terminals", numbers_count("/dev/pts"));
	value_add(level, "mounts", lines_count("/proc/mounts"));
	value_add(level, "locks", lines_count("/proc/locks"));
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		value_add(level, parts[i], level_memory(parts[i]));
	rest = level_memory("MemTotal") - level_memory("MemFree") - level_memory("Slab");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		/* Shared memory is part of what is cached, locked pages are anonymous or cached. */
		if (strcmp(parts[i], "Shmem") && strcmp(parts[i], "Mlocked"))
			rest -= level_memory(parts[i]);
	}
	value_add(level, "other_pages", rest);
}

void level_read(struct level *level)
{
	const struct timespec pause = { 0, SETTLE_NS };
	struct level again;
	int equal = 0;

	/* The first reading itself fills caches. */
	read_once(level);
	for (int round = 0; round < SETTLE_ROUNDS && equal < SETTLE_EQUAL; round++) {
		nanosleep(&pause, NULL);
		read_once(&again);
		equal = memcmp(level, &again, sizeof(again)) ? 0 : equal + 1;
		*level = again;
	}
}

size_t level_compare(const struct level *before, const struct level *after,
		     const unsigned char *was_grown, unsigned char *grown)
{
	size_t found = 0;

	for (size_t i = 0; i < after->count; i++) {
		int is_asked = !was_grown || was_grown[i];
		long old = 0;

		for (size_t j = 0; j < before->count; j++) {
			if (!strcmp(before->values[j].name, after->values[i].name))
				old = before->values[j].value;
		}
		grown[i] = is_asked && after->values[i].value > old;
		found += grown[i];
	}
	return found;
}

void level_print(const struct level *before, const struct level *after,
		 const unsigned char *grown)
{
	for (size_t i = 0; i < after->count; i++) {
		if (!grown[i])
			continue;
		for (size_t j = 0; j < before->count; j++) {
			if (!strcmp(before->values[j].name, after->values[i].name))
				printf("# %s: %ld, then %ld\n", after->values[i].name,
				       before->values[j].value, after->values[i].value);
		}
	}
}

/*
 * What the first round left in caches may be there; what the second adds to that has leaked. Freed
 * things may be in magazines of CPUs and wait for grace periods, so a value that is higher once may
 * fall when more is done: only what grows with each short round is a leak.
 */
int leaks_find(const struct level *before, void (*again)(void *argument), void *argument)
{
	static struct level after, last;
	unsigned char grown[LEVEL_VALUES];
	size_t found = 0;

	last = *before;
	for (int round = 0; round < LEAK_ROUNDS; round++) {
		if (round > 0)
			again(argument);
		level_read(&after);
		found = level_compare(&last, &after, round ? grown : NULL, grown);
		if (!found)
			break;
		last = after;
	}
	if (found)
		level_print(before, &after, grown);
	printf("%s leaks\n", found ? "not ok" : "ok");
	return found != 0;
}
