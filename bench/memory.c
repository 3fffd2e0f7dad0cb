/*
 * Rows of memory: mapping and unmapping, faults on anonymous and file pages, protection, brk.
 * Rows of faults are per page and contain their share of mapping and unmapping 256 pages.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { PAGE = 4096, TOUCHED = 256, TOUCHED_BYTES = TOUCHED * PAGE, BRK_BYTES = 65536 };

static char *mapping;
static int file_fd = -1;
static char file_path[256];

static char *memory_map(size_t length)
{
	char *start = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);

	if (start == MAP_FAILED)
		bench_fail("mmap");
	return start;
}

static void map_operate(long count)
{
	size_t length = (size_t)bench_row->variant;

	while (count--)
		bench_check(munmap(memory_map(length), length), "munmap");
}

/* Operations are pages. Huge pages would make one fault of many; the row is about 4 KB ones. */
static void anonymous_operate(long count)
{
	for (long done = 0; done < count; done += TOUCHED) {
		char *start = memory_map(TOUCHED_BYTES);

		madvise(start, TOUCHED_BYTES, MADV_NOHUGEPAGE);
		for (size_t i = 0; i < TOUCHED_BYTES; i += PAGE)
			start[i] = 1;
		munmap(start, TOUCHED_BYTES);
	}
}

static int file_prepare(void)
{
	static char page[PAGE];

	file_fd = open(bench_path(file_path, sizeof(file_path), "mapped"),
		       O_CREAT | O_TRUNC | O_RDWR, 0600);
	if (file_fd < 0)
		return -errno;
	for (int i = 0; i < TOUCHED; i++) {
		if (write(file_fd, page, PAGE) != PAGE)
			return -errno;
	}
	return 0;
}

static void file_finish(void)
{
	close(file_fd);
	unlink(file_path);
}

static void file_operate(long count)
{
	for (long done = 0; done < count; done += TOUCHED) {
		volatile char *start = mmap(NULL, TOUCHED_BYTES, PROT_READ, MAP_SHARED, file_fd, 0);

		if (start == MAP_FAILED)
			bench_fail("mmap of a file");
		for (size_t i = 0; i < TOUCHED_BYTES; i += PAGE)
			(void)start[i];
		munmap((void *)start, TOUCHED_BYTES);
	}
}

/* A private page of a file that is written: a fault that copies. */
static void copy_operate(long count)
{
	for (long done = 0; done < count; done += TOUCHED) {
		char *start = mmap(NULL, TOUCHED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE,
				   file_fd, 0);

		if (start == MAP_FAILED)
			bench_fail("mmap of a file");
		for (size_t i = 0; i < TOUCHED_BYTES; i += PAGE)
			start[i] = 1;
		munmap(start, TOUCHED_BYTES);
	}
}

static int protect_prepare(void)
{
	mapping = memory_map(16 * PAGE);
	for (int i = 0; i < 16; i++)
		mapping[i * PAGE] = 1;
	return 0;
}

/* The protection alternates, so every call changes the page table. */
static void protect_operate(long count)
{
	while (count--) {
		int protection = count & 1 ? PROT_READ : PROT_READ | PROT_WRITE;

		bench_check(mprotect(mapping, 16 * PAGE, protection), "mprotect");
	}
}

static void brk_operate(long count)
{
	long start = syscall(SYS_brk, 0);

	while (count--) {
		if (syscall(SYS_brk, start + BRK_BYTES) != start + BRK_BYTES)
			bench_fail("brk");
		*(volatile char *)start = 1;
		syscall(SYS_brk, start);
	}
}

static const struct row rows[] = {
	{ .name = "mmap_64k", .meaning = "map and unmap 64 KB, untouched", .operations = 1000,
	  .operate = map_operate, .variant = 64L << 10 },
	{ .name = "mmap_1m", .meaning = "map and unmap 1 MB, untouched", .operations = 1000,
	  .operate = map_operate, .variant = 1L << 20 },
	{ .name = "mmap_64m", .meaning = "map and unmap 64 MB, untouched", .operations = 1000,
	  .operate = map_operate, .variant = 64L << 20 },
	{ .name = "anonymous_fault", .meaning = "first write to an anonymous page, per page",
	  .operations = 16 * TOUCHED, .operate = anonymous_operate },
	{ .name = "file_fault", .meaning = "first read of a mapped page of a file, per page",
	  .operations = 16 * TOUCHED, .prepare = file_prepare, .operate = file_operate,
	  .finish = file_finish },
	{ .name = "file_copy_fault", .meaning = "first write to a private page of a file, per page",
	  .operations = 8 * TOUCHED, .prepare = file_prepare, .operate = copy_operate,
	  .finish = file_finish },
	{ .name = "mprotect", .meaning = "mprotect of 16 touched pages", .operations = 2000,
	  .prepare = protect_prepare, .operate = protect_operate },
	{ .name = "brk", .meaning = "grow the heap by 64 KB, touch one page, shrink it",
	  .operations = 1000, .operate = brk_operate },
};

const struct row_table memory_table = { rows, ROW_COUNT(rows) };
