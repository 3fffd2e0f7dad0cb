/*
 * Mounting, and writing file systems back.
 */
#include "arch/pages.h"
#include "base/arithmetic.h"
#include "syscall/support.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"

/* The upper half of the flags may carry a magic number from the days before Linux 2.4. */
#define MS_MGC_VAL 0xc0ed0000ul
#define MS_MGC_MSK 0xffff0000ul

long sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
	       user_address_t data)
{
	struct path path;
	char *options = NULL;
	int result;

	if (!privilege_is_held(PRIVILEGE_SYS_ADMIN))
		return -EPERM;
	if ((flags & MS_MGC_MSK) == MS_MGC_VAL)
		flags &= ~MS_MGC_MSK;
	if (data) {
		result = call_path_get(&options, data, true);
		if (result < 0)
			return result == -ENAMETOOLONG ? -EINVAL : result;
	}
	result = walk(AT_FDCWD, target, WALK_FOLLOW, &path);
	if (result == 0) {
		result = mount_call(source, &path, type, flags, options);
		path_put(&path);
	}
	call_path_put(options);
	return result;
}

long sys_umount2(const char *name, int flags)
{
	struct path path;
	int result;

	if (flags & ~(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (!privilege_is_held(PRIVILEGE_SYS_ADMIN))
		return -EPERM;
	result = walk(AT_FDCWD, name, flags & UMOUNT_NOFOLLOW ? 0 : WALK_FOLLOW, &path);
	if (result < 0)
		return result;
	result = unmount_call(&path, flags);
	path_put(&path);
	return result;
}

long sys_pivot_root(const char *new_root, const char *put_old)
{
	struct path root, old;
	int result;

	if (!privilege_is_held(PRIVILEGE_SYS_ADMIN))
		return -EPERM;
	result = walk(AT_FDCWD, new_root, WALK_FOLLOW | WALK_DIRECTORY, &root);
	if (result < 0)
		return result;
	result = walk(AT_FDCWD, put_old, WALK_FOLLOW | WALK_DIRECTORY, &old);
	if (result == 0) {
		result = mount_pivot(&root, &old);
		path_put(&old);
	}
	path_put(&root);
	return result;
}

static long sync_file(struct file *file, bool data_only)
{
	if (!file->operations->sync)
		return -EINVAL;
	return file->operations->sync(file, 0, INT64_MAX, data_only);
}

long sys_fsync(struct file *fd)
{
	return sync_file(fd, false);
}

long sys_fdatasync(struct file *fd)
{
	return sync_file(fd, true);
}

long sys_syncfs(struct file *fd)
{
	struct superblock *superblock = fd->inode ? fd->inode->superblock : NULL;

	if (!superblock || !superblock->operations->sync)
		return 0;
	return superblock->operations->sync(superblock, true);
}

long sys_sync(void)
{
	/* sync(2) reports nothing; errors stay with the files for their next fsync. */
	(void)filesystems_sync_all();
	return 0;
}

long sys_fadvise64(struct file *fd, int64_t position, int64_t length, int advice)
{
	if (fd->mode & FILE_STREAM)
		return -ESPIPE;
	if (length < 0 || advice < POSIX_FADV_NORMAL || advice > POSIX_FADV_NOREUSE)
		return -EINVAL;
	if (advice == POSIX_FADV_DONTNEED && fd->inode && fd->inode->cache && position >= 0) {
		uint64_t end = length == 0 || length > INT64_MAX - position ? INT64_MAX :
			position + length;

		/* Whole pages only. */
		if (end >= PAGE_SIZE)
			page_cache_drop(fd->inode->cache, divide_up_u64(position, PAGE_SIZE),
					end / PAGE_SIZE - 1);
	}
	return 0;
}
