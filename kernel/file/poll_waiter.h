/*
 * What poll(2) and select(2) wait with: entries on the queues of many files, on behalf of one
 * thread.
 */
#ifndef FILE_POLL_WAITER_H
#define FILE_POLL_WAITER_H

#include "file/poll.h"
#include "sync/wait.h"

#define POLL_INLINE_ENTRIES 4
#define POLL_BLOCK_ENTRIES 48	/* a heap block of some 4 KB */

struct poll_waiter;

struct poll_entry {
	struct wait_entry wait;
	struct wait_queue *queue;
	struct file *file;		/* with a reference; NULL if the table keeps it open */
	struct poll_waiter *waiter;
	uint32_t wanted;
};

struct poll_block;

struct poll_waiter {
	struct poll_table table;
	int64_t deadline_ns;		/* 0: passed */
	uint32_t is_triggered;		/* an entry was woken since the last sleep; atomic */
	int error;			/* no memory for an entry */
	bool holds_files;
	unsigned inline_count;
	struct poll_block *blocks;
	struct poll_entry inline_entries[POLL_INLINE_ENTRIES];
};

/* Starts; deadline 0: never sleeps. */
void poll_waiter_begin(struct poll_waiter *waiter, int64_t deadline_ns);
/* Ready events among the wanted ones of a descriptor; POLLNVAL: not open. */
uint32_t poll_waiter_ask(struct poll_waiter *waiter, int fd, uint32_t wanted);
/* After a pass in which nothing was ready: 0: ask again; -ETIMEDOUT, -EINTR, -ENOMEM: give up. */
int poll_waiter_sleep(struct poll_waiter *waiter);
void poll_waiter_end(struct poll_waiter *waiter);

#endif
