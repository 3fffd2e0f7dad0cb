/*
 * Instances of tmpfs.
 */
#include "base/errno.h"
#include "fs/tmp/internal.h"
#include "fs/tmp/options.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "vfs/sink.h"
#include <abi/fcntl.h>
#include <abi/stat.h>

static int tmp_mount(struct filesystem *filesystem, struct superblock *superblock,
		     const char *source, const char *options)
{
	struct tmp_instance *instance = heap_allocate(sizeof(*instance), HEAP_ACCOUNT);
	struct memory_statistics memory;
	struct inode *root;
	int error;

	(void)filesystem;
	(void)source;
	if (!instance)
		return -ENOMEM;
	memory_statistics_read(&memory);
	instance->limits = (struct tmp_limits){ memory.total / 2, memory.total / 2 };
	instance->mode = S_ISVTX | 0777;
	error = tmp_inode_start();
	if (error == 0)
		error = tmp_options_read(instance, options);
	if (error)
		goto fail_instance;
	superblock->data = instance;
	superblock->operations = &tmp_superblock_operations;
	error = tmp_inode_create(superblock, NULL, S_IFDIR | instance->mode, &root);
	if (error)
		goto fail_instance;
	root->attributes.uid = instance->uid;
	root->attributes.gid = instance->gid;
	superblock->root = name_create_root(root, superblock);
	if (superblock->root)
		return 0;
	inode_put(root);
	error = -ENOMEM;
fail_instance:
	heap_free(instance);
	return error;
}

/* The root's name goes last: its inode is evicted with its entries. */
static void tmp_evict(struct inode *inode)
{
	if (inode_is_directory(inode) && tmp_inode_of(inode)->directory.count)
		tmp_directory_clear(inode);
	tmp_inode_evict(inode);
}

static void tmp_unmount(struct superblock *superblock)
{
	heap_free(superblock->data);
}

static int tmp_statistics(struct superblock *superblock, struct statfs_result *result)
{
	struct tmp_instance *instance = superblock->data;

	result->type = TMPFS_MAGIC;
	result->block_size = PAGE_SIZE;
	if (instance->limits.pages) {
		uint64_t used = min(READ_ONCE(instance->pages_used), instance->limits.pages);

		result->blocks = instance->limits.pages;
		result->blocks_free = result->blocks_available = result->blocks - used;
	}
	if (instance->limits.inodes) {
		uint64_t used = min(READ_ONCE(instance->inodes_used), instance->limits.inodes);

		result->files = instance->limits.inodes;
		result->files_free = result->files - used;
	}
	return 0;
}

static int tmp_remount(struct superblock *superblock, unsigned long flags, const char *options)
{
	(void)flags;
	return tmp_options_read(superblock->data, options);
}

static void tmp_describe_options(struct superblock *superblock, struct format_sink *sink)
{
	struct tmp_instance *instance = superblock->data;
	struct memory_statistics memory;

	memory_statistics_read(&memory);
	if (instance->limits.pages && instance->limits.pages != memory.total / 2)
		format_to(sink, ",size=%lluk",
			   (unsigned long long)instance->limits.pages * (PAGE_SIZE / 1024));
	if (instance->limits.inodes && instance->limits.inodes != memory.total / 2)
		format_to(sink, ",nr_inodes=%llu", (unsigned long long)instance->limits.inodes);
	if (instance->mode != (S_ISVTX | 0777))
		format_to(sink, ",mode=%03o", instance->mode);
	if (instance->uid)
		format_to(sink, ",uid=%u", instance->uid);
	if (instance->gid)
		format_to(sink, ",gid=%u", instance->gid);
	if (instance->has_store)
		format_to(sink, ",store");
	format_to(sink, ",inode64");
}

const struct superblock_operations tmp_superblock_operations = {
	.evict = tmp_evict,
	.statistics = tmp_statistics,
	.remount = tmp_remount,
	.describe_options = tmp_describe_options,
	.unmount = tmp_unmount,
};

struct filesystem tmp_filesystem = {
	.name = "tmpfs",
	.mount = tmp_mount,
};
