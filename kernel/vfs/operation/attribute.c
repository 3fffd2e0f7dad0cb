/*
 * Extended attributes: name spaces and who may use them (xattr(7)); file systems keep the values.
 */
#include "base/errno.h"
#include "base/string.h"
#include "vfs/mount_table.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

static int may_use_user_space(struct inode *inode, bool writes)
{
	uint16_t mode = inode->attributes.mode;

	if (inode_type(inode) != S_IFREG && inode_type(inode) != S_IFDIR)
		return writes ? -EPERM : -ENODATA;
	if (writes && inode_type(inode) == S_IFDIR && (mode & S_ISVTX) && !inode_is_owner(inode))
		return -EPERM;
	return inode_permission(inode, writes ? MAY_WRITE : MAY_READ);
}

static int attribute_permission(struct inode *inode, const char *name, bool writes)
{
	size_t length = strlen(name);

	if (length == 0 || length > ATTRIBUTE_NAME_MAXIMUM)
		return -ERANGE;
	if (writes && (inode->state & (INODE_IMMUTABLE | INODE_APPEND_ONLY)))
		return -EPERM;
	if (string_starts_with(name, "user."))
		return name[5] ? may_use_user_space(inode, writes) : -EINVAL;
	if (string_starts_with(name, "trusted.")) {
		if (!privilege_is_held(PRIVILEGE_SYS_ADMIN))
			return writes ? -EPERM : -ENODATA;
		return name[8] ? 0 : -EINVAL;
	}
	if (string_starts_with(name, "security.")) {
		if (writes && !privilege_is_held(PRIVILEGE_SYS_ADMIN))
			return -EPERM;
		return name[9] ? 0 : -EINVAL;
	}
	return -EOPNOTSUPP;
}

long vfs_attribute_get(const struct path *path, const char *name, void *value, size_t size)
{
	struct inode *inode = path->name->inode;
	long result = attribute_permission(inode, name, false);

	if (result)
		return result;
	if (!inode->operations->attribute_get)
		return -EOPNOTSUPP;
	shared_lock_read(&inode->lock);
	result = inode->operations->attribute_get(inode, name, value, size);
	shared_unlock_read(&inode->lock);
	return result;
}

int vfs_attribute_set(const struct path *path, const char *name, const void *value, size_t size,
		      int flags)
{
	struct inode *inode = path->name->inode;
	int error;

	if (flags & ~(XATTR_CREATE | XATTR_REPLACE))
		return -EINVAL;
	if (size > ATTRIBUTE_VALUE_MAXIMUM)
		return -E2BIG;
	error = mount_write_begin(path->mount);
	if (error)
		return error;
	error = attribute_permission(inode, name, true);
	if (error == 0 && !inode->operations->attribute_set)
		error = -EOPNOTSUPP;
	if (error == 0) {
		shared_lock_write(&inode->lock);
		error = inode->operations->attribute_set(inode, name, value, size, flags);
		if (error == 0)
			inode_touch(inode, INODE_CHANGED);
		shared_unlock_write(&inode->lock);
	}
	mount_write_end(path->mount);
	if (error == 0)
		notify_path(path, IN_ATTRIB);
	return error;
}

/* trusted. names are shown only to those who may read them. */
static long names_filter(char *names, long length)
{
	long kept = 0;

	for (long at = 0; at < length;) {
		long step = (long)strlen(names + at) + 1;

		if (!string_starts_with(names + at, "trusted.")) {
			memmove(names + kept, names + at, (size_t)step);
			kept += step;
		}
		at += step;
	}
	return kept;
}

long vfs_attribute_list(const struct path *path, char *names, size_t size)
{
	struct inode *inode = path->name->inode;
	long result;

	if (!inode->operations->attribute_list)
		return -EOPNOTSUPP;
	shared_lock_read(&inode->lock);
	result = inode->operations->attribute_list(inode, names, size);
	shared_unlock_read(&inode->lock);
	if (result > 0 && size > 0 && !privilege_is_held(PRIVILEGE_SYS_ADMIN))
		result = names_filter(names, result);
	return result;
}

int vfs_attribute_remove(const struct path *path, const char *name)
{
	struct inode *inode = path->name->inode;
	int error;

	error = mount_write_begin(path->mount);
	if (error)
		return error;
	error = attribute_permission(inode, name, true);
	if (error == 0 && !inode->operations->attribute_remove)
		error = -EOPNOTSUPP;
	if (error == 0) {
		shared_lock_write(&inode->lock);
		error = inode->operations->attribute_remove(inode, name);
		if (error == 0)
			inode_touch(inode, INODE_CHANGED);
		shared_unlock_write(&inode->lock);
	}
	mount_write_end(path->mount);
	if (error == 0)
		notify_path(path, IN_ATTRIB);
	return error;
}
