/*
 * stat(2), statx(2), statfs(2), mount(2) and getdents(2).
 */
#ifndef ABI_STAT_H
#define ABI_STAT_H

#include "base/types.h"
#include "base/compiler.h"

#include <abi/machine/stat.h>	/* struct stat */

struct statx_timestamp {
	int64_t tv_sec;
	uint32_t tv_nsec;
	int32_t reserved;
};

struct statx {
	uint32_t stx_mask, stx_blksize;
	uint64_t stx_attributes;
	uint32_t stx_nlink, stx_uid, stx_gid;
	uint16_t stx_mode, spare0;
	uint64_t stx_ino, stx_size, stx_blocks, stx_attributes_mask;
	struct statx_timestamp stx_atime, stx_btime, stx_ctime, stx_mtime;
	uint32_t stx_rdev_major, stx_rdev_minor, stx_dev_major, stx_dev_minor;
	uint64_t stx_mnt_id;
	uint32_t stx_dio_mem_align, stx_dio_offset_align;
	uint64_t spare3[12];
};
static_assert(sizeof(struct statx) == 256, "struct statx of Linux");
enum {
	STATX_BASIC_STATS = 0x7ff, STATX_BTIME = 0x800, STATX_MNT_ID = 0x1000,
	STATX_DIOALIGN = 0x2000,
	STATX_ATTR_IMMUTABLE = 0x10, STATX_ATTR_APPEND = 0x20, STATX_ATTR_MOUNT_ROOT = 0x2000,
};
#define STATX_RESERVED 0x80000000u

struct statfs {
	int64_t f_type, f_bsize;
	uint64_t f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	int32_t f_fsid[2];
	int64_t f_namelen, f_frsize, f_flags, f_spare[4];
};
static_assert(sizeof(struct statfs) == 120, "struct statfs of Linux");
enum { ST_VALID = 0x20, ST_RDONLY = 1, ST_NOSUID = 2, ST_NODEV = 4, ST_NOEXEC = 8,
	ST_NOATIME = 1024, ST_NODIRATIME = 2048, ST_RELATIME = 4096 };
enum {
	TMPFS_MAGIC = 0x01021994, RAMFS_MAGIC = 0x858458f6, PROC_SUPER_MAGIC = 0x9fa0,
	SYSFS_MAGIC = 0x62656572, DEVPTS_SUPER_MAGIC = 0x1cd1, PIPEFS_MAGIC = 0x50495045,
	ANON_INODE_FS_MAGIC = 0x09041934, SOCKFS_MAGIC = 0x534f434b,
	NSFS_MAGIC = 0x6e736673,
};

struct linux_dirent64 {
	uint64_t d_ino;
	int64_t d_off;
	uint16_t d_reclen;
	uint8_t d_type;
	char d_name[];
};

struct linux_dirent {
	uint64_t d_ino;
	uint64_t d_off;
	uint16_t d_reclen;
	char d_name[];		/* terminator, padding, then the type in the last byte */
};

enum {
	MS_RDONLY = 1, MS_NOSUID = 2, MS_NODEV = 4, MS_NOEXEC = 8, MS_SYNCHRONOUS = 16,
	MS_REMOUNT = 32, MS_MANDLOCK = 64, MS_DIRSYNC = 128, MS_NOSYMFOLLOW = 256,
	MS_NOATIME = 1024, MS_NODIRATIME = 2048, MS_BIND = 4096, MS_MOVE = 8192, MS_REC = 16384,
	MS_SILENT = 32768, MS_POSIXACL = 1 << 16, MS_UNBINDABLE = 1 << 17, MS_PRIVATE = 1 << 18,
	MS_SLAVE = 1 << 19, MS_SHARED = 1 << 20, MS_RELATIME = 1 << 21, MS_STRICTATIME = 1 << 24,
	MS_LAZYTIME = 1 << 25,
};
enum { MNT_FORCE = 1, MNT_DETACH = 2, MNT_EXPIRE = 4, UMOUNT_NOFOLLOW = 8 };

/* Linux's encoding of a device number for programs (32 bits of stat, 64 of statx parts). */
static inline uint64_t abi_device_encode(uint32_t major, uint32_t minor)
{
	return (minor & 0xff) | (uint64_t)(major & 0xfff) << 8 |
		(uint64_t)(minor & ~0xffu) << 12 | (uint64_t)(major & ~0xfffu) << 32;
}

static inline uint32_t abi_device_major(uint64_t encoded)
{
	return (uint32_t)((encoded >> 8 & 0xfff) | (encoded >> 32 & ~0xfffull));
}

static inline uint32_t abi_device_minor(uint64_t encoded)
{
	return (uint32_t)((encoded & 0xff) | (encoded >> 12 & ~0xffull));
}

#endif
