/*
 * Who changes what is seen through a mount, counted, so that it becomes read-only only when nobody
 * does: each call that changes something for as long as it takes, each file that is open for
 * writing (and with it each shared mapping) until it is closed.
 *
 * A writer counts himself, then looks at the flags; who makes it read-only holds writers off by a
 * flag, then adds up the counts: one of the two sees the other. The hold lasts a few loads, so
 * writers wait for it in a loop. A count may go down in another slot than it went up in: only the
 * sum means anything, and it is taken while no count can rise for good.
 */
#include "arch/cpu.h"
#include "base/errno.h"
#include "vfs/mount/internal.h"
#include "vfs/walk.h"
#include <abi/stat.h>

static struct mount_writers *slot(struct mount *mount)
{
	return &mount->writers[context_current()->cpu % MOUNT_WRITER_SLOTS];
}

static unsigned long flags_of(const struct mount *mount)
{
	return READ_ONCE(mount->flags) | READ_ONCE(mount->superblock->flags);
}

int mount_write_begin(struct mount *mount)
{
	struct mount_writers *writers;
	int error = 0;

	preemption_disable();
	writers = slot(mount);
	atomic_fetch_add_ordered(&writers->count, 1);
	atomic_fence();
	if (unlikely(flags_of(mount) & (MOUNT_WRITERS_HELD | MS_RDONLY))) {
		while (flags_of(mount) & MOUNT_WRITERS_HELD)
			cpu_relax();
		if (flags_of(mount) & MS_RDONLY)
			error = -EROFS;
	}
	if (unlikely(error))
		atomic_fetch_subtract_ordered(&writers->count, 1);
	preemption_enable();
	return error;
}

void mount_write_end(struct mount *mount)
{
	preemption_disable();
	atomic_fetch_subtract_ordered(&slot(mount)->count, 1);
	preemption_enable();
}

static bool has_writers(const struct mount *mount)
{
	uint32_t sum = 0;	/* as counts, it may wrap on the way */

	for (unsigned i = 0; i < MOUNT_WRITER_SLOTS; i++)
		sum += atomic_load_ordered(&mount->writers[i].count);
	return sum != 0;
}

/* Preemption is off until the hold is released: a writer may be waiting on this CPU's turn. */
static void hold(unsigned long *flags)
{
	preemption_disable();
	WRITE_ONCE(*flags, *flags | MOUNT_WRITERS_HELD);
	atomic_fence();
}

static int release(unsigned long *flags, bool is_busy)
{
	unsigned long without = *flags & ~MOUNT_WRITERS_HELD;

	atomic_store_release(flags, is_busy ? without : without | MS_RDONLY);
	preemption_enable();
	return is_busy ? -EBUSY : 0;
}

int mount_read_only_set(struct mount *mount)
{
	if (mount->flags & MS_RDONLY)
		return 0;
	hold(&mount->flags);
	return release(&mount->flags, has_writers(mount));
}

int superblock_read_only_set(struct superblock *superblock)
{
	struct mount *mount;
	bool is_busy = false;

	if (superblock->flags & MS_RDONLY)
		return 0;
	superblock_mounts_lock();
	hold(&superblock->flags);
	list_for_each(mount, &superblock->mounts, superblock_node)
		is_busy |= has_writers(mount);
	/* Data of what has no name any more is to go when it is closed: that is a change, too. */
	is_busy |= atomic_load_ordered(&superblock->removed_count) != 0;
	(void)release(&superblock->flags, is_busy);
	superblock_mounts_unlock();
	return is_busy ? -EBUSY : 0;
}
