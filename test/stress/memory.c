/*
 * Storms of memory: mapping and protection by several threads of one space, sharing between
 * processes, and touching more memory than there is.
 */
#define _GNU_SOURCE
#include "storms.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	ARENA_PAGES = 256,
	MAPPERS = 3,
	SHARED_PAGES = 64,
};

/*
 * Maps, protects, moves and unmaps at random places of an arena. Moving leaves a hole that any
 * other mapping may fall into, so nothing else may run in this space.
 */
static void arena_work(void)
{
	char *arena = mmap(NULL, ARENA_PAGES * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t seed = (uint64_t)(uintptr_t)arena | 1;

	EXPECT(arena != MAP_FAILED);
	while (storm_goes_on()) {
		size_t first = storm_random(&seed) % (ARENA_PAGES - 16);
		size_t length = (1 + storm_random(&seed) % 16) * PAGE;
		char *start = arena + first * PAGE;
		char *moved;

		EXPECT(mmap(start, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == start);
		for (size_t i = 0; i < length; i += PAGE) {
			EXPECT_EQUAL(start[i], 0);
			start[i] = (char)(first + i / PAGE);
		}
		EXPECT_EQUAL(mprotect(start, length, PROT_READ), 0);
		for (size_t i = 0; i < length; i += PAGE)
			EXPECT_EQUAL(start[i], (char)(first + i / PAGE));
		EXPECT_EQUAL(mprotect(start, length, PROT_READ | PROT_WRITE), 0);
		moved = mremap(start, length, length + PAGE, MREMAP_MAYMOVE);
		EXPECT(moved != MAP_FAILED);
		EXPECT_EQUAL(moved[0], (char)first);
		EXPECT_EQUAL(moved[length], 0);
		EXPECT_EQUAL(madvise(moved, PAGE, MADV_DONTNEED), 0);
		EXPECT_EQUAL(moved[0], 0);
		EXPECT_EQUAL(munmap(moved, length + PAGE), 0);
		storm_count(6);
		/* The hole belongs to the arena again. */
		if (moved != start)
			mmap(start, length, PROT_NONE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	}
	munmap(arena, ARENA_PAGES * PAGE);
}

static void map_storm(int index)
{
	(void)index;
	arena_work();
}

/* Threads map, touch and unmap without fixed addresses, and one protects what others read. */
static volatile char *read_by_all;

static void *space_work(void *argument)
{
	uint64_t seed = (uint64_t)(uintptr_t)&seed | 1;

	while (storm_goes_on()) {
		size_t length = (1 + storm_random(&seed) % 64) * PAGE;
		char *start = mmap(NULL, length, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		EXPECT(start != MAP_FAILED);
		for (size_t i = 0; i < length; i += PAGE) {
			EXPECT_EQUAL(start[i], 0);
			start[i] = 7;
		}
		/* Split in the middle, then both halves go. */
		EXPECT_EQUAL(mprotect(start + length / 2 / PAGE * PAGE, PAGE, PROT_NONE), 0);
		EXPECT_EQUAL(munmap(start, length), 0);
		EXPECT_EQUAL(mprotect((void *)read_by_all, PAGE,
				      storm_random(&seed) & 1 ? PROT_READ
							      : PROT_READ | PROT_WRITE), 0);
		EXPECT_EQUAL(*read_by_all, 42);
		storm_count(5);
	}
	return argument;
}

static void space_storm(int index)
{
	(void)index;
	read_by_all = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT(read_by_all != MAP_FAILED);
	*read_by_all = 42;
	storm_threads(MAPPERS, space_work, NULL);
}

/* A shared file mapping counts right although processes come, go and write at once. */
static void share_storm(int index)
{
	char name[64];
	int fd;

	snprintf(name, sizeof(name), "storm-share-%d", index);
	fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0600);
	EXPECT(fd >= 0);
	EXPECT_EQUAL(unlink(name), 0);
	EXPECT_EQUAL(ftruncate(fd, SHARED_PAGES * PAGE), 0);
	for (long round = 1; storm_goes_on(); round++) {
		_Atomic long *shared = mmap(NULL, SHARED_PAGES * PAGE, PROT_READ | PROT_WRITE,
					    MAP_SHARED, fd, 0);
		pid_t pids[3];
		long value;

		EXPECT(shared != MAP_FAILED);
		for (int i = 0; i < 3; i++) {
			pids[i] = fork();
			EXPECT(pids[i] >= 0);
			for (int j = 0; pids[i] == 0 && j < SHARED_PAGES; j++)
				atomic_fetch_add(&shared[j * PAGE / (int)sizeof(long)], 1);
			if (pids[i] == 0)
				_exit(0);
		}
		for (int i = 0; i < 3; i++)
			storm_reap(pids[i], 0);
		EXPECT_EQUAL(munmap((void *)shared, SHARED_PAGES * PAGE), 0);
		for (int j = 0; j < SHARED_PAGES; j += 7) {
			EXPECT_EQUAL(pread(fd, &value, sizeof(value), j * PAGE), sizeof(value));
			EXPECT_EQUAL(value, round * 3);
		}
		storm_count(3);
	}
	close(fd);
}

static const struct storm storms[] = {
	{ "map", map_storm, 0 }, { "space", space_storm, 0 }, { "share", share_storm, 0 },
};

const struct storm_table memory_storms = { storms, STORM_COUNT(storms) };
