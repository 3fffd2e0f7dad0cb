/*
 * The instance of procfs, its inodes, and directories that are tables.
 */
#include "base/errno.h"
#include "base/string.h"
#include "file/pipe.h"
#include "fs/proc/internal.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "task/credentials.h"
#include "vfs/vfs.h"
#include <abi/stat.h>

static struct slab_cache *inode_slab;
static const struct superblock_operations proc_superblock_operations;

/* What shows a process belongs to its user; what shows an undumpable one belongs to user 0, except
 * for the directories that everybody may list. */
static void owner_set(struct proc_inode *node)
{
	bool is_open = node->node->mode == (S_IFDIR | 0555);
	struct inode_attributes *attributes = &node->inode.attributes;
	const struct credentials *credentials;

	attributes->uid = 0;
	attributes->gid = 0;
	if (!node->process || (!is_open && READ_ONCE(node->process->dumpable) != 1))
		return;
	rcu_read_lock();
	credentials = process_credentials(node->process);
	if (credentials) {
		attributes->uid = credentials->euid;
		attributes->gid = credentials->egid;
	}
	rcu_read_unlock();
}

static uint64_t number_for(const struct proc_inode *node)
{
	uint64_t place = (uintptr_t)node->node / sizeof(*node->node) & 0xffff;

	if (node->extra)
		place = (uintptr_t)node->extra >> 4 & 0xffff;
	if (!node->process)
		return 0xf0000000u + place;
	return (uint64_t)(node->thread ? node->thread->id : node->process->id) << 32 |
		(uint64_t)(uint32_t)(node->fd + 1) << 16 | place;
}

static const struct inode_operations *operations_for(const struct proc_node *node)
{
	if (node->operations)
		return node->operations;
	return (node->mode & S_IFMT) == S_IFDIR ? &proc_directory_operations
						: &proc_text_operations;
}

uint32_t proc_directories_in(const struct proc_node *table)
{
	uint32_t count = 0;

	for (; table && table->name; table++)
		count += (table->mode & S_IFMT) == S_IFDIR;
	return count;
}

static struct proc_inode *inode_make(struct superblock *superblock,
				     const struct proc_place *place)
{
	struct proc_inode *node = slab_allocate(inode_slab, HEAP_ACCOUNT | HEAP_RAW);

	if (!node)
		return NULL;
	inode_init(&node->inode, superblock, place->node->mode);
	node->node = place->node;
	node->process = place->process;
	node->thread = place->thread;
	node->extra = place->extra;
	node->fd = place->fd;
	node->file = NULL;
	if (node->process)
		process_get(node->process);
	if (node->thread)
		thread_get(node->thread);
	node->inode.number = number_for(node);
	node->inode.attributes.link_count += proc_directories_in(place->node->children);
	node->inode.operations = operations_for(place->node);
	node->inode.file_operations = place->node->file_operations ?
		place->node->file_operations : &proc_directory_file_operations;
	owner_set(node);
	return node;
}

int proc_attach(struct inode *directory, struct name *name, const struct proc_place *place)
{
	struct proc_inode *node = inode_make(directory->superblock, place);

	if (!node)
		return -ENOMEM;
	if (place->process)
		name->flags |= NAME_UNCACHED;
	name_attach(name, &node->inode);
	return 0;
}

static void inode_free_rcu(struct rcu_head *head)
{
	slab_free(inode_slab, proc_inode_of(container_of(head, struct inode, rcu)));
}

static void proc_evict(struct inode *inode)
{
	struct proc_inode *node = proc_inode_of(inode);

	if (node->thread)
		thread_put(node->thread);
	if (node->process)
		process_put(node->process);
	if (node->file)
		file_put(node->file);
	rcu_call(&inode->rcu, inode_free_rcu);
}

const struct proc_node *proc_node_find(const struct proc_node *table, const struct name *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name->text) == 0)
			return table;
	return NULL;
}

int64_t proc_number_of(const struct name *name)
{
	int64_t number = 0;

	if (name->length > 9 || (name->text[0] == '0' && name->length > 1))
		return -1;
	for (uint32_t i = 0; i < name->length; i++) {
		if (name->text[i] < '0' || name->text[i] > '9')
			return -1;
		number = number * 10 + (name->text[i] - '0');
	}
	return number;
}

/* A table's directory: the same process, if any, for what is in it. */
int proc_table_lookup(struct inode *directory, struct name *name)
{
	struct proc_inode *node = proc_inode_of(directory);
	struct proc_place place = { .node = proc_node_find(node->node->children, name),
				    .process = node->process, .thread = node->thread, .fd = -1 };

	/* A thread's directory stays one whose names are only missing. */
	if (node->process && !node->thread && proc_is_gone(node))
		return -ESRCH;
	return place.node ? proc_attach(directory, name, &place) : -ENOENT;
}

bool proc_inode_is_gone(struct inode *inode)
{
	struct proc_inode *node = proc_inode_of(inode);

	return node->process && proc_is_gone(node);
}

const struct inode_operations proc_directory_operations = {
	.lookup = proc_table_lookup,
	.is_gone = proc_inode_is_gone,
};

static bool list_dots(struct file *file, struct directory_sink *sink)
{
	if (file->position == 0) {
		if (sink->emit(sink, ".", 1, file->inode->number, DT_DIR, 1))
			return true;
		file->position = 1;
	}
	if (file->position == 1) {
		if (sink->emit(sink, "..", 2, file->name->parent->inode->number, DT_DIR, 2))
			return true;
		file->position = 2;
	}
	return false;
}

bool proc_list_table(struct file *file, struct directory_sink *sink, const struct proc_node *table)
{
	int64_t at = 2;

	if (list_dots(file, sink))
		return true;
	for (; table && table->name; table++, at++) {
		struct proc_inode shown = *proc_inode_of(file->inode);

		if (file->position > at)
			continue;
		shown.node = table;
		if (sink->emit(sink, table->name, strlen(table->name), number_for(&shown),
			       (uint8_t)((table->mode & S_IFMT) >> 12), at + 1))
			return true;
		file->position = at + 1;
	}
	return false;
}

bool proc_list_number(struct file *file, struct directory_sink *sink, int32_t number,
		      uint8_t type, int64_t at)
{
	char text[12];
	size_t length = format_print(text, sizeof(text), "%d", number);

	if (sink->emit(sink, text, length, (uint64_t)number + 2, type, at + 1))
		return true;
	file->position = at + 1;
	return false;
}

static int table_list(struct file *file, struct directory_sink *sink)
{
	struct proc_inode *node = proc_inode_of(file->inode);

	if (node->process && proc_is_gone(node))
		return -ENOENT;
	proc_list_table(file, sink, node->node->children);
	return 0;
}

const struct file_operations proc_directory_file_operations = {
	.list = table_list,
	.seek = file_seek_endless,
};

static struct process *process_of(struct file *file)
{
	struct process *process = proc_inode_of(file->inode)->process;

	process_get(process);
	return process;
}

/* The directory of a process. */
const struct file_operations proc_process_file_operations = {
	.list = table_list,
	.seek = file_seek_endless,
	.process = process_of,
};

static int proc_statistics(struct superblock *superblock, struct statfs_result *result)
{
	(void)superblock;
	result->type = PROC_SUPER_MAGIC;
	result->block_size = PAGE_SIZE;
	return 0;
}

static const struct superblock_operations proc_superblock_operations = {
	.evict = proc_evict,
	.statistics = proc_statistics,
};

static bool inode_slab_make(void)
{
	static struct mutex mutex = MUTEX_INITIALIZER(mutex, LOCK_FILESYSTEM);

	mutex_lock(&mutex);
	if (!inode_slab)
		inode_slab = slab_cache_create("proc_inode", sizeof(struct proc_inode), 64, 0);
	mutex_unlock(&mutex);
	return inode_slab != NULL;
}

/* Each mount has an instance of its own: one made read-only leaves the others as they are. */
static int proc_mount(struct filesystem *filesystem, struct superblock *superblock,
		      const char *source, const char *options)
{
	struct proc_place place = { .node = &proc_root_node, .fd = -1 };
	struct proc_inode *root;

	(void)filesystem;
	(void)source;
	(void)options;
	if (!inode_slab_make())
		return -ENOMEM;
	superblock->operations = &proc_superblock_operations;
	superblock->block_size = 1024;
	root = inode_make(superblock, &place);
	if (!root)
		return -ENOMEM;
	root->inode.number = 1;
	superblock->root = name_create_root(&root->inode, superblock);
	if (superblock->root)
		return 0;
	inode_put(&root->inode);
	return -ENOMEM;
}

int proc_anonymous_path(struct inode *link, struct file *file, struct path *path)
{
	struct proc_place place = { .node = &proc_anonymous_node, .fd = -1 };
	struct mount *mount = proc_internal_mount();
	struct stat_result status;
	struct proc_inode *node;
	char text[40];
	int error;

	if (!mount)
		return -ENOMEM;
	error = vfs_stat_file(file, &status);
	if (error)
		return error;
	node = inode_make(link->superblock, &place);
	if (!node)
		return -ENOMEM;
	file_get(file);
	node->file = file;
	node->inode.attributes = status.attributes;
	node->inode.file_operations = NULL;
	node->inode.number = status.inode;
	format_print(text, sizeof(text), "%s[%llu]", file->label ? file->label : "",
		     (unsigned long long)status.inode);
	*path = (struct path){ mount, name_create_unlinked(&node->inode, text) };
	if (!path->name) {
		inode_put(&node->inode);
		return -ENOMEM;
	}
	mount_get(mount);
	return 0;
}

/* Opening a pipe again gives another end of it; event files and sockets cannot be opened. */
static int anonymous_open(struct inode *inode, struct file *file)
{
	struct file *of = proc_inode_of(inode)->file;
	struct pipe *pipe = of->operations->pipe ? of->operations->pipe(of) : NULL;

	if (!pipe)
		return -ENXIO;
	pipe_open_again(pipe, file);
	return 0;
}

static const struct inode_operations anonymous_operations = { .open = anonymous_open };
const struct proc_node proc_anonymous_node = {
	"anonymous", S_IFREG | 0600, .operations = &anonymous_operations,
};

struct filesystem proc_filesystem = {
	.name = "proc",
	.mount = proc_mount,
};

struct mount *proc_internal_mount(void)
{
	static struct mutex mutex = MUTEX_INITIALIZER(mutex, LOCK_MOUNT);
	static struct mount *internal;

	mutex_lock(&mutex);
	if (!internal)
		internal = mount_internal(&proc_filesystem);
	mutex_unlock(&mutex);
	return internal;
}
