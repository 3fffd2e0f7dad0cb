/*
 * What the parts of file/ share: the ring of a pipe, and files that want SIGIO.
 */
#ifndef FILE_INTERNAL_H
#define FILE_INTERNAL_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"
#include "file/pipe.h"
#include "file/poll.h"
#include "memory/page.h"
#include "sync/mutex.h"
#include "sync/wait.h"

enum pipe_buffer_flags {
	PIPE_MERGES = 1 << 0,		/* our own page: later writes may continue behind the end */
	PIPE_PACKET = 1 << 1,		/* one read takes no more than this buffer, and all of it */
};

/* Some bytes of one page, with a reference to it. */
struct pipe_buffer {
	struct page *page;
	uint16_t offset, length;
	uint16_t flags;
};

#define PIPE_SPARE_COUNT 2

struct pipe {
	/* LOCK_PIPE: what changes below; single words read without. */
	struct mutex lock;
	/* Buffers ever put and taken: head - tail are in the ring. */
	unsigned head, tail;
	unsigned slot_count;		/* power of two */
	struct pipe_buffer *slots;
	unsigned readers, writers;	/* open files of each side */
	unsigned reader_opens, writer_opens;	/* ever: FIFO openers wait for a change */
	bool is_polled;			/* somebody polled: readers hear of every write */
	/* A splice owns the buffers at the tail; other readers wait. */
	bool is_draining;
	struct page *spare[PIPE_SPARE_COUNT];	/* emptied pages, for the next writes */
	struct wait_queue readable, writable;
	struct asynchronous_files asynchronous_readers, asynchronous_writers;

	struct pipe **slot;		/* FIFO: the inode's pointer to this; fifo_lock */
	unsigned file_count;		/* FIFO: open files and openers; fifo_lock */
};

static inline bool pipe_is_empty(const struct pipe *pipe)
{
	return READ_ONCE(pipe->head) == READ_ONCE(pipe->tail);
}

static inline bool pipe_is_full(const struct pipe *pipe)
{
	return READ_ONCE(pipe->head) - READ_ONCE(pipe->tail) >= READ_ONCE(pipe->slot_count);
}

static inline struct pipe_buffer *pipe_slot(const struct pipe *pipe, unsigned number)
{
	return &pipe->slots[number & (pipe->slot_count - 1)];
}

/* A pipe without open files; NULL: memory is short. pipe_free() also drops what it holds. */
struct pipe *pipe_allocate(void);
void pipe_free(struct pipe *pipe);
extern const struct file_operations pipe_operations;

/* The pipe of a file, NULL if it is none. */
struct pipe *file_pipe(struct file *file);

/* Wait without locks until something can be read (or nothing ever will), or written: 0 or
 * -ERESTARTSYS. */
int pipe_wait_readable(struct pipe *pipe) MUST_CHECK;
int pipe_wait_writable(struct pipe *pipe) MUST_CHECK;
/* Tell one waiting reader or writer, and all pollers. No locks held. */
void pipe_wake_readers(struct pipe *pipe);
void pipe_wake_writers(struct pipe *pipe);
/* SIGPIPE for the current thread; -EPIPE. */
long pipe_is_broken(void);

/* Lock held: a page for new contents or NULL; give back an emptied one; take bytes off the tail. */
struct page *pipe_page_get(struct pipe *pipe);
void pipe_page_put(struct pipe *pipe, struct page *page);
void pipe_consume(struct pipe *pipe, size_t length);
/* Appends a buffer, taking over the reference; the ring is not full. */
void pipe_append(struct pipe *pipe, struct page *page, unsigned offset, unsigned length,
		 unsigned flags);

/* Reads from a file at *offset (advanced) into a pipe: bytes moved or an error. May sleep. */
long splice_in(struct file *from, int64_t *offset, struct pipe *pipe, size_t length,
	       unsigned flags);
/* Single pages of the kernel for copies; all or -ENOMEM. */
int splice_pages_get(struct page **pages, unsigned count) MUST_CHECK;
void splice_pages_put(struct page **pages, unsigned count);

#endif
