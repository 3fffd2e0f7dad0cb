/*
 * Paths: counted pairs of mount and name, and their description as text from the end backward.
 */
#include "base/errno.h"
#include "base/error_pointer.h"
#include "base/string.h"
#include "vfs/filesystem.h"
#include "vfs/inode.h"
#include "vfs/mount_table.h"
#include "vfs/name/internal.h"

void path_get(const struct path *path)
{
	mount_get(path->mount);
	name_get(path->name);
}

void path_put(const struct path *path)
{
	if (path->name)
		name_put(path->name);
	if (path->mount)
		mount_put(path->mount);
}

struct backward {
	char *start, *at;
};

static bool backward_add(struct backward *text, const char *bytes, size_t length)
{
	if ((size_t)(text->at - text->start) < length)
		return false;
	text->at -= length;
	memcpy(text->at, bytes, length);
	return true;
}

/* One component and the parent that it belongs to; -EAGAIN: the name was renamed meanwhile. */
static int backward_add_name(struct backward *text, const struct name *name, struct name **parent)
{
	uint32_t begun = sequence_read_begin(&name->sequence);
	uint32_t length = READ_ONCE(name->length);
	const char *from = READ_ONCE(name->text);
	bool fits;

	*parent = rcu_dereference(name->parent);
	/* Once so that text and length belong together, once more because the text is copied. */
	if (sequence_read_retry(&name->sequence, begun))
		return -EAGAIN;
	fits = backward_add(text, from, length) && backward_add(text, "/", 1);
	if (sequence_read_retry(&name->sequence, begun))
		return -EAGAIN;
	return fits ? 0 : -ENAMETOOLONG;
}

/* Up from path to root (NULL: any top); 1: reached, 0: another top, -ENAMETOOLONG, -EAGAIN. RCU. */
static int describe_walk(const struct path *path, const struct path *root, struct backward *text)
{
	struct name *name = path->name;
	struct mount *mount = path->mount;

	for (;;) {
		struct name *parent;
		int error;

		if (root && name == root->name && mount == root->mount)
			return 1;
		if (name == mount->root || name == READ_ONCE(name->parent)) {
			struct mount *above = rcu_dereference(mount->parent);

			if (name != mount->root || above == mount)
				return root == NULL;
			name = rcu_dereference(mount->point);
			mount = above;
			continue;
		}
		error = backward_add_name(text, name, &parent);
		if (error)
			return error;
		name = parent;
	}
}

bool name_is_deleted(const struct name *name)
{
	uint32_t flags = READ_ONCE(name->flags);
	struct inode *inode = name->inode;

	if (flags & NAME_DELETED)
		return true;
	return (flags & NAME_UNCACHED) && inode && inode->operations->is_gone &&
		inode->operations->is_gone(inode);
}

static char *describe_outside(const struct path *path, struct backward *text)
{
	if (!backward_add(text, path->name->text, path->name->length))
		return error_pointer(-ENAMETOOLONG);
	return text->at;
}

char *path_describe(const struct path *path, const struct path *root, char *buffer, size_t size)
{
	struct backward text;
	uint32_t renames, mounts;
	int result;

	do {
		renames = name_rename_generation();
		mounts = mount_sequence();
		text.start = buffer;
		text.at = buffer + size;
		if (!backward_add(&text, "", 1))
			return error_pointer(-ENAMETOOLONG);
		if (name_is_deleted(path->name) && !backward_add(&text, " (deleted)", 10))
			return error_pointer(-ENAMETOOLONG);
		if (path->name->flags & NAME_OUTSIDE)
			return describe_outside(path, &text);
		char *end = text.at;

		rcu_read_lock();
		result = describe_walk(path, root, &text);
		rcu_read_unlock();
		if (result >= 0 && text.at == end && !backward_add(&text, "/", 1))
			result = -ENAMETOOLONG;
	} while (result == -EAGAIN || renames != name_rename_generation() ||
		 mounts != mount_sequence());
	if (result == 0 && !backward_add(&text, "(unreachable)", 13))
		result = -ENAMETOOLONG;
	return result < 0 ? error_pointer(result) : text.at;
}
