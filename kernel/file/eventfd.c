/*
 * eventfd(2): a 64-bit counter that is read and written as a file. The counter is one atomic word;
 * only waiting takes a lock.
 */
#include "base/errno.h"
#include "base/format.h"
#include "file/event_files.h"
#include "file/file.h"
#include "file/poll.h"
#include "memory/heap.h"
#include "sync/wait.h"
#include <abi/fcntl.h>
#include <abi/poll.h>

#define COUNT_MAXIMUM (UINT64_MAX - 1)

struct eventfd {
	uint64_t count;			/* atomic */
	bool is_semaphore;
	struct wait_queue waiters;	/* readers, writers and pollers */
};

static long wait_nonzero(struct eventfd *event, const struct io *io)
{
	if (io->flags & (IO_NONBLOCK | IO_NOWAIT))
		return -EAGAIN;
	return WAIT_EVENT(&event->waiters, atomic_load_relaxed(&event->count) != 0,
			  SLEEP_INTERRUPTIBLE);
}

static long eventfd_read(struct file *file, struct transfer *to, struct io *io)
{
	struct eventfd *event = file->object;
	uint64_t seen = atomic_load_relaxed(&event->count), taken;

	if (transfer_remaining(to) < sizeof(taken))
		return -EINVAL;
	do {
		while (seen == 0) {
			long result = wait_nonzero(event, io);

			if (result < 0)
				return result;
			seen = atomic_load_relaxed(&event->count);
		}
		taken = event->is_semaphore ? 1 : seen;
	} while (!atomic_compare_swap(&event->count, &seen, seen - taken));
	wait_queue_wake_all(&event->waiters, POLLOUT);
	if (transfer_to_place(to, &taken, sizeof(taken)) < sizeof(taken))
		return -EFAULT;
	return sizeof(taken);
}

static long wait_for_room(struct eventfd *event, uint64_t added, const struct io *io)
{
	if (io->flags & (IO_NONBLOCK | IO_NOWAIT))
		return -EAGAIN;
	return WAIT_EVENT(&event->waiters,
			  atomic_load_relaxed(&event->count) <= COUNT_MAXIMUM - added,
			  SLEEP_INTERRUPTIBLE);
}

static long eventfd_write(struct file *file, struct transfer *from, struct io *io)
{
	struct eventfd *event = file->object;
	uint64_t seen, added;

	if (transfer_remaining(from) < sizeof(added))
		return -EINVAL;
	if (transfer_from_place(from, &added, sizeof(added)) < sizeof(added))
		return -EFAULT;
	if (added > COUNT_MAXIMUM)
		return -EINVAL;
	seen = atomic_load_relaxed(&event->count);
	do {
		while (seen > COUNT_MAXIMUM - added) {
			long result = wait_for_room(event, added, io);

			if (result < 0)
				return result;
			seen = atomic_load_relaxed(&event->count);
		}
	} while (!atomic_compare_swap(&event->count, &seen, seen + added));
	wait_queue_wake_all(&event->waiters, POLLIN);
	return sizeof(added);
}

static uint32_t eventfd_poll(struct file *file, struct poll_table *table)
{
	struct eventfd *event = file->object;
	uint64_t count;

	poll_wait(table, file, &event->waiters);
	count = atomic_load_ordered(&event->count);
	return (count > 0 ? POLLIN : 0) | (count < COUNT_MAXIMUM ? POLLOUT : 0);
}

static void eventfd_release(struct file *file)
{
	heap_free(file->object);
}

static void eventfd_describe(struct file *file, struct format_sink *sink)
{
	struct eventfd *event = file->object;

	format_to(sink, "eventfd-count: %16llx\n",
		  (unsigned long long)atomic_load_relaxed(&event->count));
}

static const struct file_operations eventfd_operations = {
	.read = eventfd_read,
	.write = eventfd_write,
	.poll = eventfd_poll,
	.release = eventfd_release,
	.describe = eventfd_describe,
};

struct file *eventfd_create(uint64_t initial, bool is_semaphore, uint32_t flags)
{
	struct eventfd *event = heap_allocate(sizeof(*event), HEAP_ACCOUNT);
	struct file *file;

	if (!event)
		return NULL;
	event->count = initial;
	event->is_semaphore = is_semaphore;
	wait_queue_init(&event->waiters);
	file = file_create(&eventfd_operations, event, FILE_READ | FILE_WRITE | FILE_STREAM,
			   O_RDWR | flags);
	if (!file) {
		heap_free(event);
		return NULL;
	}
	file->label = "anon_inode:[eventfd]";
	return file;
}
