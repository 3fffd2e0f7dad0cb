/*
 * Calls that make a name: mkdir, mknod, symlink, link. Checks in the order of filename_create() and
 * vfs_*() of Linux, all under the directory's lock.
 */
#include "base/errno.h"
#include "base/string.h"
#include "vfs/directories.h"
#include "vfs/mount_table.h"
#include "vfs/name_find.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

/* A negative name in a locked directory in which it may be made. */
struct making {
	struct walk_last last;
	struct name *name;
	struct inode *directory;
	int write_error;		/* of mount_write_begin() */
};

NO_THREAD_ANALYSIS static void making_end(struct making *making)
{
	shared_unlock_write(&making->directory->lock);
	if (making->write_error == 0)
		mount_write_end(making->last.parent.mount);
	if (making->name)
		name_put(making->name);
	walk_last_release(&making->last);
}

NO_THREAD_ANALYSIS
static int making_begin(struct making *making, int at, const char *text, bool wants_directory)
{
	struct walk_last *last = &making->last;
	int error = walk_parent(at, text, 0, last);

	if (error)
		return error;
	if (last->kind != LAST_NORMAL) {
		walk_last_release(last);
		return -EEXIST;
	}
	making->name = NULL;
	making->directory = last->parent.name->inode;
	making->write_error = mount_write_begin(last->parent.mount);
	shared_lock_write(&making->directory->lock);
	error = walk_lookup_locked(last->parent.name, last->text, last->length, &making->name);
	if (error == 0 && making->name->inode)
		error = -EEXIST;
	if (error == 0 && last->has_trailing_slash && !wants_directory)
		error = -ENOENT;
	if (error == 0)
		error = making->write_error;
	if (error)
		making_end(making);
	return error;
}

static void making_notify(struct making *making, uint32_t mask)
{
	notify_name(making->last.parent.name, making->name->inode, making->name->text, mask, 0);
}

int vfs_make_directory(int at, const char *name, uint16_t mode)
{
	struct making making;
	int error = making_begin(&making, at, name, true);
	const struct inode_operations *operations;

	if (error)
		return error;
	operations = making.directory->operations;
	error = directory_may_create(making.last.parent.name);
	if (error == 0 && !operations->make_directory)
		error = -EPERM;
	if (error == 0)
		error = operations->make_directory(making.directory, making.name,
						   S_IFDIR | (mode & 01777 & ~directory_umask()));
	if (error == 0)
		making_notify(&making, IN_CREATE | IN_ISDIR);
	making_end(&making);
	return error;
}

static int node_may_be_made(uint16_t mode, uint64_t device)
{
	uint16_t type = mode & S_IFMT;

	/* A character device 0/0 is a whiteout, which anybody may make. */
	if ((type == S_IFCHR && device != 0) || type == S_IFBLK)
		return privilege_is_held(PRIVILEGE_MKNOD) ? 0 : -EPERM;
	return 0;
}

static int make_node(struct making *making, uint16_t mode, uint64_t device)
{
	const struct inode_operations *operations = making->directory->operations;
	uint16_t allowed = mode & (S_IFMT | (07777 & ~directory_umask()));

	if ((mode & S_IFMT) == S_IFREG) {
		if (!operations->create)
			return -EACCES;
		return operations->create(making->directory, making->name, allowed);
	}
	if (!operations->make_node)
		return -EPERM;
	return operations->make_node(making->directory, making->name, allowed, device);
}

int vfs_make_node(int at, const char *name, uint16_t mode, uint64_t device)
{
	struct making making;
	int error;

	switch (mode & S_IFMT) {
	case 0:
		mode |= S_IFREG;
		break;
	case S_IFREG:
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		break;
	case S_IFDIR:
		return -EPERM;
	default:
		return -EINVAL;
	}
	error = making_begin(&making, at, name, false);
	if (error)
		return error;
	error = directory_may_create(making.last.parent.name);
	if (error == 0)
		error = node_may_be_made(mode, device);
	if (error == 0)
		error = make_node(&making, mode, device);
	if (error == 0)
		making_notify(&making, IN_CREATE);
	making_end(&making);
	return error;
}

int vfs_make_symlink(const char *target, int at, const char *name)
{
	struct making making;
	int error;

	if (*target == '\0')
		return -ENOENT;
	error = making_begin(&making, at, name, false);
	if (error)
		return error;
	error = directory_may_create(making.last.parent.name);
	if (error == 0 && !making.directory->operations->make_symlink)
		error = -EPERM;
	if (error == 0)
		error = making.directory->operations->make_symlink(making.directory, making.name,
								   target);
	if (error == 0)
		making_notify(&making, IN_CREATE);
	making_end(&making);
	return error;
}

/* Target's lock held: it neither loses its last name nor gains one meanwhile. */
static int link_locked(struct making *making, struct inode *target)
{
	const struct inode_operations *operations = making->directory->operations;
	int error = directory_may_create(making->last.parent.name);

	if (error)
		return error;
	if (making->directory->superblock != target->superblock)
		return -EXDEV;
	if (target->state & (INODE_APPEND_ONLY | INODE_IMMUTABLE))
		return -EPERM;
	if (!operations->link || inode_is_directory(target))
		return -EPERM;
	if (target->attributes.link_count == 0 && !(target->state & INODE_LINKABLE))
		return -ENOENT;
	error = operations->link(making->directory, making->name, target);
	if (error == 0)
		atomic_fetch_and_relaxed(&target->state, ~(uint32_t)INODE_LINKABLE);
	return error;
}

NO_THREAD_ANALYSIS
int vfs_link(int old_at, const char *old_name, int new_at, const char *new_name, int flags)
{
	unsigned walk_flags = 0;
	struct making making;
	struct inode *target;
	struct path old;
	int error;

	if (flags & ~(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	if ((flags & AT_EMPTY_PATH) && !privilege_is_held(PRIVILEGE_DAC_READ_SEARCH))
		return -ENOENT;
	if (flags & AT_SYMLINK_FOLLOW)
		walk_flags |= WALK_FOLLOW;
	if (flags & AT_EMPTY_PATH)
		walk_flags |= WALK_EMPTY_PATH;
	error = walk(old_at, old_name, walk_flags, &old);
	if (error)
		return error;
	error = making_begin(&making, new_at, new_name, false);
	if (error)
		goto put_old;
	target = old.name->inode;
	error = -EXDEV;
	if (making.last.parent.mount == old.mount) {
		bool locks = !inode_is_directory(target);

		if (locks)
			shared_lock_write(&target->lock);
		error = hardlink_may_make(target);
		if (error == 0)
			error = link_locked(&making, target);
		if (locks)
			shared_unlock_write(&target->lock);
	}
	if (error == 0) {
		notify_inode(target, IN_ATTRIB);
		making_notify(&making, IN_CREATE);
	}
	making_end(&making);
put_old:
	path_put(&old);
	return error;
}
