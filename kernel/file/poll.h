/*
 * Waiting for files to become ready: what poll, select and epoll have in common.
 */
#ifndef FILE_POLL_H
#define FILE_POLL_H

#include "base/compiler.h"
#include "base/types.h"

struct file;
struct wait_queue;

/* POLL* bits have Linux's values (<abi/poll.h>); POLLERR and POLLHUP are always reported. */

/* Given to a file's poll operation: it calls poll_wait() for each queue that signals changes. */
struct poll_table {
	/* Registers the waiter on a queue; the file is held until unregistered. */
	void (*add)(struct poll_table *table, struct file *file, struct wait_queue *queue);
	uint32_t wanted;		/* events asked for; others may be left unregistered */
};

static inline void poll_wait(struct poll_table *table, struct file *file, struct wait_queue *queue)
{
	if (table && table->add)
		table->add(table, file, queue);
}

/* Ready events of a file now, without waiting. */
uint32_t file_poll(struct file *file, struct poll_table *table);

struct pollfd;		/* abi/poll.h */
/* The core of poll: entries in kernel memory; deadline absolute. Count of ready ones, 0: time out,
 * or -EINTR. */
long poll_files(struct pollfd *entries, unsigned count, int64_t deadline_ns);

/* Goes on with a poll(2) that a stop interrupted. */
long poll_restart(void);

/* Asynchronous notification (FIOASYNC, F_SETOWN): sends the signal to the owner. */
void file_asynchronous_notify(struct file *file, int band);

#endif
