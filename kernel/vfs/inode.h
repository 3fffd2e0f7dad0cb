/*
 * Inodes: the objects of file systems. A file system supplies operations and embeds struct inode in
 * its own. Attributes are guarded by inode->lock for writing and read through a sequence count.
 */
#ifndef VFS_INODE_H
#define VFS_INODE_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/refcount.h"
#include "base/types.h"
#include "memory/page_cache.h"
#include "sync/mutex.h"
#include "sync/rcu.h"
#include "sync/sequence.h"
#include "sync/spin_lock.h"

struct directory_sink;
struct file;
struct file_lock_list;
struct file_operations;
struct inode;
struct name;
struct path;
struct notify_mark;
struct pipe;
struct superblock;

struct inode_times {
	int64_t accessed_ns, modified_ns, changed_ns, born_ns;	/* since 1970 */
};

struct inode_attributes {
	uint16_t mode;			/* type and permission bits, Linux's S_* */
	uint32_t uid, gid;
	uint32_t link_count;
	uint64_t size;
	uint64_t device;		/* of device nodes: DEVICE_NUMBER */
	uint64_t blocks;		/* 512-byte blocks in use */
	struct inode_times times;
};

/* What chmod, chown, utimensat and truncate ask for. */
enum attribute_change_mask {
	CHANGE_MODE = 1 << 0,
	CHANGE_UID = 1 << 1,
	CHANGE_GID = 1 << 2,
	CHANGE_SIZE = 1 << 3,
	CHANGE_ACCESSED = 1 << 4,
	CHANGE_MODIFIED = 1 << 5,
	CHANGE_ACCESSED_NOW = 1 << 6,
	CHANGE_MODIFIED_NOW = 1 << 7,
};
struct attribute_change {
	uint32_t mask;
	uint16_t mode;
	uint32_t uid, gid;
	uint64_t size;
	int64_t accessed_ns, modified_ns;
};

/*
 * Every operation may sleep. evict() frees an inode after a grace period. Directory operations are
 * called with the directory's lock held for writing (lookup: at least for reading), existence and
 * permission already checked by vfs/; they update attributes and times of what they touch. `name`
 * is negative before create and its like; the operation calls name_attach() with the new inode.
 */
struct inode_operations {
	/* Looks a name up and attaches the inode (or NULL: negative) to it. May set NAME_UNCACHED
	 * in its flags. */
	int (*lookup)(struct inode *directory, struct name *name);
	int (*create)(struct inode *directory, struct name *name, uint16_t mode);
	int (*make_directory)(struct inode *directory, struct name *name, uint16_t mode);
	int (*make_node)(struct inode *directory, struct name *name, uint16_t mode,
			 uint64_t device);
	int (*make_symlink)(struct inode *directory, struct name *name, const char *target);
	int (*link)(struct inode *directory, struct name *name, struct inode *target);
	int (*unlink)(struct inode *directory, struct name *name);
	int (*remove_directory)(struct inode *directory, struct name *name);
	/* `to` may be positive: it is replaced. RENAME_EXCHANGE and RENAME_WHITEOUT in flags. */
	int (*rename)(struct inode *from_directory, struct name *from,
		      struct inode *to_directory, struct name *to, unsigned flags);
	/* An unnamed file (O_TMPFILE). NULL: -EOPNOTSUPP. */
	int (*make_unnamed)(struct inode *directory, struct inode **inode, uint16_t mode);
	/* Target text; valid while the inode is referenced, or a copy freed by the caller. */
	int (*read_link)(struct inode *inode, char **target, bool *must_free);
	/* Magic links (/proc/self/fd/N): the object itself, with references. NULL: ordinary. */
	int (*follow)(struct inode *inode, struct path *result);
	int (*change)(struct inode *inode, const struct attribute_change *change);
	/* Fills what is not in inode->attributes (procfs sizes). NULL: nothing more. */
	int (*refresh)(struct inode *inode);
	/* Asked when the permission bits refuse: 0, or -EACCES whatever the privileges; 1: these
	 * decide. NULL: as 1. */
	int (*permission)(struct inode *inode);
	/* For names that are not cached: what it shows has ended, its name is a deleted one's. */
	bool (*is_gone)(struct inode *inode);
	/* Sets operations and object of a fresh file. NULL: file_operations of the inode. */
	int (*open)(struct inode *inode, struct file *file);
	/* Extended attributes, values up to 64 KB; -ENODATA, -ERANGE, -EOPNOTSUPP when NULL. */
	long (*attribute_get)(struct inode *inode, const char *name, void *value, size_t size);
	int (*attribute_set)(struct inode *inode, const char *name, const void *value, size_t size,
			     int flags);
	long (*attribute_list)(struct inode *inode, char *names, size_t size);
	int (*attribute_remove)(struct inode *inode, const char *name);
};

enum inode_state {
	INODE_IMMUTABLE = 1 << 0,
	INODE_APPEND_ONLY = 1 << 1,
	INODE_DYING = 1 << 2,
	INODE_SEALABLE = 1 << 3,	/* F_GET_SEALS works */
	INODE_LINKABLE = 1 << 4,	/* O_TMPFILE without O_EXCL: linkat may name it */
};

struct inode {
	struct refcount references;
	uint32_t state;				/* enum inode_state, atomic */
	uint64_t number;
	struct superblock *superblock;
	const struct inode_operations *operations;
	const struct file_operations *file_operations;
	struct shared_lock lock;		/* LOCK_INODE or LOCK_DIRECTORY */
	struct spin_lock attributes_lock;	/* LOCK_INODE_STATE: writers of attributes */
	struct sequence_count attributes_sequence;
	struct inode_attributes attributes;
	uint64_t version;			/* changes with every change of a directory */
	/* Data of regular files, the file system's; or NULL. */
	struct page_cache *cache;
	int32_t writers;			/* open for writing; negative: denied (exec) */
	uint32_t seals;				/* memfd F_SEAL_* */
	struct pipe *pipe;			/* FIFOs */
	struct file_lock_list *locks;		/* LOCK_FILE_LOCKS; NULL until used */
	struct notify_mark *marks;		/* inotify; LOCK_NOTIFY */
	const char *link_text;			/* symlink target kept until RCU frees; or NULL */
	struct list_node hash_node;		/* for file systems that look inodes up by number */
	struct rcu_head rcu;
};

/* For file systems: sets up the common part; one reference. */
void inode_init(struct inode *inode, struct superblock *superblock, uint16_t mode);
void inode_get(struct inode *inode);
void inode_put(struct inode *inode);		/* the last: superblock->operations->evict */
uint64_t inode_number_next(void);

/* Attributes are written between these two, which exclude other writers; no sleeping inside. */
void inode_change_begin(struct inode *inode);
void inode_change_end(struct inode *inode);
/* Adds to the link count and stamps the change time. */
void inode_link_add(struct inode *inode, int links);
/* Applies mode, owner and times of a change (not the size), and stamps the change time. */
void inode_change_apply(struct inode *inode, const struct attribute_change *change);

/* A consistent copy of the attributes. */
void inode_attributes_read(struct inode *inode, struct inode_attributes *attributes);
/* Stamps some of the times, as coarse as the tick. */
enum inode_time {
	INODE_ACCESSED = 1 << 0,
	INODE_MODIFIED = 1 << 1,
	INODE_CHANGED = 1 << 2,
};
void inode_touch(struct inode *inode, unsigned which);
void inode_size_set(struct inode *inode, uint64_t size);

static inline uint16_t inode_type(const struct inode *inode)
{
	return READ_ONCE(inode->attributes.mode) & 0170000;
}

static inline bool inode_is_directory(const struct inode *inode)
{
	return inode_type(inode) == 0040000;
}

/* Exec and writers exclude each other: -ETXTBSY. */
int inode_write_access_get(struct inode *inode) MUST_CHECK;
void inode_write_access_put(struct inode *inode);
int inode_write_deny(struct inode *inode) MUST_CHECK;
void inode_write_allow(struct inode *inode);

#endif
