/*
 * The name cache's own parts: hash of text, table, and the list of unused names.
 */
#ifndef VFS_NAME_INTERNAL_H
#define VFS_NAME_INTERNAL_H

#include "vfs/name.h"
#include "vfs/name_find.h"

/* The text of the name is set for lookups to find it; holder of a reference. */
void name_hash_add(struct name *name);
void name_hash_remove(struct name *name);

/* references is NAME_DEAD: takes it off every list and frees it and, if that was the last child,
 * its parents. The inode's reference is dropped here, or put on `inodes` when given. */
void name_kill(struct name *name);

/* Puts a name on the unused list; LOCK_NAME_UNUSED inside. */
void name_unused_add(struct name *name);
void name_inode_put(struct inode *inode);
void name_unused_remove(struct name *name);
int name_unused_start(void) MUST_CHECK;

#endif
