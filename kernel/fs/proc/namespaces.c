/*
 * /proc/<pid>/ns: which namespaces a process lives in. There is one of each kind; its object can be
 * opened, compared and asked for its kind (ioctl_ns(2)), in a file system of its own (nsfs).
 */
#include "base/errno.h"
#include "base/string.h"
#include "file/descriptor.h"
#include "fs/proc/internal.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "memory/user.h"
#include "sync/mutex.h"
#include "vfs/vfs.h"
#include <abi/process.h>
#include <abi/stat.h>

#define NS_GET_USERNS 0xb701
#define NS_GET_PARENT 0xb702
#define NS_GET_NSTYPE 0xb703
#define NS_GET_OWNER_UID 0xb704

/* Numbers as those of Linux's first namespaces (include/linux/proc_ns.h), which tools know. */
struct namespace {
	const char *link, *kind;
	uint32_t number;
	uint32_t type;			/* CLONE_NEW* */
	bool outlives;			/* a process that has ended is still in it */
};

static const struct namespace namespaces[] = {
	{ "net", "net", 0xf0000000, CLONE_NEWNET, false },
	{ "uts", "uts", 0xeffffffe, CLONE_NEWUTS, false },
	{ "ipc", "ipc", 0xefffffff, CLONE_NEWIPC, false },
	{ "pid", "pid", 0xeffffffc, CLONE_NEWPID, true },
	{ "pid_for_children", "pid", 0xeffffffc, CLONE_NEWPID, false },
	{ "user", "user", 0xeffffffd, CLONE_NEWUSER, true },
	{ "mnt", "mnt", 0xf0000001, CLONE_NEWNS, false },
	{ "cgroup", "cgroup", 0xeffffffb, CLONE_NEWCGROUP, false },
	{ "time", "time", 0xeffffffa, CLONE_NEWTIME, false },
	{ "time_for_children", "time", 0xeffffffa, CLONE_NEWTIME, false },
};

/* An inode of nsfs. */
struct object {
	struct inode inode;
	const struct namespace *namespace;	/* NULL: the root, which nobody sees */
};

static struct object *object_of(struct inode *inode)
{
	return container_of(inode, struct object, inode);
}

static int object_path(const struct namespace *namespace, struct path *path);

static const struct namespace *namespace_by_type(uint32_t type)
{
	const struct namespace *at = namespaces;

	while (at->type != type)
		at++;
	return at;
}

/* A descriptor for the user namespace that owns another. The first user namespace has no owner. */
static long owner_open(const struct namespace *namespace)
{
	struct open_request request = { .flags = O_RDONLY };
	struct file *file;
	struct path path;
	int result;

	if (namespace->type == CLONE_NEWUSER)
		return -EPERM;
	result = object_path(namespace_by_type(CLONE_NEWUSER), &path);
	if (result < 0)
		return result;
	result = vfs_open_path(&path, &request, &file);
	path_put(&path);
	if (result < 0)
		return result;
	result = descriptor_add(file, true);
	if (result < 0)
		file_put(file);
	return result;
}

static long object_control(struct file *file, unsigned command, uint64_t argument)
{
	const struct namespace *namespace = object_of(file->inode)->namespace;
	bool is_user = namespace->type == CLONE_NEWUSER;
	uint32_t owner = 0;

	switch (command) {
	case NS_GET_NSTYPE:
		return namespace->type;
	case NS_GET_OWNER_UID:
		return is_user ? user_copy_out(argument, &owner, sizeof(owner)) : -EINVAL;
	case NS_GET_PARENT:
		/* Only these two form trees, and what is above the first is nobody's business. */
		return is_user || namespace->type == CLONE_NEWPID ? -EPERM : -EINVAL;
	case NS_GET_USERNS:
		return owner_open(namespace);
	}
	return -ENOTTY;
}

static const struct file_operations object_file_operations = { .control = object_control };

static int object_open(struct inode *inode, struct file *file)
{
	(void)inode;
	file->operations = &object_file_operations;
	return 0;
}

static const struct inode_operations object_operations = { .open = object_open };

static struct object *object_make(struct superblock *superblock, uint16_t mode)
{
	struct object *object = heap_allocate(sizeof(*object), HEAP_ACCOUNT);

	if (!object)
		return NULL;
	inode_init(&object->inode, superblock, mode);
	object->inode.operations = &object_operations;
	return object;
}

static void object_free_rcu(struct rcu_head *head)
{
	heap_free(object_of(container_of(head, struct inode, rcu)));
}

static void object_evict(struct inode *inode)
{
	rcu_call(&inode->rcu, object_free_rcu);
}

static int nsfs_statistics(struct superblock *superblock, struct statfs_result *result)
{
	(void)superblock;
	result->type = NSFS_MAGIC;
	result->block_size = PAGE_SIZE;
	return 0;
}

static const struct superblock_operations nsfs_superblock_operations = {
	.evict = object_evict,
	.statistics = nsfs_statistics,
};

static int nsfs_mount(struct filesystem *filesystem, struct superblock *superblock,
		      const char *source, const char *options)
{
	struct object *root;

	(void)filesystem;
	(void)source;
	(void)options;
	superblock->operations = &nsfs_superblock_operations;
	root = object_make(superblock, S_IFDIR | 0555);
	if (!root)
		return -ENOMEM;
	superblock->root = name_create_root(&root->inode, superblock);
	if (superblock->root)
		return 0;
	inode_put(&root->inode);
	return -ENOMEM;
}

/* Mounted nowhere: only links lead here. */
static struct filesystem nsfs = { .name = "nsfs", .is_single = true, .mount = nsfs_mount };

static struct mount *nsfs_mount_get(void)
{
	static struct mutex mutex = MUTEX_INITIALIZER(mutex, LOCK_MOUNT);
	static struct mount *mount;

	mutex_lock(&mutex);
	if (!mount)
		mount = mount_internal(&nsfs);
	mutex_unlock(&mutex);
	if (mount)
		mount_get(mount);
	return mount;
}

static int object_path(const struct namespace *namespace, struct path *path)
{
	struct mount *mount = nsfs_mount_get();
	struct object *object;
	char text[32];

	if (!mount)
		return -ENOMEM;
	object = object_make(mount->superblock, S_IFREG | 0444);
	if (!object) {
		mount_put(mount);
		return -ENOMEM;
	}
	object->inode.number = namespace->number;
	object->namespace = namespace;
	format_print(text, sizeof(text), "%s:[%u]", namespace->kind, namespace->number);
	*path = (struct path){ mount, name_create_unlinked(&object->inode, text) };
	if (path->name)
		return 0;
	inode_put(&object->inode);
	mount_put(mount);
	return -ENOMEM;
}

static int link_check(struct proc_inode *node)
{
	const struct namespace *namespace = node->extra;
	struct directory_state *state;
	int error = proc_is_gone(node) ? -EACCES : proc_may_inspect(node->process);

	if (error || namespace->outlives)
		return error;
	/* What it holds of the system goes at its end, its directories among the rest. */
	state = proc_directories_get(node);
	if (!state)
		return -ENOENT;
	directory_state_put(state);
	return 0;
}

static int link_follow(struct inode *inode, struct path *result)
{
	struct proc_inode *node = proc_inode_of(inode);
	int error = link_check(node);

	return error ? error : object_path(node->extra, result);
}

static int link_read(struct inode *inode, char **target, bool *must_free)
{
	struct proc_inode *node = proc_inode_of(inode);
	const struct namespace *namespace = node->extra;
	int error = link_check(node);
	char text[32];

	if (error)
		return error;
	format_print(text, sizeof(text), "%s:[%u]", namespace->kind, namespace->number);
	*target = heap_copy_string(text, HEAP_ACCOUNT);
	*must_free = true;
	return *target ? 0 : -ENOMEM;
}

static const struct inode_operations link_operations = {
	.follow = link_follow, .read_link = link_read,
};
static const struct proc_node link_node = {
	"ns", S_IFLNK | 0777, .operations = &link_operations,
};

static int namespaces_lookup(struct inode *directory, struct name *name)
{
	struct proc_inode *node = proc_inode_of(directory);
	struct proc_place place = { .node = &link_node, .process = node->process,
				    .thread = node->thread, .fd = -1 };

	name->flags |= NAME_UNCACHED;
	if (proc_is_gone(node))
		return -ENOENT;
	for (size_t i = 0; i < ARRAY_SIZE(namespaces); i++) {
		if (strcmp(namespaces[i].link, name->text) != 0)
			continue;
		place.extra = &namespaces[i];
		return proc_attach(directory, name, &place);
	}
	return -ENOENT;
}

static int namespaces_list(struct file *file, struct directory_sink *sink)
{
	if (proc_is_gone(proc_inode_of(file->inode)))
		return -ENOENT;
	if (proc_list_table(file, sink, NULL))
		return 0;
	while (file->position - 2 < (int64_t)ARRAY_SIZE(namespaces)) {
		const struct namespace *namespace = &namespaces[file->position - 2];

		if (sink->emit(sink, namespace->link, strlen(namespace->link),
			       (uint64_t)file->position, DT_LNK, file->position + 1))
			return 0;
		file->position++;
	}
	return 0;
}

const struct inode_operations proc_namespaces_operations = {
	.lookup = namespaces_lookup, .is_gone = proc_inode_is_gone,
};
const struct file_operations proc_namespaces_file_operations = {
	.list = namespaces_list, .seek = file_seek_endless,
};
