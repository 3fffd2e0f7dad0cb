/*
 * Pipes: a ring of buffers, each some bytes of one page. One mutex guards the ring; copies to and
 * from programs happen under it. The other side is woken only when the ring stops being empty or
 * full, unless somebody polls.
 */
#include "file/pipe.h"

#include "base/errno.h"
#include "file/file.h"
#include "file/internal.h"
#include "memory/heap.h"
#include "memory/user.h"
#include "task/credentials.h"
#include "task/signal.h"
#include "task/thread.h"
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/termios.h>

#define PIPE_SLOTS_DEFAULT 16
/* An int holds FIONREAD's answer. */
#define PIPE_BYTES_LIMIT (UINT64_C(1) << 31)
#define LINUX_SYS_RESOURCE 24	/* CAP_SYS_RESOURCE */

uint32_t pipe_capacity_maximum = 1 << 20;

struct pipe *pipe_allocate(void)
{
	struct pipe *pipe = heap_allocate(sizeof(*pipe), HEAP_ACCOUNT);

	if (!pipe)
		return NULL;
	pipe->slots = heap_allocate(PIPE_SLOTS_DEFAULT * sizeof(pipe->slots[0]), HEAP_ACCOUNT);
	if (!pipe->slots) {
		heap_free(pipe);
		return NULL;
	}
	pipe->slot_count = PIPE_SLOTS_DEFAULT;
	mutex_init(&pipe->lock, LOCK_PIPE);
	wait_queue_init(&pipe->readable);
	wait_queue_init(&pipe->writable);
	asynchronous_files_init(&pipe->asynchronous_readers);
	asynchronous_files_init(&pipe->asynchronous_writers);
	return pipe;
}

void pipe_free(struct pipe *pipe)
{
	while (pipe->tail != pipe->head)
		page_put(pipe_slot(pipe, pipe->tail++)->page);
	for (unsigned i = 0; i < PIPE_SPARE_COUNT; i++) {
		if (pipe->spare[i])
			page_put(pipe->spare[i]);
	}
	heap_free(pipe->slots);
	heap_free(pipe);
}

struct pipe *file_pipe(struct file *file)
{
	return file->operations == &pipe_operations ? file->object : NULL;
}

struct page *pipe_page_get(struct pipe *pipe)
{
	for (unsigned i = 0; i < PIPE_SPARE_COUNT; i++) {
		struct page *page = pipe->spare[i];

		if (page) {
			pipe->spare[i] = NULL;
			return page;
		}
	}
	return page_allocate(0, ALLOCATE_PATIENT | ALLOCATE_USER);
}

void pipe_page_put(struct pipe *pipe, struct page *page)
{
	/* A page that a tee or a splice shares is not ours to write to. */
	if (READ_ONCE(page->references) == 1) {
		for (unsigned i = 0; i < PIPE_SPARE_COUNT; i++) {
			if (!pipe->spare[i]) {
				pipe->spare[i] = page;
				return;
			}
		}
	}
	page_put(page);
}

void pipe_append(struct pipe *pipe, struct page *page, unsigned offset, unsigned length,
		 unsigned flags)
{
	*pipe_slot(pipe, pipe->head) = (struct pipe_buffer){
		.page = page, .offset = (uint16_t)offset, .length = (uint16_t)length,
		.flags = (uint16_t)flags,
	};
	WRITE_ONCE(pipe->head, pipe->head + 1);
}

/* Takes the buffer at the tail out. Lock held. */
static void pipe_drop(struct pipe *pipe, struct pipe_buffer *buffer)
{
	struct page *page = buffer->page;

	buffer->page = NULL;
	WRITE_ONCE(pipe->tail, pipe->tail + 1);
	pipe_page_put(pipe, page);
}

void pipe_consume(struct pipe *pipe, size_t length)
{
	while (length > 0 && !pipe_is_empty(pipe)) {
		struct pipe_buffer *buffer = pipe_slot(pipe, pipe->tail);
		size_t part = min(length, (size_t)buffer->length);

		buffer->offset += part;
		buffer->length -= part;
		length -= part;
		if (buffer->length == 0)
			pipe_drop(pipe, buffer);
	}
}

static bool is_readable(const struct pipe *pipe)
{
	return !READ_ONCE(pipe->is_draining) && (!pipe_is_empty(pipe) || !READ_ONCE(pipe->writers));
}

static bool is_writable(const struct pipe *pipe)
{
	return !pipe_is_full(pipe) || !READ_ONCE(pipe->readers);
}

/* Sleeps on one side. Exclusive: one event wakes one of several readers or writers. */
static int pipe_wait(struct pipe *pipe, struct wait_queue *queue,
		     bool (*is_done)(const struct pipe *pipe))
{
	struct wait_entry entry;
	int result = 0;

	wait_entry_init(&entry, NULL);
	while (!is_done(pipe)) {
		wait_begin_exclusive(queue, &entry, SLEEP_INTERRUPTIBLE);
		if (is_done(pipe))
			break;
		result = blocking_sleep(NO_DEADLINE);
		if (result == 0)
			continue;
		/* A wake-up that was meant for one is not thrown away for a signal. */
		if (is_done(pipe))
			result = 0;
		break;
	}
	wait_end(queue, &entry);
	return result;
}

int pipe_wait_readable(struct pipe *pipe)
{
	return pipe_wait(pipe, &pipe->readable, is_readable);
}

int pipe_wait_writable(struct pipe *pipe)
{
	return pipe_wait(pipe, &pipe->writable, is_writable);
}

void pipe_wake_readers(struct pipe *pipe)
{
	wait_queue_wake(&pipe->readable, POLLIN | POLLRDNORM);
}

void pipe_wake_writers(struct pipe *pipe)
{
	wait_queue_wake(&pipe->writable, POLLOUT | POLLWRNORM);
}

NOINLINE long pipe_is_broken(void)
{
	struct signal_information information = {
		.si_signo = SIGPIPE, .si_code = SI_USER, .si_pid = process_current()->id,
		.si_uid = credentials_current()->uid,
	};

	signal_send_thread(thread_current(), SIGPIPE, &information);
	return -EPIPE;
}

/* Moves what is in the ring out: bytes moved, -EFAULT if none could be, 0 when it is empty. */
static long pipe_take(struct pipe *pipe, struct transfer *to)
{
	long moved = 0;

	while (!pipe_is_empty(pipe) && transfer_remaining(to) > 0) {
		struct pipe_buffer *buffer = pipe_slot(pipe, pipe->tail);
		size_t length = min(transfer_remaining(to), (uint64_t)buffer->length);
		const char *data = page_address(buffer->page);

		/* What did not arrive whole stays in the pipe whole. */
		if (transfer_to_place(to, data + buffer->offset, length) < length)
			return moved ? moved : -EFAULT;
		moved += length;
		buffer->offset += length;
		buffer->length -= length;
		if (buffer->flags & PIPE_PACKET) {
			pipe_drop(pipe, buffer);
			break;
		}
		if (buffer->length == 0)
			pipe_drop(pipe, buffer);
	}
	return moved;
}

static long pipe_read(struct file *file, struct transfer *to, struct io *io)
{
	struct pipe *pipe = file->object;
	bool was_full, has_slept = false, wakes_reader;
	long result;

	if (transfer_remaining(to) == 0)
		return 0;
	mutex_lock(&pipe->lock);
	for (;;) {
		was_full = pipe_is_full(pipe);
		if (likely(!pipe->is_draining)) {
			result = pipe_take(pipe, to);
			if (result != 0 || pipe->writers == 0)
				break;
		}
		if (io->flags & (IO_NONBLOCK | IO_NOWAIT)) {
			result = -EAGAIN;
			break;
		}
		mutex_unlock(&pipe->lock);
		result = pipe_wait_readable(pipe);
		if (result < 0)
			return result;
		has_slept = true;
		mutex_lock(&pipe->lock);
	}
	was_full = was_full && !pipe_is_full(pipe);
	wakes_reader = has_slept && !pipe_is_empty(pipe);
	mutex_unlock(&pipe->lock);
	if (was_full)
		pipe_wake_writers(pipe);
	if (result > 0)
		asynchronous_notify(&pipe->asynchronous_writers, POLL_OUT);
	/* The wake-up that came to this reader stood for all that was written since. */
	if (wakes_reader)
		pipe_wake_readers(pipe);
	return result;
}

/* Continues in the last page when all that does not fill whole pages fits there. */
static int pipe_merge(struct pipe *pipe, struct transfer *from)
{
	struct pipe_buffer *last = pipe_slot(pipe, pipe->head - 1);
	size_t end = last->offset + last->length, length = transfer_remaining(from) % PAGE_SIZE;
	char *data;

	if (length == 0 || !(last->flags & PIPE_MERGES) || end + length > PAGE_SIZE)
		return 0;
	data = page_address(last->page);
	if (transfer_from_place(from, data + end, length) < length)
		return -EFAULT;
	last->length += length;
	return length;
}

/* Fills free slots: bytes moved; *error says why it ended early, 0 when full or done. */
static long pipe_fill(struct pipe *pipe, struct transfer *from, unsigned flags, int *error)
{
	long moved = 0;

	while (transfer_remaining(from) > 0 && !pipe_is_full(pipe)) {
		size_t length = min(transfer_remaining(from), PAGE_SIZE);
		struct page *page = pipe_page_get(pipe);

		if (!page) {
			*error = -ENOMEM;
			break;
		}
		if (transfer_from_place(from, page_address(page), length) < length) {
			pipe_page_put(pipe, page);
			*error = -EFAULT;
			break;
		}
		pipe_append(pipe, page, 0, length, flags);
		moved += length;
	}
	return moved;
}

/* Leaves the lock for as long as the ring is full. */
NO_THREAD_ANALYSIS static int pipe_write_wait(struct pipe *pipe, bool wakes_readers)
{
	int result;

	mutex_unlock(&pipe->lock);
	if (wakes_readers)
		pipe_wake_readers(pipe);
	asynchronous_notify(&pipe->asynchronous_readers, POLL_IN);
	result = pipe_wait_writable(pipe);
	mutex_lock(&pipe->lock);
	return result;
}

static long pipe_write(struct file *file, struct transfer *from, struct io *io)
{
	struct pipe *pipe = file->object;
	unsigned flags = io->flags & IO_DIRECT ? PIPE_PACKET : PIPE_MERGES;
	bool wakes_readers, has_slept = false, wakes_writer;
	long moved = 0;
	int error = 0;

	if (transfer_remaining(from) == 0)
		return 0;
	mutex_lock(&pipe->lock);
	wakes_readers = pipe_is_empty(pipe) || pipe->is_polled;
	if (pipe->readers > 0 && !pipe_is_empty(pipe)) {
		error = pipe_merge(pipe, from);
		if (error > 0)
			moved = error;
	}
	while (error >= 0 && transfer_remaining(from) > 0) {
		if (pipe->readers == 0) {
			error = pipe_is_broken();
			break;
		}
		error = 0;
		moved += pipe_fill(pipe, from, flags, &error);
		if (error < 0 || transfer_remaining(from) == 0)
			break;
		if (io->flags & (IO_NONBLOCK | IO_NOWAIT)) {
			error = -EAGAIN;
			break;
		}
		error = pipe_write_wait(pipe, wakes_readers && moved > 0);
		wakes_readers = pipe_is_empty(pipe) || pipe->is_polled;
		has_slept = true;
	}
	wakes_writer = has_slept && !pipe_is_full(pipe);
	mutex_unlock(&pipe->lock);
	if (wakes_readers && moved > 0)
		pipe_wake_readers(pipe);
	if (moved > 0)
		asynchronous_notify(&pipe->asynchronous_readers, POLL_IN);
	if (wakes_writer)
		pipe_wake_writers(pipe);
	return moved > 0 ? moved : error;
}

static uint32_t pipe_poll(struct file *file, struct poll_table *table)
{
	struct pipe *pipe = file->object;
	uint32_t events = 0;

	if (!READ_ONCE(pipe->is_polled))
		WRITE_ONCE(pipe->is_polled, true);
	if (file->mode & FILE_READ) {
		poll_wait(table, file, &pipe->readable);
		if (!pipe_is_empty(pipe))
			events |= POLLIN | POLLRDNORM;
		/* A FIFO that was opened without waiting has not been hung up on yet. */
		if (READ_ONCE(pipe->writers) == 0 &&
		    (unsigned)file->position != READ_ONCE(pipe->writer_opens))
			events |= POLLHUP;
	}
	if (file->mode & FILE_WRITE) {
		poll_wait(table, file, &pipe->writable);
		if (!pipe_is_full(pipe))
			events |= POLLOUT | POLLWRNORM;
		if (READ_ONCE(pipe->readers) == 0)
			events |= POLLERR;
	}
	return events;
}

static long pipe_control(struct file *file, unsigned command, uint64_t argument)
{
	struct pipe *pipe = file->object;
	uint32_t bytes = 0;

	if (command != FIONREAD)
		return -ENOTTY;
	mutex_lock(&pipe->lock);
	for (unsigned i = pipe->tail; i != pipe->head; i++)
		bytes += pipe_slot(pipe, i)->length;
	mutex_unlock(&pipe->lock);
	return user_store32(argument, bytes);
}

static int pipe_flags_changed(struct file *file, uint32_t flags)
{
	struct pipe *pipe = file->object;
	int result = 0;

	if (file->mode & FILE_READ)
		result = asynchronous_change(&pipe->asynchronous_readers, file, flags & O_ASYNC);
	if (result == 0 && (file->mode & FILE_WRITE))
		result = asynchronous_change(&pipe->asynchronous_writers, file, flags & O_ASYNC);
	return result;
}

static struct pipe *pipe_of_file(struct file *file)
{
	return file->object;
}

/* The largest that a change without privilege may ask for, else who may ask for more. */
static bool may_grow(uint64_t bytes)
{
	return bytes <= READ_ONCE(pipe_capacity_maximum) ||
		(credentials_current()->linux_effective & BIT(LINUX_SYS_RESOURCE));
}

static int pipe_resize(struct pipe *pipe, unsigned slot_count)
{
	struct pipe_buffer *fresh, *old = pipe->slots;
	unsigned used = pipe->head - pipe->tail;

	if (used > slot_count)
		return -EBUSY;
	fresh = heap_allocate_array(slot_count, sizeof(fresh[0]), HEAP_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	for (unsigned i = 0; i < used; i++)
		fresh[(pipe->tail + i) & (slot_count - 1)] = *pipe_slot(pipe, pipe->tail + i);
	pipe->slots = fresh;
	WRITE_ONCE(pipe->slot_count, slot_count);
	heap_free(old);
	return 0;
}

long pipe_capacity_set(struct file *file, size_t bytes)
{
	struct pipe *pipe = file_pipe(file);
	unsigned slot_count = 1;
	bool was_full;
	long result;

	if (!pipe)
		return -EBADF;
	if (bytes > PIPE_BYTES_LIMIT)
		return -EINVAL;
	while ((uint64_t)slot_count * PAGE_SIZE < bytes)
		slot_count *= 2;
	mutex_lock(&pipe->lock);
	was_full = pipe_is_full(pipe);
	result = slot_count > pipe->slot_count && !may_grow((uint64_t)slot_count * PAGE_SIZE) ?
		-EPERM : pipe_resize(pipe, slot_count);
	was_full = was_full && !pipe_is_full(pipe);
	mutex_unlock(&pipe->lock);
	if (was_full)
		wait_queue_wake_all(&pipe->writable, POLLOUT | POLLWRNORM);
	return result < 0 ? result : (long)(slot_count * PAGE_SIZE);
}

long pipe_capacity_get(struct file *file)
{
	struct pipe *pipe = file_pipe(file);

	return pipe ? (long)(READ_ONCE(pipe->slot_count) * PAGE_SIZE) : -EBADF;
}

const struct file_operations pipe_operations = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.control = pipe_control,
	.release = pipe_close,
	.flags_changed = pipe_flags_changed,
	.pipe = pipe_of_file,
};
