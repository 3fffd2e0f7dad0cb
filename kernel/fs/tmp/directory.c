/*
 * Directories of tmpfs. Entries are found by hash and text, and listed by cookie, the newest first:
 * a cookie is never given twice, so that a listing goes on where it stopped whatever came and went
 * meanwhile. A position behind "." and ".." says which cookies are still to come: those below
 * LISTING_TOP - position.
 */
#include "base/errno.h"
#include "base/string.h"
#include "file/file.h"
#include "fs/tmp/internal.h"
#include "memory/heap.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

#define LISTING_TOP INT64_MAX

static int entry_compare(const struct tmp_entry *entry, uint32_t hash, const char *text,
			 uint32_t length)
{
	if (entry->hash != hash)
		return hash < entry->hash ? -1 : 1;
	if (entry->length != length)
		return length < entry->length ? -1 : 1;
	return memcmp(text, entry->text, length);
}

static struct tmp_entry *entry_find(struct tmp_inode *directory, const struct name *name)
{
	struct rbtree_node *at = directory->directory.by_text.root;

	while (at) {
		struct tmp_entry *entry = rbtree_entry(at, struct tmp_entry, by_text);
		int order = entry_compare(entry, name->hash, name->text, name->length);

		if (order == 0)
			return entry;
		at = order < 0 ? at->left : at->right;
	}
	return NULL;
}

static struct tmp_entry *entry_create(const struct name *name)
{
	struct tmp_entry *entry = heap_allocate(sizeof(*entry) + name->length,
						HEAP_ACCOUNT | HEAP_RAW);

	if (!entry)
		return NULL;
	entry->hash = name->hash;
	entry->length = (uint8_t)name->length;
	memcpy(entry->text, name->text, name->length);
	return entry;
}

/* Takes over the inode's reference. */
static void entry_add(struct tmp_inode *directory, struct tmp_entry *entry, struct inode *inode)
{
	struct rbtree *tree = &directory->directory.by_text;
	struct rbtree_node **link = &tree->root, *parent = NULL;

	entry->inode = inode;
	entry->cookie = directory->directory.next_cookie++;
	while (*link) {
		struct tmp_entry *at = rbtree_entry(*link, struct tmp_entry, by_text);

		parent = *link;
		link = entry_compare(at, entry->hash, entry->text, entry->length) < 0
			? &parent->left : &parent->right;
	}
	rbtree_insert(tree, &entry->by_text, parent, link);
	/* The newest cookie is the largest: it hangs rightmost. */
	tree = &directory->directory.by_cookie;
	parent = rbtree_last(tree);
	rbtree_insert(tree, &entry->by_cookie, parent, parent ? &parent->right : &tree->root);
	directory->directory.count++;
}

/* The entry becomes the newest of its directory, as if it were made now. */
static void entry_renew(struct tmp_inode *directory, struct tmp_entry *entry)
{
	struct rbtree *tree = &directory->directory.by_cookie;
	struct rbtree_node *parent;

	rbtree_erase(tree, &entry->by_cookie);
	entry->cookie = directory->directory.next_cookie++;
	parent = rbtree_last(tree);
	rbtree_insert(tree, &entry->by_cookie, parent, parent ? &parent->right : &tree->root);
}

static void entry_remove(struct tmp_inode *directory, struct tmp_entry *entry)
{
	rbtree_erase(&directory->directory.by_text, &entry->by_text);
	rbtree_erase(&directory->directory.by_cookie, &entry->by_cookie);
	directory->directory.count--;
	heap_free(entry);
}

/* A directory changed: its size and its times. */
static void directory_touch(struct inode *directory)
{
	inode_size_set(directory, TMP_DIRECTORY_SIZE(tmp_inode_of(directory)->directory.count));
	inode_touch(directory, INODE_MODIFIED | INODE_CHANGED);
	directory->version++;
}

static int lookup(struct inode *directory, struct name *name)
{
	struct tmp_entry *entry = entry_find(tmp_inode_of(directory), name);

	if (entry) {
		inode_get(entry->inode);
		name_attach(name, entry->inode);
	}
	return 0;
}

static int add_fresh(struct inode *directory, struct name *name, struct inode *inode)
{
	struct tmp_entry *entry = entry_create(name);

	if (!entry)
		return -ENOMEM;
	entry_add(tmp_inode_of(directory), entry, inode);
	directory_touch(directory);
	inode_get(inode);
	name_attach(name, inode);
	return 0;
}

static int make(struct inode *directory, struct name *name, uint16_t mode, uint64_t device)
{
	struct inode *inode;
	int error = tmp_inode_create(directory->superblock, directory, mode, &inode);

	if (error)
		return error;
	inode->attributes.device = device;
	error = add_fresh(directory, name, inode);
	if (error)
		inode_put(inode);
	return error;
}

static int create(struct inode *directory, struct name *name, uint16_t mode)
{
	return make(directory, name, mode, 0);
}

static int make_directory(struct inode *directory, struct name *name, uint16_t mode)
{
	int error = make(directory, name, mode, 0);

	if (error == 0)
		inode_link_add(directory, 1);
	return error;
}

static int make_symlink(struct inode *directory, struct name *name, const char *target)
{
	struct inode *inode;
	int error = tmp_inode_create(directory->superblock, directory, S_IFLNK | 0777, &inode);

	if (error)
		return error;
	inode->attributes.size = strlen(target);
	inode->link_text = heap_copy_string(target, HEAP_ACCOUNT);
	error = inode->link_text ? add_fresh(directory, name, inode) : -ENOMEM;
	if (error)
		inode_put(inode);
	return error;
}

/* Each name counts against nr_inodes: it takes memory. The first came with the inode itself. */
static int link(struct inode *directory, struct name *name, struct inode *target)
{
	bool is_further = target->attributes.link_count > 0;
	int error = is_further ? tmp_inode_charge(directory->superblock) : 0;

	if (error)
		return error;
	inode_get(target);
	error = add_fresh(directory, name, target);
	if (error == 0) {
		inode_link_add(target, 1);
		return 0;
	}
	inode_put(target);
	if (is_further)
		tmp_inode_uncharge(directory->superblock);
	return error;
}

/* A name is gone: all but the last of a file stood for themselves. */
static void link_drop(struct inode *inode)
{
	if (!inode_is_directory(inode) && inode->attributes.link_count > 1)
		tmp_inode_uncharge(inode->superblock);
	inode_link_add(inode, -1);
}

static int unlink(struct inode *directory, struct name *name)
{
	struct tmp_entry *entry = entry_find(tmp_inode_of(directory), name);
	struct inode *inode;

	if (!entry)
		return -ENOENT;
	inode = entry->inode;
	entry_remove(tmp_inode_of(directory), entry);
	directory_touch(directory);
	link_drop(inode);
	inode_put(inode);
	return 0;
}

static int remove_directory(struct inode *directory, struct name *name)
{
	struct inode *inode = name->inode;
	int error;

	if (tmp_inode_of(inode)->directory.count)
		return -ENOTEMPTY;
	inode_link_add(inode, -1);
	error = unlink(directory, name);
	if (error == 0)
		inode_link_add(directory, -1);
	return error;
}

static int exchange(struct tmp_entry *from, struct inode *from_directory, struct tmp_entry *to,
		    struct inode *to_directory)
{
	struct inode *source = from->inode;
	int moved = inode_is_directory(source), came = inode_is_directory(to->inode);

	from->inode = to->inode;
	to->inode = source;
	/* Both have moved, what was asked for last. */
	entry_renew(tmp_inode_of(from_directory), from);
	entry_renew(tmp_inode_of(to_directory), to);
	if (from_directory != to_directory && moved != came) {
		inode_link_add(from_directory, came - moved);
		inode_link_add(to_directory, moved - came);
	}
	inode_touch(from->inode, INODE_CHANGED);
	inode_touch(to->inode, INODE_CHANGED);
	return 0;
}

/* `to` exists and is replaced: its entry takes the source, and the source's entry goes. */
static void replace(struct tmp_entry *from, struct inode *from_directory, struct tmp_entry *to,
		    struct inode *to_directory)
{
	struct inode *victim = to->inode;

	to->inode = from->inode;
	entry_renew(tmp_inode_of(to_directory), to);
	entry_remove(tmp_inode_of(from_directory), from);
	if (inode_is_directory(victim))
		inode_link_add(victim, -2);
	else
		link_drop(victim);
	inode_put(victim);
}

static int rename_to(struct inode *from_directory, struct tmp_entry *from,
		     struct inode *to_directory, struct tmp_entry *to, struct name *to_name)
{
	struct inode *source = from->inode;
	int is_directory = inode_is_directory(source);

	if (to) {
		if (inode_is_directory(to->inode) &&
		    tmp_inode_of(to->inode)->directory.count)
			return -ENOTEMPTY;
		if (is_directory)
			inode_link_add(from_directory, -1);
		if (is_directory && from_directory != to_directory &&
			!inode_is_directory(to->inode))
			inode_link_add(to_directory, 1);
		replace(from, from_directory, to, to_directory);
	} else {
		struct tmp_entry *entry = entry_create(to_name);

		if (!entry)
			return -ENOMEM;
		entry_remove(tmp_inode_of(from_directory), from);
		entry_add(tmp_inode_of(to_directory), entry, source);
		if (is_directory && from_directory != to_directory) {
			inode_link_add(from_directory, -1);
			inode_link_add(to_directory, 1);
		}
	}
	inode_touch(source, INODE_CHANGED);
	return 0;
}

/* RENAME_WHITEOUT leaves a character device 0/0 behind: prepared before anything changes. */
static int rename(struct inode *from_directory, struct name *from, struct inode *to_directory,
		  struct name *to, unsigned flags)
{
	struct tmp_entry *from_entry = entry_find(tmp_inode_of(from_directory), from);
	struct tmp_entry *to_entry = entry_find(tmp_inode_of(to_directory), to);
	struct tmp_entry *whiteout_entry = NULL;
	struct inode *whiteout = NULL;
	int error = 0;

	if (!from_entry || ((flags & RENAME_EXCHANGE) && !to_entry))
		return -ENOENT;
	if (flags & RENAME_WHITEOUT) {
		error = tmp_inode_create(from_directory->superblock, from_directory, S_IFCHR,
					 &whiteout);
		whiteout_entry = error ? NULL : entry_create(from);
		if (!error && !whiteout_entry)
			error = -ENOMEM;
	}
	if (error == 0 && (flags & RENAME_EXCHANGE))
		error = exchange(from_entry, from_directory, to_entry, to_directory);
	else if (error == 0)
		error = rename_to(from_directory, from_entry, to_directory, to_entry, to);
	if (error) {
		heap_free(whiteout_entry);
		if (whiteout)
			inode_put(whiteout);
		return error;
	}
	if (whiteout) {
		/* What was moved is the newer of the two. */
		entry_add(tmp_inode_of(from_directory), whiteout_entry, whiteout);
		entry_renew(tmp_inode_of(to_directory),
			    entry_find(tmp_inode_of(to_directory), to));
	}
	directory_touch(from_directory);
	if (to_directory != from_directory)
		directory_touch(to_directory);
	return 0;
}

static int make_unnamed(struct inode *directory, struct inode **inode, uint16_t mode)
{
	int error = tmp_inode_create(directory->superblock, directory, mode, inode);

	if (error == 0)
		inode_link_add(*inode, -1);
	return error;
}

void tmp_directory_clear(struct inode *inode)
{
	struct tmp_inode *directory = tmp_inode_of(inode);
	struct rbtree_node *node;

	while ((node = rbtree_first(&directory->directory.by_cookie))) {
		struct tmp_entry *entry = rbtree_entry(node, struct tmp_entry, by_cookie);
		struct inode *child = entry->inode;

		/* Descend by emptying the child first into this directory: no recursion. */
		if (inode_is_directory(child) && tmp_inode_of(child)->directory.count) {
			struct tmp_inode *below = tmp_inode_of(child);
			struct rbtree_node *first = rbtree_first(&below->directory.by_cookie);
			struct tmp_entry *moved = rbtree_entry(first, struct tmp_entry, by_cookie);

			rbtree_erase(&below->directory.by_text, &moved->by_text);
			rbtree_erase(&below->directory.by_cookie, &moved->by_cookie);
			below->directory.count--;
			entry_add(directory, moved, moved->inode);
			continue;
		}
		entry_remove(directory, entry);
		inode_put(child);
	}
}

/* The newest entry with a cookie below this one. */
static struct tmp_entry *entry_below(struct tmp_inode *directory, uint64_t cookie)
{
	struct rbtree_node *at = directory->directory.by_cookie.root;
	struct tmp_entry *found = NULL;

	while (at) {
		struct tmp_entry *entry = rbtree_entry(at, struct tmp_entry, by_cookie);

		if (entry->cookie < cookie)
			found = entry;
		at = entry->cookie < cookie ? at->right : at->left;
	}
	return found;
}

static int list_dots(struct file *file, struct directory_sink *sink)
{
	struct name *parent = file->name->parent;

	if (file->position == 0) {
		if (sink->emit(sink, ".", 1, file->inode->number, DT_DIR, 1))
			return 1;
		file->position = 1;
	}
	if (file->position == 1) {
		if (sink->emit(sink, "..", 2, parent->inode->number, DT_DIR, 2))
			return 1;
		file->position = 2;
	}
	return 0;
}

static int list(struct file *file, struct directory_sink *sink)
{
	struct tmp_inode *directory = tmp_inode_of(file->inode);
	struct rbtree_node *node;
	struct tmp_entry *entry;

	shared_lock_read(&file->inode->lock);
	if (file->name->flags & NAME_DELETED) {
		shared_unlock_read(&file->inode->lock);
		return -ENOENT;
	}
	if (list_dots(file, sink))
		goto done;
	entry = entry_below(directory, (uint64_t)(LISTING_TOP - file->position));
	for (node = entry ? &entry->by_cookie : NULL; node; node = rbtree_previous(node)) {
		int64_t next;

		entry = rbtree_entry(node, struct tmp_entry, by_cookie);
		next = LISTING_TOP - (int64_t)entry->cookie;
		if (sink->emit(sink, entry->text, entry->length, entry->inode->number,
			       (uint8_t)(inode_type(entry->inode) >> 12), next))
			goto done;
		file->position = next;
	}
	/* What is made from here on is not part of this listing. */
	file->position = LISTING_TOP;
done:
	shared_unlock_read(&file->inode->lock);
	vfs_file_accessed(file);
	return 0;
}

static long read_directory(struct file *file, struct transfer *to, struct io *io)
{
	(void)file;
	(void)to;
	(void)io;
	return -EISDIR;
}

static int sync(struct file *file, int64_t start, int64_t end, bool data_only)
{
	(void)file;
	(void)start;
	(void)end;
	(void)data_only;
	return 0;
}

const struct file_operations tmp_directory_file_operations = {
	.read = read_directory,
	.list = list,
	.seek = file_seek_endless,
	.sync = sync,
};

const struct inode_operations tmp_directory_operations = {
	TMP_COMMON_OPERATIONS,
	.lookup = lookup,
	.create = create,
	.make_directory = make_directory,
	.make_node = make,
	.make_symlink = make_symlink,
	.link = link,
	.unlink = unlink,
	.remove_directory = remove_directory,
	.rename = rename,
	.make_unnamed = make_unnamed,
};
