/*
 * The tree of mounts, for the path walker: which mount covers a name of another mount.
 */
#ifndef VFS_MOUNT_TABLE_H
#define VFS_MOUNT_TABLE_H

#include "vfs/filesystem.h"
#include "vfs/name.h"

/* Odd while the tree changes; the same before and after: what was seen in between holds. */
uint32_t mount_sequence(void);

/* The mount that covers `name` of `mount`, or NULL; without a reference, under RCU. */
struct mount *mount_covering(struct mount *mount, struct name *name);
/* Steps onto whatever is mounted on a counted path, swapping references. */
void mount_step_down(struct path *path);
/* From the root of a mount to the name it covers, swapping references. False: top of a tree. */
bool mount_step_up(struct path *path);

/* A reference to a mount seen under RCU; false: it is going away. */
bool mount_get_unless_detached(struct mount *mount) MUST_CHECK;
bool mount_is_attached(const struct mount *mount);

/* A mount of the superblock in the tree, with a reference; NULL: none. */
struct mount *mount_find(struct superblock *superblock);

/* Whether changes of what is seen through the mount are refused, to be shown. */
bool mount_is_read_only(const struct mount *mount);
/* Before a change: -EROFS, or the mount stays writable until mount_write_end(). */
int mount_write_begin(struct mount *mount) MUST_CHECK;
void mount_write_end(struct mount *mount);

/* Whether anything is mounted on a name (in any mount): rename and rmdir give -EBUSY. */
static inline bool name_is_mount_point(const struct name *name)
{
	return READ_ONCE(name->mounts_here) != 0;
}

/* Makes the root of all; the caller's thread gets it as root and directory elsewhere. */
int mount_root(struct filesystem *filesystem, const char *options, struct path *root) MUST_CHECK;

#endif
