/*
 * Waiting for files to become ready: what poll, select and epoll have in common.
 */
#ifndef FILE_POLL_H
#define FILE_POLL_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"
#include "sync/spin_lock.h"

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
/* The core of poll: entries in kernel memory; deadline absolute, 0: do not wait. Count of ready
 * ones, 0: time out, -EINTR or -ENOMEM. *has_changed: some revents is not what it was before. */
long poll_files(struct pollfd *entries, unsigned count, int64_t deadline_ns, bool *has_changed);

/* Goes on with a poll(2) that a stop interrupted. */
long poll_restart(void);

/* Asynchronous notification (FIOASYNC, F_SETOWN): sends the signal to the owner, saying that it is
 * about this descriptor. Any context. */
void file_asynchronous_notify(struct file *file, int fd, int band);

/*
 * The files with O_ASYNC on one object (one side of a pipe, a terminal, a socket). The object calls
 * asynchronous_change() when the flag changes, asynchronous_forget() in release, and
 * asynchronous_notify() with POLL_IN, POLL_OUT... in any context.
 */
struct asynchronous_files {
	struct spin_lock lock;
	struct list_head entries;	/* RCU to read */
};
void asynchronous_files_init(struct asynchronous_files *files);
int asynchronous_change(struct asynchronous_files *files, struct file *file, bool is_on)
	MUST_CHECK;
void asynchronous_forget(struct asynchronous_files *files, struct file *file);
void asynchronous_notify_all(struct asynchronous_files *files, int band);

static inline void asynchronous_notify(struct asynchronous_files *files, int band)
{
	if (unlikely(READ_ONCE(files->entries.head.next) != &files->entries.head))
		asynchronous_notify_all(files, band);
}

#endif
