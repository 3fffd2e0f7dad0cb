/*
 * Calls that describe files and change their attributes.
 */
#include "syscall/support.h"
#include "vfs/vfs.h"

static void stat_fill(const struct stat_result *from, struct stat *to)
{
	const struct inode_attributes *attributes = &from->attributes;
	struct timespec time;

	to->st_dev = from->device;
	to->st_ino = from->inode;
	to->st_mode = attributes->mode;
	to->st_nlink = attributes->link_count;
	to->st_uid = attributes->uid;
	to->st_gid = attributes->gid;
	to->st_rdev = abi_device_encode(attributes->device >> 32, (uint32_t)attributes->device);
	to->st_size = attributes->size;
	to->st_blksize = from->block_size;
	to->st_blocks = attributes->blocks;
	timespec_from_ns(attributes->times.accessed_ns, &time);
	to->st_atime = time.tv_sec;
	to->st_atime_nsec = time.tv_nsec;
	timespec_from_ns(attributes->times.modified_ns, &time);
	to->st_mtime = time.tv_sec;
	to->st_mtime_nsec = time.tv_nsec;
	timespec_from_ns(attributes->times.changed_ns, &time);
	to->st_ctime = time.tv_sec;
	to->st_ctime_nsec = time.tv_nsec;
}

/* What the stat family has in common: a name, or with AT_EMPTY_PATH perhaps a descriptor. */
static int stat_at(int at, const char *name, unsigned walk_flags, struct stat_result *result)
{
	struct path path;
	int error;

	if (name[0] == '\0' && (walk_flags & WALK_EMPTY_PATH) && at >= 0) {
		struct file_reference reference = descriptor_borrow(at, true);

		if (!reference.file)
			return -EBADF;
		error = vfs_stat_file(reference.file, result);
		descriptor_return(reference);
		return error;
	}
	error = walk(at, name, walk_flags, &path);
	if (error < 0)
		return error;
	error = vfs_stat_path(&path, result);
	path_put(&path);
	return error;
}

static long stat_name(int at, const char *name, unsigned walk_flags, struct stat *status)
{
	struct stat_result result;
	int error = stat_at(at, name, walk_flags, &result);

	if (error == 0)
		stat_fill(&result, status);
	return error;
}

long sys_stat(const char *path, struct stat *status)
{
	return stat_name(AT_FDCWD, path, WALK_FOLLOW, status);
}

long sys_lstat(const char *path, struct stat *status)
{
	return stat_name(AT_FDCWD, path, 0, status);
}

long sys_fstat(struct file *fd, struct stat *status)
{
	struct stat_result result;
	int error = vfs_stat_file(fd, &result);

	if (error == 0)
		stat_fill(&result, status);
	return error;
}

/* AT_* as WALK_*; the caller checked which are allowed. */
static unsigned at_flags(int flags)
{
	return (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
		(flags & AT_EMPTY_PATH ? WALK_EMPTY_PATH : 0);
}

/* An open file may be described by whoever holds it. */
static int describe_require(const char *path, int flags)
{
	if (path[0] == '\0' && (flags & AT_EMPTY_PATH))
		return capability_not_needed();
	return capability_require_file(CAPABILITY_FILE_LIST);
}

long sys_newfstatat(int at, const char *path, struct stat *status, int flags)
{
	int error;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH))
		return -EINVAL;
	error = describe_require(path, flags);
	return error < 0 ? error : stat_name(at, path, at_flags(flags), status);
}

static struct statx_timestamp statx_time(int64_t ns)
{
	struct timespec time;

	timespec_from_ns(ns, &time);
	return (struct statx_timestamp){ .tv_sec = time.tv_sec, .tv_nsec = time.tv_nsec };
}

static void statx_fill(const struct stat_result *from, struct statx *to)
{
	const struct inode_attributes *attributes = &from->attributes;

	to->stx_mask = STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID;
	to->stx_blksize = from->block_size;
	to->stx_attributes = from->flags;
	to->stx_attributes_mask = from->flags_known;
	to->stx_nlink = attributes->link_count;
	to->stx_uid = attributes->uid;
	to->stx_gid = attributes->gid;
	to->stx_mode = attributes->mode;
	to->stx_ino = from->inode;
	to->stx_size = attributes->size;
	to->stx_blocks = attributes->blocks;
	to->stx_atime = statx_time(attributes->times.accessed_ns);
	to->stx_btime = statx_time(attributes->times.born_ns);
	to->stx_ctime = statx_time(attributes->times.changed_ns);
	to->stx_mtime = statx_time(attributes->times.modified_ns);
	to->stx_rdev_major = attributes->device >> 32;
	to->stx_rdev_minor = (uint32_t)attributes->device;
	to->stx_dev_major = abi_device_major(from->device);
	to->stx_dev_minor = abi_device_minor(from->device);
	to->stx_mnt_id = from->mount_id;
}

long sys_statx(int at, const char *path, int flags, unsigned mask, struct statx *status)
{
	struct stat_result result;
	int error;

	if (mask & STATX_RESERVED)
		return -EINVAL;
	if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH |
		       AT_STATX_SYNC_TYPE)) || (flags & AT_STATX_SYNC_TYPE) == AT_STATX_SYNC_TYPE)
		return -EINVAL;
	error = describe_require(path, flags);
	if (error == 0)
		error = stat_at(at, path, at_flags(flags), &result);
	if (error == 0)
		statx_fill(&result, status);
	return error;
}

static long access_at(int at, const char *name, int mode, int flags)
{
	struct path path;
	unsigned may = (mode & R_OK ? MAY_READ : 0) | (mode & W_OK ? MAY_WRITE : 0) |
		(mode & X_OK ? MAY_EXECUTE : 0);
	int result;

	if (mode & ~(R_OK | W_OK | X_OK))
		return -EINVAL;
	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EACCESS | AT_EMPTY_PATH))
		return -EINVAL;
	result = walk(at, name, at_flags(flags), &path);
	if (result < 0)
		return result;
	result = vfs_access(&path, may, flags & AT_EACCESS);
	path_put(&path);
	return result;
}

long sys_access(const char *path, int mode)
{
	return access_at(AT_FDCWD, path, mode, 0);
}

long sys_faccessat(int at, const char *path, int mode)
{
	return access_at(at, path, mode, 0);
}

long sys_faccessat2(int at, const char *path, int mode, int flags)
{
	return access_at(at, path, mode, flags);
}

long sys_readlinkat(int at, const char *name, user_address_t buffer, int size)
{
	struct path path;
	int result;

	if (size <= 0)
		return -EINVAL;
	result = walk(at, name, WALK_EMPTY_PATH, &path);
	if (result < 0)
		return result == -ENOENT && name[0] == '\0' ? -ENOENT : result;
	result = vfs_read_link(&path, buffer, size);
	path_put(&path);
	return result;
}

long sys_readlink(const char *path, user_address_t buffer, int size)
{
	if (path[0] == '\0')
		return -ENOENT;
	return sys_readlinkat(AT_FDCWD, path, buffer, size);
}

static void statfs_fill(const struct statfs_result *from, struct statfs *to)
{
	to->f_type = from->type;
	to->f_bsize = from->block_size;
	to->f_blocks = from->blocks;
	to->f_bfree = from->blocks_free;
	to->f_bavail = from->blocks_available;
	to->f_files = from->files;
	to->f_ffree = from->files_free;
	to->f_fsid[0] = from->id[0];
	to->f_fsid[1] = from->id[1];
	to->f_namelen = from->name_length;
	to->f_frsize = from->block_size;
	to->f_flags = from->flags;
}

long sys_statfs(const char *name, struct statfs *status)
{
	struct statfs_result statistics;
	struct path path;
	int result = walk(AT_FDCWD, name, WALK_FOLLOW, &path);

	if (result < 0)
		return result;
	result = vfs_statistics(&path, &statistics);
	path_put(&path);
	if (result == 0)
		statfs_fill(&statistics, status);
	return result;
}

long sys_fstatfs(struct file *fd, struct statfs *status)
{
	struct statfs_result statistics;
	struct path path = { .mount = fd->mount, .name = fd->name };
	int result = vfs_statistics_file(fd, &path, &statistics);

	if (result == 0)
		statfs_fill(&statistics, status);
	return result;
}
