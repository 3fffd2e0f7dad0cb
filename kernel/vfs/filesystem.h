/*
 * File systems, their mounted instances (superblocks), and mounts in the tree of names.
 */
#ifndef VFS_FILESYSTEM_H
#define VFS_FILESYSTEM_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/refcount.h"
#include "base/table/hash_list.h"
#include "base/types.h"
#include "sync/rcu.h"
#include "task/deferred.h"

struct format_sink;
struct inode;
struct mount;
struct name;
struct path;
struct superblock;

struct filesystem {
	const char *name;			/* "tmpfs", as mount(2) and /proc/filesystems say */
	bool needs_device;
	bool is_single;				/* one instance shared by all mounts (sys, dev) */
	/* Makes an instance: sets superblock->root and operations. Unknown options: -EINVAL. */
	int (*mount)(struct filesystem *filesystem, struct superblock *superblock,
		     const char *source, const char *options);
	struct superblock *instance;		/* is_single */
};

struct statfs_result {
	uint64_t type, block_size, blocks, blocks_free, blocks_available;
	uint64_t files, files_free, name_length, flags;
	uint32_t id[2];
};

struct superblock_operations {
	/* The last reference of an inode is gone: free it, and its data if link_count is 0. */
	void (*evict)(struct inode *inode);
	int (*statistics)(struct superblock *superblock, struct statfs_result *result);
	int (*sync)(struct superblock *superblock, bool waits);
	int (*remount)(struct superblock *superblock, unsigned long flags, const char *options);
	void (*describe_options)(struct superblock *superblock, struct format_sink *sink);
	void (*unmount)(struct superblock *superblock);	/* frees superblock->data */
};

struct superblock {
	struct refcount references;
	struct filesystem *filesystem;
	const struct superblock_operations *operations;
	struct name *root;
	uint64_t device;			/* st_dev */
	uint64_t block_size;
	uint64_t size_limit;			/* largest file in bytes */
	unsigned long flags;			/* MS_RDONLY and its like, of the instance */
	void *data;				/* the file system's */
	struct list_node node;
	struct list_head mounts;	/* mount.superblock_node; superblock_mounts_lock() */
	int64_t removed_count;		/* inodes in use without a name; atomic */
};

/* Counts of writers are spread over CPUs: files are opened for writing often, and everywhere. */
#define MOUNT_WRITER_SLOTS 8
#define MOUNT_WRITERS_HELD (1ul << 62)	/* in flags: vfs/mount/write.c */
struct mount_writers {
	uint32_t count;			/* atomic */
} __attribute__((aligned(64)));

/* The file systems of this kernel (generated from kernel.list). */
extern struct filesystem *const kernel_filesystems[];
struct filesystem *filesystem_find(const char *name);

#define MOUNTS_MAXIMUM 100000	/* attached ones: fs.mount-max of Linux */

struct mount {
	struct refcount references;
	struct superblock *superblock;
	struct name *root;			/* what of the superblock is shown (bind mounts) */
	struct mount *parent;			/* itself for the root of all */
	struct name *point;			/* the name it covers in the parent */
	/* MNT_* = MS_NOSUID, NODEV, NOEXEC, RDONLY, *ATIME. */
	unsigned long flags;
	int32_t id;
	char *source;
	struct list_head children;
	struct list_node child_node;
	struct hash_list_node hash_node;		/* by (parent, point); RCU */
	struct list_node all_node;
	bool is_detached;			/* in no tree: new, or unmounted and still in use */
	bool is_unbindable;			/* MS_UNBINDABLE */
	struct list_node superblock_node;
	struct mount *copied_from;		/* while a tree is copied; mount_mutex */
	struct work release;			/* when the last user may not sleep */
	struct rcu_head rcu;
	struct mount_writers writers[MOUNT_WRITER_SLOTS];
};

/* mount(2), umount2(2), pivot_root(2) on checked kernel strings. May sleep. */
int mount_call(const char *source, const struct path *target, const char *type,
	       unsigned long flags, const char *data) MUST_CHECK;
int unmount_call(struct path *target, unsigned flags) MUST_CHECK;
int mount_pivot(const struct path *new_root, const struct path *put_old) MUST_CHECK;

/* An instance nobody mounted: for memfd, pipes. */
struct mount *mount_internal(struct filesystem *filesystem);
void mount_get(struct mount *mount);
void mount_put(struct mount *mount);

void mounts_describe(struct format_sink *sink, const struct path *root);	/* /proc/mounts */
void mountinfo_describe(struct format_sink *sink, const struct path *root);
uint64_t mounts_generation(void);
struct wait_queue *mounts_wait_queue(void);
void filesystems_describe(struct format_sink *sink);
int filesystems_sync_all(void);

#endif
