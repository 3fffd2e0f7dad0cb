/*
 * chmod, chown, utimensat, truncate, fallocate and access, on what a path or a file names.
 */
#include "base/errno.h"
#include "file/file.h"
#include "memory/page_cache.h"
#include "task/credentials.h"
#include "task/limits.h"
#include "task/signal.h"
#include "task/thread.h"
#include "vfs/mount_table.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>
#include <abi/signal.h>
#include <abi/stat.h>

#define CHANGE_TIMES \
	(CHANGE_ACCESSED | CHANGE_MODIFIED | CHANGE_ACCESSED_NOW | CHANGE_MODIFIED_NOW)
#define CHANGE_TOUCH (CHANGE_ACCESSED_NOW | CHANGE_MODIFIED_NOW)

static int may_change_owner(struct inode *inode, const struct attribute_change *change)
{
	const struct credentials *credentials = credentials_current();
	struct inode_attributes *attributes = &inode->attributes;
	bool is_owner = attributes->uid == credentials->fsuid;

	if ((change->mask & CHANGE_UID) && !(is_owner && change->uid == attributes->uid) &&
	    !privilege_is_held(PRIVILEGE_CHOWN))
		return -EPERM;
	if ((change->mask & CHANGE_GID) &&
	    !(is_owner && (change->gid == attributes->gid || change->gid == credentials->fsgid ||
			   credentials_has_group(credentials, change->gid))) &&
	    !privilege_is_held(PRIVILEGE_CHOWN))
		return -EPERM;
	return 0;
}

/* setattr_prepare() of Linux: who may change what. Inode lock held. */
static int may_change(struct inode *inode, struct attribute_change *change)
{
	uint32_t times = change->mask & CHANGE_TIMES;
	int error;

	if (inode->state & (INODE_IMMUTABLE | INODE_APPEND_ONLY))
		return -EPERM;
	if (times == CHANGE_TOUCH && !inode_is_owner(inode)) {
		error = inode_permission(inode, MAY_WRITE);
		if (error)
			return error;
	}
	error = may_change_owner(inode, change);
	if (error)
		return error;
	if ((change->mask & CHANGE_MODE) && !inode_is_owner(inode))
		return -EPERM;
	if ((change->mask & CHANGE_MODE) &&
	    !inode_may_keep_setgid(inode, change->mask & CHANGE_GID ? change->gid
								    : inode->attributes.gid))
		change->mode &= (uint16_t)~S_ISGID;
	if (times && times != CHANGE_TOUCH && !inode_is_owner(inode))
		return -EPERM;
	return 0;
}

/* Set-id bits do not outlive a change of owner or of contents. */
static void drop_set_id(struct inode *inode, struct attribute_change *change)
{
	uint16_t mode = change->mask & CHANGE_MODE ? change->mode : inode->attributes.mode;
	uint16_t dropped = mode & S_ISUID;

	if ((mode & (S_ISGID | 0010)) == (S_ISGID | 0010))
		dropped |= S_ISGID;
	if (dropped) {
		change->mask |= CHANGE_MODE;
		change->mode = mode & 07777 & ~dropped;
	}
}

static void change_notify(const struct path *path, uint32_t mask)
{
	uint32_t accessed = CHANGE_ACCESSED | CHANGE_ACCESSED_NOW;
	uint32_t modified = CHANGE_MODIFIED | CHANGE_MODIFIED_NOW;
	uint32_t event = 0;

	if (mask & (CHANGE_MODE | CHANGE_UID | CHANGE_GID))
		event |= IN_ATTRIB;
	if (mask & CHANGE_SIZE)
		event |= IN_MODIFY;
	if ((mask & accessed) && (mask & modified))
		event |= IN_ATTRIB;
	else if (mask & accessed)
		event |= IN_ACCESS;
	else if (mask & modified)
		event |= IN_MODIFY;
	if (event)
		notify_path(path, event);
}

static int truncate_path(const struct path *path, uint64_t size);
static int change_locked(struct inode *inode, struct attribute_change *change);

int vfs_change(const struct path *path, struct attribute_change *change)
{
	struct inode *inode = path->name->inode;
	int error;

	if (change->mask & CHANGE_SIZE)
		return truncate_path(path, change->size);
	/* "Now" is one wish, not also that of a given time. */
	if (change->mask & CHANGE_ACCESSED_NOW)
		change->mask &= ~(uint32_t)CHANGE_ACCESSED;
	if (change->mask & CHANGE_MODIFIED_NOW)
		change->mask &= ~(uint32_t)CHANGE_MODIFIED;
	error = mount_write_begin(path->mount);
	if (error)
		return error;
	if ((change->mask & CHANGE_MODE) && inode_type(inode) == S_IFLNK)
		error = -EOPNOTSUPP;
	else
		error = change_locked(inode, change);
	mount_write_end(path->mount);
	if (error == 0)
		change_notify(path, change->mask);
	return error;
}

static int change_locked(struct inode *inode, struct attribute_change *change)
{
	int error;

	shared_lock_write(&inode->lock);
	if ((change->mask & (CHANGE_UID | CHANGE_GID)) && !inode_is_directory(inode))
		drop_set_id(inode, change);
	if ((change->mask & (CHANGE_UID | CHANGE_GID)) && (change->mask & CHANGE_MODE)) {
		/* The bits go whoever asks: only the change of owner itself is checked. */
		uint32_t mode = change->mask & CHANGE_MODE;

		change->mask &= ~mode;
		error = may_change(inode, change);
		change->mask |= mode;
	} else {
		error = may_change(inode, change);
	}
	if (error == 0)
		error = inode->operations->change ? inode->operations->change(inode, change)
						  : -EPERM;
	shared_unlock_write(&inode->lock);
	return error;
}

int vfs_change_file(struct file *file, struct attribute_change *change)
{
	struct path path = { .mount = file->mount, .name = file->name };

	/* Pipes and event files have no attributes that could be kept. */
	return path.name ? vfs_change(&path, change) : -EPERM;
}

int vfs_noatime_check(struct file *file)
{
	return file->inode && !inode_is_owner(file->inode) ? -EPERM : 0;
}

/* Beyond RLIMIT_FSIZE: the signal, and -EFBIG. */
static int size_is_allowed(struct inode *inode, uint64_t size)
{
	if (size > inode->attributes.size && size > limit_current(LIMIT_FSIZE)) {
		(void)signal_send_thread(thread_current(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	return size > inode->superblock->size_limit ? -EFBIG : 0;
}

static int truncate_inode(struct inode *inode, uint64_t size)
{
	struct attribute_change change = { .mask = CHANGE_SIZE, .size = size };
	int error = size_is_allowed(inode, size);

	if (error)
		return error;
	shared_lock_write(&inode->lock);
	if (!privilege_is_held(PRIVILEGE_FSETID))
		drop_set_id(inode, &change);
	error = inode->operations->change ? inode->operations->change(inode, &change) : -EPERM;
	shared_unlock_write(&inode->lock);
	return error;
}

static int truncate_path(const struct path *path, uint64_t size)
{
	struct inode *inode = path->name->inode;
	int error;

	if (inode_is_directory(inode))
		return -EISDIR;
	if (inode_type(inode) != S_IFREG || (int64_t)size < 0)
		return -EINVAL;
	error = mount_write_begin(path->mount);
	if (error)
		return error;
	error = inode_permission(inode, MAY_WRITE);
	if (error == 0 && (inode->state & INODE_APPEND_ONLY))
		error = -EPERM;
	if (error == 0)
		error = inode_write_access_get(inode);
	if (error == 0) {
		error = truncate_inode(inode, size);
		inode_write_access_put(inode);
	}
	mount_write_end(path->mount);
	if (error == 0)
		notify_path(path, IN_MODIFY);
	return error;
}

int vfs_truncate_file(struct file *file, uint64_t size)
{
	struct inode *inode = file->inode;
	int error;

	if ((int64_t)size < 0 || !inode || inode_type(inode) != S_IFREG ||
	    !(file->mode & FILE_WRITE))
		return -EINVAL;
	if (inode->state & INODE_APPEND_ONLY)
		return -EPERM;
	error = truncate_inode(inode, size);
	if (error == 0)
		notify_file(file, IN_MODIFY);
	return error;
}

int vfs_truncate_open(struct file *file)
{
	struct inode *inode = file->inode;
	int error = inode_write_access_get(inode);

	if (error)
		return error;
	error = truncate_inode(inode, 0);
	inode_write_access_put(inode);
	if (error == 0)
		notify_file(file, IN_MODIFY);
	return error;
}

int vfs_allocate(struct file *file, int mode, int64_t offset, int64_t length)
{
	const int known = FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_COLLAPSE_RANGE |
		FALLOC_FL_ZERO_RANGE | FALLOC_FL_INSERT_RANGE | FALLOC_FL_UNSHARE_RANGE;
	struct inode *inode = file->inode;
	int error;

	if (offset < 0 || length <= 0)
		return -EINVAL;
	if (mode & ~known)
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (!(file->mode & FILE_WRITE))
		return -EBADF;
	if (!inode)
		return -ESPIPE;
	if (inode_type(inode) == S_IFIFO)
		return -ESPIPE;
	if (inode_is_directory(inode))
		return -EISDIR;
	if (inode_type(inode) != S_IFREG)
		return -ENODEV;
	if (offset > INT64_MAX - length)
		return -EFBIG;
	if (!file->operations->allocate)
		return -EOPNOTSUPP;
	if (!(mode & FALLOC_FL_KEEP_SIZE)) {
		error = size_is_allowed(inode, (uint64_t)(offset + length));
		if (error)
			return error;
	}
	error = file->operations->allocate(file, mode, offset, length);
	if (error == 0)
		notify_file(file, IN_MODIFY);
	return error;
}

static int access_check(const struct path *path, unsigned may)
{
	struct inode *inode = path->name->inode;
	uint16_t type = inode_type(inode);
	int error;

	if ((may & MAY_EXECUTE) && type == S_IFREG && (path->mount->flags & MS_NOEXEC))
		return -EACCES;
	error = inode_permission(inode, may);
	if (error == 0 && (may & MAY_WRITE) && (path->mount->flags & MS_RDONLY) &&
	    (type == S_IFREG || type == S_IFDIR || type == S_IFLNK))
		return -EROFS;
	return error;
}

/* Credentials in which the real ids act; privileges go with the real user 0. NULL: short. */
static struct credentials *credentials_real(void)
{
	struct credentials *real = credentials_copy(credentials_current());

	if (!real)
		return NULL;
	real->fsuid = real->uid;
	real->fsgid = real->gid;
	if (!(real->secure_bits & SECURE_NO_FIXUP))
		real->linux_effective = real->uid == 0 ? real->linux_permitted : 0;
	return real;
}

int vfs_access(const struct path *path, unsigned may, bool uses_effective)
{
	const struct credentials *own = credentials_current();
	struct credentials *saved, *real;
	int error;

	if (uses_effective || (own->uid == own->fsuid && own->gid == own->fsgid))
		return access_check(path, may);
	saved = credentials_get(own);
	real = credentials_real();
	if (!real) {
		credentials_put(saved);
		return -ENOMEM;
	}
	credentials_override(real);
	error = access_check(path, may);
	credentials_override(saved);
	return error;
}
