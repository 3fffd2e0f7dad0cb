/*
 * The walks that calls ask for: to an object, or to the directory of a last component. Each is
 * tried under RCU and repeated with references when that was not enough.
 */
#include "base/errno.h"
#include "vfs/filesystem.h"
#include "vfs/inode.h"
#include "vfs/walk/walker.h"
#include <abi/fcntl.h>

/* Confined walks need a counted root from the start. */
static bool starts_under_rcu(unsigned flags)
{
	return !(flags & (WALK_BENEATH | WALK_IN_ROOT));
}

static int walk_once(int directory_fd, const struct path *start, const char *name,
		     unsigned flags, bool is_rcu, struct path *result)
{
	struct walker walker;
	int error;

	walker.flags = flags;
	error = walker_start(&walker, directory_fd, start, name, is_rcu);
	if (error)
		return error;
	error = walker_to_last(&walker);
	if (error == 0)
		error = walker_finish(&walker);
	if (error == 0)
		error = walker_settle_last(&walker);
	if (error == 0) {
		*result = walker.at;
		walker.at.name = NULL;
	}
	walker_end(&walker);
	return error;
}

static int walk_any(int directory_fd, const struct path *start, const char *name,
		    unsigned flags, struct path *result)
{
	int error = -ECHILD;

	if (starts_under_rcu(flags))
		error = walk_once(directory_fd, start, name, flags, true, result);
	if (error == -ECHILD && (flags & WALK_CACHED))
		return -EAGAIN;
	if (error == -ECHILD)
		error = walk_once(directory_fd, start, name, flags, false, result);
	return error;
}

int walk(int directory_fd, const char *name, unsigned flags, struct path *result)
{
	return walk_any(directory_fd, NULL, name, flags, result);
}

static int parent_once(int directory_fd, const char *name, unsigned flags, bool is_rcu,
		       struct walk_last *last)
{
	struct walker walker;
	int error;

	walker.flags = flags;
	error = walker_start(&walker, directory_fd, NULL, name, is_rcu);
	if (error)
		return error;
	error = walker_to_last(&walker);
	/* The last component of the whole name stands in `name`, after any links. */
	if (error == 0)
		error = walker_settle_last(&walker);
	if (error == 0) {
		last->parent = walker.at;
		last->kind = walker.last_kind;
		last->text = walker.last_kind == LAST_ROOT ? "/" : walker.last.text;
		last->length = walker.last_kind == LAST_ROOT ? 1 : walker.last.length;
		last->has_trailing_slash = walker.has_trailing_slash;
		walker.at.name = NULL;
	}
	walker_end(&walker);
	return error;
}

int walk_parent(int directory_fd, const char *name, unsigned flags, struct walk_last *last)
{
	int error = -ECHILD;

	if (starts_under_rcu(flags))
		error = parent_once(directory_fd, name, flags, true, last);
	if (error == -ECHILD)
		error = parent_once(directory_fd, name, flags, false, last);
	return error;
}

void walk_last_release(struct walk_last *last)
{
	path_put(&last->parent);
}

int walk_lookup_locked(struct name *directory, const char *text, size_t length,
		       struct name **result)
{
	struct inode *inode = directory->inode;
	struct component component;
	struct name *name;
	int error;

	if (length > NAME_MAXIMUM)
		return -ENAMETOOLONG;
	component_set(&component, text, length);
	*result = name_find(directory, &component);
	if (*result)
		return 0;
	name = name_create(directory, &component);
	if (!name)
		return -ENOMEM;
	error = inode->operations->lookup ? inode->operations->lookup(inode, name) : -ENOTDIR;
	if (error) {
		name_put(name);
		return error;
	}
	*result = (directory->flags & NAME_DELETED) || (name->flags & NAME_UNCACHED)
		? name : name_publish(name);
	return 0;
}
