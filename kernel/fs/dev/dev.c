/*
 * devtmpfs: one tmpfs for the whole system, in which device nodes come and go with the devices.
 * Programs may add files and change what they like, as on any tmpfs.
 */
#include "base/errno.h"
#include "base/string.h"
#include "device/node.h"
#include "memory/heap.h"
#include "sync/mutex.h"
#include "task/deferred.h"
#include "vfs/filesystem.h"
#include "vfs/inode.h"
#include "vfs/name_find.h"
#include "vfs/walk.h"
#include <abi/fcntl.h>

/* A node that was made here for a device. */
struct shown_node {
	struct list_node node;
	uint64_t number;
	bool is_block;
	char name[];
};

static struct superblock *dev_superblock;
static struct mutex update_mutex = MUTEX_INITIALIZER(update_mutex, LOCK_PROCESS_CHANGE);
static struct list_head shown = LIST_HEAD_INITIALIZER(shown);
static struct work update_work;
static uint64_t shown_generation;

/* The negative or positive name of one component below a locked directory. */
static struct name *name_at(struct name *directory, const char *text, size_t length)
{
	struct name *name;

	return walk_lookup_locked(directory, text, length, &name) ? NULL : name;
}

static void owner_and_mode(struct inode *inode, uint16_t mode, uint32_t gid)
{
	struct attribute_change change = {
		.mask = CHANGE_MODE | CHANGE_UID | CHANGE_GID, .mode = mode, .gid = gid,
	};

	inode_change_apply(inode, &change);
}

static int directory_add(struct name *parent, const char *text, size_t length, uint16_t mode)
{
	struct inode *inode = parent->inode;
	struct name *name;
	int error = -ENOMEM;

	shared_lock_write(&inode->lock);
	name = name_at(parent, text, length);
	if (name && name->inode)
		error = 0;
	else if (name)
		error = inode->operations->make_directory(inode, name, S_IFDIR | mode);
	if (name && error == 0)
		owner_and_mode(name->inode, mode, 0);
	if (name)
		name_put(name);
	shared_unlock_write(&inode->lock);
	return error;
}

static void link_add(struct name *root, const char *text, const char *target)
{
	struct inode *inode = root->inode;
	struct name *name;

	shared_lock_write(&inode->lock);
	name = name_at(root, text, strlen(text));
	if (name && !name->inode)
		(void)!inode->operations->make_symlink(inode, name, target);
	if (name)
		name_put(name);
	shared_unlock_write(&inode->lock);
}

/* The directory of "input/event0", made when it is missing; the rest of the name in *last. */
static struct name *parent_of(struct name *root, const char *text, const char **last)
{
	const char *slash = strchr(text, '/');
	struct name *parent = NULL;

	*last = text;
	if (!slash) {
		name_get(root);
		return root;
	}
	*last = slash + 1;
	if (directory_add(root, text, (size_t)(slash - text), 0755))
		return NULL;
	shared_lock_read(&root->inode->lock);
	parent = name_at(root, text, (size_t)(slash - text));
	shared_unlock_read(&root->inode->lock);
	return parent;
}

static void node_show(struct device_node *node)
{
	struct shown_node *record = heap_allocate(sizeof(*record) + strlen(node->name) + 1, 0);
	const char *last;
	struct name *parent, *name;
	int error = -EEXIST;

	if (!record)
		return;
	parent = parent_of(dev_superblock->root, node->name, &last);
	if (!parent) {
		heap_free(record);
		return;
	}
	shared_lock_write(&parent->inode->lock);
	name = name_at(parent, last, strlen(last));
	if (name && !name->inode)
		error = parent->inode->operations->make_node(parent->inode, name,
				(node->is_block ? S_IFBLK : S_IFCHR) | node->permissions,
				node->number);
	if (name && error == 0)
		owner_and_mode(name->inode, node->permissions, node->gid);
	if (name)
		name_put(name);
	shared_unlock_write(&parent->inode->lock);
	name_put(parent);
	record->number = node->number;
	record->is_block = node->is_block;
	memcpy(record->name, node->name, strlen(node->name) + 1);
	list_add_tail(&shown, &record->node);
}

/* Only what is still the device's node goes: a program may have put another file there. */
static void node_hide(struct shown_node *record)
{
	const char *last;
	struct name *parent = parent_of(dev_superblock->root, record->name, &last), *name;
	uint16_t type = record->is_block ? S_IFBLK : S_IFCHR;

	list_remove(&record->node);
	if (parent) {
		shared_lock_write(&parent->inode->lock);
		name = name_at(parent, last, strlen(last));
		if (name && name->inode && inode_type(name->inode) == type &&
		    name->inode->attributes.device == record->number &&
		    parent->inode->operations->unlink(parent->inode, name) == 0)
			name_delete(name);
		if (name)
			name_put(name);
		shared_unlock_write(&parent->inode->lock);
		name_put(parent);
	}
	heap_free(record);
}

static bool is_shown(const struct device_node *node)
{
	struct shown_node *record;

	list_for_each(record, &shown, node)
		if (record->number == node->number && record->is_block == node->is_block)
			return true;
	return false;
}

static void update(struct work *work)
{
	struct shown_node *record, *following;

	(void)work;
	mutex_lock(&update_mutex);
	while (dev_superblock && shown_generation != device_node_generation()) {
		shown_generation = device_node_generation();
		list_for_each_safe(record, following, &shown, node)
			if (!device_node_find(record->number, record->is_block))
				node_hide(record);
		for (struct device_node *node = device_node_next(NULL); node;
		     node = device_node_next(node))
			if (!is_shown(node))
				node_show(node);
	}
	mutex_unlock(&update_mutex);
}

static void nodes_changed(void)
{
	work_queue(&update_work);
}

/* What every Linux system has in /dev beside devices. */
static void links_add(struct name *root)
{
	(void)!directory_add(root, "pts", 3, 0755);
	(void)!directory_add(root, "shm", 3, S_ISVTX | 0777);
	link_add(root, "fd", "/proc/self/fd");
	link_add(root, "stdin", "/proc/self/fd/0");
	link_add(root, "stdout", "/proc/self/fd/1");
	link_add(root, "stderr", "/proc/self/fd/2");
}

static int dev_mount(struct filesystem *filesystem, struct superblock *superblock,
		     const char *source, const char *options)
{
	struct filesystem *tmpfs = filesystem_find("tmpfs");
	int error;

	(void)options;
	if (!tmpfs)
		return -ENODEV;
	error = tmpfs->mount(filesystem, superblock, source, "mode=0755");
	if (error)
		return error;
	dev_superblock = superblock;
	links_add(superblock->root);
	work_init(&update_work, update);
	shown_generation = UINT64_MAX;
	device_node_listen(nodes_changed);
	update(NULL);
	return 0;
}

struct filesystem dev_filesystem = {
	.name = "devtmpfs",
	.is_single = true,
	.mount = dev_mount,
};
