/*
 * Calls that change attributes: permission bits, owners, times, lengths, extended attributes.
 */
#include "memory/heap.h"
#include "syscall/support.h"
#include "vfs/vfs.h"

static long change_at(int at, const char *name, unsigned walk_flags,
		      struct attribute_change *change)
{
	struct path path;
	int result = walk(at, name, walk_flags, &path);

	if (result < 0)
		return result;
	result = vfs_change(&path, change);
	path_put(&path);
	return result;
}

long sys_fchmodat(int at, const char *path, uint16_t mode)
{
	struct attribute_change change = { .mask = CHANGE_MODE, .mode = mode & 07777 };

	return change_at(at, path, WALK_FOLLOW, &change);
}

long sys_chmod(const char *path, uint16_t mode)
{
	return sys_fchmodat(AT_FDCWD, path, mode);
}

long sys_fchmod(struct file *fd, uint16_t mode)
{
	struct attribute_change change = { .mask = CHANGE_MODE, .mode = mode & 07777 };

	return vfs_change_file(fd, &change);
}

/* -1 leaves an id as it is. */
static struct attribute_change owner_change(unsigned uid, unsigned gid)
{
	return (struct attribute_change){
		.mask = (uid != UINT32_MAX ? CHANGE_UID : 0) | (gid != UINT32_MAX ? CHANGE_GID : 0),
		.uid = uid,
		.gid = gid,
	};
}

long sys_fchownat(int at, const char *path, unsigned uid, unsigned gid, int flags)
{
	struct attribute_change change = owner_change(uid, gid);

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	return change_at(at, path, (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
			 (flags & AT_EMPTY_PATH ? WALK_EMPTY_PATH : 0), &change);
}

long sys_chown(const char *path, unsigned uid, unsigned gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, 0);
}

long sys_lchown(const char *path, unsigned uid, unsigned gid)
{
	return sys_fchownat(AT_FDCWD, path, uid, gid, AT_SYMLINK_NOFOLLOW);
}

long sys_fchown(struct file *fd, unsigned uid, unsigned gid)
{
	struct attribute_change change = owner_change(uid, gid);

	return vfs_change_file(fd, &change);
}

/* A time of a file, before 1970 too. What 64 bits of nanoseconds cannot say becomes the nearest
 * that they can, as on any file system of Linux with bounds of its own. */
static int64_t file_time(int64_t seconds, int64_t ns)
{
	return clamp(seconds, -INT64_MAX / NANOSECONDS_PER_SECOND,
		     INT64_MAX / NANOSECONDS_PER_SECOND - 1) * NANOSECONDS_PER_SECOND + ns;
}

/* Both times now: allowed to whoever may write. */
static const struct attribute_change times_now = {
	.mask = CHANGE_ACCESSED | CHANGE_MODIFIED | CHANGE_ACCESSED_NOW | CHANGE_MODIFIED_NOW,
};

/* One time of utimensat: sets, leaves or takes the present. */
static int time_choose(const struct timespec *time, uint32_t set, uint32_t now,
		       struct attribute_change *change, int64_t *ns)
{
	if (time->tv_nsec == UTIME_OMIT)
		return 0;
	change->mask |= set;
	if (time->tv_nsec == UTIME_NOW) {
		change->mask |= now;
		return 0;
	}
	if ((uint64_t)time->tv_nsec >= NANOSECONDS_PER_SECOND)
		return -EINVAL;
	*ns = file_time(time->tv_sec, time->tv_nsec);
	return 0;
}

/* NULL as a name: the descriptor itself. */
static long times_at(int at, const char *path, unsigned walk_flags,
		     struct attribute_change *change)
{
	struct file_reference reference;
	long result;

	if (path)
		return change_at(at, path, walk_flags, change);
	reference = descriptor_borrow(at, false);
	if (!reference.file)
		return at == AT_FDCWD ? -EFAULT : -EBADF;
	result = vfs_change_file(reference.file, change);
	descriptor_return(reference);
	return result;
}

long sys_utimensat(int at, const char *path, user_address_t times, int flags)
{
	struct attribute_change change = times_now;
	struct timespec both[2];
	int result = 0;

	if (times) {
		if (user_copy_in(both, times, sizeof(both)) < 0)
			return -EFAULT;
		change = (struct attribute_change){ 0 };
		/* Nothing to do wins over a bad name (utimensat(2)). */
		if (both[0].tv_nsec == UTIME_OMIT && both[1].tv_nsec == UTIME_OMIT)
			return 0;
		result = time_choose(&both[0], CHANGE_ACCESSED, CHANGE_ACCESSED_NOW, &change,
				     &change.accessed_ns);
		if (result == 0)
			result = time_choose(&both[1], CHANGE_MODIFIED, CHANGE_MODIFIED_NOW,
					     &change, &change.modified_ns);
	}
	if (result == 0 && ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) || (!path && flags)))
		result = -EINVAL;
	if (result < 0)
		return result;
	return times_at(at, path, (flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW) |
			(flags & AT_EMPTY_PATH ? WALK_EMPTY_PATH : 0), &change);
}

long sys_futimesat(int at, const char *path, user_address_t times)
{
	struct attribute_change change = times_now;
	struct timeval both[2];

	if (times) {
		if (user_copy_in(both, times, sizeof(both)) < 0)
			return -EFAULT;
		if ((uint64_t)both[0].tv_usec >= 1000000 || (uint64_t)both[1].tv_usec >= 1000000)
			return -EINVAL;
		change = (struct attribute_change){ .mask = CHANGE_ACCESSED | CHANGE_MODIFIED };
		change.accessed_ns = file_time(both[0].tv_sec,
					       both[0].tv_usec * NANOSECONDS_PER_MICROSECOND);
		change.modified_ns = file_time(both[1].tv_sec,
					       both[1].tv_usec * NANOSECONDS_PER_MICROSECOND);
	}
	return times_at(at, path, WALK_FOLLOW, &change);
}

long sys_utimes(const char *path, user_address_t times)
{
	return sys_futimesat(AT_FDCWD, path, times);
}

long sys_utime(const char *path, const struct utimbuf *times)
{
	struct attribute_change change = times_now;

	if (times) {
		change = (struct attribute_change){
			.mask = CHANGE_ACCESSED | CHANGE_MODIFIED,
			.accessed_ns = file_time(times->actime, 0),
			.modified_ns = file_time(times->modtime, 0),
		};
	}
	return change_at(AT_FDCWD, path, WALK_FOLLOW, &change);
}

long sys_truncate(const char *path, int64_t length)
{
	struct attribute_change change = { .mask = CHANGE_SIZE, .size = length };

	if (length < 0)
		return -EINVAL;
	return change_at(AT_FDCWD, path, WALK_FOLLOW, &change);
}

long sys_ftruncate(struct file *fd, int64_t length)
{
	if (length < 0)
		return -EINVAL;
	return vfs_truncate_file(fd, length);
}

long sys_fallocate(struct file *fd, int mode, int64_t position, int64_t length)
{
	return vfs_allocate(fd, mode, position, length);
}

/* The name of an extended attribute from the program. -EFAULT, -ERANGE. */
static int attribute_name(char *name, user_address_t address)
{
	long length = user_copy_string(name, address, ATTRIBUTE_NAME_MAXIMUM + 1);

	if (length < 0)
		return length == -ENAMETOOLONG ? -ERANGE : length;
	return length == 0 ? -ERANGE : 0;
}

static long attribute_set(const struct path *path, user_address_t name_address,
			  user_address_t value, size_t size, int flags)
{
	char name[ATTRIBUTE_NAME_MAXIMUM + 1];
	void *copy = NULL;
	long result;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	result = attribute_name(name, name_address);
	if (result < 0)
		return result;
	if (size > ATTRIBUTE_VALUE_MAXIMUM)
		return -E2BIG;
	if (size > 0) {
		copy = heap_allocate(size, HEAP_RAW | HEAP_ACCOUNT);
		if (!copy)
			return -ENOMEM;
		result = user_copy_in(copy, value, size);
	}
	if (result == 0)
		result = vfs_attribute_set(path, name, copy, size, flags);
	heap_free(copy);
	return result;
}

typedef long (*attribute_reader)(const struct path *path, const char *name, void *data,
				 size_t size);

static long list_reader(const struct path *path, const char *name, void *data, size_t size)
{
	(void)name;
	return vfs_attribute_list(path, data, size);
}

/* Reads into a kernel block of at most the maximum; size 0 asks for the length only. */
static long attribute_read(const struct path *path, attribute_reader read, const char *name,
			   user_address_t to, size_t size)
{
	void *block = NULL;
	long result;

	size = min(size, (size_t)ATTRIBUTE_VALUE_MAXIMUM);
	if (size > 0) {
		block = heap_allocate(size, HEAP_ACCOUNT);
		if (!block)
			return -ENOMEM;
	}
	result = read(path, name, block, size);
	if (result > 0 && size > 0 && user_copy_out(to, block, result) < 0)
		result = -EFAULT;
	heap_free(block);
	return result;
}

static long attribute_get(const struct path *path, user_address_t name_address, user_address_t to,
			  size_t size)
{
	char name[ATTRIBUTE_NAME_MAXIMUM + 1];
	int result = attribute_name(name, name_address);

	return result < 0 ? result : attribute_read(path, vfs_attribute_get, name, to, size);
}

static long attribute_remove(const struct path *path, user_address_t name_address)
{
	char name[ATTRIBUTE_NAME_MAXIMUM + 1];
	int result = attribute_name(name, name_address);

	return result < 0 ? result : vfs_attribute_remove(path, name);
}

static struct path file_path(struct file *file)
{
	return (struct path){ .mount = file->mount, .name = file->name };
}

/* Runs `expression` on `resolved`, the path of a name. */
#define WITH_PATH(name, walk_flags, expression) ({ \
	struct path resolved; \
	long result_ = walk(AT_FDCWD, (name), (walk_flags), &resolved); \
	if (result_ == 0) { \
		result_ = (expression); \
		path_put(&resolved); \
	} \
	result_; })

/* The same on the path of an open file, which anonymous ones do not have. */
#define WITH_FILE(file, expression) ({ \
	struct path resolved = file_path(file); \
	resolved.name ? (long)(expression) : (long)-EOPNOTSUPP; })

long sys_setxattr(const char *path, user_address_t name, user_address_t value, size_t size,
		  int flags)
{
	return WITH_PATH(path, WALK_FOLLOW, attribute_set(&resolved, name, value, size, flags));
}

long sys_lsetxattr(const char *path, user_address_t name, user_address_t value, size_t size,
		   int flags)
{
	return WITH_PATH(path, 0, attribute_set(&resolved, name, value, size, flags));
}

long sys_fsetxattr(struct file *fd, user_address_t name, user_address_t value, size_t size,
		   int flags)
{
	return WITH_FILE(fd, attribute_set(&resolved, name, value, size, flags));
}

long sys_getxattr(const char *path, user_address_t name, user_address_t value, size_t size)
{
	return WITH_PATH(path, WALK_FOLLOW, attribute_get(&resolved, name, value, size));
}

long sys_lgetxattr(const char *path, user_address_t name, user_address_t value, size_t size)
{
	return WITH_PATH(path, 0, attribute_get(&resolved, name, value, size));
}

long sys_fgetxattr(struct file *fd, user_address_t name, user_address_t value, size_t size)
{
	return WITH_FILE(fd, attribute_get(&resolved, name, value, size));
}

long sys_listxattr(const char *path, user_address_t names, size_t size)
{
	return WITH_PATH(path, WALK_FOLLOW,
			 attribute_read(&resolved, list_reader, NULL, names, size));
}

long sys_llistxattr(const char *path, user_address_t names, size_t size)
{
	return WITH_PATH(path, 0, attribute_read(&resolved, list_reader, NULL, names, size));
}

long sys_flistxattr(struct file *fd, user_address_t names, size_t size)
{
	return WITH_FILE(fd, attribute_read(&resolved, list_reader, NULL, names, size));
}

long sys_removexattr(const char *path, user_address_t name)
{
	return WITH_PATH(path, WALK_FOLLOW, attribute_remove(&resolved, name));
}

long sys_lremovexattr(const char *path, user_address_t name)
{
	return WITH_PATH(path, 0, attribute_remove(&resolved, name));
}

long sys_fremovexattr(struct file *fd, user_address_t name)
{
	return WITH_FILE(fd, attribute_remove(&resolved, name));
}
