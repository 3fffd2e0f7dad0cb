/*
 * Rows of files on the file system at /tmp: creating and deleting, writing, rereading, reading a
 * directory of 100 entries, renaming.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { ENTRIES = 100, BLOCK = 65536, FILE_BYTES = 1 << 20, WRITTEN = 4096 };

static char name[256];
static char other_name[256];
static char block[BLOCK];
static int file_fd = -1;

static int name_prepare(void)
{
	bench_path(name, sizeof(name), "name");
	bench_path(other_name, sizeof(other_name), "other");
	return 0;
}

static void create_operate(long count)
{
	while (count--) {
		int fd = open(name, O_CREAT | O_EXCL | O_WRONLY, 0600);

		bench_check(fd, "open");
		close(fd);
		bench_check(unlink(name), "unlink");
	}
}

static int file_prepare(void)
{
	name_prepare();
	file_fd = open(name, O_CREAT | O_TRUNC | O_RDWR, 0600);
	if (file_fd < 0)
		return -errno;
	for (int i = 0; i < FILE_BYTES / BLOCK; i++) {
		if (write(file_fd, block, BLOCK) != BLOCK)
			return -errno;
	}
	return 0;
}

static void file_finish(void)
{
	close(file_fd);
	unlink(name);
	unlink(other_name);
}

static void rename_operate(long count)
{
	while (count--) {
		bench_check(rename(name, other_name), "rename");
		bench_check(rename(other_name, name), "rename back");
	}
}

static void write_operate(long count)
{
	for (long i = 0; i < count; i++) {
		off_t offset = i * WRITTEN % FILE_BYTES;

		if (pwrite(file_fd, block, WRITTEN, offset) != WRITTEN)
			bench_fail("pwrite");
	}
}

/* Operations are KiB. */
static void reread_operate(long count)
{
	for (long i = 0; i < count; i += BLOCK / 1024) {
		off_t offset = i * 1024 % FILE_BYTES;

		if (pread(file_fd, block, BLOCK, offset) != BLOCK)
			bench_fail("pread");
	}
}

static int directory_prepare(void)
{
	for (int i = 0; i < ENTRIES; i++) {
		char entry[16];

		snprintf(entry, sizeof(entry), "entry%d", i);

		int fd = open(bench_path(name, sizeof(name), entry), O_CREAT | O_WRONLY, 0600);

		if (fd < 0)
			return -errno;
		close(fd);
	}
	file_fd = open(bench_directory, O_RDONLY | O_DIRECTORY);
	return file_fd < 0 ? -errno : 0;
}

static void directory_finish(void)
{
	for (int i = 0; i < ENTRIES; i++) {
		char entry[16];

		snprintf(entry, sizeof(entry), "entry%d", i);
		unlink(bench_path(name, sizeof(name), entry));
	}
	close(file_fd);
}

static void directory_operate(long count)
{
	while (count--) {
		bench_check(lseek(file_fd, 0, SEEK_SET), "lseek");
		while (bench_check(syscall(SYS_getdents64, file_fd, block, BLOCK), "getdents64"))
			;
	}
}

static const struct row rows[] = {
	{ .name = "create_delete", .meaning = "create, close and delete an empty file",
	  .operations = 1000, .prepare = name_prepare, .operate = create_operate },
	{ .name = "rename", .meaning = "rename a file and back", .operations = 500,
	  .prepare = file_prepare, .operate = rename_operate, .finish = file_finish },
	{ .name = "write_4k", .meaning = "overwrite 4 KB of a file in memory",
	  .operations = 2000, .prepare = file_prepare, .operate = write_operate,
	  .finish = file_finish },
	{ .name = "reread_kib", .meaning = "read a file in memory by 64 KB, per KiB",
	  .operations = 16384, .prepare = file_prepare, .operate = reread_operate,
	  .finish = file_finish },
	{ .name = "getdents_100", .meaning = "rewind and read a directory of 100 entries",
	  .operations = 200, .prepare = directory_prepare, .operate = directory_operate,
	  .finish = directory_finish },
};

const struct row_table files_table = { rows, ROW_COUNT(rows) };
