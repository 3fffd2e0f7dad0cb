/*
 * struct stat of this CPU: stat(2).
 */
#ifndef ABI_MACHINE_STAT_H
#define ABI_MACHINE_STAT_H

#include "base/compiler.h"
#include "base/types.h"

struct stat {
	uint64_t st_dev, st_ino, st_nlink;
	uint32_t st_mode, st_uid, st_gid, padding;
	uint64_t st_rdev;
	int64_t st_size, st_blksize, st_blocks;
	int64_t st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
	int64_t unused[3];
};
static_assert(sizeof(struct stat) == 144, "struct stat of Linux");

#endif
