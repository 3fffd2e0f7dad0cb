/*
 * Reading, writing, seeking and mapping files through the page cache.
 */
#include "vfs/cache_file.h"
#include "base/error_pointer.h"
#include "base/format.h"
#include "base/string.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "memory/page_cache.h"
#include "memory/space.h"
#include "task/limits.h"
#include "task/signal.h"
#include "task/thread.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>
#include <abi/signal.h>
#include <abi/stat.h>

long cache_file_read(struct file *file, struct transfer *to, struct io *io)
{
	struct inode *inode = file->inode;
	uint64_t size = READ_ONCE(inode->attributes.size);
	long moved;

	if (io->offset < 0)
		return -EINVAL;
	if ((uint64_t)io->offset >= size || transfer_remaining(to) == 0)
		return 0;
	moved = page_cache_read(inode->cache, to, (uint64_t)io->offset, size);
	if (moved > 0) {
		io->offset += moved;
		vfs_file_accessed(file);
	}
	return moved;
}

/* Told by the page cache, page locked, inode lock held: the file reaches to here. */
static void size_extended(struct page_cache *cache, uint64_t end)
{
	struct inode *inode = cache->owner;

	if (end > inode->attributes.size)
		inode_size_set(inode, end);
}

/* Writing takes set-id bits away, and stamps the file once a tick. */
static int write_begin(struct inode *inode)
{
	uint16_t mode = inode->attributes.mode;
	bool has_set_id = (mode & S_ISUID) ||
		(mode & (S_ISGID | 0010)) == (S_ISGID | 0010);

	if (unlikely(has_set_id) && !privilege_is_held(PRIVILEGE_FSETID)) {
		struct attribute_change change = { .mask = CHANGE_MODE };
		int error;

		change.mode = mode & 07777 & ~S_ISUID;
		if (mode & 0010)
			change.mode &= (uint16_t)~S_ISGID;
		error = inode->operations->change(inode, &change);
		if (error)
			return error;
	}
	inode_touch(inode, INODE_MODIFIED | INODE_CHANGED);
	return 0;
}

/* What of [offset, offset + length) may be written: cuts the transfer, or -EFBIG, -EPERM. */
static int write_limits(struct inode *inode, struct transfer *from, uint64_t offset)
{
	uint64_t limit = limit_current(LIMIT_FSIZE), end;

	if (unlikely(inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)))
		return -EPERM;
	if (offset >= limit) {
		(void)signal_send_thread(thread_current(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	limit = min(limit, inode->superblock->size_limit);
	if (offset >= limit)
		return -EFBIG;
	transfer_truncate(from, min(transfer_remaining(from), limit - offset));
	end = offset + transfer_remaining(from);
	if (unlikely(inode->seals & F_SEAL_GROW) && end > inode->attributes.size) {
		if (offset >= inode->attributes.size)
			return -EPERM;
		transfer_truncate(from, inode->attributes.size - offset);
	}
	return 0;
}

static long write_locked(struct inode *inode, struct transfer *from, struct io *io)
{
	long result;

	if (io->flags & IO_APPEND)
		io->offset = (int64_t)inode->attributes.size;
	result = write_limits(inode, from, (uint64_t)io->offset);
	if (result == 0)
		result = write_begin(inode);
	if (result == 0)
		result = page_cache_write(inode->cache, from, (uint64_t)io->offset, size_extended);
	if (result > 0)
		io->offset += result;
	return result;
}

long cache_file_write(struct file *file, struct transfer *from, struct io *io)
{
	struct inode *inode = file->inode;
	int64_t start = io->offset;
	long result;

	if (io->offset < 0)
		return -EINVAL;
	if (transfer_remaining(from) == 0)
		return 0;
	shared_lock_write(&inode->lock);
	result = write_locked(inode, from, io);
	shared_unlock_write(&inode->lock);
	if (result > 0 && (io->flags & (IO_SYNC | IO_DATA_SYNC)) && file->operations->sync) {
		int error = file->operations->sync(file, start, io->offset,
						   !(io->flags & IO_SYNC));

		if (error)
			return error;
	}
	return result;
}

static int64_t seek_to(struct file *file, int64_t base, int64_t offset)
{
	int64_t target;

	if (__builtin_add_overflow(base, offset, &target) || target < 0)
		return base > 0 && offset > 0 ? -EOVERFLOW : -EINVAL;
	file->position = target;
	return target;
}

int64_t cache_file_seek(struct file *file, int64_t offset, int whence)
{
	struct inode *inode = file->inode;
	uint64_t size = READ_ONCE(inode->attributes.size);
	int64_t found;

	switch (whence) {
	case SEEK_SET:
		return seek_to(file, 0, offset);
	case SEEK_CUR:
		return seek_to(file, file->position, offset);
	case SEEK_END:
		return seek_to(file, (int64_t)size, offset);
	case SEEK_DATA:
	case SEEK_HOLE:
		break;
	default:
		return -EINVAL;
	}
	if (offset < 0 || (uint64_t)offset >= size)
		return -ENXIO;
	found = page_cache_seek(inode->cache, (uint64_t)offset, size, whence == SEEK_HOLE);
	return found < 0 ? found : seek_to(file, 0, found);
}

int cache_file_sync(struct file *file, int64_t start, int64_t end, bool data_only)
{
	int error = page_cache_sync(file->inode->cache, (uint64_t)start, (uint64_t)end);

	(void)data_only;
	return error ? error : page_cache_error_check(file->inode->cache, &file->errors_seen);
}

/* Seals are set under the lock for writing, and only while nothing counts as writing. */
static int map_under_seals(struct inode *inode, struct map_request *request)
{
	int error = 0;

	shared_lock_read(&inode->lock);
	if (inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) {
		if (request->region_flags & REGION_WRITE)
			error = -EPERM;
		request->region_flags &= ~(uint32_t)REGION_MAY_WRITE;
	} else if (request->region_flags & REGION_MAY_WRITE) {
		request->counted = inode->cache;
		atomic_fetch_add_relaxed(&inode->cache->writable_mappings, 1);
	}
	shared_unlock_read(&inode->lock);
	return error;
}

int cache_file_map(struct file *file, struct map_request *request)
{
	struct inode *inode = file->inode;
	bool is_shared = request->region_flags & REGION_SHARED;

	if (file->mount && (file->mount->flags & MS_NOEXEC)) {
		if (request->region_flags & REGION_EXECUTE)
			return -EPERM;
		request->region_flags &= ~(uint32_t)REGION_MAY_EXECUTE;
	}
	if (is_shared && (inode->state & INODE_SEALABLE)) {
		int error = map_under_seals(inode, request);

		if (error)
			return error;
	}
	request->operations = &cache_file_region_operations;
	request->object = file;
	request->cache = inode->cache;
	vfs_file_accessed(file);
	return 0;
}

static int region_page_get(struct region *region, uint64_t index, struct page **page)
{
	struct file *file = region->object;
	struct page_cache *cache = region->cache;
	int error = -EINVAL;

	shared_lock_read(&cache->invalidate_lock);
	if (index < divide_up(READ_ONCE(file->inode->attributes.size), PAGE_SIZE))
		error = page_cache_get(cache, index, page);
	shared_unlock_read(&cache->invalidate_lock);
	return error;
}

static int region_page_make_writable(struct region *region, struct page *page)
{
	struct file *file = region->object;
	struct page_cache *cache = region->cache;
	int error = 0;

	page_lock(page);
	if (page->cache != cache)
		error = -EINVAL;
	else if (cache->operations->prepare_write)
		error = cache->operations->prepare_write(cache, page, 0, PAGE_SIZE);
	if (error == 0)
		page_mark_dirty(page);
	page_unlock(page);
	if (error == 0)
		inode_touch(file->inode, INODE_MODIFIED | INODE_CHANGED);
	return error;
}

static bool counts_as_writer(const struct region *region)
{
	return (region->flags & (REGION_SHARED | REGION_MAY_WRITE)) ==
		(REGION_SHARED | REGION_MAY_WRITE);
}

static void region_open(struct region *region)
{
	struct file *file = region->object;

	file_get(file);
	if (counts_as_writer(region))
		atomic_fetch_add_relaxed(&file->inode->cache->writable_mappings, 1);
}

static void region_close(struct region *region)
{
	struct file *file = region->object;

	if (counts_as_writer(region))
		atomic_fetch_subtract_relaxed(&file->inode->cache->writable_mappings, 1);
	file_put(file);
}

static int region_sync(struct region *region, uint64_t first, uint64_t last)
{
	struct file *file = region->object;

	if (!file->operations->sync)
		return 0;
	return file->operations->sync(file, (int64_t)(first << PAGE_SHIFT),
				      (int64_t)((last + 1) << PAGE_SHIFT) - 1, false);
}

static void region_describe(struct region *region, struct format_sink *sink, uint64_t *device,
			    uint64_t *inode)
{
	struct file *file = region->object;
	struct path path = { file->mount, file->name };
	char *buffer = heap_allocate(PATH_MAXIMUM, HEAP_RAW), *text;

	*device = file->inode->superblock->device;
	*inode = file->inode->number;
	if (!buffer)
		return;
	text = path_describe(&path, NULL, buffer, PATH_MAXIMUM);
	if (!is_error(text))
		sink->write(sink, text, strlen(text));
	heap_free(buffer);
}

const struct region_operations cache_file_region_operations = {
	.page_get = region_page_get,
	.page_make_writable = region_page_make_writable,
	.open = region_open,
	.close = region_close,
	.sync = region_sync,
	.describe = region_describe,
};
