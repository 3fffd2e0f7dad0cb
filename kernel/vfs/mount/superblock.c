/*
 * Instances of file systems: made at the first mount, dropped with the last.
 */
#include "base/format.h"
#include "base/string.h"
#include "device/node.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "vfs/mount/internal.h"
#include "vfs/name_find.h"
#include "vfs/vfs.h"
#include <abi/stat.h>

static struct mutex superblocks_mutex = MUTEX_INITIALIZER(superblocks_mutex, LOCK_LEAF_SLEEP);
static struct list_head superblocks = LIST_HEAD_INITIALIZER(superblocks);
static struct mutex single_mutex = MUTEX_INITIALIZER(single_mutex, LOCK_FILESYSTEM);
static uint32_t last_device;

struct filesystem *filesystem_find(const char *name)
{
	for (struct filesystem *const *at = kernel_filesystems; *at; at++)
		if (strcmp((*at)->name, name) == 0)
			return *at;
	return NULL;
}

void filesystems_describe(struct format_sink *sink)
{
	for (struct filesystem *const *at = kernel_filesystems; *at; at++) {
		const char *prefix = (*at)->needs_device ? "\t" : "nodev\t";

		sink->write(sink, prefix, strlen(prefix));
		sink->write(sink, (*at)->name, strlen((*at)->name));
		sink->write(sink, "\n", 1);
	}
}

static int superblock_make(struct filesystem *filesystem, const char *source, const char *options,
			   unsigned long flags, struct superblock **result)
{
	struct superblock *superblock = heap_allocate(sizeof(*superblock), HEAP_ACCOUNT);
	int error;

	if (!superblock)
		return -ENOMEM;
	refcount_init(&superblock->references, 1);
	list_init(&superblock->mounts);
	superblock->filesystem = filesystem;
	superblock->flags = flags & (MS_RDONLY | MS_SYNCHRONOUS | MS_DIRSYNC | MS_LAZYTIME);
	superblock->device =
		DEVICE_NUMBER(0, atomic_fetch_add_relaxed(&last_device, 1) + 1);
	superblock->block_size = PAGE_SIZE;
	superblock->size_limit = INT64_MAX;
	error = filesystem->mount(filesystem, superblock, source, options);
	if (error) {
		heap_free(superblock);
		return error;
	}
	mutex_lock(&superblocks_mutex);
	list_add_tail(&superblocks, &superblock->node);
	mutex_unlock(&superblocks_mutex);
	*result = superblock;
	return 0;
}

int superblock_create(struct filesystem *filesystem, const char *source, const char *options,
		      unsigned long flags, struct superblock **superblock)
{
	int error = 0;

	if (!filesystem->is_single)
		return superblock_make(filesystem, source, options, flags, superblock);
	mutex_lock(&single_mutex);
	if (!filesystem->instance)
		error = superblock_make(filesystem, source, options, 0, &filesystem->instance);
	if (error == 0) {
		/* The file system itself keeps the first reference for ever. */
		refcount_get(&filesystem->instance->references);
		*superblock = filesystem->instance;
	}
	mutex_unlock(&single_mutex);
	return error;
}

void superblock_put(struct superblock *superblock)
{
	if (!refcount_put(&superblock->references))
		return;
	mutex_lock(&superblocks_mutex);
	list_remove(&superblock->node);
	mutex_unlock(&superblocks_mutex);
	if (superblock->operations->sync)
		superblock->operations->sync(superblock, true);
	notify_superblock_gone(superblock);
	name_drop_tree(superblock->root);
	name_put(superblock->root);
	if (superblock->operations->unmount)
		superblock->operations->unmount(superblock);
	heap_free(superblock);
}

/* The next one to sync, with a reference; the list is not held across writing. */
static struct superblock *superblock_next(struct superblock *after)
{
	struct superblock *next;

	mutex_lock(&superblocks_mutex);
	next = after ? list_next(after, &superblocks, node)
		     : list_first(&superblocks, struct superblock, node);
	while (next && !refcount_get_unless_zero(&next->references))
		next = list_next(next, &superblocks, node);
	mutex_unlock(&superblocks_mutex);
	return next;
}

int filesystems_sync_all(void)
{
	struct superblock *at = superblock_next(NULL), *next;
	int result = 0;

	while (at) {
		if (at->operations->sync && !(at->flags & MS_RDONLY)) {
			int error = at->operations->sync(at, true);

			result = result ? result : error;
		}
		next = superblock_next(at);
		superblock_put(at);
		at = next;
	}
	return result;
}
