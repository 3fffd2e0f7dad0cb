/*
 * struct stat of this CPU: stat(2).
 */
#ifndef ABI_MACHINE_STAT_H
#define ABI_MACHINE_STAT_H

#include "base/compiler.h"
#include "base/types.h"

struct stat {
	uint64_t st_dev, st_ino;
	uint32_t st_mode, st_nlink, st_uid, st_gid;
	uint64_t st_rdev, padding;
	int64_t st_size;
	int32_t st_blksize, padding2;
	int64_t st_blocks;
	int64_t st_atime, st_atime_nsec, st_mtime, st_mtime_nsec, st_ctime, st_ctime_nsec;
	uint32_t unused[2];
};
static_assert(sizeof(struct stat) == 128, "struct stat of Linux");

#endif
