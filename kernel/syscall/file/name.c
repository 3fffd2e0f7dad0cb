/*
 * Calls on file names: opening, making, renaming, removing, directories.
 */
#include "arch/pages.h"
#include "base/error_pointer.h"
#include "syscall/support.h"
#include "task/thread.h"
#include "vfs/directories.h"
#include "vfs/vfs.h"

/* The rights that opening with these flags takes. */
static int open_require(unsigned flags)
{
	unsigned mode = flags & O_ACCMODE;
	int result = 0;

	if (flags & O_PATH)
		return capability_require_file(CAPABILITY_FILE_LIST);
	if (mode == O_RDONLY || mode == O_RDWR || mode == O_ACCMODE)
		result = capability_require_file(flags & O_DIRECTORY ? CAPABILITY_FILE_LIST :
						 CAPABILITY_FILE_READ);
	if (result == 0 && (mode == O_WRONLY || mode == O_RDWR || (flags & O_TRUNC)))
		result = capability_require_file(CAPABILITY_FILE_WRITE);
	if (result == 0 && ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE))
		result = capability_require_file(CAPABILITY_FILE_CREATE);
	return result;
}

/* What was asked for as a file may turn out to be a directory, which is there to be listed. */
static int opened_require(const struct file *file, unsigned flags)
{
	if ((flags & (O_PATH | O_DIRECTORY)) || !file->inode || !inode_is_directory(file->inode))
		return 0;
	return capability_require_file(CAPABILITY_FILE_LIST);
}

static long open_by(int at, const char *path, const struct open_request *request)
{
	struct file *file;
	int fd, result = open_require(request->flags);

	if (result < 0)
		return result;
	fd = descriptor_reserve(0, request->flags & O_CLOEXEC);
	if (fd < 0)
		return fd;
	result = vfs_open(at, path, request, &file);
	if (result == 0) {
		result = opened_require(file, request->flags);
		if (result < 0)
			file_put_now(file);
	}
	if (result < 0) {
		descriptor_release(fd);
		return result;
	}
	descriptor_install(fd, file);
	return fd;
}

/* open() ignores what it does not know; openat2() refuses it. */
#define OPEN_FLAGS_KNOWN (O_ACCMODE | O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_APPEND | \
			  O_NONBLOCK | O_SYNC | O_DSYNC | O_ASYNC | O_DIRECT | O_LARGEFILE | \
			  O_DIRECTORY | O_NOFOLLOW | O_NOATIME | O_CLOEXEC | O_PATH | O_TMPFILE)

long sys_openat(int at, const char *path, int flags, uint16_t mode)
{
	struct open_request request = { .flags = flags & OPEN_FLAGS_KNOWN, .mode = mode & 07777 };

	/* With O_PATH only these matter (open(2)). */
	if (flags & O_PATH)
		request.flags &= O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	return open_by(at, path, &request);
}

long sys_open(const char *path, int flags, uint16_t mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(const char *path, uint16_t mode)
{
	return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* A structure of a program that may be of an older or newer version: known bytes are copied,
 * missing ones are zero, unknown ones must be zero (-E2BIG). */
int structure_fetch(void *to, size_t known, user_address_t from, size_t size, size_t minimum)
{
	uint8_t rest[64];

	if (size < minimum)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	memset(to, 0, known);
	if (user_copy_in(to, from, min(size, known)) < 0)
		return -EFAULT;
	for (size_t done = known; done < size; done += sizeof(rest)) {
		size_t part = min(sizeof(rest), size - done);

		if (user_copy_in(rest, from + done, part) < 0)
			return -EFAULT;
		for (size_t i = 0; i < part; i++) {
			if (rest[i] != 0)
				return -E2BIG;
		}
	}
	return 0;
}

static unsigned resolve_flags(uint64_t resolve)
{
	return (resolve & RESOLVE_NO_XDEV ? WALK_NO_CROSSING : 0) |
		(resolve & RESOLVE_NO_MAGICLINKS ? WALK_NO_MAGIC_LINKS : 0) |
		(resolve & RESOLVE_NO_SYMLINKS ? WALK_NO_SYMLINKS | WALK_NO_MAGIC_LINKS : 0) |
		(resolve & RESOLVE_BENEATH ? WALK_BENEATH : 0) |
		(resolve & RESOLVE_IN_ROOT ? WALK_IN_ROOT : 0) |
		(resolve & RESOLVE_CACHED ? WALK_CACHED : 0);
}

static int open_how_check(const struct open_how *how)
{
	uint64_t known = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS |
		RESOLVE_BENEATH | RESOLVE_IN_ROOT | RESOLVE_CACHED;
	bool creates = (how->flags & O_CREAT) || (how->flags & O_TMPFILE) == O_TMPFILE;

	if ((how->flags & ~(uint64_t)OPEN_FLAGS_KNOWN) || (how->resolve & ~known))
		return -EINVAL;
	if ((how->resolve & RESOLVE_BENEATH) && (how->resolve & RESOLVE_IN_ROOT))
		return -EINVAL;
	if ((how->resolve & RESOLVE_CACHED) && (creates || (how->flags & O_TRUNC)))
		return -EAGAIN;
	if (creates ? how->mode & ~(uint64_t)07777 : how->mode != 0)
		return -EINVAL;
	if ((how->flags & O_PATH) &&
	    (how->flags & ~(uint64_t)(O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)))
		return -EINVAL;
	if ((how->flags & O_DIRECTORY) && (how->flags & O_CREAT))
		return -EINVAL;
	return 0;
}

long sys_openat2(int at, const char *path, user_address_t address, size_t size)
{
	struct open_how how;
	struct open_request request;
	int result = structure_fetch(&how, sizeof(how), address, size, sizeof(how));

	if (result == 0)
		result = open_how_check(&how);
	if (result < 0)
		return result;
	request = (struct open_request){
		.flags = how.flags,
		.mode = how.mode,
		.walk_flags = resolve_flags(how.resolve),
	};
	return open_by(at, path, &request);
}

long sys_mkdirat(int at, const char *path, uint16_t mode)
{
	return vfs_make_directory(at, path, mode);
}

long sys_mkdir(const char *path, uint16_t mode)
{
	return vfs_make_directory(AT_FDCWD, path, mode);
}

long sys_rmdir(const char *path)
{
	return vfs_remove_directory(AT_FDCWD, path);
}

long sys_unlink(const char *path)
{
	return vfs_unlink(AT_FDCWD, path);
}

long sys_unlinkat(int at, const char *path, int flags)
{
	if (flags & ~AT_REMOVEDIR)
		return -EINVAL;
	return flags ? vfs_remove_directory(at, path) : vfs_unlink(at, path);
}

long sys_linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return vfs_link(from_at, from, to_at, to, flags);
}

long sys_link(const char *from, const char *to)
{
	return vfs_link(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_symlinkat(const char *target, int at, const char *path)
{
	return vfs_make_symlink(target, at, path);
}

long sys_symlink(const char *target, const char *path)
{
	return vfs_make_symlink(target, AT_FDCWD, path);
}

long sys_renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
	if (flags & ~(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)))
		return -EINVAL;
	return vfs_rename(from_at, from, to_at, to, flags);
}

long sys_renameat(int from_at, const char *from, int to_at, const char *to)
{
	return vfs_rename(from_at, from, to_at, to, 0);
}

long sys_rename(const char *from, const char *to)
{
	return vfs_rename(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_mknodat(int at, const char *path, uint16_t mode, unsigned device)
{
	return vfs_make_node(at, path, mode, (uint64_t)abi_device_major(device) << 32 |
			     abi_device_minor(device));
}

long sys_mknod(const char *path, uint16_t mode, unsigned device)
{
	return sys_mknodat(AT_FDCWD, path, mode, device);
}

long sys_chdir(const char *path)
{
	struct path directory;
	int result = walk(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY, &directory);

	if (result < 0)
		return result;
	result = directory_working_set(&directory);
	path_put(&directory);
	return result;
}

long sys_fchdir(struct file *fd)
{
	struct path directory = { .mount = fd->mount, .name = fd->name };

	if (!fd->name || !fd->inode || inode_type(fd->inode) != S_IFDIR)
		return -ENOTDIR;
	return directory_working_set(&directory);
}

long sys_chroot(const char *path)
{
	struct path directory;
	int result = walk(AT_FDCWD, path, WALK_FOLLOW | WALK_DIRECTORY, &directory);

	if (result < 0)
		return result;
	result = directory_root_set(&directory);
	path_put(&directory);
	return result;
}

long sys_getcwd(user_address_t buffer, unsigned long size)
{
	struct path working, root;
	char *block, *text;
	long length;
	int result = call_path_block(&block);

	if (result < 0)
		return result;
	directory_working_get(directory_state_current(), &working);
	directory_root_get(directory_state_current(), &root);
	text = path_describe(&working, &root, block, PATH_MAXIMUM);
	if (is_error(text)) {
		length = pointer_error(text);
	} else if (name_is_deleted(working.name)) {
		length = -ENOENT;
	} else {
		length = strlen(text) + 1;
		if ((unsigned long)length > size)
			length = -ERANGE;
		else if (user_copy_out(buffer, text, length) < 0)
			length = -EFAULT;
	}
	path_put(&root);
	path_put(&working);
	call_path_put(block);
	return length;
}

long sys_umask(int mask)
{
	return directory_umask_set(mask & 0777);
}

long sys_inotify_add_watch(struct file *fd, const char *name, unsigned mask)
{
	struct path path;
	unsigned flags = (mask & IN_DONT_FOLLOW ? 0 : WALK_FOLLOW) |
		(mask & IN_ONLYDIR ? WALK_DIRECTORY : 0);
	int result = walk(AT_FDCWD, name, flags, &path);

	if (result < 0)
		return result;
	result = notify_watch_add(fd, &path, mask);
	path_put(&path);
	return result;
}
