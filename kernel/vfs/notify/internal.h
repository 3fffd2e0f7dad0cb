/*
 * The structures of inotify and of F_NOTIFY. A mark joins one watching file to one inode; it pins
 * the inode.
 */
#ifndef VFS_NOTIFY_INTERNAL_H
#define VFS_NOTIFY_INTERNAL_H

#include "base/list.h"
#include "base/refcount.h"
#include "sync/spin_lock.h"
#include "sync/wait.h"
#include "vfs/inode.h"

struct descriptor_table;
struct file;

struct notify_event {
	struct list_node node;
	int32_t watch;
	uint32_t mask, cookie;
	uint32_t length;		/* of the name, without its end; 0: none */
	char name[];
};

/* The object of an inotify file. All under LOCK_NOTIFY. */
struct notify_group {
	struct list_head events, marks;
	uint32_t event_count, mark_count;
	int32_t last_watch;
	bool has_overflown;		/* the overflow event is queued */
	struct notify_event *overflow;	/* kept ready, so that it can always be told */
	struct wait_queue waiters;
};

struct notify_mark {
	struct notify_mark *next;	/* of the inode */
	struct list_node node;		/* of the group */
	struct list_node all_node;
	struct notify_group *group;	/* NULL: signals to the owner of a directory's file */
	struct inode *inode;		/* counted */
	uint32_t mask;
	int32_t watch;			/* with a file: its descriptor, by which F_NOTIFY came */
	/* Without a group. Neither is counted: the mark goes at close and at the last put. */
	struct file *file;
	const struct descriptor_table *table;
};

extern struct spin_lock notify_lock;
extern uint32_t notify_mark_count;	/* anywhere: 0 makes every event cheap */

/* LOCK_NOTIFY. Queues an event; drops it when the last one says the same. */
void notify_queue(struct notify_group *group, int32_t watch, uint32_t mask, uint32_t cookie,
		  const char *text);
/* LOCK_NOTIFY. Puts a filled-in mark on inode and group. */
void notify_mark_attach(struct notify_mark *mark);
/* LOCK_NOTIFY. Takes the mark out of inode and group and tells IN_IGNORED. */
void notify_mark_detach(struct notify_mark *mark);
/* Without locks: drops the inode and frees. */
void notify_marks_free(struct list_head *marks);

#endif
