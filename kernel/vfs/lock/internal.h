/*
 * Shared between record locks and whole-file locks.
 */
#ifndef VFS_LOCK_INTERNAL_H
#define VFS_LOCK_INTERNAL_H

#include "base/list.h"
#include "sync/spin_lock.h"
#include "sync/wait.h"
#include "vfs/inode.h"

enum file_lock_kind {
	FILE_LOCK_POSIX,	/* owner: the descriptor table */
	FILE_LOCK_OFD,		/* owner: the open file */
	FILE_LOCK_WHOLE,	/* flock(2); owner: the open file */
};

/* One lock on [start, end], both included. */
struct file_lock {
	struct list_node node;		/* in its inode's list */
	struct list_node all_node;
	struct inode *inode;
	const void *owner;
	enum file_lock_kind kind;
	int16_t type;			/* F_RDLCK, F_WRLCK */
	int32_t pid;
	uint64_t start, end;
};

struct file_lock_list {
	struct list_head locks;
	struct wait_queue waiters;	/* woken when any lock goes or weakens */
};

/* One lock for all lists: deadlocks are found across files. LOCK_FILE_LOCKS. */
extern struct spin_lock file_locks_lock;
extern struct list_head file_locks_all;

/* The inode's list, made at the first use. -ENOLCK: memory is short. */
int file_lock_list_get(struct inode *inode, struct file_lock_list **list) MUST_CHECK;
void file_lock_add(struct file_lock_list *list, struct file_lock *lock);
void file_lock_remove(struct file_lock *lock);

#endif
