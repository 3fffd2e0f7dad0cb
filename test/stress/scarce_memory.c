/*
 * Address spaces with scarce memory: mappings, faults, copies.
 */
#define _GNU_SOURCE
#include "scarce.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	PAGES = 64,
	POPULATED = 1024,
	/* Each of these has a page table of its own. */
	SPREAD = 256,
	SPREAD_DISTANCE = 2 << 20,
};

static int mapped(void *address)
{
	return address == MAP_FAILED ? -1 : 0;
}

#define PRIVATE (MAP_PRIVATE | MAP_ANONYMOUS)
#define READ_WRITE (PROT_READ | PROT_WRITE)

/* Faults repeat until there is memory, so the program does not notice. */
static int touch(void)
{
	char *start = mmap(NULL, PAGES * PAGE, READ_WRITE, PRIVATE, -1, 0);

	TRY(mapped(start));
	for (int i = 0; i < PAGES; i++)
		MUST_BE(start[i * PAGE], 0);
	for (int i = 0; i < PAGES; i++)
		start[i * PAGE] = (char)i;
	for (int i = 0; i < PAGES; i++)
		MUST_BE(start[i * PAGE], i);
	TRY(munmap(start, PAGES * PAGE));
	return 0;
}

/* A call that is refused changes nothing: what is mapped stays as it was. */
static int split(void)
{
	char *start = mmap(NULL, PAGES * PAGE, READ_WRITE, PRIVATE | MAP_POPULATE, -1, 0), *moved;

	TRY(mapped(start));
	memset(start, 7, PAGES * PAGE);
	for (int i = 1; i < PAGES; i += 4) {
		if (mprotect(start + i * PAGE, PAGE, PROT_READ) < 0) {
			start[i * PAGE] = 8;
			return scarce_refused("mprotect", __FILE__, __LINE__);
		}
	}
	TRY(munmap(start + 2 * PAGE, PAGE));
	moved = mremap(start + 32 * PAGE, PAGE, 5 * PAGE, MREMAP_MAYMOVE);
	if (moved == MAP_FAILED) {
		MUST_BE(start[32 * PAGE], 7);
		return scarce_refused("mremap", __FILE__, __LINE__);
	}
	MUST_BE(moved[0], 7);
	MUST_BE(moved[4 * PAGE], 0);
	TRY(madvise(start + 40 * PAGE, 3 * PAGE, MADV_DONTNEED));
	MUST_BE(start[40 * PAGE], 0);
	MUST_BE(mapped(mmap(start, PAGE, READ_WRITE, PRIVATE | MAP_FIXED_NOREPLACE, -1, 0)), -1);
	TRY(mapped(mmap(start + 8 * PAGE, 8 * PAGE, PROT_READ, PRIVATE | MAP_FIXED, -1, 0)));
	TRY(mlock(start + 20 * PAGE, 3 * PAGE));
	TRY(munlock(start + 21 * PAGE, PAGE));
	TRY(munmap(start, PAGES * PAGE));
	return 0;
}

/* Some thousand pages and their page tables. */
static int populate(void)
{
	char *start = mmap(NULL, POPULATED * PAGE, READ_WRITE, PRIVATE, -1, 0);
	char state[POPULATED];

	TRY(mapped(start));
	TRY(mlock(start, POPULATED * PAGE));
	TRY(mincore(start, POPULATED * PAGE, (unsigned char *)state));
	for (int i = 0; i < POPULATED; i++)
		MUST(state[i] & 1);
	return 0;
}

static int shared(void)
{
	char *start = mmap(NULL, PAGES * PAGE, READ_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *file;
	int fd;

	TRY(mapped(start));
	for (int i = 0; i < PAGES; i++)
		start[i * PAGE] = (char)i;
	TRY(fd = (int)syscall(SYS_memfd_create, "scarce", 0));
	TRY(ftruncate(fd, PAGES * PAGE));
	file = mmap(NULL, PAGES * PAGE, READ_WRITE, MAP_SHARED, fd, 0);
	TRY(mapped(file));
	for (int i = 0; i < PAGES; i += 3)
		file[i * PAGE] = (char)i;
	TRY(msync(file, PAGES * PAGE, MS_SYNC));
	file = mmap(NULL, PAGES * PAGE, READ_WRITE, MAP_PRIVATE, fd, 0);
	TRY(mapped(file));
	for (int i = 0; i < PAGES; i++) {
		MUST_BE(file[i * PAGE], i % 3 ? 0 : i);
		file[i * PAGE + 1] = 1;
	}
	TRY(ftruncate(fd, PAGE));
	return 0;
}

/* The copy of a spread-out space needs hundreds of page tables. */
static int copy(void)
{
	size_t length = (size_t)SPREAD * SPREAD_DISTANCE;
	char *start = mmap(NULL, length, READ_WRITE, PRIVATE | MAP_NORESERVE, -1, 0);
	pid_t pid;
	int status;

	TRY(mapped(start));
	for (size_t i = 0; i < length; i += SPREAD_DISTANCE)
		start[i] = (char)(i / SPREAD_DISTANCE);
	TRY(pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		for (size_t i = 0; i < length; i += SPREAD_DISTANCE)
			MUST_BE(start[i], (char)(i / SPREAD_DISTANCE));
		_exit(3);
	}
	MUST_BE(waitpid(pid, &status, 0), pid);
	MUST_BE(status, 3 << 8);
	for (size_t i = 0; i < length; i += SPREAD_DISTANCE)
		start[i]++;
	return 0;
}

static int heap_end(void)
{
	char *old = (char *)syscall(SYS_brk, 0), *end;

	end = (char *)syscall(SYS_brk, old + 50 * PAGE);
	if (end == old) {
		errno = ENOMEM;
		return scarce_refused("brk", __FILE__, __LINE__);
	}
	for (int i = 0; i < 50; i++)
		old[i * PAGE] = 1;
	MUST_BE(syscall(SYS_brk, old), (long)old);
	return 0;
}

static int grow(int depth)
{
	volatile char frame[PAGE * 2];

	frame[0] = (char)depth;
	return depth ? grow(depth - 1) + (frame[0] != (char)depth) : 0;
}

static int stack(void)
{
	MUST_BE(grow(40), 0);
	return 0;
}

static const struct scenario scenarios[] = {
	{ "touch", touch, NULL, 0, 0 },
	{ "split", split, NULL, 0, 0 },
	{ "populate", populate, NULL, 0, 0 },
	{ "shared", shared, NULL, 0, 0 },
	{ "copy_space", copy, NULL, 0, 0 },
	{ "brk", heap_end, NULL, 0, 0 },
	{ "stack", stack, NULL, 0, 0 },
};

const struct scenario_table memory_scenarios = SCENARIO_TABLE(scenarios);
