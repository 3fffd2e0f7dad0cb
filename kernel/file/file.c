/*
 * Open files: references, and reading and writing as all calls do it: mode, position, limits, flags
 * and notification in one place, the object's operations below.
 */
#include "file/file.h"

#include "base/errno.h"
#include "file/descriptor.h"
#include "file/event_files.h"
#include "file/owner.h"
#include "memory/heap.h"
#include "task/credentials.h"
#include "task/deferred.h"
#include "task/signal.h"
#include "task/thread.h"
#include <abi/fcntl.h>

struct file_hooks file_hooks;
static struct slab_cache *file_cache;

struct file *file_create(const struct file_operations *operations, void *object, uint32_t mode,
			 uint32_t flags)
{
	struct file *file = slab_allocate(file_cache, HEAP_ACCOUNT);

	if (!file)
		return NULL;
	refcount_init(&file->references, 1);
	file->mode = mode;
	file->flags = flags;
	file->operations = operations;
	file->object = object;
	mutex_init(&file->position_lock, LOCK_FILE_POSITION);
	file->opened_by = credentials_get(credentials_current());
	return file;
}

void file_get(struct file *file)
{
	refcount_get(&file->references);
}

bool file_get_unless_closed(struct file *file)
{
	return refcount_get_unless_zero(&file->references);
}

static void file_free(struct rcu_head *head)
{
	slab_free(file_cache, container_of(head, struct file, rcu));
}

/*
 * The last reference is gone. Lookups may still look at the structure: it remains one of a file, if
 * of another, which they notice. Debug builds wait for a grace period, so that whoever else looks
 * at a dead file is found out.
 */
static void file_end(struct file *file)
{
	if (READ_ONCE(file->epoll_links))
		epoll_file_gone(file);
	if (file->operations->release)
		file->operations->release(file);
	if (file_hooks.detach)
		file_hooks.detach(file);
	file_owner_release(file);
	credentials_put((struct credentials *)file->opened_by);
	if (DEBUG_BUILD)
		rcu_call(&file->rcu, file_free);
	else
		slab_free(file_cache, file);
}

void file_put_now(struct file *file)
{
	if (refcount_put(&file->references))
		file_end(file);
}

/* A last put in a place that must not sleep: the file waits in a list for a worker. */
static struct file *late_files;
static struct work late_work;

static void late_run(struct work *work)
{
	struct file *file = __atomic_exchange_n(&late_files, NULL, __ATOMIC_ACQUIRE);

	(void)work;
	while (file) {
		struct file *next = file->late_next;

		file_end(file);
		file = next;
	}
}

void file_put(struct file *file)
{
	struct file *first;

	if (!refcount_put(&file->references))
		return;
	if (context_current()->preemption_count == 0 && interrupts_are_enabled()) {
		file_end(file);
		return;
	}
	first = __atomic_load_n(&late_files, __ATOMIC_RELAXED);
	do {
		file->late_next = first;
	} while (!__atomic_compare_exchange_n(&late_files, &first, file, true, __ATOMIC_RELEASE,
					      __ATOMIC_RELAXED));
	work_queue(&late_work);
}

uint32_t file_io_flags(const struct file *file)
{
	uint32_t status = READ_ONCE(file->flags);
	uint32_t flags = 0;

	if (likely(!(status & (O_NONBLOCK | O_APPEND | O_DSYNC | O_SYNC | O_DIRECT))))
		return 0;
	if (status & O_NONBLOCK)
		flags |= IO_NONBLOCK;
	if (status & O_APPEND)
		flags |= IO_APPEND;
	if (status & O_DSYNC)
		flags |= IO_DATA_SYNC;
	if ((status & O_SYNC) == O_SYNC)
		flags |= IO_SYNC;
	if (status & O_DIRECT)
		flags |= IO_DIRECT;
	return flags;
}

long file_read(struct file *file, struct transfer *to, struct io *io)
{
	struct thread *thread = thread_current();
	long result;

	if (unlikely(!file->operations->read))
		return file->operations->list ? -EISDIR : -EINVAL;
	result = file->operations->read(file, to, io);
	thread->read_calls++;
	if (result > 0) {
		thread->read_bytes += result;
		if (file->inode && !(file->mode & FILE_NO_NOTIFY) && file_hooks.notify)
			file_hooks.notify(file, IN_ACCESS);
	}
	return result;
}

/* RLIMIT_FSIZE: cuts a write, or refuses one that begins beyond, with SIGXFSZ. */
static int write_limit(struct file *file, struct transfer *from, const struct io *io)
{
	uint64_t limit = limit_current(LIMIT_FSIZE);

	if (likely(limit == LIMIT_INFINITE) || !(file->mode & FILE_POSITIONAL) ||
	    (io->flags & IO_APPEND))
		return 0;
	if (transfer_remaining(from) == 0)
		return 0;
	if ((uint64_t)io->offset >= limit) {
		signal_send_thread(thread_current(), SIGXFSZ, NULL);
		return -EFBIG;
	}
	transfer_truncate(from, limit - io->offset);
	return 0;
}

long file_write(struct file *file, struct transfer *from, struct io *io)
{
	struct thread *thread = thread_current();
	long result;

	if (unlikely(!file->operations->write))
		return -EINVAL;
	result = write_limit(file, from, io);
	if (unlikely(result < 0))
		return result;
	result = file->operations->write(file, from, io);
	thread->write_calls++;
	if (result > 0) {
		thread->write_bytes += result;
		if (file->inode && !(file->mode & FILE_NO_NOTIFY) && file_hooks.notify)
			file_hooks.notify(file, IN_MODIFY);
	}
	return result;
}

typedef long (*file_move)(struct file *file, struct transfer *transfer, struct io *io);

static long move_at_position(struct file *file, struct transfer *transfer, file_move move,
			     uint32_t flags)
{
	struct io io = { .flags = file_io_flags(file) | flags };
	long result;

	if (file->mode & FILE_STREAM)
		return move(file, transfer, &io);
	/* Two reads of one open file share the position and must not see the same bytes. A file
	 * that nobody else refers to needs no lock. */
	if (refcount_read(&file->references) == 1) {
		io.offset = file->position;
		result = move(file, transfer, &io);
		file->position = io.offset;
		return result;
	}
	mutex_lock(&file->position_lock);
	io.offset = file->position;
	result = move(file, transfer, &io);
	file->position = io.offset;
	mutex_unlock(&file->position_lock);
	return result;
}

long file_read_position(struct file *file, struct transfer *to)
{
	return move_at_position(file, to, file_read, 0);
}

long file_write_position(struct file *file, struct transfer *from)
{
	return move_at_position(file, from, file_write, 0);
}

long file_read_flags(struct file *file, struct transfer *to, uint32_t flags)
{
	return move_at_position(file, to, file_read, flags);
}

long file_write_flags(struct file *file, struct transfer *from, uint32_t flags)
{
	return move_at_position(file, from, file_write, flags);
}

int64_t file_seek(struct file *file, int64_t offset, int whence)
{
	int64_t result;

	if (!(file->mode & FILE_SEEKABLE) || !file->operations->seek)
		return -ESPIPE;
	mutex_lock(&file->position_lock);
	result = file->operations->seek(file, offset, whence);
	mutex_unlock(&file->position_lock);
	return result;
}

int64_t file_seek_endless(struct file *file, int64_t offset, int whence)
{
	if (whence != SEEK_SET && whence != SEEK_CUR)
		return -EINVAL;
	if (whence == SEEK_CUR && __builtin_add_overflow(offset, file->position, &offset))
		return -EINVAL;
	if (offset < 0)
		return -EINVAL;
	file->position = offset;
	return offset;
}

long file_read_kernel(struct file *file, void *data, size_t length, int64_t offset)
{
	struct transfer to;
	struct io io = { .offset = offset };
	size_t done = 0;

	while (done < length) {
		long moved;

		transfer_init_kernel(&to, false, (uint8_t *)data + done, length - done);
		moved = file->operations->read ? file->operations->read(file, &to, &io) : -EINVAL;
		if (moved < 0)
			return moved;
		if (moved == 0)
			break;
		done += moved;
	}
	return done;
}

int file_start(void)
{
	file_cache = slab_cache_create("file", sizeof(struct file), 64,
				       DEBUG_BUILD ? 0 : SLAB_TYPE_STABLE);
	work_init(&late_work, late_run);
	return file_cache ? 0 : -ENOMEM;
}
