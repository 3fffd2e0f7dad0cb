/*
 * The name cache: (directory, component) -> inode or nothing (negative). Looked up under RCU by
 * hash; counted names keep their parents.
 */
#ifndef VFS_NAME_H
#define VFS_NAME_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"
#include "sync/rcu.h"
#include "sync/sequence.h"
#include "sync/spin_lock.h"

#define NAME_MAXIMUM 255	/* NAME_MAX */
#define PATH_MAXIMUM 4096	/* PATH_MAX, with the terminator */
#define NAME_INLINE 40

struct inode;
struct mount;
struct superblock;

/*
 * Readers find names under RCU and trust what they read only if `sequence` did not change. The
 * reference count reaches NAME_DEAD once, from 0 or 1, and never leaves it.
 */
struct name {
	struct sequence_count sequence;	/* parent, text or inode change */
	uint32_t hash;			/* of the text alone */
	uint32_t length;
	uint32_t flags;			/* enum name_flag, atomic */
	struct name *parent;		/* itself for a root; counted */
	const char *text;		/* inline_text or heap (freed by RCU) */
	struct inode *inode;		/* NULL: negative; counted */
	struct name *hash_next;		/* chain of the bucket; LOCK_NAME_HASH */
	struct name **hash_link;
	uint32_t references;
	/* Something may be mounted on it: look in the mount table. */
	uint32_t mounts_here;
	struct spin_lock lock;		/* LOCK_NAME_CACHE: writers of sequence; children */
	struct list_head children;
	struct list_node child_node;	/* parent's lock */
	struct list_node unused_node;	/* LOCK_NAME_UNUSED */
	char inline_text[NAME_INLINE];
	struct rcu_head rcu;
};

#define NAME_DEAD UINT32_MAX

enum name_flag {
	NAME_DELETED = 1 << 0,		/* unlinked: shown as " (deleted)" */
	NAME_IS_ROOT = 1 << 1,
	NAME_HASHED = 1 << 2,		/* lookups find it */
	NAME_ON_UNUSED = 1 << 3,	/* on the list of what the shrinker may take */
	NAME_USED_AGAIN = 1 << 4,	/* found since the shrinker last looked */
	NAME_OUTSIDE = 1 << 5,		/* never in a tree: its text is the whole description */
	NAME_UNCACHED = 1 << 6,		/* set by lookup: asked for anew each time (procfs) */
};

/* A name in a mounted tree; both counted when it is held. */
struct path {
	struct mount *mount;
	struct name *name;
};

void path_get(const struct path *path);
void path_put(const struct path *path);

/* A positive root for a superblock; takes over the inode's reference. */
struct name *name_create_root(struct inode *inode, struct superblock *superblock);
/* A positive name outside the tree ("pipe:[12]", memfd). */
struct name *name_create_unlinked(struct inode *inode, const char *text);
/* The same, but below a directory, shown as deleted (O_TMPFILE). */
struct name *name_create_unnamed(struct name *directory, struct inode *inode, const char *text);
void name_get(struct name *name);
void name_put(struct name *name);

/* For file systems: gives a negative name its inode (takes over a reference; NULL: none). */
void name_attach(struct name *name, struct inode *inode);
/* Drops what is cached below a directory and leaves the cache itself (procfs: a process ended). */
void name_forget(struct name *name);

/* Unlinked, or what it stands for has ended: no walk leads to it any more. */
bool name_is_deleted(const struct name *name);

/* The absolute name of a path as seen from root: into buffer, from its end. The text, or an error
 * pointer with -ENAMETOOLONG; "(unreachable)" and " (deleted)" as Linux shows them. */
char *path_describe(const struct path *path, const struct path *root, char *buffer, size_t size);

#endif
