/*
 * Opening and closing pipes: pipe(2), named pipes by the rules of fifo(7), and opening one again
 * through /proc/<pid>/fd. The counts of readers and writers decide about ends of file.
 */
#include "base/errno.h"
#include "file/file.h"
#include "file/internal.h"
#include "memory/heap.h"
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/signal.h>

/* Guards every inode's pointer to its pipe, and file_count. */
static struct spin_lock fifo_lock = SPIN_LOCK_INITIALIZER(LOCK_LEAF);

/* Drops one of file_count; the last one frees. */
static void pipe_put(struct pipe *pipe)
{
	bool enabled = spin_lock_irq(&fifo_lock);
	bool is_last = --pipe->file_count == 0;

	if (is_last && pipe->slot)
		*pipe->slot = NULL;
	spin_unlock_irq(&fifo_lock, enabled);
	if (is_last)
		pipe_free(pipe);
}

/* Both sides hear that the other one came or went. */
static void pipe_wake_both(struct pipe *pipe, uint32_t reader_events, uint32_t writer_events)
{
	wait_queue_wake_all(&pipe->readable, reader_events);
	wait_queue_wake_all(&pipe->writable, writer_events);
}

static void pipe_count(struct pipe *pipe, uint32_t mode)
{
	if (mode & FILE_READ) {
		pipe->reader_opens++;
		pipe->readers++;
	}
	if (mode & FILE_WRITE) {
		pipe->writer_opens++;
		pipe->writers++;
	}
}

static void pipe_leave(struct pipe *pipe, uint32_t mode)
{
	bool has_one_side;

	mutex_lock(&pipe->lock);
	if (mode & FILE_READ)
		WRITE_ONCE(pipe->readers, pipe->readers - 1);
	if (mode & FILE_WRITE)
		WRITE_ONCE(pipe->writers, pipe->writers - 1);
	has_one_side = (pipe->readers == 0) != (pipe->writers == 0);
	mutex_unlock(&pipe->lock);
	if (has_one_side) {
		pipe_wake_both(pipe, POLLIN | POLLRDNORM | POLLERR | POLLHUP,
			       POLLOUT | POLLWRNORM | POLLERR | POLLHUP);
		asynchronous_notify(&pipe->asynchronous_readers, POLL_IN);
		asynchronous_notify(&pipe->asynchronous_writers, POLL_OUT);
	}
	pipe_put(pipe);
}

void pipe_close(struct file *file)
{
	struct pipe *pipe = file->object;

	asynchronous_forget(&pipe->asynchronous_readers, file);
	asynchronous_forget(&pipe->asynchronous_writers, file);
	pipe_leave(pipe, file->mode);
}

static struct file *pipe_file_create(struct pipe *pipe, uint32_t mode, uint32_t flags)
{
	struct file *file = file_create(&pipe_operations, pipe, mode | FILE_STREAM, flags);

	if (file) {
		file->label = "pipe:";
		/* No number of writers' openings: a hang-up always shows. */
		file->position = -1;
	}
	return file;
}

int pipe_create(uint32_t flags, struct file **reader, struct file **writer)
{
	struct pipe *pipe = pipe_allocate();

	if (!pipe)
		return -ENOMEM;
	*reader = pipe_file_create(pipe, FILE_READ, O_RDONLY | (flags & O_NONBLOCK));
	if (!*reader) {
		pipe_free(pipe);
		return -ENOMEM;
	}
	pipe->file_count = 1;
	pipe_count(pipe, FILE_READ);
	*writer = pipe_file_create(pipe, FILE_WRITE, O_WRONLY | flags);
	if (!*writer) {
		file_put_now(*reader);
		return -ENOMEM;
	}
	pipe->file_count = 2;
	pipe_count(pipe, FILE_WRITE);
	return 0;
}

static void pipe_attach(struct pipe *pipe, struct file *file)
{
	file->operations = &pipe_operations;
	file->object = pipe;
	file->mode |= FILE_STREAM;
}

void pipe_open_again(struct pipe *pipe, struct file *file)
{
	bool enabled = spin_lock_irq(&fifo_lock);

	/* Whoever gave the pipe keeps the count above zero. */
	pipe->file_count++;
	spin_unlock_irq(&fifo_lock, enabled);
	mutex_lock(&pipe->lock);
	pipe_count(pipe, file->mode);
	mutex_unlock(&pipe->lock);
	file->position = -1;
	pipe_attach(pipe, file);
}

/* The pipe of a FIFO's inode, made if nobody has it open; counts an opener. */
static struct pipe *fifo_pipe_get(struct pipe **slot)
{
	struct pipe *pipe, *fresh = NULL;
	bool enabled;

	for (;;) {
		enabled = spin_lock_irq(&fifo_lock);
		pipe = *slot;
		if (!pipe && fresh) {
			pipe = *slot = fresh;
			pipe->slot = slot;
			fresh = NULL;
		}
		if (pipe)
			pipe->file_count++;
		spin_unlock_irq(&fifo_lock, enabled);
		if (pipe)
			break;
		fresh = pipe_allocate();
		if (!fresh)
			return NULL;
	}
	if (fresh)
		pipe_free(fresh);
	return pipe;
}

/* Sleeps until the other side was opened, even if it has gone again. */
static int fifo_wait(struct pipe *pipe, const unsigned *opens, unsigned seen)
{
	return WAIT_EVENT(&pipe->readable, READ_ONCE(*opens) != seen, SLEEP_INTERRUPTIBLE);
}

int pipe_open_fifo(struct pipe **slot, struct file *file)
{
	uint32_t side = file->mode & (FILE_READ | FILE_WRITE);
	bool is_nonblocking = file->flags & O_NONBLOCK, waits;
	struct pipe *pipe = fifo_pipe_get(slot);
	const unsigned *opens;
	unsigned seen;
	int result = 0;

	if (!pipe)
		return -ENOMEM;
	mutex_lock(&pipe->lock);
	if (side == FILE_WRITE && is_nonblocking && pipe->readers == 0) {
		mutex_unlock(&pipe->lock);
		pipe_put(pipe);
		return -ENXIO;
	}
	pipe_count(pipe, side);
	waits = side == FILE_READ ? pipe->writers == 0 && !is_nonblocking :
		pipe->readers == 0;
	opens = side == FILE_READ ? &pipe->writer_opens : &pipe->reader_opens;
	seen = *opens;
	/* A reader that came before any writer is not told that they hung up. */
	file->position = side == FILE_READ && pipe->writers == 0 ? (int64_t)pipe->writer_opens : -1;
	mutex_unlock(&pipe->lock);
	pipe_wake_both(pipe, 0, 0);
	if (waits)
		result = fifo_wait(pipe, opens, seen);
	if (result < 0) {
		pipe_leave(pipe, side);
		return result;
	}
	pipe_attach(pipe, file);
	return 0;
}
