/*
 * Moving a walker: start, components, "..", mounts and links. The same code walks under RCU, where
 * every step is checked by the sequence of the name that was left, and with references.
 */
#include "base/errno.h"
#include "file/descriptor.h"
#include "file/file.h"
#include "memory/heap.h"
#include "sync/rcu.h"
#include "vfs/directories.h"
#include "vfs/filesystem.h"
#include "vfs/inode.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include "vfs/walk/walker.h"
#include <abi/fcntl.h>
#include <abi/stat.h>

/* Under RCU: the position is `path`, as it is at this moment. */
static int place_rcu(struct walker *walker, const struct path *path)
{
	walker->at = *path;
	walker->sequence = atomic_load_acquire(&path->name->sequence.value);
	walker->inode = READ_ONCE(path->name->inode);
	if ((walker->sequence & 1) || !walker->inode)
		return -ECHILD;
	return 0;
}

static void place_counted(struct walker *walker, const struct path *path)
{
	walker->at = *path;
	walker->inode = path->name->inode;
}

static void drop_at(struct walker *walker)
{
	if (!walker->is_rcu && walker->at.name)
		path_put(&walker->at);
	walker->at.name = NULL;
}

void walker_root(struct walker *walker)
{
	struct directory_state *state;

	if (walker->has_root)
		return;
	state = directory_state_current();
	if (walker->is_rcu)
		directory_path_read(state, &state->root, &walker->root);
	else
		directory_root_get(state, &walker->root);
	walker->has_root = true;
}

static int start_at_root(struct walker *walker)
{
	walker_root(walker);
	if (walker->is_rcu)
		return place_rcu(walker, &walker->root);
	path_get(&walker->root);
	place_counted(walker, &walker->root);
	return 0;
}

static int start_at_path(struct walker *walker, const struct path *path)
{
	if (walker->is_rcu)
		return place_rcu(walker, path);
	path_get(path);
	place_counted(walker, path);
	return 0;
}

static int start_at_working(struct walker *walker)
{
	struct directory_state *state = directory_state_current();
	struct path working;

	if (walker->is_rcu) {
		directory_path_read(state, &state->working, &working);
		return place_rcu(walker, &working);
	}
	directory_working_get(state, &working);
	place_counted(walker, &working);
	return 0;
}

static int start_at_descriptor(struct walker *walker, int fd, bool needs_directory)
{
	struct file_reference reference = descriptor_borrow(fd, true);
	struct file *file = reference.file;
	int error = -EBADF;

	if (file && (!file->name || (needs_directory && !inode_is_directory(file->inode)))) {
		error = -ENOTDIR;
	} else if (file) {
		struct path path = { file->mount, file->name };

		error = start_at_path(walker, &path);
	}
	if (file)
		descriptor_return(reference);
	return error;
}

static int start_somewhere(struct walker *walker, int directory_fd, const struct path *start,
			   const char *name)
{
	if (*name == '\0' && !(walker->flags & WALK_EMPTY_PATH))
		return -ENOENT;
	if (*name == '/' && !(walker->flags & WALK_IN_ROOT))
		return walker->flags & WALK_BENEATH ? -EXDEV : start_at_root(walker);
	if (start)
		return start_at_path(walker, start);
	if (directory_fd == AT_FDCWD)
		return start_at_working(walker);
	return start_at_descriptor(walker, directory_fd, *name != '\0');
}

int walker_start(struct walker *walker, int directory_fd, const struct path *start,
		 const char *name, bool is_rcu)
{
	int error;

	walker->at.name = NULL;
	walker->has_root = false;
	walker->is_rcu = is_rcu;
	walker->cursor = name;
	walker->link_count = 0;
	walker->depth = 0;
	walker->pending = 0;
	walker->links = walker->inline_links;
	walker->has_trailing_slash = false;
	walker->mounts = mount_sequence();
	walker->renames = name_rename_generation();
	if (is_rcu) {
		rcu_read_lock();
		if (walker->mounts & 1) {
			walker_end(walker);
			return -ECHILD;
		}
	}
	error = start_somewhere(walker, directory_fd, start, name);
	if (error == 0 && (walker->flags & (WALK_BENEATH | WALK_IN_ROOT))) {
		/* The start is the root; such walks are counted from the beginning. */
		walker->root = walker->at;
		path_get(&walker->root);
		walker->has_root = true;
	}
	if (error)
		walker_end(walker);
	return error;
}

static void link_pop(struct walker *walker)
{
	struct walk_link *link = &walker->links[--walker->depth];

	if (link->rest)
		walker->pending--;
	heap_free(link->owned);
	if (!walker->is_rcu)
		inode_put(link->inode);
}

void walker_end(struct walker *walker)
{
	while (walker->depth > 0)
		link_pop(walker);
	if (walker->links != walker->inline_links)
		heap_free(walker->links);
	if (walker->is_rcu) {
		walker->is_rcu = false;
		walker->at.name = NULL;
		rcu_read_unlock();
		return;
	}
	drop_at(walker);
	if (walker->has_root)
		path_put(&walker->root);
	walker->has_root = false;
}

int walker_settle(struct walker *walker)
{
	struct path path = walker->at;
	bool has_mount, has_name, is_valid;

	if (!walker->is_rcu)
		return 0;
	if (walker->depth > 0)
		return -ECHILD;
	has_mount = mount_get_unless_detached(path.mount);
	has_name = has_mount && name_get_unless_dead(path.name);
	/* Whoever changes the name or the mounts looks at the counts after the sequence: so do
	 * we. */
	atomic_fence();
	is_valid = has_name && !sequence_read_retry(&path.name->sequence, walker->sequence) &&
		mount_sequence() == walker->mounts;
	walker->is_rcu = false;
	walker->has_root = false;
	rcu_read_unlock();
	if (is_valid)
		return 0;
	walker->at.name = NULL;
	if (has_name)
		name_put(path.name);
	if (has_mount)
		mount_put(path.mount);
	return -ECHILD;
}

/* One component under RCU: the name, its sequence and inode belong together. */
static int find_rcu(struct walker *walker, const struct component *component,
		    struct name **name, struct inode **inode, uint32_t *sequence)
{
	*name = name_find_rcu(walker->at.name, component, sequence);
	if (!*name)
		return -ECHILD;
	*inode = atomic_load_acquire(&(*name)->inode);
	if (sequence_read_retry(&(*name)->sequence, *sequence) ||
	    sequence_read_retry(&walker->at.name->sequence, walker->sequence))
		return -ECHILD;
	return 0;
}

static int cross_down_rcu(struct walker *walker)
{
	while (name_is_mount_point(walker->at.name)) {
		struct mount *mount = mount_covering(walker->at.mount, walker->at.name);
		struct path below;
		int error;

		if (!mount)
			return 0;
		if (walker->flags & WALK_NO_CROSSING)
			return -EXDEV;
		below = (struct path){ mount, mount->root };
		error = place_rcu(walker, &below);
		if (error)
			return error;
	}
	return 0;
}

static int cross_down(struct walker *walker)
{
	struct mount *mount = walker->at.mount;

	if (walker->is_rcu)
		return cross_down_rcu(walker);
	if (!name_is_mount_point(walker->at.name))
		return 0;
	mount_step_down(&walker->at);
	walker->inode = walker->at.name->inode;
	return walker->at.mount != mount && (walker->flags & WALK_NO_CROSSING) ? -EXDEV : 0;
}

int walker_enter(struct walker *walker, struct name *name)
{
	struct name *left = walker->at.name;

	walker->at.name = name;
	walker->inode = name->inode;
	name_put(left);
	return cross_down(walker);
}

static bool is_at_root(const struct walker *walker)
{
	return walker->at.name == walker->root.name && walker->at.mount == walker->root.mount;
}

static int up_rcu(struct walker *walker)
{
	while (!is_at_root(walker)) {
		struct name *name = walker->at.name;
		struct mount *mount = walker->at.mount;
		struct path above = { mount, READ_ONCE(name->parent) };
		bool is_top = name == mount->root;
		int error;

		if (is_top && mount->parent == mount)
			return 0;
		if (is_top)
			above = (struct path){ rcu_dereference(mount->parent), mount->point };
		if (sequence_read_retry(&name->sequence, walker->sequence) ||
		    mount_sequence() != walker->mounts)
			return -ECHILD;
		if (is_top && (walker->flags & WALK_NO_CROSSING))
			return -EXDEV;
		error = place_rcu(walker, &above);
		if (error || !is_top)
			return error;
	}
	return 0;
}

static struct name *parent_get(struct name *name)
{
	struct name *parent;

	rcu_read_lock();
	do {
		parent = rcu_dereference(name->parent);
	} while (!name_get_unless_dead(parent));
	rcu_read_unlock();
	return parent;
}

static int up_counted(struct walker *walker)
{
	while (!is_at_root(walker)) {
		struct name *name = walker->at.name;

		if (name != walker->at.mount->root) {
			walker->at.name = parent_get(name);
			name_put(name);
			break;
		}
		if (walker->at.mount->parent == walker->at.mount)
			break;
		if (walker->flags & WALK_NO_CROSSING)
			return -EXDEV;
		if (!mount_step_up(&walker->at))
			break;
	}
	walker->inode = walker->at.name->inode;
	if ((walker->flags & (WALK_BENEATH | WALK_IN_ROOT)) &&
	    (walker->renames != name_rename_generation() || walker->mounts != mount_sequence()))
		return -EAGAIN;
	return 0;
}

int walker_up(struct walker *walker)
{
	int error;

	walker_root(walker);
	if ((walker->flags & WALK_BENEATH) && is_at_root(walker))
		return -EXDEV;
	error = walker->is_rcu ? up_rcu(walker) : up_counted(walker);
	return error ? error : cross_down(walker);
}

/* Room for another link's text on the stack; the heap is used from the fifth on. */
static int links_grow(struct walker *walker)
{
	struct walk_link *links;

	if (walker->depth < WALK_LINKS_INLINE || walker->links != walker->inline_links)
		return 0;
	if (walker->is_rcu)
		return -ECHILD;
	links = heap_allocate_array(WALK_LINKS_MAXIMUM, sizeof(*links), HEAP_ACCOUNT);
	if (!links)
		return -ENOMEM;
	for (unsigned i = 0; i < walker->depth; i++)
		links[i] = walker->inline_links[i];
	walker->links = links;
	return 0;
}

/* /proc/self/fd/N and its like: the object itself is the next position. */
static int follow_magic(struct walker *walker, struct inode *link)
{
	struct path target;
	int error;

	if (walker->flags & (WALK_NO_MAGIC_LINKS | WALK_NO_SYMLINKS))
		return -ELOOP;
	error = link->operations->follow(link, &target);
	if (error)
		return error;
	if ((walker->flags & (WALK_BENEATH | WALK_IN_ROOT)) ||
	    ((walker->flags & WALK_NO_CROSSING) && target.mount != walker->at.mount)) {
		path_put(&target);
		return -EXDEV;
	}
	path_put(&walker->at);
	place_counted(walker, &target);
	return 0;
}

static int jump_to_root(struct walker *walker)
{
	if (walker->flags & WALK_BENEATH)
		return -EXDEV;
	walker_root(walker);
	if ((walker->flags & WALK_NO_CROSSING) && walker->at.mount != walker->root.mount)
		return -EXDEV;
	if (walker->is_rcu)
		return place_rcu(walker, &walker->root);
	path_get(&walker->root);
	path_put(&walker->at);
	place_counted(walker, &walker->root);
	return 0;
}

static int link_text(struct walker *walker, struct inode *link, const char **text, char **owned)
{
	bool must_free = false;
	char *target;
	int error;

	*owned = NULL;
	*text = READ_ONCE(link->link_text);
	if (*text)
		return 0;
	if (walker->is_rcu)
		return -ECHILD;
	error = link->operations->read_link(link, &target, &must_free);
	if (error)
		return error;
	*text = target;
	if (must_free)
		*owned = target;
	return 0;
}

int walker_follow(struct walker *walker, struct inode *link, const char *rest)
{
	struct walk_link *entry;
	const char *text = "";
	char *owned = NULL;
	int error;

	if (walker->link_count++ >= WALK_LINKS_MAXIMUM || (walker->flags & WALK_NO_SYMLINKS) ||
	    (walker->at.mount->flags & MS_NOSYMFOLLOW))
		return -ELOOP;
	/* Nothing behind it: the link is what was asked for. */
	error = rest ? 0 : symlink_may_follow(walker->inode, link);
	if (error)
		return walker->is_rcu ? -ECHILD : error;
	error = links_grow(walker);
	if (error)
		return error;
	if (link->operations->follow)
		error = walker->is_rcu ? -ECHILD : follow_magic(walker, link);
	else
		error = link_text(walker, link, &text, &owned);
	if (error)
		return error;
	entry = &walker->links[walker->depth++];
	*entry = (struct walk_link){ rest, link, owned };
	if (!walker->is_rcu)
		inode_get(link);
	if (rest)
		walker->pending++;
	walker->cursor = text;
	if (link->operations->follow)
		return 0;
	if (*text == '\0')
		return -ENOENT;
	return *text == '/' ? jump_to_root(walker) : 0;
}

int walker_lookup(struct walker *walker, const struct component *component,
		  struct name **result)
{
	struct name *directory = walker->at.name;
	struct inode *inode = walker->inode;
	int error;

	*result = name_find(directory, component);
	if (*result)
		return 0;
	if (walker->flags & WALK_CACHED)
		return -EAGAIN;
	shared_lock_read(&inode->lock);
	error = walk_lookup_locked(directory, component->text, component->length, result);
	shared_unlock_read(&inode->lock);
	return error;
}

static enum last_kind kind_of(const struct component *component)
{
	if (component->text[0] != '.')
		return LAST_NORMAL;
	if (component->length == 1)
		return LAST_DOT;
	if (component->length == 2 && component->text[1] == '.')
		return LAST_DOT_DOT;
	return LAST_NORMAL;
}

static bool has_no_more(const char *text)
{
	while (*text == '/')
		text++;
	return *text == '\0';
}

/* Under RCU; -ECHILD leaves the walker where it was. */
static int step_name_rcu(struct walker *walker, const struct component *component,
			 const char *rest, bool follows)
{
	struct name *name;
	struct inode *inode;
	uint32_t sequence;
	int error = find_rcu(walker, component, &name, &inode, &sequence);

	if (error)
		return error;
	if (!inode)
		return -ENOENT;
	if (inode_type(inode) == S_IFLNK && follows)
		return walker_follow(walker, inode, rest);
	walker->at.name = name;
	walker->sequence = sequence;
	walker->inode = inode;
	return (walker->flags & WALK_KEEP_MOUNT_POINT) && !rest ? 0 : cross_down(walker);
}

/*
 * Onto a named component. A link to be followed does not move the walker: its text comes next.
 */
static int step_name(struct walker *walker, const struct component *component, const char *rest,
		     bool follows)
{
	struct name *name;
	struct inode *inode;
	int error;

	if (component->length > NAME_MAXIMUM)
		return -ENAMETOOLONG;
	if (walker->is_rcu) {
		unsigned links = walker->link_count;

		error = step_name_rcu(walker, component, rest, follows);
		if (error != -ECHILD || walker->link_count != links)
			return error;
		/* Not cached, perhaps: go on from here with references. */
		error = walker_settle(walker);
		if (error)
			return error;
	}
	error = walker_lookup(walker, component, &name);
	if (error)
		return error;
	inode = name->inode;
	if (inode && !(inode_type(inode) == S_IFLNK && follows))
		return walker_enter(walker, name);
	error = inode ? walker_follow(walker, inode, rest) : -ENOENT;
	name_put(name);
	return error;
}

static int step(struct walker *walker, const struct component *component, const char *rest,
		bool follows)
{
	switch (kind_of(component)) {
	case LAST_DOT:
		return 0;
	case LAST_DOT_DOT:
		return walker_up(walker);
	default:
		return step_name(walker, component, rest, follows);
	}
}

int walker_to_last(struct walker *walker)
{
	for (;;) {
		struct component component;
		const char *after;
		int error;

		while (*walker->cursor == '/')
			walker->cursor++;
		if (*walker->cursor == '\0') {
			if (walker->pending == 0) {
				walker->last_kind = LAST_ROOT;
				return 0;
			}
			walker->cursor = walker->links[walker->depth - 1].rest;
			link_pop(walker);
			if (!walker->cursor)
				walker->cursor = "";
			continue;
		}
		if (!inode_is_directory(walker->inode))
			return -ENOTDIR;
		error = inode_permission(walker->inode, MAY_EXECUTE);
		if (error)
			return error;
		after = component_read(walker->cursor, &component);
		if (has_no_more(after) && walker->pending == 0) {
			walker->last = component;
			walker->last_kind = kind_of(&component);
			if (*after == '/')
				walker->has_trailing_slash = true;
			return 0;
		}
		walker->cursor = after;
		error = step(walker, &component, after, true);
		if (error)
			return error;
	}
}

int walker_finish(struct walker *walker)
{
	bool follows = walker->flags & WALK_FOLLOW;

	while (walker->last_kind != LAST_ROOT) {
		unsigned links = walker->link_count;
		int error = step(walker, &walker->last, NULL,
				 follows || walker->has_trailing_slash);

		if (error)
			return error;
		if (walker->link_count == links)
			break;
		error = walker_to_last(walker);
		if (error)
			return error;
	}
	if (((walker->flags & WALK_DIRECTORY) || walker->has_trailing_slash) &&
	    !inode_is_directory(walker->inode))
		return -ENOTDIR;
	return 0;
}
