/*
 * Record locks: fcntl(2)'s of processes and of open files. A process's own locks never overlap;
 * taking one merges, cuts and splits them. Waiting processes form a graph that may not have cycles.
 */
#include "base/errno.h"
#include "file/file.h"
#include "memory/heap.h"
#include "task/thread.h"
#include "vfs/lock/internal.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

#define RANGE_END ((uint64_t)INT64_MAX)
/* As far as Linux follows the chain of who waits for whom. */
#define DEADLOCK_STEPS 10

/* A process that waits for another one's lock; on its stack. */
struct waiting_owner {
	struct list_node node;
	const void *owner, *blocker;
};
static struct list_head waiting_owners = LIST_HEAD_INITIALIZER(waiting_owners);

struct spin_lock file_locks_lock = SPIN_LOCK_INITIALIZER(LOCK_FILE_LOCKS);
struct list_head file_locks_all = LIST_HEAD_INITIALIZER(file_locks_all);

int file_lock_list_get(struct inode *inode, struct file_lock_list **list)
{
	struct file_lock_list *fresh;

	*list = atomic_load_acquire(&inode->locks);
	if (*list)
		return 0;
	fresh = heap_allocate(sizeof(*fresh), HEAP_ACCOUNT);
	if (!fresh)
		return -ENOLCK;
	list_init(&fresh->locks);
	wait_queue_init(&fresh->waiters);
	spin_lock(&file_locks_lock);
	*list = inode->locks;
	if (!*list) {
		atomic_store_release(&inode->locks, fresh);
		*list = fresh;
		fresh = NULL;
	}
	spin_unlock(&file_locks_lock);
	heap_free(fresh);
	return 0;
}

void file_lock_add(struct file_lock_list *list, struct file_lock *lock)
{
	list_add_tail(&list->locks, &lock->node);
	list_add_tail(&file_locks_all, &lock->all_node);
}

void file_lock_remove(struct file_lock *lock)
{
	list_remove(&lock->node);
	list_remove(&lock->all_node);
}

static bool is_same_owner(const struct file_lock *a, const struct file_lock *b)
{
	return a->owner == b->owner && a->kind == b->kind;
}

static bool conflicts(const struct file_lock *held, const struct file_lock *wanted)
{
	return held->kind != FILE_LOCK_WHOLE && !is_same_owner(held, wanted) &&
		(held->type == F_WRLCK || wanted->type == F_WRLCK) &&
		held->start <= wanted->end && wanted->start <= held->end;
}

static struct file_lock *conflict_find(struct file_lock_list *list,
				       const struct file_lock *wanted)
{
	struct file_lock *held;

	list_for_each(held, &list->locks, node)
		if (conflicts(held, wanted))
			return held;
	return NULL;
}

/* Whether `owner` already waits, through others, for `me`. */
static bool would_deadlock(const void *me, const void *owner)
{
	for (unsigned step = 0; step < DEADLOCK_STEPS; step++) {
		struct waiting_owner *at;
		const void *next = NULL;

		if (owner == me)
			return true;
		list_for_each(at, &waiting_owners, node) {
			if (at->owner == owner) {
				next = at->blocker;
				break;
			}
		}
		if (!next)
			return false;
		owner = next;
	}
	return false;
}

/* Takes [wanted] out of one of the owner's locks of another type; `spare` becomes the right
 * part. */
static void cut(struct file_lock_list *list, struct file_lock *held,
		const struct file_lock *wanted, struct file_lock **spare,
		struct list_head *garbage)
{
	if (held->start >= wanted->start && held->end <= wanted->end) {
		file_lock_remove(held);
		list_add(garbage, &held->node);
	} else if (held->start < wanted->start && held->end > wanted->end) {
		struct file_lock *right = *spare;

		*spare = NULL;
		*right = *held;
		right->start = wanted->end + 1;
		held->end = wanted->start - 1;
		file_lock_add(list, right);
	} else if (held->start < wanted->start) {
		held->end = wanted->start - 1;
	} else {
		held->start = wanted->end + 1;
	}
}

static bool touches(const struct file_lock *a, const struct file_lock *b)
{
	uint64_t a_after = a->end == RANGE_END ? a->end : a->end + 1;
	uint64_t b_after = b->end == RANGE_END ? b->end : b->end + 1;

	return a->start <= b_after && b->start <= a_after;
}

/* No conflict: brings the owner's locks up to date. `wanted` becomes a lock unless it unlocks. */
static void record_apply(struct file_lock_list *list, struct file_lock *wanted,
			 struct file_lock **spare, struct list_head *garbage)
{
	struct file_lock *held, *following, range = *wanted;
	bool is_merged = false;

	list_for_each_safe(held, following, &list->locks, node) {
		if (!is_same_owner(held, wanted))
			continue;
		if (held->type == wanted->type && touches(held, &range)) {
			/* A lock that grows stays whose it was, among who shares descriptors. */
			range.pid = is_merged ? range.pid : held->pid;
			is_merged = true;
			range.start = min(range.start, held->start);
			range.end = max(range.end, held->end);
			file_lock_remove(held);
			list_add(garbage, &held->node);
		} else if (held->type != wanted->type && held->start <= wanted->end &&
			   wanted->start <= held->end) {
			cut(list, held, wanted, spare, garbage);
		}
	}
	if (wanted->type == F_UNLCK)
		return;
	wanted->start = range.start;
	wanted->end = range.end;
	wanted->pid = range.pid;
	file_lock_add(list, wanted);
}

/* One try under the lock: 0 done, -EAGAIN with *blocker set, -EDEADLK. */
static int record_try(struct file_lock_list *list, struct file_lock *wanted,
		      struct file_lock **spare, struct waiting_owner *waiting,
		      struct list_head *garbage)
{
	struct file_lock *conflict;
	int error = 0;

	spin_lock(&file_locks_lock);
	list_remove(&waiting->node);
	conflict = wanted->type == F_UNLCK ? NULL : conflict_find(list, wanted);
	if (!conflict) {
		record_apply(list, wanted, spare, garbage);
	} else if (wanted->kind == FILE_LOCK_POSIX && conflict->kind == FILE_LOCK_POSIX &&
		   would_deadlock(wanted->owner, conflict->owner)) {
		error = -EDEADLK;
	} else {
		error = -EAGAIN;
		waiting->owner = wanted->owner;
		waiting->blocker = conflict->owner;
	}
	spin_unlock(&file_locks_lock);
	return error;
}

static void waiting_add(struct waiting_owner *waiting)
{
	spin_lock(&file_locks_lock);
	list_add(&waiting_owners, &waiting->node);
	spin_unlock(&file_locks_lock);
}

static void waiting_remove(struct waiting_owner *waiting)
{
	spin_lock(&file_locks_lock);
	list_remove(&waiting->node);
	spin_unlock(&file_locks_lock);
}

static int record_wait(struct file_lock_list *list, struct file_lock *wanted,
		       struct file_lock **spare, struct list_head *garbage)
{
	struct waiting_owner waiting;
	struct wait_entry entry;
	int error;

	list_node_init(&waiting.node);
	wait_entry_init(&entry, NULL);
	for (;;) {
		wait_begin(&list->waiters, &entry, SLEEP_INTERRUPTIBLE);
		error = record_try(list, wanted, spare, &waiting, garbage);
		if (error != -EAGAIN)
			break;
		if (wanted->kind == FILE_LOCK_POSIX)
			waiting_add(&waiting);
		error = blocking_sleep(NO_DEADLINE);
		if (error)
			break;
	}
	waiting_remove(&waiting);
	wait_end(&list->waiters, &entry);
	return error;
}

static void garbage_free(struct list_head *garbage)
{
	struct file_lock *lock;

	while ((lock = list_pop(garbage, struct file_lock, node)))
		heap_free(lock);
}

static int record_set(struct inode *inode, const struct file_lock *request, bool waits)
{
	struct list_head garbage = LIST_HEAD_INITIALIZER(garbage);
	struct file_lock *wanted, *spare;
	struct waiting_owner waiting;
	struct file_lock_list *list;
	int error = file_lock_list_get(inode, &list);

	if (error)
		return error;
	wanted = heap_copy(request, sizeof(*request), HEAP_ACCOUNT);
	spare = heap_allocate(sizeof(*spare), HEAP_ACCOUNT);
	if (!wanted || !spare) {
		heap_free(wanted);
		heap_free(spare);
		return -ENOLCK;
	}
	if (waits) {
		error = record_wait(list, wanted, &spare, &garbage);
	} else {
		list_node_init(&waiting.node);
		error = record_try(list, wanted, &spare, &waiting, &garbage);
		if (error == -EDEADLK)
			error = -EAGAIN;
	}
	heap_free(spare);
	if (error || request->type == F_UNLCK)
		heap_free(wanted);
	if (error == 0)
		wait_queue_wake_all(&list->waiters, 0);
	garbage_free(&garbage);
	return error;
}

/* l_whence, l_start and l_len to a range of bytes. */
static int range_read(struct file *file, const struct flock64 *from, struct file_lock *lock)
{
	int64_t base, start, end;

	switch (from->l_whence) {
	case SEEK_SET:
		base = 0;
		break;
	case SEEK_CUR:
		base = file->position;
		break;
	case SEEK_END:
		base = (int64_t)file->inode->attributes.size;
		break;
	default:
		return -EINVAL;
	}
	if (__builtin_add_overflow(base, from->l_start, &start))
		return -EOVERFLOW;
	if (start < 0)
		return -EINVAL;
	end = INT64_MAX;
	if (from->l_len > 0) {
		if (__builtin_add_overflow(start, from->l_len - 1, &end))
			return -EOVERFLOW;
	} else if (from->l_len < 0) {
		end = start - 1;
		if (__builtin_add_overflow(start, from->l_len, &start) || start < 0)
			return -EINVAL;
	}
	lock->start = (uint64_t)start;
	lock->end = (uint64_t)end;
	return 0;
}

static int request_read(struct file *file, int command, const struct flock64 *from,
			struct file_lock *lock)
{
	bool is_of_file = command >= F_OFD_GETLK;

	if (from->l_type != F_RDLCK && from->l_type != F_WRLCK && from->l_type != F_UNLCK)
		return -EINVAL;
	if (is_of_file && from->l_pid != 0)
		return -EINVAL;
	*lock = (struct file_lock){
		.inode = file->inode,
		.owner = is_of_file ? (const void *)file : thread_current()->descriptors,
		.kind = is_of_file ? FILE_LOCK_OFD : FILE_LOCK_POSIX,
		.type = from->l_type,
		.pid = is_of_file ? -1 : process_current()->id,
	};
	return range_read(file, from, lock);
}

static int record_get(struct inode *inode, const struct file_lock *wanted, struct flock64 *result)
{
	struct file_lock_list *list = atomic_load_acquire(&inode->locks);
	struct file_lock *conflict = NULL;

	if (wanted->type == F_UNLCK)
		return -EINVAL;
	spin_lock(&file_locks_lock);
	if (list)
		conflict = conflict_find(list, wanted);
	if (conflict) {
		result->l_type = conflict->type;
		result->l_whence = SEEK_SET;
		result->l_start = (int64_t)conflict->start;
		result->l_len = conflict->end == RANGE_END ? 0 :
			(int64_t)(conflict->end - conflict->start + 1);
		result->l_pid = conflict->pid;
	} else {
		result->l_type = F_UNLCK;
	}
	spin_unlock(&file_locks_lock);
	return 0;
}

int file_lock_record(struct file *file, int command, struct flock64 *lock)
{
	struct file_lock request;
	int error;

	if (!file->inode)
		return -EINVAL;
	error = request_read(file, command, lock, &request);
	if (error)
		return error;
	if (command == F_GETLK || command == F_OFD_GETLK)
		return record_get(file->inode, &request, lock);
	if ((request.type == F_RDLCK && !(file->mode & FILE_READ)) ||
	    (request.type == F_WRLCK && !(file->mode & FILE_WRITE)))
		return -EBADF;
	return record_set(file->inode, &request, command == F_SETLKW || command == F_OFD_SETLKW);
}
