/*
 * unlink and rmdir. The victim is locked inside its directory, so that it cannot gain entries or
 * names while it goes.
 */
#include "base/errno.h"
#include "vfs/mount_table.h"
#include "vfs/name_find.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

/* Directory lock held; name is positive. */
static int unlink_locked(struct walk_last *last, struct name *name)
{
	struct name *parent = last->parent.name;
	struct inode *directory = parent->inode, *inode = name->inode;
	int error = directory_may_delete(parent, name, false);

	if (error)
		return error;
	if (!directory->operations->unlink)
		return -EPERM;
	shared_lock_write(&inode->lock);
	error = name_is_mount_point(name) ? -EBUSY : directory->operations->unlink(directory, name);
	shared_unlock_write(&inode->lock);
	return error;
}

/* The names are compared before anything changes: an error leaves all as it was. */
static int unlink_found(struct walk_last *last, struct name *name)
{
	struct inode *inode = name->inode;
	int error;

	if (last->has_trailing_slash && inode)
		return inode_is_directory(inode) ? -EISDIR : -ENOTDIR;
	if (!inode)
		return -ENOENT;
	error = unlink_locked(last, name);
	if (error)
		return error;
	notify_inode(inode, IN_ATTRIB);
	name_delete(name);
	notify_name(last->parent.name, inode, name->text, IN_DELETE, 0);
	return 0;
}

/* The name is counted, and its inode if it has one. */
typedef int (*removal)(struct walk_last *last, struct name *name);

/* Finds the name in its locked directory and has it removed. What goes with the last reference to
 * the inode, its pages above all, goes after others may use the directory again. */
static int remove_last(struct walk_last *last, removal remove)
{
	struct inode *directory = last->parent.name->inode, *inode = NULL;
	struct name *name;
	int error = mount_write_begin(last->parent.mount);

	if (error)
		return error;
	shared_lock_write(&directory->lock);
	error = walk_lookup_locked(last->parent.name, last->text, last->length, &name);
	if (error == 0) {
		inode = name->inode;
		if (inode)
			inode_get(inode);
		error = remove(last, name);
		name_put(name);
	}
	shared_unlock_write(&directory->lock);
	if (inode)
		inode_put(inode);
	mount_write_end(last->parent.mount);
	return error;
}

int vfs_unlink(int at, const char *text)
{
	struct walk_last last;
	int error = walk_parent(at, text, 0, &last);

	if (error)
		return error;
	error = last.kind == LAST_NORMAL ? remove_last(&last, unlink_found) : -EISDIR;
	walk_last_release(&last);
	return error;
}

static int remove_found(struct walk_last *last, struct name *name)
{
	struct name *parent = last->parent.name;
	struct inode *directory = parent->inode, *inode = name->inode;
	int error;

	if (!inode)
		return -ENOENT;
	error = directory_may_delete(parent, name, true);
	if (error)
		return error;
	if (!directory->operations->remove_directory)
		return -EPERM;
	shared_lock_write_nested(&inode->lock);
	error = name_is_mount_point(name) ? -EBUSY :
		directory->operations->remove_directory(directory, name);
	if (error == 0)
		name_forget(name);
	if (error == 0)
		name_delete(name);
	shared_unlock_write(&inode->lock);
	if (error == 0)
		notify_name(parent, inode, name->text, IN_DELETE | IN_ISDIR, 0);
	return error;
}

int vfs_remove_directory(int at, const char *text)
{
	struct walk_last last;
	int error = walk_parent(at, text, 0, &last);

	if (error)
		return error;
	switch (last.kind) {
	case LAST_DOT_DOT:
		error = -ENOTEMPTY;
		break;
	case LAST_DOT:
		error = -EINVAL;
		break;
	case LAST_ROOT:
		error = -EBUSY;
		break;
	case LAST_NORMAL:
		error = remove_last(&last, remove_found);
		break;
	}
	walk_last_release(&last);
	return error;
}
