/*
 * Shared between the parts of mounts: the lock of the tree and the making of mounts.
 */
#ifndef VFS_MOUNT_INTERNAL_H
#define VFS_MOUNT_INTERNAL_H

#include "sync/mutex.h"
#include "vfs/mount_table.h"

extern struct mutex mount_mutex;	/* LOCK_MOUNT: the shape of the tree */
extern struct list_head mount_list;	/* mount.all_node, attached ones in order; mount_mutex */

/* A mount of a superblock showing `root`, attached nowhere. Takes references of its own. */
struct mount *mount_create(struct superblock *superblock, struct name *root,
			   unsigned long flags, const char *source);
/* mount_mutex: puts it onto a path (takes over the caller's reference), or takes it off (gives
 * the reference back). The path's references are taken anew. */
void mount_attach(struct mount *mount, const struct path *point);
void mount_detach(struct mount *mount);
/* mount_mutex: mount_detach() if nobody has a reference beyond so many, or -EBUSY. */
int mount_detach_if_idle(struct mount *mount, uint32_t references) MUST_CHECK;
/* mount_mutex: attached mounts go to other places, all in one step for those who walk. */
#define MOUNT_MOVES 2
struct mount_move {
	struct mount *mount;
	struct path to;
};
void mounts_move(const struct mount_move *moves, size_t count);
/* mount_mutex: -ENOSPC is the answer to one more. */
bool mounts_are_too_many(void);
/* mount_mutex: takes off all that is mounted below, leaves first, and drops it. */
void mount_detach_below(struct mount *top);
/* mount_mutex: what is below and including `mount`, parents first; NULL at the end. */
struct mount *mount_next_below(struct mount *mount, struct mount *top);

/* mount_mutex. From now on nothing is changed through the mount, or any of the superblock's: 0, or
 * -EBUSY while somebody may. */
int mount_read_only_set(struct mount *mount) MUST_CHECK;
int superblock_read_only_set(struct superblock *superblock) MUST_CHECK;
/* Guards superblock->mounts. */
void superblock_mounts_lock(void);
void superblock_mounts_unlock(void);

int superblock_create(struct filesystem *filesystem, const char *source, const char *options,
		      unsigned long flags, struct superblock **superblock) MUST_CHECK;
void superblock_put(struct superblock *superblock);

#define MOUNT_FLAGS_OF_MOUNT \
	(MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY | MS_NOATIME | MS_NODIRATIME | MS_RELATIME | \
	 MS_NOSYMFOLLOW)

void mounts_changed(void);		/* wakes pollers of /proc/mounts */

#endif
