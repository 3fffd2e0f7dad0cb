/*
 * mount(2): new mounts, bind mounts, moves, changes of flags; with the order of checks of
 * fs/namespace.c's documented behaviour (mount(2)).
 */
#include "base/errno.h"
#include "base/string.h"
#include "vfs/inode.h"
#include "vfs/mount/internal.h"
#include "vfs/name_find.h"
#include "vfs/walk.h"
#include <abi/fcntl.h>
#include <abi/stat.h>

#define MS_MAGIC_VALUE 0xc0ed0000ul
#define MS_MAGIC_MASK 0xffff0000ul
#define MS_NOUSER (1ul << 31)
#define MS_PROPAGATION (MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE)

static bool is_root_of_mount(const struct path *path)
{
	return path->name == path->mount->root;
}

/*
 * mount_mutex, and the target's inode locked: who removes or replaces a name looks for mounts on it
 * with that lock. What is put on a name must be of its kind, and the name must still exist. Those
 * that each lookup makes anew (of processes, of terminals) bear no mount: nobody would find it
 * there, or undo it. Linux says the same of /proc/<pid>/fd.
 */
static int may_attach(const struct path *target, struct name *root)
{
	if (!mount_is_attached(target->mount))
		return -EINVAL;
	if (inode_is_directory(target->name->inode) != inode_is_directory(root->inode))
		return -ENOTDIR;
	if (target->name->flags & (NAME_DELETED | NAME_UNCACHED))
		return -ENOENT;
	return mounts_are_too_many() ? -ENOSPC : 0;
}

static int mount_new(const char *source, const struct path *target, const char *type,
		     unsigned long flags, const char *data)
{
	struct filesystem *filesystem;
	struct superblock *superblock;
	struct path top = *target;
	struct mount *mount;
	int error;

	if (!type)
		return -EINVAL;
	filesystem = filesystem_find(type);
	if (!filesystem)
		return -ENODEV;
	error = superblock_create(filesystem, source ? source : "none", data ? data : "", flags,
				  &superblock);
	if (error)
		return error;
	mount = mount_create(superblock, superblock->root, flags, source ? source : "none");
	superblock_put(superblock);
	if (!mount)
		return -ENOMEM;
	path_get(&top);
	mutex_lock(&mount_mutex);
	mount_step_down(&top);
	shared_lock_read(&top.name->inode->lock);
	error = may_attach(&top, mount->root);
	if (error == 0 && top.mount->superblock == mount->superblock &&
	    top.mount->root == mount->root && is_root_of_mount(&top))
		error = -EBUSY;
	if (error == 0)
		mount_attach(mount, &top);
	shared_unlock_read(&top.name->inode->lock);
	mutex_unlock(&mount_mutex);
	path_put(&top);
	if (error) {
		mount_put(mount);
		return error;
	}
	mounts_changed();
	return 0;
}

static void tree_discard(struct mount *top)
{
	mount_detach_below(top);
	mount_put(top);
}

/* mount_mutex. Copies mounts on `from` onto `top`; an error leaves a part. */
static int tree_copy_below(struct mount *from, struct mount *top, struct name *below)
{
	struct mount *child, *copy;
	struct path point;

	list_for_each(child, &from->children, child_node) {
		if (child->is_unbindable)
			continue;
		if (below && child->point != below && !name_is_below(child->point, below))
			continue;
		if (mounts_are_too_many())
			return -ENOSPC;
		copy = mount_create(child->superblock, child->root, child->flags, child->source);
		if (!copy)
			return -ENOMEM;
		copy->copied_from = child;
		point = (struct path){ top, child->point };
		mount_attach(copy, &point);
	}
	return 0;
}

static int tree_copy(struct mount *from, struct mount *top, struct name *root)
{
	struct mount *copy = top;
	int error = tree_copy_below(from, top, root);

	while (error == 0 && (copy = mount_next_below(copy, top)))
		error = tree_copy_below(copy->copied_from, copy, NULL);
	return error;
}

static int mount_bind(const char *source, const struct path *target, unsigned long flags)
{
	struct path from, top = *target;
	struct mount *mount = NULL;
	int error;

	if (!source || !*source)
		return -EINVAL;
	error = walk(AT_FDCWD, source, WALK_FOLLOW, &from);
	if (error)
		return error;
	path_get(&top);
	mutex_lock(&mount_mutex);
	mount_step_down(&top);
	error = -EINVAL;
	if (!from.mount->is_unbindable && mount_is_attached(from.mount)) {
		mount = mount_create(from.mount->superblock, from.name, from.mount->flags,
				     from.mount->source);
		error = mount ? 0 : -ENOMEM;
	}
	if (error == 0 && (flags & MS_REC))
		error = tree_copy(from.mount, mount, from.name);
	shared_lock_read(&top.name->inode->lock);
	if (error == 0)
		error = may_attach(&top, mount->root);
	if (error == 0)
		mount_attach(mount, &top);
	shared_unlock_read(&top.name->inode->lock);
	if (error && mount)
		tree_discard(mount);
	mutex_unlock(&mount_mutex);
	path_put(&top);
	path_put(&from);
	if (error == 0)
		mounts_changed();
	return error;
}

static bool mount_is_below(struct mount *mount, struct mount *ancestor)
{
	while (mount != ancestor && mount->parent != mount)
		mount = mount->parent;
	return mount == ancestor;
}

static int move_locked(struct path *from, struct path *top)
{
	int error;

	if (!is_root_of_mount(from) || from->mount->parent == from->mount ||
	    !mount_is_attached(from->mount))
		return -EINVAL;
	error = may_attach(top, from->mount->root);
	if (error)
		return error == -ENOTDIR ? -EINVAL : error;
	if (mount_is_below(top->mount, from->mount))
		return -ELOOP;
	mounts_move(&(const struct mount_move){ from->mount, *top }, 1);
	return 0;
}

static int mount_move(const char *source, const struct path *target)
{
	struct path from, top = *target;
	int error;

	if (!source || !*source)
		return -EINVAL;
	error = walk(AT_FDCWD, source, WALK_FOLLOW, &from);
	if (error)
		return error;
	path_get(&top);
	mutex_lock(&mount_mutex);
	mount_step_down(&top);
	shared_lock_read(&top.name->inode->lock);
	error = move_locked(&from, &top);
	shared_unlock_read(&top.name->inode->lock);
	mutex_unlock(&mount_mutex);
	path_put(&top);
	path_put(&from);
	if (error == 0)
		mounts_changed();
	return error;
}

/* Only private propagation exists: asking for it, or for following nobody, changes nothing. */
static int mount_propagation(const struct path *target, unsigned long flags)
{
	unsigned long kind = flags & MS_PROPAGATION;
	struct mount *mount = target->mount;

	if (flags & ~(unsigned long)(MS_PROPAGATION | MS_REC | MS_SILENT))
		return -EINVAL;
	if ((kind & (kind - 1)) || kind == MS_SHARED || !is_root_of_mount(target))
		return -EINVAL;
	mutex_lock(&mount_mutex);
	for (struct mount *at = mount; at; at = mount_next_below(at, mount)) {
		at->is_unbindable = kind == MS_UNBINDABLE;
		if (!(flags & MS_REC))
			break;
	}
	mutex_unlock(&mount_mutex);
	return 0;
}

/* mount_mutex. Becoming read-only comes first: it is what may be refused for want of quiet. */
static int superblock_change(struct superblock *superblock, unsigned long flags, const char *data)
{
	unsigned long kept = MS_RDONLY | MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME;
	unsigned long before = superblock->flags;
	int error = flags & MS_RDONLY ? superblock_read_only_set(superblock) : 0;

	if (error)
		return error;
	if (superblock->operations->remount)
		error = superblock->operations->remount(superblock, flags, data);
	WRITE_ONCE(superblock->flags, error ? before : (before & ~kept) | (flags & kept));
	return error;
}

static int mount_change(const struct path *target, unsigned long flags, const char *data)
{
	struct superblock *superblock = target->mount->superblock;
	int error = 0;

	if (!is_root_of_mount(target))
		return -EINVAL;
	mutex_lock(&mount_mutex);
	if (!(flags & MS_BIND))
		error = superblock_change(superblock, flags, data ? data : "");
	else if (flags & MS_RDONLY)
		error = mount_read_only_set(target->mount);
	if (error == 0)
		WRITE_ONCE(target->mount->flags, flags & MOUNT_FLAGS_OF_MOUNT);
	mutex_unlock(&mount_mutex);
	if (error == 0)
		mounts_changed();
	return error;
}

int mount_call(const char *source, const struct path *target, const char *type,
	       unsigned long flags, const char *data)
{
	if ((flags & MS_MAGIC_MASK) == MS_MAGIC_VALUE)
		flags &= ~MS_MAGIC_MASK;
	if (flags & MS_NOUSER)
		return -EINVAL;
	if (!(flags & MS_NOATIME))
		flags |= MS_RELATIME;
	if (flags & MS_STRICTATIME)
		flags &= ~(unsigned long)(MS_RELATIME | MS_NOATIME);
	if (flags & MS_REMOUNT)
		return mount_change(target, flags, data);
	if (flags & MS_BIND)
		return mount_bind(source, target, flags);
	if (flags & MS_PROPAGATION)
		return mount_propagation(target, flags & ~(unsigned long)MS_RELATIME);
	if (flags & MS_MOVE)
		return mount_move(source, target);
	return mount_new(source, target, type, flags, data);
}
