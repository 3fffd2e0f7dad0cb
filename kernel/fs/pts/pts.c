/*
 * devpts: the slaves of one set of pseudo-terminals, and its ptmx. Every mount is a set of its own.
 * Slaves come and go with their masters, so their names are asked for anew each time.
 */
#include "base/errno.h"
#include "base/format.h"
#include "base/parse.h"
#include "base/string.h"
#include "device/node.h"
#include "file/file.h"
#include "memory/heap.h"
#include "terminal/terminal.h"
#include "vfs/mount_table.h"
#include "vfs/name_find.h"
#include "vfs/options.h"
#include "vfs/sink.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>
#include <abi/stat.h>

#define PTMX_NUMBER DEVICE_NUMBER(5, 2)
#define SLAVES_PER_MAJOR 256u

struct pts_mount {
	struct pty_instance *instance;
	uint16_t mode, ptmx_mode;
	uint32_t uid, gid;
	bool has_uid, has_gid;
};

struct pts_inode {
	struct inode inode;
	unsigned number;		/* of a slave */
};

static const struct inode_operations directory_operations, ptmx_operations, slave_operations;
static const struct file_operations directory_file_operations;

static struct pts_inode *pts_inode_of(struct inode *inode)
{
	return container_of(inode, struct pts_inode, inode);
}

static struct pty_instance *instance_of(const struct inode *inode)
{
	const struct pts_mount *mount = inode->superblock->data;

	return mount->instance;
}

static struct inode *inode_make(struct superblock *superblock, uint16_t mode,
				const struct inode_operations *operations)
{
	struct pts_inode *node = heap_allocate(sizeof(*node), HEAP_ACCOUNT);

	if (!node)
		return NULL;
	inode_init(&node->inode, superblock, mode);
	node->inode.operations = operations;
	return &node->inode;
}

/* Whether the slave exists; then its attributes are what the terminal says. */
static bool slave_refresh(struct inode *inode, unsigned number)
{
	unsigned found = number;
	uint32_t uid, gid;
	int64_t created_ns;
	uint16_t mode;

	if (!pty_next(instance_of(inode), &found, &uid, &gid, &mode, &created_ns) ||
	    found != number)
		return false;
	inode_change_begin(inode);
	inode->attributes.mode = S_IFCHR | (mode & 07777);
	inode->attributes.uid = uid;
	inode->attributes.gid = gid;
	inode->attributes.times.born_ns = created_ns;
	inode_change_end(inode);
	return true;
}

static int slave_make(struct inode *directory, struct name *name, unsigned number)
{
	struct inode *inode = inode_make(directory->superblock, S_IFCHR, &slave_operations);

	if (!inode)
		return -ENOMEM;
	pts_inode_of(inode)->number = number;
	inode->number = number + 3;
	inode->attributes.device = DEVICE_NUMBER(PTY_SLAVE_MAJOR + number / SLAVES_PER_MAJOR,
						 number % SLAVES_PER_MAJOR);
	if (slave_refresh(inode, number))
		name_attach(name, inode);
	else
		inode_put(inode);
	return 0;
}

static int lookup(struct inode *directory, struct name *name)
{
	struct pts_mount *mount = directory->superblock->data;
	uint64_t number;

	if (strcmp(name->text, "ptmx") == 0) {
		struct inode *inode = inode_make(directory->superblock,
						 S_IFCHR | mount->ptmx_mode, &ptmx_operations);

		if (!inode)
			return -ENOMEM;
		inode->number = 2;
		inode->attributes.device = PTMX_NUMBER;
		name_attach(name, inode);
		return 0;
	}
	name->flags |= NAME_UNCACHED;
	if (name->length > 9 || (name->text[0] == '0' && name->length > 1) ||
	    parse_unsigned(name->text, 10, &number))
		return 0;
	return slave_make(directory, name, (unsigned)number);
}

static int ptmx_open(struct inode *inode, struct file *file)
{
	return pty_open_master(instance_of(inode), file);
}

static int slave_open(struct inode *inode, struct file *file)
{
	return pty_open_slave(instance_of(inode), pts_inode_of(inode)->number, file);
}

static int common_change(struct inode *inode, const struct attribute_change *change)
{
	inode_change_apply(inode, change);
	return 0;
}

static int slave_change(struct inode *inode, const struct attribute_change *change)
{
	inode_change_apply(inode, change);
	return pty_attributes_set(instance_of(inode), pts_inode_of(inode)->number,
				  inode->attributes.uid, inode->attributes.gid,
				  inode->attributes.mode & 07777);
}

static int slave_refresh_operation(struct inode *inode)
{
	slave_refresh(inode, pts_inode_of(inode)->number);
	return 0;
}

static int list_fixed(struct file *file, struct directory_sink *sink)
{
	static const struct {
		const char *text;
		uint8_t type;
	} fixed[] = { { ".", DT_DIR }, { "..", DT_DIR }, { "ptmx", DT_CHR } };

	for (int64_t at = file->position; at < (int64_t)ARRAY_SIZE(fixed); at++) {
		if (sink->emit(sink, fixed[at].text, strlen(fixed[at].text),
			       at == 2 ? 2 : 1, fixed[at].type, at + 1))
			return 1;
		file->position = at + 1;
	}
	return 0;
}

static int list(struct file *file, struct directory_sink *sink)
{
	unsigned number;
	uint32_t uid, gid;
	int64_t created_ns;
	uint16_t mode;

	if (list_fixed(file, sink))
		return 0;
	number = (unsigned)(file->position - 3);
	while (pty_next(instance_of(file->inode), &number, &uid, &gid, &mode, &created_ns)) {
		char text[12];
		size_t length = format_print(text, sizeof(text), "%u", number);

		if (sink->emit(sink, text, length, number + 3, DT_CHR, (int64_t)number + 4))
			return 0;
		file->position = (int64_t)number + 4;
		number++;
	}
	return 0;
}

static const struct inode_operations directory_operations = {
	.lookup = lookup, .change = common_change,
};
static const struct inode_operations ptmx_operations = {
	.open = ptmx_open, .change = common_change,
};
static const struct inode_operations slave_operations = {
	.open = slave_open, .change = slave_change, .refresh = slave_refresh_operation,
};
static const struct file_operations directory_file_operations = {
	.list = list, .seek = file_seek_endless,
};

/* TIOCGPTPEER: the slave under its name in a place where the instance is mounted. */
static int open_peer(void *argument, unsigned number, uint32_t flags, struct file **file)
{
	struct superblock *superblock = argument;
	struct open_request request = { .flags = flags };
	struct name *root = superblock->root;
	struct path path = { mount_find(superblock), NULL };
	char text[12];
	size_t length = format_print(text, sizeof(text), "%u", number);
	int error;

	if (!path.mount)
		return -EIO;
	shared_lock_read(&root->inode->lock);
	error = walk_lookup_locked(root, text, length, &path.name);
	shared_unlock_read(&root->inode->lock);
	if (error == 0 && !path.name->inode)
		error = -EIO;
	if (error == 0)
		error = vfs_open_path(&path, &request, file);
	path_put(&path);
	return error;
}

static int option_number(const char *value, unsigned base, uint64_t limit, uint64_t *number)
{
	return !value || parse_unsigned(value, base, number) || *number > limit ? -EINVAL : 0;
}

static int option_read(void *argument, const char *name, const char *value)
{
	struct pts_mount *mount = argument;
	uint64_t number;

	if (strcmp(name, "newinstance") == 0 && !value)
		return 0;
	if (strcmp(name, "max") == 0)
		return option_number(value, 10, 1 << 20, &number);
	if (strcmp(name, "mode") == 0 || strcmp(name, "ptmxmode") == 0) {
		if (option_number(value, 8, 07777, &number))
			return -EINVAL;
		*(name[0] == 'm' ? &mount->mode : &mount->ptmx_mode) = (uint16_t)number;
		return 0;
	}
	if (strcmp(name, "uid") && strcmp(name, "gid"))
		return -EINVAL;
	if (option_number(value, 10, UINT32_MAX, &number))
		return -EINVAL;
	if (name[0] == 'u') {
		mount->uid = (uint32_t)number;
		mount->has_uid = true;
	} else {
		mount->gid = (uint32_t)number;
		mount->has_gid = true;
	}
	return 0;
}

static void inode_free_rcu(struct rcu_head *head)
{
	heap_free(pts_inode_of(container_of(head, struct inode, rcu)));
}

static void defaults_apply(const struct pts_mount *mount)
{
	pty_instance_defaults_set(mount->instance, mount->has_gid ? mount->gid : UINT32_MAX,
				  mount->mode);
}

static void pts_evict(struct inode *inode)
{
	rcu_call(&inode->rcu, inode_free_rcu);
}

static int pts_statistics(struct superblock *superblock, struct statfs_result *result)
{
	(void)superblock;
	result->type = DEVPTS_SUPER_MAGIC;
	return 0;
}

static int pts_remount(struct superblock *superblock, unsigned long flags, const char *options)
{
	struct pts_mount *mount = superblock->data, changed = *mount;
	int error = options_read(options, option_read, &changed);

	(void)flags;
	if (error == 0) {
		*mount = changed;
		defaults_apply(mount);
	}
	return error;
}

static void pts_describe_options(struct superblock *superblock, struct format_sink *sink)
{
	struct pts_mount *mount = superblock->data;

	if (mount->has_uid)
		format_to(sink, ",uid=%u", mount->uid);
	if (mount->has_gid)
		format_to(sink, ",gid=%u", mount->gid);
	format_to(sink, ",mode=%03o,ptmxmode=%03o", mount->mode, mount->ptmx_mode);
}

static void pts_unmount(struct superblock *superblock)
{
	struct pts_mount *mount = superblock->data;

	pty_instance_opener_set(mount->instance, NULL, NULL);
	pty_instance_put(mount->instance);
	heap_free(mount);
}

static const struct superblock_operations pts_superblock_operations = {
	.evict = pts_evict,
	.statistics = pts_statistics,
	.remount = pts_remount,
	.describe_options = pts_describe_options,
	.unmount = pts_unmount,
};

static int pts_mount(struct filesystem *filesystem, struct superblock *superblock,
		     const char *source, const char *options)
{
	struct pts_mount *mount = heap_allocate(sizeof(*mount), HEAP_ACCOUNT);
	struct inode *root;
	int error;

	(void)filesystem;
	(void)source;
	if (!mount)
		return -ENOMEM;
	mount->mode = 0600;
	error = options_read(options, option_read, mount);
	if (error)
		goto fail_mount;
	error = -ENOMEM;
	mount->instance = pty_instance_create();
	if (!mount->instance)
		goto fail_mount;
	superblock->data = mount;
	superblock->operations = &pts_superblock_operations;
	root = inode_make(superblock, S_IFDIR | 0755, &directory_operations);
	if (!root)
		goto fail_instance;
	root->number = 1;
	root->file_operations = &directory_file_operations;
	superblock->root = name_create_root(root, superblock);
	if (!superblock->root) {
		inode_put(root);
		goto fail_instance;
	}
	pty_instance_opener_set(mount->instance, open_peer, superblock);
	defaults_apply(mount);
	return 0;
fail_instance:
	pty_instance_put(mount->instance);
fail_mount:
	heap_free(mount);
	return error;
}

struct filesystem pts_filesystem = {
	.name = "devpts",
	.mount = pts_mount,
};
