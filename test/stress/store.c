/*
 * Files that are written back and read again: a tmpfs with the option `store`, which a debug kernel
 * has, keeps data elsewhere and drops what is cached. Without it the storms run on plain files.
 */
#define _GNU_SOURCE
#include "storms.h"

#include "leaks.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	PAGE = 4096,
	PAGES = 96,
	/* A machine with more memory than this is somebody's own, and is spared. */
	CYCLE_LIMIT_KB = 4 << 20,
};

struct model {
	int fd;
	unsigned char *view;
	/* What each page is filled with. */
	unsigned char pages[PAGES];
	size_t size;
};

static int stored_file(const char *name, int index)
{
	char folder[64], path[96];
	int fd;

	snprintf(folder, sizeof(folder), "storm-store-%s-%d", name, index);
	snprintf(path, sizeof(path), "%s/file", folder);
	mkdir(folder, 0700);
	if (mount("store", folder, "tmpfs", 0, "store,size=90%") && errno != EINVAL)
		EXPECT_EQUAL(errno, EPERM);
	fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
	EXPECT(fd >= 0);
	return fd;
}

static void stored_end(const char *name, int index, int fd)
{
	char folder[64], path[96];

	snprintf(folder, sizeof(folder), "storm-store-%s-%d", name, index);
	snprintf(path, sizeof(path), "%s/file", folder);
	close(fd);
	EXPECT_EQUAL(unlink(path), 0);
	umount(folder);
	EXPECT_EQUAL(rmdir(folder), 0);
}

static void page_look(const struct model *model, size_t page, uint64_t dice)
{
	unsigned char bytes[PAGE];
	unsigned char wanted = model->pages[page];

	if (dice & 1) {
		EXPECT_EQUAL(model->view[page * PAGE], wanted);
		EXPECT_EQUAL(model->view[page * PAGE + PAGE - 1], wanted);
		return;
	}
	EXPECT_EQUAL(pread(model->fd, bytes, PAGE, (off_t)page * PAGE), PAGE);
	for (int i = 0; i < PAGE; i += 511)
		EXPECT_EQUAL(bytes[i], wanted);
}

static void page_fill(struct model *model, size_t page, unsigned char value, uint64_t dice)
{
	unsigned char bytes[PAGE];

	model->pages[page] = value;
	if (dice & 1) {
		memset(model->view + page * PAGE, value, PAGE);
		return;
	}
	memset(bytes, value, PAGE);
	EXPECT_EQUAL(pwrite(model->fd, bytes, PAGE, (off_t)page * PAGE), PAGE);
}

/* Cuts the file, or a hole into it: zeros are read there from then on. */
static void pages_cut(struct model *model, uint64_t *seed)
{
	size_t first = storm_random(seed) % PAGES, count = 1 + storm_random(seed) % 8;

	if (count > PAGES - first)
		count = PAGES - first;
	if (storm_random(seed) & 1) {
		EXPECT_EQUAL(ftruncate(model->fd, (off_t)first * PAGE), 0);
		EXPECT_EQUAL(ftruncate(model->fd, PAGES * PAGE), 0);
		count = PAGES - first;
	} else {
		EXPECT_EQUAL(fallocate(model->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				       (off_t)first * PAGE, (off_t)count * PAGE), 0);
	}
	memset(model->pages + first, 0, count);
}

static void pages_clean(struct model *model, uint64_t *seed)
{
	switch (storm_random(seed) % 4) {
	case 0:
		EXPECT_EQUAL(fsync(model->fd), 0);
		break;
	case 1:
		EXPECT_EQUAL(msync(model->view, PAGES * PAGE, MS_SYNC), 0);
		break;
	case 2:
		EXPECT_EQUAL(msync(model->view, PAGES * PAGE, MS_ASYNC), 0);
		break;
	default:
		EXPECT_EQUAL(fdatasync(model->fd), 0);
		EXPECT_EQUAL(madvise(model->view, PAGES * PAGE, MADV_DONTNEED), 0);
		EXPECT_EQUAL(posix_fadvise(model->fd, 0, 0, POSIX_FADV_DONTNEED), 0);
		break;
	}
}

static void store_storm(int index)
{
	struct model model = { .fd = stored_file("one", index) };
	uint64_t seed = storm_seed();

	EXPECT_EQUAL(ftruncate(model.fd, PAGES * PAGE), 0);
	model.view = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, model.fd, 0);
	EXPECT(model.view != MAP_FAILED);
	while (storm_goes_on()) {
		for (int i = 0; i < 8; i++) {
			page_fill(&model, storm_random(&seed) % PAGES,
				  (unsigned char)storm_random(&seed), storm_random(&seed));
			page_look(&model, storm_random(&seed) % PAGES, storm_random(&seed));
		}
		pages_clean(&model, &seed);
		if (storm_random(&seed) % 4 == 0)
			pages_cut(&model, &seed);
		storm_count(17);
	}
	EXPECT_EQUAL(munmap(model.view, PAGES * PAGE), 0);
	stored_end("one", index, model.fd);
}

/*
 * More than memory holds goes through the cache, while a good part of memory is taken: pages are
 * written back and dropped to make room, and nobody is killed.
 */
static void cycle_storm(int index)
{
	static unsigned char block[PAGE * 16];
	long free_kb = level_memory("MemFree");
	/* The file is there twice, stored and cached: together that is more than what is free. */
	size_t taken = (size_t)free_kb * 512, length = (size_t)free_kb / 64 * 20 * 1024;
	char *hog;
	int fd;

	if (free_kb < 0 || free_kb > CYCLE_LIMIT_KB) {
		dprintf(1, "# cycle: left out, %ld KB free\n", free_kb);
		return;
	}
	fd = stored_file("cycle", index);
	hog = mmap(NULL, taken, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	EXPECT(hog != MAP_FAILED);
	memset(hog, 1, taken);
	do {
		for (size_t at = 0; at < length; at += sizeof(block)) {
			memset(block, (int)(at / sizeof(block) % 251), sizeof(block));
			EXPECT_EQUAL(pwrite(fd, block, sizeof(block), (off_t)at), sizeof(block));
		}
		for (size_t at = 0; at < length; at += sizeof(block)) {
			EXPECT_EQUAL(pread(fd, block, sizeof(block), (off_t)at), sizeof(block));
			for (size_t i = 0; i < sizeof(block); i += PAGE)
				EXPECT_EQUAL(block[i], at / sizeof(block) % 251);
		}
		storm_count((long)(length / PAGE));
	} while (storm_goes_on());
	EXPECT_EQUAL(munmap(hog, taken), 0);
	stored_end("cycle", index, fd);
}

static const struct storm storms[] = {
	{ "store", store_storm, 0 }, { "cycle", cycle_storm, 1 },
};

const struct storm_table store_storms = { storms, STORM_COUNT(storms) };
