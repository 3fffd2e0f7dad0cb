/*
 * A small sysfs: CPUs, device nodes by class, and the directories that programs expect to exist.
 * It is a tree of objects made when they are looked up, from what other layers list.
 */
#include "arch/cpu.h"
#include "base/errno.h"
#include "base/format.h"
#include "base/parse.h"
#include "base/string.h"
#include "device/node.h"
#include "file/file.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "sync/rcu.h"
#include "terminal/terminal.h"
#include "vfs/filesystem.h"
#include "vfs/inode.h"
#include "vfs/name.h"
#include "vfs/sink.h"
#include <abi/fcntl.h>
#include <abi/stat.h>

struct sys_inode;

/* Enumerates what a directory holds that no table can: the n-th name, false when there are
 * fewer. */
typedef bool (*sys_child_function)(struct sys_inode *directory, unsigned n, char *name,
				   size_t size);

struct sys_node {
	const char *name;
	void (*show)(struct format_sink *sink, struct sys_inode *inode);	/* a file */
	const struct sys_node *children;					/* a directory */
	sys_child_function child;		/* more of it, each shown by child_node */
	const struct sys_node *child_node;
};

struct sys_inode {
	struct inode inode;
	const struct sys_node *node;
	char subject[32];		/* what the innermost enumerated directory is named */
	char class[16];			/* and the one above it */
};

#define TEXT_BYTES 256

struct text_sink {
	struct format_sink sink;
	char *bytes;
	size_t length;
};

static const struct inode_operations sys_directory_operations, sys_file_operations;
static const struct file_operations sys_list_operations, sys_text_operations;

static struct sys_inode *sys_inode_of(struct inode *inode)
{
	return container_of(inode, struct sys_inode, inode);
}

static bool is_directory(const struct sys_node *node)
{
	return !node->show;
}

static uint64_t number_for(const struct sys_node *node, const char *subject)
{
	uint64_t number = (uintptr_t)node >> 3 & 0xffffff;

	while (*subject)
		number = number * 31 + (uint8_t)*subject++;
	return (number & 0xffffffffff) + 2;
}

static struct sys_inode *inode_make(struct superblock *superblock, const struct sys_node *node)
{
	struct sys_inode *inode = heap_allocate(sizeof(*inode), HEAP_ACCOUNT);

	if (!inode)
		return NULL;
	inode_init(&inode->inode, superblock, is_directory(node) ? S_IFDIR | 0555 : S_IFREG | 0444);
	inode->node = node;
	inode->inode.operations = is_directory(node) ? &sys_directory_operations
						     : &sys_file_operations;
	inode->inode.file_operations = is_directory(node) ? &sys_list_operations
							  : &sys_text_operations;
	if (!is_directory(node))
		inode->inode.attributes.size = PAGE_SIZE;
	return inode;
}

static bool child_exists(struct sys_inode *directory, const char *wanted)
{
	char name[32];

	for (unsigned n = 0; directory->node->child(directory, n, name, sizeof(name)); n++)
		if (strcmp(name, wanted) == 0)
			return true;
	return false;
}

static int lookup(struct inode *inode, struct name *name)
{
	struct sys_inode *directory = sys_inode_of(inode), *child;
	const struct sys_node *node = directory->node->children;
	bool is_enumerated = false;

	while (node && node->name && strcmp(node->name, name->text) != 0)
		node++;
	if ((!node || !node->name) && directory->node->child) {
		name->flags |= NAME_UNCACHED;
		is_enumerated = child_exists(directory, name->text);
		node = is_enumerated ? directory->node->child_node : NULL;
	}
	if (!node || (!is_enumerated && !node->name))
		return 0;
	child = inode_make(inode->superblock, node);
	if (!child)
		return -ENOMEM;
	strlcpy(child->subject, directory->subject, sizeof(child->subject));
	strlcpy(child->class, directory->class, sizeof(child->class));
	if (is_enumerated) {
		strlcpy(child->class, directory->subject, sizeof(child->class));
		strlcpy(child->subject, name->text, sizeof(child->subject));
	}
	if (directory->subject[0])
		name->flags |= NAME_UNCACHED;
	child->inode.number = number_for(node, child->subject);
	name_attach(name, &child->inode);
	return 0;
}

static int list(struct file *file, struct directory_sink *sink)
{
	struct sys_inode *directory = sys_inode_of(file->inode);
	const struct sys_node *node = directory->node->children;
	int64_t at = 0;
	char name[32];

	for (; at < 2; at++) {
		if (file->position > at)
			continue;
		if (sink->emit(sink, "..", (size_t)at + 1, file->inode->number, DT_DIR, at + 1))
			return 0;
		file->position = at + 1;
	}
	for (; node && node->name; node++, at++) {
		if (file->position > at)
			continue;
		if (sink->emit(sink, node->name, strlen(node->name), number_for(node, ""),
			       is_directory(node) ? DT_DIR : DT_REG, at + 1))
			return 0;
		file->position = at + 1;
	}
	for (unsigned n = 0; directory->node->child &&
	     directory->node->child(directory, n, name, sizeof(name)); n++, at++) {
		if (file->position > at)
			continue;
		if (sink->emit(sink, name, strlen(name),
			       number_for(directory->node->child_node, name), DT_DIR, at + 1))
			return 0;
		file->position = at + 1;
	}
	return 0;
}

static void text_write(struct format_sink *sink, const char *bytes, size_t length)
{
	struct text_sink *text = container_of(sink, struct text_sink, sink);

	length = min(length, TEXT_BYTES - text->length);
	memcpy(text->bytes + text->length, bytes, length);
	text->length += length;
}

static long text_read(struct file *file, struct transfer *to, struct io *io)
{
	struct sys_inode *inode = sys_inode_of(file->inode);
	struct text_sink text = { .sink.write = text_write };
	long moved = 0;

	if (io->offset < 0)
		return -EINVAL;
	text.bytes = heap_allocate(TEXT_BYTES, HEAP_ACCOUNT);
	if (!text.bytes)
		return -ENOMEM;
	inode->node->show(&text.sink, inode);
	if ((uint64_t)io->offset < text.length) {
		size_t wanted = min(text.length - (uint64_t)io->offset, transfer_remaining(to));

		moved = (long)transfer_to_place(to, text.bytes + io->offset, wanted);
		if (moved == 0 && wanted)
			moved = -EFAULT;
	}
	heap_free(text.bytes);
	if (moved > 0)
		io->offset += moved;
	return moved;
}

static int refuse_change(struct inode *inode, const struct attribute_change *change)
{
	(void)inode;
	return change->mask & ~(uint32_t)CHANGE_SIZE ? -EPERM : 0;
}

static const struct inode_operations sys_directory_operations = {
	.lookup = lookup, .change = refuse_change,
};
static const struct inode_operations sys_file_operations = { .change = refuse_change };
static const struct file_operations sys_list_operations = {
	.list = list, .seek = file_seek_endless,
};
static const struct file_operations sys_text_operations = {
	.read = text_read, .seek = file_seek_endless,
};

/* "0-3", or "0" when there is one. */
static void show_cpu_range(struct format_sink *sink, struct sys_inode *inode)
{
	(void)inode;
	if (cpu_count() == 1)
		sink_text(sink, "0\n");
	else
		format_to(sink, "0-%u\n", cpu_count() - 1);
}

static void show_cpus_online(struct format_sink *sink, struct sys_inode *inode)
{
	bool is_first = true;

	(void)inode;
	for (unsigned cpu = 0; cpu < cpu_count(); cpu++) {
		unsigned last = cpu;

		if (!cpu_is_online(cpu))
			continue;
		while (last + 1 < cpu_count() && cpu_is_online(last + 1))
			last++;
		format_to(sink, is_first ? "%u" : ",%u", cpu);
		if (last > cpu)
			format_to(sink, "-%u", last);
		is_first = false;
		cpu = last;
	}
	sink_text(sink, "\n");
}

static void show_cpu_limit(struct format_sink *sink, struct sys_inode *inode)
{
	(void)inode;
	format_to(sink, "%u\n", CPU_LIMIT - 1);
}

static void show_nothing(struct format_sink *sink, struct sys_inode *inode)
{
	(void)inode;
	sink_text(sink, "\n");
}

static void show_cpu_state(struct format_sink *sink, struct sys_inode *inode)
{
	uint64_t cpu = 0;

	(void)!parse_unsigned(inode->subject + 3, 10, &cpu);
	format_to(sink, "%u\n", cpu_is_online((unsigned)cpu));
}

static bool cpu_child(struct sys_inode *directory, unsigned n, char *name, size_t size)
{
	(void)directory;
	format_print(name, size, "cpu%u", n);
	return n < cpu_count();
}

/* Whether an earlier node has the same subsystem: then its class was listed. */
static bool class_is_known(const struct device_node *node)
{
	for (struct device_node *at = device_node_next(NULL); at && at != node;
	     at = device_node_next(at))
		if (at->subsystem && strcmp(at->subsystem, node->subsystem) == 0)
			return true;
	return false;
}

static bool class_child(struct sys_inode *directory, unsigned n, char *name, size_t size)
{
	(void)directory;
	for (struct device_node *node = device_node_next(NULL); node;
	     node = device_node_next(node)) {
		if (!node->subsystem || node->is_block || class_is_known(node))
			continue;
		if (n-- == 0) {
			strlcpy(name, node->subsystem, size);
			return true;
		}
	}
	return false;
}

static bool node_child(struct sys_inode *directory, unsigned n, char *name, size_t size)
{
	for (struct device_node *node = device_node_next(NULL); node;
	     node = device_node_next(node)) {
		if (!node->subsystem || strcmp(node->subsystem, directory->subject) != 0)
			continue;
		if (n-- == 0) {
			strlcpy(name, node->name, size);
			return true;
		}
	}
	return false;
}

static const struct device_node *node_of(const struct sys_inode *inode)
{
	for (struct device_node *node = device_node_next(NULL); node;
	     node = device_node_next(node))
		if (node->subsystem && strcmp(node->subsystem, inode->class) == 0 &&
		    strcmp(node->name, inode->subject) == 0)
			return node;
	return NULL;
}

static void show_device(struct format_sink *sink, struct sys_inode *inode)
{
	const struct device_node *node = node_of(inode);

	if (node)
		format_to(sink, "%u:%u\n", DEVICE_MAJOR(node->number), DEVICE_MINOR(node->number));
}

static void show_device_event(struct format_sink *sink, struct sys_inode *inode)
{
	const struct device_node *node = node_of(inode);

	if (node)
		format_to(sink, "MAJOR=%u\nMINOR=%u\nDEVNAME=%s\nDEVMODE=0%o\n",
			  DEVICE_MAJOR(node->number), DEVICE_MINOR(node->number), node->name,
			  node->permissions);
}

/* The console's node has one file more: where it leads to. */
static bool console_child(struct sys_inode *directory, unsigned n, char *name, size_t size)
{
	if (n != 0 || strcmp(directory->subject, "console") != 0)
		return false;
	strlcpy(name, "active", size);
	return true;
}

static void show_console(struct format_sink *sink, struct sys_inode *inode)
{
	(void)inode;
	console_describe(sink);
}

static const struct sys_node cpu_files[] = { { "online", .show = show_cpu_state },
	{ .name = NULL } };
static const struct sys_node cpu_node = { "cpuN", .children = cpu_files };
static const struct sys_node cpu_table[] = {
	{ "online", .show = show_cpus_online }, { "possible", .show = show_cpu_range },
	{ "present", .show = show_cpu_range }, { "offline", .show = show_nothing },
	{ "kernel_max", .show = show_cpu_limit }, { .name = NULL },
};
static const struct sys_node system_table[] = {
	{ "cpu", .children = cpu_table, .child = cpu_child, .child_node = &cpu_node },
	{ .name = NULL },
};
static const struct sys_node devices_table[] = {
	{ "system", .children = system_table }, { .name = NULL },
};
static const struct sys_node device_files[] = {
	{ "dev", .show = show_device }, { "uevent", .show = show_device_event }, { .name = NULL },
};
static const struct sys_node console_file = { "active", .show = show_console };
static const struct sys_node device_directory = {
	"device", .children = device_files, .child = console_child, .child_node = &console_file,
};
static const struct sys_node class_directory = {
	"class", .child = node_child, .child_node = &device_directory,
};
static const struct sys_node empty_table[] = { { .name = NULL } };
/* There are no block devices: tools list the empty directory. */
static const struct sys_node numbers_table[] = {
	{ "block", .children = empty_table }, { .name = NULL },
};
static const struct sys_node root_table[] = {
	{ "block", .children = empty_table }, { "bus", .children = empty_table },
	{ "class", .child = class_child, .child_node = &class_directory },
	{ "dev", .children = numbers_table },
	{ "devices", .children = devices_table }, { "fs", .children = empty_table },
	{ "kernel", .children = empty_table }, { "power", .children = empty_table },
	{ .name = NULL },
};
static const struct sys_node root_node = { "/", .children = root_table };

static void inode_free_rcu(struct rcu_head *head)
{
	heap_free(sys_inode_of(container_of(head, struct inode, rcu)));
}

static void sys_evict(struct inode *inode)
{
	rcu_call(&inode->rcu, inode_free_rcu);
}

static int sys_statistics(struct superblock *superblock, struct statfs_result *result)
{
	(void)superblock;
	result->type = SYSFS_MAGIC;
	return 0;
}

static const struct superblock_operations sys_superblock_operations = {
	.evict = sys_evict,
	.statistics = sys_statistics,
};

static int sys_mount(struct filesystem *filesystem, struct superblock *superblock,
		     const char *source, const char *options)
{
	struct sys_inode *root;

	(void)filesystem;
	(void)source;
	(void)options;
	superblock->operations = &sys_superblock_operations;
	root = inode_make(superblock, &root_node);
	if (!root)
		return -ENOMEM;
	root->inode.number = 1;
	superblock->root = name_create_root(&root->inode, superblock);
	if (superblock->root)
		return 0;
	inode_put(&root->inode);
	return -ENOMEM;
}

struct filesystem sys_filesystem = {
	.name = "sysfs",
	.is_single = true,
	.mount = sys_mount,
};
