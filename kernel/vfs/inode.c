/*
 * The common part of inodes: references, attributes under a sequence count, and the exclusion of
 * writers and executing programs.
 */
#include "base/errno.h"
#include "base/string.h"
#include "memory/page.h"
#include "time/clock_time.h"
#include "vfs/filesystem.h"
#include "vfs/inode.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

static uint64_t last_inode_number;

uint64_t inode_number_next(void)
{
	return atomic_fetch_add_relaxed(&last_inode_number, 1) + 1;
}

void inode_init(struct inode *inode, struct superblock *superblock, uint16_t mode)
{
	int64_t now = time_realtime_coarse_ns();
	bool is_directory = (mode & S_IFMT) == S_IFDIR;

	memset(inode, 0, sizeof(*inode));
	refcount_init(&inode->references, 1);
	inode->superblock = superblock;
	inode->number = inode_number_next();
	shared_lock_init(&inode->lock, is_directory ? LOCK_DIRECTORY : LOCK_INODE);
	spin_lock_init(&inode->attributes_lock, LOCK_INODE_STATE);
	inode->attributes.mode = mode;
	inode->attributes.link_count = is_directory ? 2 : 1;
	inode->attributes.times = (struct inode_times){ now, now, now, now };
	list_node_init(&inode->hash_node);
}

void inode_get(struct inode *inode)
{
	refcount_get(&inode->references);
}

void inode_put(struct inode *inode)
{
	if (!refcount_put(&inode->references))
		return;
	atomic_fetch_or_relaxed(&inode->state, INODE_DYING);
	if (inode->locks)
		file_locks_free(inode);
	if (inode->attributes.link_count == 0)
		atomic_fetch_subtract_ordered(&inode->superblock->removed_count, 1);
	inode->superblock->operations->evict(inode);
}

NO_THREAD_ANALYSIS void inode_change_begin(struct inode *inode)
{
	spin_lock(&inode->attributes_lock);
	sequence_write_begin(&inode->attributes_sequence);
}

NO_THREAD_ANALYSIS void inode_change_end(struct inode *inode)
{
	sequence_write_end(&inode->attributes_sequence);
	spin_unlock(&inode->attributes_lock);
}

void inode_attributes_read(struct inode *inode, struct inode_attributes *attributes)
{
	uint32_t begun;

	do {
		begun = sequence_read_begin(&inode->attributes_sequence);
		*attributes = inode->attributes;
	} while (sequence_read_retry(&inode->attributes_sequence, begun));
}

void inode_touch(struct inode *inode, unsigned which)
{
	struct inode_times *times = &inode->attributes.times;
	int64_t now = time_realtime_coarse_ns();

	if ((!(which & INODE_ACCESSED) || times->accessed_ns == now) &&
	    (!(which & INODE_MODIFIED) || times->modified_ns == now) &&
	    (!(which & INODE_CHANGED) || times->changed_ns == now))
		return;
	inode_change_begin(inode);
	if (which & INODE_ACCESSED)
		times->accessed_ns = now;
	if (which & INODE_MODIFIED)
		times->modified_ns = now;
	if (which & INODE_CHANGED)
		times->changed_ns = now;
	inode_change_end(inode);
}

void inode_size_set(struct inode *inode, uint64_t size)
{
	inode_change_begin(inode);
	inode->attributes.size = size;
	inode_change_end(inode);
}

void inode_link_add(struct inode *inode, int links)
{
	int64_t now = time_realtime_coarse_ns();
	uint32_t before, after;

	inode_change_begin(inode);
	before = inode->attributes.link_count;
	after = (uint32_t)((int)before + links);
	inode->attributes.link_count = after;
	inode->attributes.times.changed_ns = now;
	inode_change_end(inode);
	/* Without a name it is to go with its last user; linkat may still give it one. */
	if ((after == 0) != (before == 0))
		atomic_fetch_add_ordered(&inode->superblock->removed_count, after == 0 ? 1 : -1);
}

void inode_change_apply(struct inode *inode, const struct attribute_change *change)
{
	struct inode_attributes *attributes = &inode->attributes;
	int64_t now = time_realtime_coarse_ns();

	inode_change_begin(inode);
	if (change->mask & CHANGE_MODE)
		attributes->mode = (attributes->mode & S_IFMT) | (change->mode & 07777);
	if (change->mask & CHANGE_UID)
		attributes->uid = change->uid;
	if (change->mask & CHANGE_GID)
		attributes->gid = change->gid;
	if (change->mask & (CHANGE_ACCESSED | CHANGE_ACCESSED_NOW))
		attributes->times.accessed_ns =
			change->mask & CHANGE_ACCESSED_NOW ? now : change->accessed_ns;
	if (change->mask & (CHANGE_MODIFIED | CHANGE_MODIFIED_NOW))
		attributes->times.modified_ns =
			change->mask & CHANGE_MODIFIED_NOW ? now : change->modified_ns;
	attributes->times.changed_ns = now;
	inode_change_end(inode);
}

/* Moves `count` away from zero in one direction; -ETXTBSY when it stands on the other side. */
static int writers_move(int32_t *count, int32_t step)
{
	int32_t seen = atomic_load_relaxed(count);

	do {
		if ((step > 0 && seen < 0) || (step < 0 && seen > 0))
			return -ETXTBSY;
	} while (!atomic_compare_swap(count, &seen, seen + step));
	return 0;
}

int inode_write_access_get(struct inode *inode)
{
	return writers_move(&inode->writers, 1);
}

void inode_write_access_put(struct inode *inode)
{
	atomic_fetch_subtract_ordered(&inode->writers, 1);
}

int inode_write_deny(struct inode *inode)
{
	return writers_move(&inode->writers, -1);
}

void inode_write_allow(struct inode *inode)
{
	atomic_fetch_add_ordered(&inode->writers, 1);
}
