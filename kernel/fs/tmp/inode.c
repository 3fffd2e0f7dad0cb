/*
 * tmpfs inodes: made within the instance's limit, freed after a grace period.
 */
#include "base/errno.h"
#include "base/string.h"
#include "fs/tmp/internal.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "memory/page_cache.h"
#include "vfs/permission.h"
#include <abi/fcntl.h>

static struct slab_cache *file_slab, *node_slab;

/* Adds one within a limit, 0 meaning none. */
static bool charge(uint64_t *used, uint64_t limit)
{
	if (atomic_fetch_add_relaxed(used, 1) < (limit ? limit : UINT64_MAX))
		return true;
	atomic_fetch_subtract_relaxed(used, 1);
	return false;
}

int tmp_inode_charge(struct superblock *superblock)
{
	struct tmp_instance *instance = superblock->data;

	return charge(&instance->inodes_used, instance->limits.inodes) ? 0 : -ENOSPC;
}

void tmp_inode_uncharge(struct superblock *superblock)
{
	struct tmp_instance *instance = superblock->data;

	atomic_fetch_subtract_relaxed(&instance->inodes_used, 1);
}

int tmp_inode_create(struct superblock *superblock, struct inode *directory, uint16_t mode,
		     struct inode **result)
{
	struct tmp_instance *instance = superblock->data;
	bool is_file = (mode & S_IFMT) == S_IFREG;
	int error = tmp_inode_charge(superblock);
	struct tmp_inode *node;

	if (error)
		return error;
	node = slab_allocate(is_file ? file_slab : node_slab, HEAP_ACCOUNT | HEAP_RAW);
	if (!node) {
		error = -ENOMEM;
		goto fail_charge;
	}
	inode_init(&node->inode, superblock, mode);
	node->inode.number = atomic_fetch_add_relaxed(&instance->last_number, 1) + 1;
	node->attributes = NULL;
	inode_owner_set(&node->inode, directory);
	switch (mode & S_IFMT) {
	case S_IFREG:
		error = tmp_file_init(node);
		if (error)
			goto fail_node;
		break;
	case S_IFDIR:
		memset(&node->directory, 0, sizeof(node->directory));
		node->directory.next_cookie = 2;
		node->inode.attributes.size = TMP_DIRECTORY_SIZE(0);
		node->inode.operations = &tmp_directory_operations;
		node->inode.file_operations = &tmp_directory_file_operations;
		break;
	default:
		node->inode.operations = &tmp_node_operations;
	}
	*result = &node->inode;
	return 0;
fail_node:
	slab_free(file_slab, node);
fail_charge:
	tmp_inode_uncharge(superblock);
	return error;
}

static void inode_free_rcu(struct rcu_head *head)
{
	struct inode *inode = container_of(head, struct inode, rcu);

	heap_free((void *)(uintptr_t)inode->link_text);
	if (inode->cache)
		heap_free(tmp_inode_of(inode)->file.store);
	slab_free(inode->cache ? file_slab : node_slab, tmp_inode_of(inode));
}

void tmp_inode_evict(struct inode *inode)
{
	struct tmp_inode *node = tmp_inode_of(inode);

	if (inode->cache)
		tmp_file_release(node);
	tmp_attributes_free(node);
	tmp_inode_uncharge(inode->superblock);
	rcu_call(&inode->rcu, inode_free_rcu);
}

int tmp_inode_start(void)
{
	if (file_slab)
		return 0;
	node_slab = slab_cache_create("tmpfs_node",
				      offsetof(struct tmp_inode, directory) +
				      sizeof(((struct tmp_inode *)NULL)->directory), 64, 0);
	file_slab = slab_cache_create("tmpfs_file", sizeof(struct tmp_inode), 64, 0);
	tmp_store_start();
	return node_slab && file_slab ? 0 : -ENOMEM;
}

int tmp_refresh(struct inode *inode)
{
	uint64_t blocks;

	if (!inode->cache)
		return 0;
	blocks = READ_ONCE(tmp_inode_of(inode)->file.pages_charged) * (PAGE_SIZE / 512);
	if (inode->attributes.blocks != blocks) {
		inode_change_begin(inode);
		inode->attributes.blocks = blocks;
		inode_change_end(inode);
	}
	return 0;
}

static int size_change(struct inode *inode, uint64_t size)
{
	uint64_t old = inode->attributes.size;

	if (((inode->seals & F_SEAL_SHRINK) && size < old) ||
	    ((inode->seals & F_SEAL_GROW) && size > old))
		return -EPERM;
	if (size < old) {
		struct page_cache *cache = inode->cache;

		/* First the size, so that no fault brings a page back behind the new end. */
		shared_lock_write(&cache->invalidate_lock);
		inode_size_set(inode, size);
		shared_unlock_write(&cache->invalidate_lock);
		tmp_data_truncate(inode, size);
	} else if (size > old) {
		inode_size_set(inode, size);
	}
	inode_touch(inode, INODE_MODIFIED | INODE_CHANGED);
	return 0;
}

int tmp_change(struct inode *inode, const struct attribute_change *change)
{
	if (change->mask & CHANGE_SIZE) {
		int error = inode->cache ? size_change(inode, change->size) : -EINVAL;

		if (error)
			return error;
	}
	if (change->mask & ~(uint32_t)CHANGE_SIZE)
		inode_change_apply(inode, change);
	return 0;
}
