/*
 * Files whose pages have another home, as those of a disk have: mounted with the option `store`,
 * each file has a second cache that stands for the disk. Pages are read from it, written back to it
 * by a worker, and dropped when memory is short: everything that tests of write-back and reclaim
 * need. Debug builds only.
 */
#include "base/errno.h"
#include "fs/tmp/internal.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "memory/page_cache.h"
#include "sync/blocking.h"
#include "sync/spin_lock.h"
#include "task/deferred.h"
#include "time/clock_time.h"

/* So long a write takes, as if something turned. */
#define WRITE_NS (2 * NANOSECONDS_PER_MILLISECOND)

static struct page_cache *store_of(struct page_cache *cache)
{
	return tmp_inode_of(cache->owner)->file.store;
}

/* Blocks that wait to be written, by their nodes; `private` is the page that each copies. */
static struct spin_lock writes_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);
static struct list_head writes = LIST_HEAD_INITIALIZER(writes);

static struct work writes_work;

static struct page *write_next(void)
{
	bool masked = spin_lock_irq(&writes_lock);
	struct page *block = list_pop(&writes, struct page, node);

	spin_unlock_irq(&writes_lock, masked);
	return block;
}

static void writes_run(struct work *work)
{
	struct page *block;

	(void)work;
	blocking_prepare(SLEEP_UNINTERRUPTIBLE);
	(void)blocking_sleep(time_monotonic_ns() + WRITE_NS);
	while ((block = write_next()) != NULL) {
		struct page *page = (struct page *)block->private;

		block->private = 0;
		page_copy(block, page);
		page_end_writeback(page);
		page_put(page);
		page_put(block);
	}
}

static int store_read_page(struct page_cache *cache, struct page *page)
{
	struct page *block = page_cache_find(store_of(cache), page->index);

	if (block) {
		page_copy(page, block);
		page_put(block);
	} else {
		page_zero(page);
	}
	page_set(page, PAGE_UPTODATE);
	page_unlock(page);
	return 0;
}

/* The block of a page; a new one is charged. */
static int block_get(struct page_cache *cache, uint64_t index, struct page **block)
{
	struct page_cache *store = store_of(cache);
	int error;

	*block = page_cache_find(store, index);
	if (*block)
		return 0;
	error = tmp_page_charge(cache->owner);
	if (error)
		return error;
	error = page_cache_get(store, index, block);
	if (error)
		tmp_page_discharge(cache->owner);
	return error;
}

static int store_write_page(struct page_cache *cache, struct page *page)
{
	struct page *block;
	int error = block_get(cache, page->index, &block);
	bool masked;

	if (error)
		return error;
	page_get(page);
	block->private = (uint64_t)page;
	masked = spin_lock_irq(&writes_lock);
	list_add_tail(&writes, &block->node);
	spin_unlock_irq(&writes_lock, masked);
	page_unlock(page);
	work_queue(&writes_work);
	return 0;
}

/* Makes the block, so that writing back never lacks memory. */
static int store_prepare_write(struct page_cache *cache, struct page *page, unsigned from,
			       unsigned to)
{
	struct page *block;
	int error = block_get(cache, page->index, &block);

	(void)from;
	(void)to;
	if (error == 0)
		page_put(block);
	return error;
}

static void block_release(struct page_cache *store, struct page *block)
{
	(void)block;
	tmp_page_discharge(store->owner);
}

static const struct page_cache_operations block_operations = {
	.release_page = block_release,
};

const struct page_cache_operations tmp_stored_cache_operations = {
	.read_page = store_read_page,
	.write_page = store_write_page,
	.prepare_write = store_prepare_write,
};

void tmp_store_start(void)
{
	work_init(&writes_work, writes_run);
}

int tmp_store_create(struct tmp_inode *node)
{
	node->file.store = heap_allocate(sizeof(*node->file.store), HEAP_ACCOUNT);
	if (!node->file.store)
		return -ENOMEM;
	page_cache_init(node->file.store, &block_operations, &node->inode);
	return 0;
}

void tmp_data_truncate(struct inode *inode, uint64_t start)
{
	struct page_cache *store = tmp_inode_of(inode)->file.store;

	page_cache_truncate(inode->cache, start);
	if (store)
		page_cache_truncate(store, start);
}

void tmp_data_punch(struct inode *inode, uint64_t start, uint64_t end)
{
	struct page_cache *store = tmp_inode_of(inode)->file.store;

	page_cache_punch(inode->cache, start, end);
	if (!store)
		return;
	page_cache_punch(store, start, end);
	/* What was read from the blocks before they went. */
	page_cache_punch(inode->cache, start, end);
}
