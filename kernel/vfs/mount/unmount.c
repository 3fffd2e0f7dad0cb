/*
 * umount2(2) and pivot_root(2).
 */
#include "base/errno.h"
#include "sync/rcu.h"
#include "vfs/directories.h"
#include "vfs/inode.h"
#include "vfs/mount/internal.h"
#include "vfs/name_find.h"
#include "vfs/vfs.h"
#include <abi/stat.h>

/* The tree, the caller's path: whoever else holds the mount uses it. */
#define REFERENCES_WHEN_IDLE 2

static int detach_if_idle(struct mount *mount)
{
	int error;

	if (!list_is_empty(&mount->children))
		return -EBUSY;
	error = mount_detach_if_idle(mount, REFERENCES_WHEN_IDLE);
	if (error == 0)
		mount_put(mount);
	return error;
}

/* MNT_DETACH: the tree below goes too; users keep what they hold. */
static void detach_tree(struct mount *top)
{
	mount_detach_below(top);
	mount_detach(top);
	mount_put(top);
}

int unmount_call(struct path *target, unsigned flags)
{
	struct mount *mount = target->mount;
	int error = 0;

	if (flags & ~(unsigned)(MNT_FORCE | MNT_DETACH | MNT_EXPIRE | UMOUNT_NOFOLLOW))
		return -EINVAL;
	if (target->name != mount->root)
		return -EINVAL;
	if (flags & MNT_EXPIRE)
		return -EINVAL;
	/* The path's name would count as use of the mount's root only; the mount is held once. */
	mutex_lock(&mount_mutex);
	if (!mount_is_attached(mount) || mount->parent == mount)
		error = -EINVAL;
	else if (flags & MNT_DETACH)
		detach_tree(mount);
	else
		error = detach_if_idle(mount);
	mutex_unlock(&mount_mutex);
	if (error == 0) {
		rcu_synchronise();
		mounts_changed();
	}
	return error;
}

static bool path_is_below(const struct path *path, const struct path *ancestor)
{
	struct mount *mount = path->mount;
	struct name *name = path->name;

	while (mount != ancestor->mount && mount->parent != mount) {
		name = mount->point;
		mount = mount->parent;
	}
	return mount == ancestor->mount &&
		(name == ancestor->name || name_is_below(name, ancestor->name));
}

static int pivot_locked(const struct path *new_root, const struct path *put_old,
			const struct path *root)
{
	struct path root_point;

	if (!mount_is_attached(new_root->mount) || !mount_is_attached(root->mount) ||
	    !mount_is_attached(put_old->mount))
		return -EINVAL;
	if ((new_root->name->flags & NAME_DELETED) ||
	    (put_old->name->flags & (NAME_DELETED | NAME_UNCACHED)))
		return -ENOENT;
	if (new_root->mount == root->mount || put_old->mount == root->mount)
		return -EBUSY;
	if (root->name != root->mount->root || root->mount->parent == root->mount ||
	    new_root->name != new_root->mount->root ||
	    new_root->mount->parent == new_root->mount)
		return -EINVAL;
	if (!path_is_below(put_old, new_root) || !path_is_below(new_root, root))
		return -EINVAL;
	root_point = (struct path){ root->mount->parent, root->mount->point };
	path_get(&root_point);
	mounts_move((const struct mount_move[]){ { root->mount, *put_old },
						 { new_root->mount, root_point } }, 2);
	path_put(&root_point);
	return 0;
}

int mount_pivot(const struct path *new_root, const struct path *put_old)
{
	struct path root;
	int error;

	if (!inode_is_directory(new_root->name->inode) || !inode_is_directory(put_old->name->inode))
		return -ENOTDIR;
	directory_root_get(directory_state_current(), &root);
	mutex_lock(&mount_mutex);
	shared_lock_read(&put_old->name->inode->lock);
	error = pivot_locked(new_root, put_old, &root);
	shared_unlock_read(&put_old->name->inode->lock);
	mutex_unlock(&mount_mutex);
	if (error == 0) {
		directory_states_move(&root, new_root);
		mounts_changed();
	}
	path_put(&root);
	return error;
}
