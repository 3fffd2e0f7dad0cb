/*
 * splice(2) and tee(2). Pages move between pipes by reference; from a file they are read into fresh
 * pages, and to a file they are written while the pipe's lock is free: the buffers at its tail then
 * belong to the splice (is_draining), because file systems lock above pipes.
 */
#include "base/errno.h"
#include "file/file.h"
#include "file/internal.h"
#include "memory/heap.h"
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/signal.h>

#define PAGES_AT_ONCE 16
#define BUFFERS_AT_ONCE 8

/* Locks the pipe when it has room: 0, -EPIPE with the signal, -EAGAIN, -ERESTARTSYS (unlocked). */
NO_THREAD_ANALYSIS static int pipe_lock_writable(struct pipe *pipe, unsigned flags)
{
	int result;

	for (;;) {
		mutex_lock(&pipe->lock);
		if (pipe->readers == 0) {
			result = pipe_is_broken();
			break;
		}
		if (!pipe_is_full(pipe))
			return 0;
		result = -EAGAIN;
		if (flags & SPLICE_F_NONBLOCK)
			break;
		mutex_unlock(&pipe->lock);
		result = pipe_wait_writable(pipe);
		if (result < 0)
			return result;
	}
	mutex_unlock(&pipe->lock);
	return result;
}

/* Locks the pipe when it has bytes: 1; 0 at the end, -EAGAIN, -ERESTARTSYS: unlocked. */
NO_THREAD_ANALYSIS static int pipe_lock_readable(struct pipe *pipe, unsigned flags)
{
	int result;

	for (;;) {
		mutex_lock(&pipe->lock);
		if (!pipe->is_draining && !pipe_is_empty(pipe))
			return 1;
		result = 0;
		if (!pipe->is_draining && pipe->writers == 0)
			break;
		result = -EAGAIN;
		if (flags & SPLICE_F_NONBLOCK)
			break;
		mutex_unlock(&pipe->lock);
		result = pipe_wait_readable(pipe);
		if (result < 0)
			return result;
	}
	mutex_unlock(&pipe->lock);
	return result;
}

/* Bytes came into a pipe. No locks held. */
static void readers_tell(struct pipe *pipe)
{
	pipe_wake_readers(pipe);
	asynchronous_notify(&pipe->asynchronous_readers, POLL_IN);
}

int splice_pages_get(struct page **pages, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		pages[i] = page_allocate(0, ALLOCATE_PATIENT | ALLOCATE_USER);
		if (!pages[i]) {
			splice_pages_put(pages, i);
			return -ENOMEM;
		}
	}
	return 0;
}

void splice_pages_put(struct page **pages, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		page_put(pages[i]);
}

/* Appends bytes that lie in `pages`, which it takes: how many found room. Without `may_lose` it
 * waits for room until the readers are gone, for a source that cannot be read again. */
static size_t pages_append(struct pipe *pipe, struct page **pages, size_t length, bool may_lose)
{
	unsigned i = 0, count = (length + PAGE_SIZE - 1) / PAGE_SIZE;
	size_t moved = 0;

	mutex_lock(&pipe->lock);
	while (i < count && pipe->readers > 0) {
		size_t part = min(length - moved, PAGE_SIZE);

		if (!pipe_is_full(pipe)) {
			pipe_append(pipe, pages[i++], 0, part, 0);
			moved += part;
			continue;
		}
		if (may_lose)
			break;
		mutex_unlock(&pipe->lock);
		pipe_wake_readers(pipe);
		if (pipe_wait_writable(pipe) < 0)
			may_lose = true;
		mutex_lock(&pipe->lock);
	}
	mutex_unlock(&pipe->lock);
	splice_pages_put(pages + i, count - i);
	if (moved > 0)
		readers_tell(pipe);
	return moved;
}

/* One read of up to `length` bytes into the pipe: bytes moved, 0 at the end, or an error. */
static long splice_in_once(struct file *from, struct io *io, struct pipe *pipe, size_t length)
{
	bool may_lose = !(from->mode & FILE_STREAM);
	struct page *pages[PAGES_AT_ONCE];
	int64_t start = io->offset;
	struct transfer to;
	unsigned count, used;
	long result;

	length = min(length, (size_t)PAGES_AT_ONCE * PAGE_SIZE);
	count = (length + PAGE_SIZE - 1) / PAGE_SIZE;
	result = splice_pages_get(pages, count);
	if (result < 0)
		return result;
	transfer_init_pages(&to, false, pages, 0, length);
	result = file_read(from, &to, io);
	used = result > 0 ? (result + PAGE_SIZE - 1) / PAGE_SIZE : 0;
	splice_pages_put(pages + used, count - used);
	if (result <= 0)
		return result;
	result = pages_append(pipe, pages, result, may_lose);
	io->offset = start + result;
	return result;
}

NO_THREAD_ANALYSIS
long splice_in(struct file *from, int64_t *offset, struct pipe *pipe, size_t length, unsigned flags)
{
	struct io io = { .offset = *offset, .flags = file_io_flags(from) };
	long moved = 0, result;
	size_t room;

	do {
		/* Only the first round waits for room. */
		result = pipe_lock_writable(pipe, moved ? flags | SPLICE_F_NONBLOCK : flags);
		if (result < 0)
			break;
		room = (size_t)(pipe->slot_count - (pipe->head - pipe->tail)) * PAGE_SIZE;
		mutex_unlock(&pipe->lock);
		room = min(room, length - moved);
		result = splice_in_once(from, &io, pipe, room);
		if (result > 0)
			moved += result;
	} while (result == (long)min(room, (size_t)PAGES_AT_ONCE * PAGE_SIZE) &&
		 (size_t)moved < length && !blocking_is_interrupted(SLEEP_INTERRUPTIBLE) &&
		 !pipe_is_full(pipe));
	*offset = io.offset;
	return moved > 0 ? moved : result;
}

/* Some buffers of a pipe, with references, as one piece of kernel memory to write. */
struct drained {
	unsigned count;
	struct page *pages[BUFFERS_AT_ONCE];
	struct transfer_vector vectors[BUFFERS_AT_ONCE];
	struct transfer transfer;
};

/* Claims the bytes at the tail. Lock held. */
static void drain_begin(struct pipe *pipe, struct drained *drained, size_t length)
{
	uint64_t total = 0;

	pipe->is_draining = true;
	drained->count = 0;
	for (unsigned i = pipe->tail; i != pipe->head && total < length &&
	     drained->count < BUFFERS_AT_ONCE; i++) {
		const struct pipe_buffer *buffer = pipe_slot(pipe, i);
		char *data = page_address(buffer->page);
		unsigned at = drained->count++;

		page_get(buffer->page);
		drained->pages[at] = buffer->page;
		drained->vectors[at].base = (uintptr_t)data + buffer->offset;
		drained->vectors[at].length = min((size_t)buffer->length, length - total);
		total += drained->vectors[at].length;
	}
	transfer_init_kernel(&drained->transfer, true, NULL, total);
	drained->transfer.vectors = drained->vectors;
	drained->transfer.vector_count = drained->count;
}

static void drain_end(struct pipe *pipe, struct drained *drained, long written)
{
	bool was_full;

	splice_pages_put(drained->pages, drained->count);
	mutex_lock(&pipe->lock);
	pipe->is_draining = false;
	was_full = pipe_is_full(pipe);
	if (written > 0)
		pipe_consume(pipe, written);
	was_full = was_full && !pipe_is_full(pipe);
	mutex_unlock(&pipe->lock);
	wait_queue_wake_all(&pipe->readable, POLLIN | POLLRDNORM);
	if (was_full)
		pipe_wake_writers(pipe);
	asynchronous_notify(&pipe->asynchronous_writers, POLL_OUT);
}

NO_THREAD_ANALYSIS
static long splice_out(struct pipe *pipe, struct file *to, int64_t *offset, size_t length,
		       unsigned flags)
{
	struct io io = { .offset = *offset, .flags = file_io_flags(to) };
	struct drained *drained = heap_allocate(sizeof(*drained), HEAP_RAW | HEAP_ACCOUNT);
	long moved = 0, result;
	uint64_t wanted;

	if (!drained)
		return -ENOMEM;
	do {
		result = pipe_lock_readable(pipe, moved ? flags | SPLICE_F_NONBLOCK : flags);
		if (result <= 0)
			break;
		drain_begin(pipe, drained, length - moved);
		mutex_unlock(&pipe->lock);
		wanted = transfer_remaining(&drained->transfer);
		result = file_write(to, &drained->transfer, &io);
		drain_end(pipe, drained, result);
		if (result > 0)
			moved += result;
	} while (result > 0 && (uint64_t)result == wanted && (size_t)moved < length);
	heap_free(drained);
	*offset = io.offset;
	return moved > 0 ? moved : result;
}

/* Both pipes, in the order of their addresses. */
static void pipes_lock(struct pipe *a, struct pipe *b) NO_THREAD_ANALYSIS
{
	mutex_lock(a < b ? &a->lock : &b->lock);
	mutex_lock_nested(a < b ? &b->lock : &a->lock);
}

static void pipes_unlock(struct pipe *a, struct pipe *b) NO_THREAD_ANALYSIS
{
	mutex_unlock(&a->lock);
	mutex_unlock(&b->lock);
}

/* Waits until one has bytes and the other room, then locks both: 1; else as the two above. */
NO_THREAD_ANALYSIS static int pipes_lock_ready(struct pipe *from, struct pipe *to, unsigned flags)
{
	int result;

	for (;;) {
		result = pipe_lock_readable(from, flags);
		if (result <= 0)
			return result;
		mutex_unlock(&from->lock);
		result = pipe_lock_writable(to, flags);
		if (result < 0)
			return result;
		mutex_unlock(&to->lock);
		pipes_lock(from, to);
		if (!from->is_draining && !pipe_is_empty(from) && !pipe_is_full(to) &&
		    to->readers > 0)
			return 1;
		pipes_unlock(from, to);
	}
}

/* Puts the first `length` bytes of a buffer into another pipe, which is not full. */
static void buffer_share(struct pipe *to, const struct pipe_buffer *buffer, unsigned length)
{
	page_get(buffer->page);
	/* Nobody appends to a page in which other bytes may follow. */
	pipe_append(to, buffer->page, buffer->offset, length,
		    buffer->flags & ~(unsigned)PIPE_MERGES);
}

static long splice_pipes(struct pipe *from, struct pipe *to, size_t length, unsigned flags)
{
	bool was_full;
	long moved = 0;
	int result = pipes_lock_ready(from, to, flags);

	if (result <= 0)
		return result;
	was_full = pipe_is_full(from);
	while (!pipe_is_empty(from) && !pipe_is_full(to) && (size_t)moved < length) {
		struct pipe_buffer *buffer = pipe_slot(from, from->tail);
		unsigned part = min((size_t)buffer->length, length - moved);

		moved += part;
		if (part < buffer->length) {
			buffer_share(to, buffer, part);
			buffer->offset += part;
			buffer->length -= part;
			break;
		}
		pipe_append(to, buffer->page, buffer->offset, part, buffer->flags);
		WRITE_ONCE(from->tail, from->tail + 1);
	}
	pipes_unlock(from, to);
	readers_tell(to);
	if (was_full)
		pipe_wake_writers(from);
	return moved;
}

long pipe_tee(struct file *from_file, struct file *to_file, size_t length, unsigned flags)
{
	struct pipe *from = file_pipe(from_file), *to = file_pipe(to_file);
	long moved = 0;
	int result;

	if (!from || !to || from == to)
		return -EINVAL;
	if ((from_file->flags | to_file->flags) & O_NONBLOCK)
		flags |= SPLICE_F_NONBLOCK;
	result = pipes_lock_ready(from, to, flags);
	if (result <= 0)
		return result;
	for (unsigned i = from->tail; i != from->head && !pipe_is_full(to) &&
	     (size_t)moved < length; i++) {
		const struct pipe_buffer *buffer = pipe_slot(from, i);
		unsigned part = min((size_t)buffer->length, length - moved);

		buffer_share(to, buffer, part);
		moved += part;
	}
	pipes_unlock(from, to);
	readers_tell(to);
	return moved;
}

/* Where the file end of a splice is: the caller's offset, if the end too is one that an offset can
 * hold, or the file's position. */
static int splice_offset(struct file *file, const int64_t *given, size_t length, int64_t *offset)
{
	if (given && (!(file->mode & FILE_POSITIONAL) || *given < 0 ||
		      length > (uint64_t)(INT64_MAX - *given)))
		return -EINVAL;
	*offset = given ? *given : file->position;
	return 0;
}

static void splice_offset_store(struct file *file, int64_t *given, int64_t offset)
{
	if (given)
		*given = offset;
	else if (!(file->mode & FILE_STREAM))
		file->position = offset;
}

static long splice_from_pipe(struct file *from, struct file *to, int64_t *to_offset, size_t length,
			     unsigned flags)
{
	int64_t offset;
	long result = splice_offset(to, to_offset, length, &offset);

	if (result < 0)
		return result;
	if (to->flags & O_APPEND)
		return -EINVAL;
	if (from->flags & O_NONBLOCK)
		flags |= SPLICE_F_NONBLOCK;
	result = splice_out(file_pipe(from), to, &offset, length, flags);
	splice_offset_store(to, to_offset, offset);
	return result;
}

static long splice_to_pipe(struct file *from, int64_t *from_offset, struct file *to, size_t length,
			   unsigned flags)
{
	int64_t offset;
	long result = splice_offset(from, from_offset, length, &offset);

	if (result < 0)
		return result;
	if (to->flags & O_NONBLOCK)
		flags |= SPLICE_F_NONBLOCK;
	result = splice_in(from, &offset, file_pipe(to), length, flags);
	splice_offset_store(from, from_offset, offset);
	return result;
}

long pipe_splice(struct file *from, int64_t *from_offset, struct file *to, int64_t *to_offset,
		 size_t length, unsigned flags)
{
	struct pipe *from_pipe = file_pipe(from), *to_pipe = file_pipe(to);

	if ((from_pipe && from_offset) || (to_pipe && to_offset))
		return -ESPIPE;
	if (from_pipe && to_pipe) {
		if (from_pipe == to_pipe)
			return -EINVAL;
		if ((from->flags | to->flags) & O_NONBLOCK)
			flags |= SPLICE_F_NONBLOCK;
		return splice_pipes(from_pipe, to_pipe, length, flags);
	}
	if (from_pipe)
		return splice_from_pipe(from, to, to_offset, length, flags);
	if (to_pipe)
		return splice_to_pipe(from, from_offset, to, length, flags);
	return -EINVAL;
}
