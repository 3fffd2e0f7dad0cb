/*
 * flock(2), the end of locks at close, and /proc/locks.
 */
#include "base/errno.h"
#include "device/node.h"
#include "file/file.h"
#include "memory/heap.h"
#include "task/thread.h"
#include "vfs/filesystem.h"
#include "vfs/lock/internal.h"
#include "vfs/sink.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

static bool whole_conflicts(const struct file_lock_list *list, const struct file_lock *wanted)
{
	struct file_lock *held;

	list_for_each(held, &list->locks, node)
		if (held->kind == FILE_LOCK_WHOLE && held->owner != wanted->owner &&
		    (held->type == F_WRLCK || wanted->type == F_WRLCK))
			return true;
	return false;
}

/* Takes the owner's lock out; the caller frees it. */
static struct file_lock *whole_take(struct file_lock_list *list, const void *owner)
{
	struct file_lock *held;

	list_for_each(held, &list->locks, node) {
		if (held->kind == FILE_LOCK_WHOLE && held->owner == owner) {
			file_lock_remove(held);
			return held;
		}
	}
	return NULL;
}

/* A lock of another type is given up before the new one is tried: flock(2). */
static int whole_try(struct file_lock_list *list, struct file_lock *wanted, bool *has_added)
{
	struct file_lock *old;
	int error = 0;

	spin_lock(&file_locks_lock);
	old = whole_take(list, wanted->owner);
	if (old && old->type == wanted->type) {
		file_lock_add(list, old);
		old = NULL;
	} else if (wanted->type != F_UNLCK) {
		if (whole_conflicts(list, wanted)) {
			error = -EAGAIN;
		} else {
			file_lock_add(list, wanted);
			*has_added = true;
		}
	}
	spin_unlock(&file_locks_lock);
	if (old) {
		wait_queue_wake_all(&list->waiters, 0);
		heap_free(old);
	}
	return error;
}

static int whole_set(struct file_lock_list *list, struct file_lock *wanted, bool waits,
		     bool *has_added)
{
	struct wait_entry entry;
	int error;

	if (!waits)
		return whole_try(list, wanted, has_added);
	wait_entry_init(&entry, NULL);
	for (;;) {
		wait_begin(&list->waiters, &entry, SLEEP_INTERRUPTIBLE);
		error = whole_try(list, wanted, has_added);
		if (error != -EAGAIN)
			break;
		error = blocking_sleep(NO_DEADLINE);
		if (error)
			break;
	}
	wait_end(&list->waiters, &entry);
	return error;
}

int file_lock_whole(struct file *file, int operation)
{
	struct file_lock_list *list;
	struct file_lock *wanted;
	bool has_added = false;
	int16_t type;
	int error;

	switch (operation & ~LOCK_NB) {
	case LOCK_SH:
		type = F_RDLCK;
		break;
	case LOCK_EX:
		type = F_WRLCK;
		break;
	case LOCK_UN:
		type = F_UNLCK;
		break;
	default:
		return -EINVAL;
	}
	if (!file->inode)
		return -EINVAL;
	error = file_lock_list_get(file->inode, &list);
	if (error)
		return error;
	wanted = heap_allocate(sizeof(*wanted), HEAP_ACCOUNT);
	if (!wanted)
		return -ENOLCK;
	*wanted = (struct file_lock){
		.inode = file->inode, .owner = file, .kind = FILE_LOCK_WHOLE, .type = type,
		.pid = process_current()->id, .end = INT64_MAX,
	};
	error = whole_set(list, wanted, !(operation & LOCK_NB), &has_added);
	if (!has_added)
		heap_free(wanted);
	return error;
}

static void drop_owned(struct inode *inode, const void *owner, bool is_of_table)
{
	struct file_lock_list *list = inode->locks;
	struct list_head garbage = LIST_HEAD_INITIALIZER(garbage);
	struct file_lock *lock, *following;

	spin_lock(&file_locks_lock);
	list_for_each_safe(lock, following, &list->locks, node) {
		if (lock->owner == owner && (lock->kind == FILE_LOCK_POSIX) == is_of_table) {
			file_lock_remove(lock);
			list_add(&garbage, &lock->node);
		}
	}
	spin_unlock(&file_locks_lock);
	if (list_is_empty(&garbage))
		return;
	wait_queue_wake_all(&list->waiters, 0);
	while ((lock = list_pop(&garbage, struct file_lock, node)))
		heap_free(lock);
}

void file_locks_drop_table(struct file *file, const void *table)
{
	drop_owned(file->inode, table, true);
}

void file_locks_drop_file(struct file *file)
{
	drop_owned(file->inode, file, false);
}

void file_locks_free(struct inode *inode)
{
	heap_free(inode->locks);
	inode->locks = NULL;
}

static const char *const kind_texts[] = {
	[FILE_LOCK_POSIX] = "POSIX ",
	[FILE_LOCK_OFD] = "OFDLCK",
	[FILE_LOCK_WHOLE] = "FLOCK ",
};

/* One lock by its place in the list, copied: formatting may sleep. */
static bool lock_copy(unsigned index, struct file_lock *copy, uint64_t *device, uint64_t *number)
{
	struct file_lock *lock;
	bool is_found = false;

	spin_lock(&file_locks_lock);
	list_for_each(lock, &file_locks_all, all_node) {
		if (index-- == 0) {
			*copy = *lock;
			*device = lock->inode->superblock->device;
			*number = lock->inode->number;
			is_found = true;
			break;
		}
	}
	spin_unlock(&file_locks_lock);
	return is_found;
}

void file_locks_describe(struct format_sink *sink)
{
	struct file_lock lock;
	uint64_t device, number;

	for (unsigned i = 0; lock_copy(i, &lock, &device, &number); i++) {
		format_to(sink, "%u: %s ADVISORY  %s %d %02x:%02x:%llu %llu ", i + 1,
			   kind_texts[lock.kind], lock.type == F_WRLCK ? "WRITE" : "READ ",
			   lock.pid, DEVICE_MAJOR(device), DEVICE_MINOR(device),
			   (unsigned long long)number, (unsigned long long)lock.start);
		if (lock.end == INT64_MAX)
			sink_text(sink, "EOF\n");
		else
			format_to(sink, "%llu\n", (unsigned long long)lock.end);
	}
}
