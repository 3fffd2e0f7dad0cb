/*
 * rename and its forms. One mutex serialises renames between directories, so that no directory ever
 * becomes its own ancestor; directories are locked ancestor first.
 */
#include "base/errno.h"
#include "base/string.h"
#include "vfs/mount_table.h"
#include "vfs/name_find.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

static struct mutex rename_mutex = MUTEX_INITIALIZER(rename_mutex, LOCK_RENAME);
static uint32_t last_cookie;

struct renaming {
	struct walk_last from, to;
	struct name *from_name, *to_name;
	unsigned flags;
};

/* The child of `top` on the way down to `below`, NULL when it is not below. rename_mutex. */
static struct name *way_down(struct name *top, struct name *below)
{
	while (below->parent != below) {
		if (below->parent == top)
			return below;
		below = below->parent;
	}
	return NULL;
}

/* Locks both directories. The result is the name that must not be moved into itself, or NULL. */
NO_THREAD_ANALYSIS static struct name *directories_lock(struct name *from, struct name *to)
{
	struct name *trap;

	if (from->inode == to->inode) {
		shared_lock_write(&from->inode->lock);
		return NULL;
	}
	mutex_lock(&rename_mutex);
	trap = way_down(to, from);
	if (trap) {
		shared_lock_write(&to->inode->lock);
		shared_lock_write_nested(&from->inode->lock);
		return trap;
	}
	trap = way_down(from, to);
	if (!trap && to->inode < from->inode) {
		shared_lock_write(&to->inode->lock);
		shared_lock_write_nested(&from->inode->lock);
		return NULL;
	}
	shared_lock_write(&from->inode->lock);
	shared_lock_write_nested(&to->inode->lock);
	return trap;
}

NO_THREAD_ANALYSIS static void directories_unlock(struct name *from, struct name *to)
{
	shared_unlock_write(&from->inode->lock);
	if (from->inode == to->inode)
		return;
	shared_unlock_write(&to->inode->lock);
	mutex_unlock(&rename_mutex);
}

static int check_slashes(const struct renaming *renaming)
{
	struct inode *source = renaming->from_name->inode, *target = renaming->to_name->inode;
	bool exchanges = renaming->flags & RENAME_EXCHANGE;

	if (exchanges) {
		if (!target)
			return -ENOENT;
		if (!inode_is_directory(target) && renaming->to.has_trailing_slash)
			return -ENOTDIR;
	}
	if (!inode_is_directory(source) &&
	    (renaming->from.has_trailing_slash ||
	     (!exchanges && renaming->to.has_trailing_slash)))
		return -ENOTDIR;
	return 0;
}

/* Moving a directory elsewhere rewrites its "..": that needs permission to write to it. */
static int check_moved_directory(struct inode *inode)
{
	return inode_is_directory(inode) ? inode_permission(inode, MAY_WRITE) : 0;
}

static int check_permissions(const struct renaming *renaming)
{
	struct name *from = renaming->from.parent.name, *to = renaming->to.parent.name;
	struct inode *source = renaming->from_name->inode, *target = renaming->to_name->inode;
	bool is_directory = inode_is_directory(source);
	bool exchanges = renaming->flags & RENAME_EXCHANGE;
	int error = directory_may_delete(from, renaming->from_name, is_directory);

	if (error)
		return error;
	if (!target)
		error = directory_may_create(to);
	else
		error = directory_may_delete(to, renaming->to_name,
					     exchanges ? inode_is_directory(target)
						       : is_directory);
	if (error)
		return error;
	if (!from->inode->operations->rename)
		return -EPERM;
	if (from->inode != to->inode) {
		error = check_moved_directory(source);
		if (error == 0 && exchanges)
			error = check_moved_directory(target);
	}
	return error;
}

/* The names have changed places: the old text is that of to_name. */
static void rename_notify(const struct renaming *renaming, struct inode *source,
			  struct inode *target)
{
	const char *old_text = renaming->to_name->text, *new_text = renaming->from_name->text;
	uint32_t cookie = atomic_fetch_add_relaxed(&last_cookie, 1) + 1;
	uint32_t kind = inode_is_directory(source) ? IN_ISDIR : 0;

	if (renaming->from.parent.name == renaming->to.parent.name)
		notify_name(renaming->to.parent.name, source, old_text, NOTIFY_RENAME | kind, 0);
	notify_name(renaming->from.parent.name, source, old_text, IN_MOVED_FROM | kind, cookie);
	notify_name(renaming->to.parent.name, source, new_text, IN_MOVED_TO | kind, cookie);
	notify_inode(source, IN_MOVE_SELF);
	if (!target)
		return;
	if (!(renaming->flags & RENAME_EXCHANGE)) {
		notify_inode(target, IN_ATTRIB);
		return;
	}
	cookie = atomic_fetch_add_relaxed(&last_cookie, 1) + 1;
	kind = inode_is_directory(target) ? IN_ISDIR : 0;
	notify_name(renaming->to.parent.name, target, new_text, IN_MOVED_FROM | kind, cookie);
	notify_name(renaming->from.parent.name, target, old_text, IN_MOVED_TO | kind, cookie);
	notify_inode(target, IN_MOVE_SELF);
}

/* Everything is checked; the victim, if any, is locked like in rmdir and unlink. */
NO_THREAD_ANALYSIS static int rename_commit(struct renaming *renaming)
{
	struct inode *from = renaming->from.parent.name->inode;
	struct inode *to = renaming->to.parent.name->inode;
	struct inode *source = renaming->from_name->inode, *target = renaming->to_name->inode;
	bool exchanges = renaming->flags & RENAME_EXCHANGE;
	bool locks_target = target && target != from && target != to;
	int error = 0;

	if (name_is_mount_point(renaming->from_name))
		return -EBUSY;
	inode_get(source);
	if (target)
		inode_get(target);
	if (locks_target && inode_is_directory(target))
		shared_lock_write_nested(&target->lock);
	else if (locks_target)
		shared_lock_write(&target->lock);
	/* With the lock, because nothing is mounted on it from here on. */
	if (name_is_mount_point(renaming->to_name))
		error = -EBUSY;
	else
		error = from->operations->rename(from, renaming->from_name, to,
						 renaming->to_name, renaming->flags);
	if (error == 0 && exchanges) {
		name_exchange(renaming->from_name, renaming->to_name);
	} else if (error == 0) {
		if (target && inode_is_directory(target))
			name_forget(renaming->to_name);
		name_move(renaming->from_name, renaming->to_name);
	}
	if (locks_target)
		shared_unlock_write(&target->lock);
	if (error == 0)
		rename_notify(renaming, source, target);
	if (target)
		inode_put(target);
	inode_put(source);
	return error;
}

static int rename_locked(struct renaming *renaming, struct name *trap)
{
	struct inode *target;
	int error;

	error = walk_lookup_locked(renaming->from.parent.name, renaming->from.text,
				   renaming->from.length, &renaming->from_name);
	if (error)
		return error;
	if (!renaming->from_name->inode)
		return -ENOENT;
	error = walk_lookup_locked(renaming->to.parent.name, renaming->to.text,
				   renaming->to.length, &renaming->to_name);
	if (error)
		return error;
	target = renaming->to_name->inode;
	if ((renaming->flags & RENAME_NOREPLACE) && target)
		return -EEXIST;
	error = check_slashes(renaming);
	if (error)
		return error;
	if (renaming->from_name == trap)
		return -EINVAL;
	if (trap && renaming->to_name == trap)
		return renaming->flags & RENAME_EXCHANGE ? -EINVAL : -ENOTEMPTY;
	if (target == renaming->from_name->inode)
		return 0;
	error = check_permissions(renaming);
	return error ? error : rename_commit(renaming);
}

static int rename_between(struct renaming *renaming)
{
	struct path *from = &renaming->from.parent, *to = &renaming->to.parent;
	struct name *trap;
	int error;

	if (from->mount != to->mount)
		return -EXDEV;
	if (renaming->from.kind != LAST_NORMAL)
		return -EBUSY;
	if (renaming->to.kind != LAST_NORMAL)
		return renaming->flags & RENAME_NOREPLACE ? -EEXIST : -EBUSY;
	error = mount_write_begin(from->mount);
	if (error)
		return error;
	renaming->from_name = NULL;
	renaming->to_name = NULL;
	trap = directories_lock(from->name, to->name);
	error = rename_locked(renaming, trap);
	if (renaming->from_name)
		name_put(renaming->from_name);
	if (renaming->to_name)
		name_put(renaming->to_name);
	directories_unlock(from->name, to->name);
	mount_write_end(from->mount);
	return error;
}

int vfs_rename(int old_at, const char *old_name, int new_at, const char *new_name,
	       unsigned flags)
{
	struct renaming renaming;
	int error;

	if (flags & ~(unsigned)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
		return -EINVAL;
	if ((flags & RENAME_EXCHANGE) && (flags & (RENAME_NOREPLACE | RENAME_WHITEOUT)))
		return -EINVAL;
	if ((flags & RENAME_WHITEOUT) && !privilege_is_held(PRIVILEGE_MKNOD))
		return -EPERM;
	renaming.flags = flags;
	error = walk_parent(old_at, old_name, 0, &renaming.from);
	if (error)
		return error;
	error = walk_parent(new_at, new_name, 0, &renaming.to);
	if (error == 0) {
		error = rename_between(&renaming);
		walk_last_release(&renaming.to);
	}
	walk_last_release(&renaming.from);
	return error;
}
