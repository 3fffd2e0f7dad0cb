/*
 * Data of tmpfs files: the page cache without anything behind it. A page counts against the size
 * limit from its first write on; pages that only were read are not dirty and may be taken back.
 */
#include "base/arithmetic.h"
#include "base/errno.h"
#include "fs/tmp/internal.h"
#include "memory/page.h"
#include "memory/page_cache.h"
#include "task/signal.h"
#include "vfs/cache_file.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

int tmp_page_charge(struct inode *inode)
{
	struct tmp_instance *instance = tmp_instance_of(inode);
	uint64_t limit = instance->limits.pages ? instance->limits.pages : UINT64_MAX;

	if (atomic_fetch_add_relaxed(&instance->pages_used, 1) >= limit) {
		atomic_fetch_subtract_relaxed(&instance->pages_used, 1);
		return -ENOSPC;
	}
	atomic_fetch_add_relaxed(&tmp_inode_of(inode)->file.pages_charged, 1);
	return 0;
}

void tmp_page_discharge(struct inode *inode)
{
	atomic_fetch_subtract_relaxed(&tmp_instance_of(inode)->pages_used, 1);
	atomic_fetch_subtract_relaxed(&tmp_inode_of(inode)->file.pages_charged, 1);
}

/* page->private: whether the page was charged. Page locked. */
static int prepare_write(struct page_cache *cache, struct page *page, unsigned from, unsigned to)
{
	int error = page->private ? 0 : tmp_page_charge(cache->owner);

	(void)from;
	(void)to;
	if (error == 0)
		page->private = 1;
	return error;
}

static void release_page(struct page_cache *cache, struct page *page)
{
	if (!page->private)
		return;
	page->private = 0;
	tmp_page_discharge(cache->owner);
}

static const struct page_cache_operations tmp_cache_operations = {
	.prepare_write = prepare_write,
	.release_page = release_page,
};

int tmp_file_init(struct tmp_inode *node)
{
	struct inode *inode = &node->inode;

	node->file.pages_charged = 0;
	node->file.store = NULL;
	if (tmp_instance_of(inode)->has_store && tmp_store_create(node))
		return -ENOMEM;
	page_cache_init(&node->file.cache, node->file.store ? &tmp_stored_cache_operations
							    : &tmp_cache_operations, inode);
	inode->cache = &node->file.cache;
	inode->operations = &tmp_file_operations;
	inode->file_operations = &tmp_file_file_operations;
	inode->seals = F_SEAL_SEAL;
	inode->state |= INODE_SEALABLE;
	return 0;
}

void tmp_file_release(struct tmp_inode *node)
{
	page_cache_release(&node->file.cache);
	if (node->file.store)
		page_cache_release(node->file.store);
}

static int punch(struct inode *inode, uint64_t start, uint64_t end)
{
	if (inode->seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE))
		return -EPERM;
	tmp_data_punch(inode, start, end);
	inode_touch(inode, INODE_MODIFIED | INODE_CHANGED);
	return 0;
}

static int reserve_pages(struct inode *inode, uint64_t first, uint64_t end)
{
	struct tmp_instance *instance = tmp_instance_of(inode);
	struct page_cache *cache = inode->cache;

	if (instance->limits.pages &&
	    end - first > instance->limits.pages - min(instance->pages_used,
	    instance->limits.pages) +
	    READ_ONCE(tmp_inode_of(inode)->file.pages_charged))
		return -ENOSPC;
	for (uint64_t index = first; index < end; index++) {
		struct page *page;
		int error = page_cache_get_locked(cache, index, true, &page);

		if (error)
			return error;
		error = cache->operations->prepare_write(cache, page, 0, PAGE_SIZE);
		/* Not up to date: its zeros are no data yet, for SEEK_DATA. */
		if (error == 0 && !page_test(page, PAGE_UPTODATE))
			page_zero(page);
		page_unlock(page);
		page_put(page);
		if (error)
			return error;
		if (index % 64 == 63 && signal_is_fatal_pending())
			return -EINTR;
	}
	return 0;
}

static int allocate(struct file *file, int mode, int64_t offset, int64_t length)
{
	struct inode *inode = file->inode;
	uint64_t start = (uint64_t)offset, end = start + (uint64_t)length;
	int error;

	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE))
		return -EOPNOTSUPP;
	shared_lock_write(&inode->lock);
	if (mode & FALLOC_FL_PUNCH_HOLE) {
		error = punch(inode, start, end);
	} else if ((inode->seals & F_SEAL_GROW) && end > inode->attributes.size) {
		error = -EPERM;
	} else {
		error = reserve_pages(inode, start >> PAGE_SHIFT, divide_up_u64(end, PAGE_SIZE));
		if (error == 0 && !(mode & FALLOC_FL_KEEP_SIZE) && end > inode->attributes.size)
			inode_size_set(inode, end);
		inode_touch(inode, INODE_CHANGED);
	}
	shared_unlock_write(&inode->lock);
	return error;
}

const struct file_operations tmp_file_file_operations = {
	.read = cache_file_read,
	.write = cache_file_write,
	.seek = cache_file_seek,
	.map = cache_file_map,
	.sync = cache_file_sync,
	.allocate = allocate,
};

const struct inode_operations tmp_file_operations = {
	TMP_COMMON_OPERATIONS,
};

const struct inode_operations tmp_node_operations = {
	TMP_COMMON_OPERATIONS,
};
