/*
 * The name cache: (directory, component) -> inode or nothing (negative). Looked up under RCU by
 * hash; counted names keep their parents.
 */
#ifndef VFS_NAME_H
#define VFS_NAME_H

#include "base/compiler.h"
#include "base/table/hash_list.h"
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

struct name {
	uint32_t hash;
	uint32_t length;
	const char *text;		/* inline_text or heap; changes only under sequence (rename) */
	struct name *parent;		/* itself for a root */
	struct inode *inode;		/* NULL: negative */
	struct sequence_count sequence;	/* parent, text or inode change */
	struct hash_list_node hash_node;
	uint32_t references;		/* -1: dead. Guarded with lock, RCU readers try */
	uint32_t flags;			/* enum name_flag */
	struct spin_lock lock;		/* LOCK_NAME_CACHE */
	struct list_node child_node;
	struct list_head children;	/* LOCK_NAME_CACHE of the parent */
	struct list_node alias_node;	/* inode->names */
	struct list_node unused_node;	/* least recently used, when references is 0 */
	uint32_t mounts_here;		/* something may be mounted on it: look in the mount table */
	uint64_t scope_node, scope_generation;	/* policy prefix tree, CAPABILITIES section 1 */
	char inline_text[NAME_INLINE];
	struct rcu_head rcu;
};

enum name_flag {
	NAME_UNHASHED = 1 << 0,		/* unlinked, or never was in the tree */
	NAME_REVALIDATES = 1 << 1,	/* ask name_operations before use */
	NAME_IS_ROOT = 1 << 2,
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
void name_get(struct name *name);
void name_put(struct name *name);

/* For file systems: gives a negative name its inode (takes over a reference). */
void name_attach(struct name *name, struct inode *inode);
/* The object is gone: the name becomes negative or leaves the cache. */
void name_forget(struct name *name);
/* Drops what is cached below a directory (procfs: a process ended). */
void name_forget_children(struct name *name);

/* The absolute name of a path as seen from root: into buffer, from its end. The text, or
 * ERR_PTR-like -ENAMETOOLONG; "(unreachable)" and " (deleted)" as Linux shows them. */
char *path_describe(const struct path *path, const struct path *root, char *buffer, size_t size);

#endif
