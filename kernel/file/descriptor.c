/*
 * Descriptor tables. The slots and bitmaps of a table live in one block that grows by replacement;
 * readers find a file under RCU and take a reference, or borrow without one while no other thread
 * can close it.
 */
#include "file/descriptor.h"

#include "base/bitmap.h"
#include "base/errno.h"
#include "base/string.h"
#include "file/file.h"
#include "memory/heap.h"
#include "sync/blocking.h"
#include "sync/spin_lock.h"
#include "task/thread.h"
#include <abi/fcntl.h>

#define INITIAL_SLOTS 64

/* What readers see of a table; replaced whole when it grows. */
struct descriptor_slots {
	unsigned capacity;			/* a multiple of 64 */
	uint64_t *used, *close_on_exec;		/* bitmaps; used also means reserved */
	struct rcu_head rcu;
	struct file *files[];
};

struct descriptor_table {
	struct refcount references;
	struct spin_lock lock;			/* LOCK_DESCRIPTORS: everything below */
	struct descriptor_slots *slots;		/* RCU to read */
	unsigned first_free;			/* no free number is below */
};

static struct descriptor_slots *slots_create(unsigned capacity)
{
	size_t bitmap_bytes = capacity / 8;
	struct descriptor_slots *slots = heap_allocate(sizeof(*slots) +
		capacity * sizeof(slots->files[0]) + 2 * bitmap_bytes, HEAP_ACCOUNT);

	if (!slots)
		return NULL;
	slots->capacity = capacity;
	slots->used = (uint64_t *)&slots->files[capacity];
	slots->close_on_exec = slots->used + capacity / 64;
	return slots;
}

static void slots_free(struct rcu_head *head)
{
	heap_free(container_of(head, struct descriptor_slots, rcu));
}

static void slots_copy(struct descriptor_slots *to, const struct descriptor_slots *from)
{
	unsigned count = min(to->capacity, from->capacity);

	memcpy(to->files, from->files, count * sizeof(from->files[0]));
	memcpy(to->used, from->used, count / 8);
	memcpy(to->close_on_exec, from->close_on_exec, count / 8);
}

struct descriptor_table *descriptor_table_create(void)
{
	struct descriptor_table *table = heap_allocate(sizeof(*table), HEAP_ACCOUNT);

	if (!table)
		return NULL;
	table->slots = slots_create(INITIAL_SLOTS);
	if (!table->slots) {
		heap_free(table);
		return NULL;
	}
	refcount_init(&table->references, 1);
	spin_lock_init(&table->lock, LOCK_DESCRIPTORS);
	return table;
}

struct descriptor_table *descriptor_table_get(struct descriptor_table *table)
{
	refcount_get(&table->references);
	return table;
}

bool descriptor_table_is_shared(const struct descriptor_table *table)
{
	return refcount_read(&table->references) > 1;
}

/* The capacity that holds all descriptors in use below `limit`. Lock held. */
static unsigned capacity_needed(const struct descriptor_slots *slots, unsigned limit)
{
	unsigned needed = INITIAL_SLOTS, highest = min(limit, slots->capacity);

	for (unsigned word = 0; word * 64 < highest; word++) {
		if (slots->used[word])
			needed = max(needed, (word + 1) * 64);
	}
	return needed;
}

/* Takes references on what was copied; numbers reserved but not installed stay with the parent. */
static void copied_files_get(struct descriptor_slots *slots, unsigned limit)
{
	size_t fd;

	bitmap_for_each_set(fd, slots->used, slots->capacity) {
		if (fd < limit && slots->files[fd]) {
			file_get(slots->files[fd]);
			continue;
		}
		slots->files[fd] = NULL;
		bitmap_clear(slots->used, fd);
		bitmap_clear(slots->close_on_exec, fd);
	}
}

int descriptor_table_copy(struct descriptor_table *from, unsigned limit,
			  struct descriptor_table **result)
{
	struct descriptor_table *copy = heap_allocate(sizeof(*copy), HEAP_ACCOUNT);
	unsigned capacity = INITIAL_SLOTS;

	if (!copy)
		return -ENOMEM;
	refcount_init(&copy->references, 1);
	spin_lock_init(&copy->lock, LOCK_DESCRIPTORS);
	for (;;) {
		unsigned needed;

		copy->slots = slots_create(capacity);
		if (!copy->slots) {
			heap_free(copy);
			return -ENOMEM;
		}
		spin_lock(&from->lock);
		needed = capacity_needed(from->slots, limit);
		if (needed <= capacity)
			break;
		/* It does not fit, or grew while the lock was free. */
		spin_unlock(&from->lock);
		heap_free(copy->slots);
		capacity = needed;
	}
	slots_copy(copy->slots, from->slots);
	copied_files_get(copy->slots, limit);
	spin_unlock(&from->lock);
	*result = copy;
	return 0;
}

/* A descriptor of the table is gone: what the table's users hold of the file goes with it. */
static void file_close(struct descriptor_table *table, struct file *file)
{
	if (file->operations->flush)
		file->operations->flush(file);
	if (file_hooks.closed)
		file_hooks.closed(file, table);
	file_put(file);
}

void descriptor_table_put(struct descriptor_table *table)
{
	struct descriptor_slots *slots = table->slots;
	size_t fd;

	if (!refcount_put(&table->references))
		return;
	bitmap_for_each_set(fd, slots->used, slots->capacity) {
		if (slots->files[fd])
			file_close(table, slots->files[fd]);
	}
	/* Others found the table through the process under its signal lock, never by RCU alone. */
	rcu_call(&slots->rcu, slots_free);
	heap_free(table);
}

static struct file *slot_file(struct descriptor_table *table, int fd)
{
	struct descriptor_slots *slots = rcu_dereference(table->slots);
	unsigned index = (unsigned)fd, limit;

	if (index >= slots->capacity)
		return NULL;
	/* A mispredicted bound must not read past the array. The compiler may not know that the
	 * limit was compared already. */
	limit = slots->capacity;
	__asm__("" : "+r"(limit));
	index &= -(unsigned)(index < limit);
	return rcu_dereference(slots->files[index]);
}

struct file *descriptor_table_file_get(struct descriptor_table *table, int fd)
{
	struct file *file;

	rcu_read_lock();
	while ((file = slot_file(table, fd)) != NULL) {
		/* Dying: the slot changes, or did so already. */
		if (!file_get_unless_closed(file))
			continue;
		/* It may have died and be another file by now. */
		if (likely(slot_file(table, fd) == file))
			break;
		file_put(file);
	}
	rcu_read_unlock();
	return file;
}

struct file *descriptor_file_get(int fd)
{
	return descriptor_table_file_get(thread_current()->descriptors, fd);
}

struct descriptor_table *thread_descriptors_get(struct thread *thread)
{
	bool enabled = spin_lock_irq(&thread->process->signals.lock);
	struct descriptor_table *table = thread->descriptors;

	if (table)
		descriptor_table_get(table);
	spin_unlock_irq(&thread->process->signals.lock, enabled);
	return table;
}

struct file *thread_file_get(struct thread *thread, int fd)
{
	struct descriptor_table *table = thread_descriptors_get(thread);
	struct file *file;

	if (!table)
		return NULL;
	file = descriptor_table_file_get(table, fd);
	descriptor_table_put(table);
	return file;
}

struct file *process_file_get(struct process *process, int fd)
{
	struct thread *leader;
	struct file *file = NULL;

	rcu_read_lock();
	leader = rcu_dereference(process->leader);
	if (leader && !thread_get_unless_dead(leader))
		leader = NULL;
	rcu_read_unlock();
	if (!leader)
		return NULL;
	file = thread_file_get(leader, fd);
	thread_put(leader);
	return file;
}

static NOINLINE struct file_reference borrow_counted(struct descriptor_table *table, int fd,
						     bool is_path_allowed)
{
	struct file *file = descriptor_table_file_get(table, fd);

	if (file && (file->mode & FILE_PATH_ONLY) && !is_path_allowed) {
		file_put(file);
		file = NULL;
	}
	return (struct file_reference){ file, true };
}

struct file_reference descriptor_borrow(int fd, bool is_path_allowed)
{
	struct descriptor_table *table = thread_current()->descriptors;
	struct file *file;

	if (unlikely(descriptor_table_is_shared(table)))
		return borrow_counted(table, fd, is_path_allowed);
	/* One thread with this table: nobody can close the descriptor during the call. */
	file = slot_file(table, fd);
	if (unlikely(file && (file->mode & FILE_PATH_ONLY) && !is_path_allowed))
		file = NULL;
	return (struct file_reference){ file, false };
}

bool descriptor_table_next(struct descriptor_table *table, int *fd)
{
	struct descriptor_slots *slots;
	size_t next = *fd;

	spin_lock(&table->lock);
	slots = table->slots;
	do {
		next = bitmap_find_set(slots->used, slots->capacity, next);
	} while (next < slots->capacity && !slots->files[next] && ++next);
	spin_unlock(&table->lock);
	*fd = next;
	return next < slots->capacity;
}

bool descriptor_table_closes_on_exec(struct descriptor_table *table, int fd)
{
	bool closes;

	spin_lock(&table->lock);
	closes = (unsigned)fd < table->slots->capacity &&
		bitmap_test(table->slots->close_on_exec, fd);
	spin_unlock(&table->lock);
	return closes;
}

unsigned descriptor_table_size(struct descriptor_table *table)
{
	return READ_ONCE(table->slots)->capacity;
}

/* Makes room for number `fd`; drops and retakes the lock. */
NO_THREAD_ANALYSIS static int table_grow(struct descriptor_table *table, unsigned fd)
{
	unsigned capacity = table->slots->capacity;
	struct descriptor_slots *fresh, *old;

	while (capacity <= fd)
		capacity *= 2;
	spin_unlock(&table->lock);
	fresh = slots_create(capacity);
	spin_lock(&table->lock);
	if (!fresh)
		return -ENOMEM;
	old = table->slots;
	if (old->capacity >= capacity) {
		heap_free(fresh);
		return 0;
	}
	slots_copy(fresh, old);
	rcu_assign(table->slots, fresh);
	rcu_call(&old->rcu, slots_free);
	return 0;
}

static void slot_reserve(struct descriptor_table *table, unsigned fd, bool closes_on_exec)
{
	bitmap_set(table->slots->used, fd);
	if (closes_on_exec)
		bitmap_set(table->slots->close_on_exec, fd);
	else
		bitmap_clear(table->slots->close_on_exec, fd);
}

int descriptor_reserve(int minimum, bool closes_on_exec)
{
	struct descriptor_table *table = thread_current()->descriptors;
	uint64_t limit = limit_current(LIMIT_NOFILE);
	size_t fd;
	int result = 0;

	spin_lock(&table->lock);
	for (;;) {
		size_t from = max((unsigned)minimum, table->first_free);

		fd = from >= table->slots->capacity ? from :
			bitmap_find_clear(table->slots->used, table->slots->capacity, from);
		if (fd >= limit)
			result = -EMFILE;
		if (result < 0 || fd < table->slots->capacity)
			break;
		result = table_grow(table, fd);
		if (result < 0)
			break;
	}
	if (result == 0) {
		slot_reserve(table, fd, closes_on_exec);
		if ((unsigned)minimum <= table->first_free)
			table->first_free = fd + 1;
		result = fd;
	}
	spin_unlock(&table->lock);
	return result;
}

void descriptor_install(int fd, struct file *file)
{
	struct descriptor_table *table = thread_current()->descriptors;

	/* The lock orders it against a copy of the slots to a larger block. */
	spin_lock(&table->lock);
	rcu_assign(table->slots->files[fd], file);
	spin_unlock(&table->lock);
}

/* Frees a number; what was there, or NULL. Lock held. */
static struct file *slot_clear(struct descriptor_table *table, unsigned fd)
{
	struct file *file = table->slots->files[fd];

	rcu_assign(table->slots->files[fd], NULL);
	bitmap_clear(table->slots->used, fd);
	bitmap_clear(table->slots->close_on_exec, fd);
	table->first_free = min(table->first_free, fd);
	return file;
}

void descriptor_release(int fd)
{
	struct descriptor_table *table = thread_current()->descriptors;

	spin_lock(&table->lock);
	slot_clear(table, fd);
	spin_unlock(&table->lock);
}

int descriptor_add(struct file *file, bool closes_on_exec)
{
	int fd = descriptor_reserve(0, closes_on_exec);

	if (fd < 0)
		file_put_now(file);
	else
		descriptor_install(fd, file);
	return fd;
}

/* An open descriptor's slot; a number that is only reserved is not one. Lock held. */
static bool slot_is_open(struct descriptor_table *table, unsigned fd)
{
	return fd < table->slots->capacity && table->slots->files[fd];
}

int descriptor_close(int fd)
{
	struct descriptor_table *table = thread_current()->descriptors;
	struct file *file = NULL;
	int result = 0;

	spin_lock(&table->lock);
	if (slot_is_open(table, fd))
		file = slot_clear(table, fd);
	spin_unlock(&table->lock);
	if (!file)
		return -EBADF;
	/* The number is free whatever flush says; its error is only reported. */
	if (file->operations->flush)
		result = file->operations->flush(file);
	if (file_hooks.closed)
		file_hooks.closed(file, table);
	file_put(file);
	return result;
}

static void close_range_locked(struct descriptor_table *table, unsigned first, unsigned last,
			       bool only_marks)
{
	size_t fd = first;

	spin_lock(&table->lock);
	while (fd < table->slots->capacity) {
		struct file *file;

		fd = bitmap_find_set(table->slots->used, table->slots->capacity, fd);
		if (fd >= table->slots->capacity || fd > last)
			break;
		if (only_marks) {
			bitmap_set(table->slots->close_on_exec, fd++);
			continue;
		}
		file = table->slots->files[fd] ? slot_clear(table, fd) : NULL;
		fd++;
		if (!file)
			continue;
		/* Closing may sleep, and the slot is already empty, so nobody can find the file. */
		spin_unlock(&table->lock);
		file_close(table, file);
		blocking_yield_point();
		spin_lock(&table->lock);
	}
	spin_unlock(&table->lock);
}

int descriptor_table_unshare(unsigned limit)
{
	struct thread *thread = thread_current();
	struct descriptor_table *copy, *old = thread->descriptors;
	bool enabled;
	int result;

	if (!descriptor_table_is_shared(old))
		return 0;
	result = descriptor_table_copy(old, limit, &copy);
	if (result < 0)
		return result;
	enabled = spin_lock_irq(&thread->process->signals.lock);
	thread->descriptors = copy;
	spin_unlock_irq(&thread->process->signals.lock, enabled);
	descriptor_table_put(old);
	return 0;
}

int descriptor_close_range(unsigned first, unsigned last, unsigned flags)
{
	int result = 0;

	if ((flags & ~(CLOSE_RANGE_UNSHARE | CLOSE_RANGE_CLOEXEC)) || first > last)
		return -EINVAL;
	if (flags & CLOSE_RANGE_UNSHARE)
		/* What would be closed at its upper end need not be copied. */
		result = descriptor_table_unshare(last == UINT32_MAX &&
						  !(flags & CLOSE_RANGE_CLOEXEC) ?
						  first : UINT32_MAX);
	if (result == 0)
		close_range_locked(thread_current()->descriptors, first, last,
				   flags & CLOSE_RANGE_CLOEXEC);
	return result;
}

/* Puts `file` at `fd`, which may be in use; the caller's reference moves in. Lock held, dropped. */
static int table_replace(struct descriptor_table *table, unsigned fd, struct file *file,
			 bool closes_on_exec) RELEASE(&table->lock)
{
	struct file *old;

	if (fd >= table->slots->capacity) {
		int result = table_grow(table, fd);

		if (result < 0) {
			spin_unlock(&table->lock);
			file_put(file);
			return result;
		}
	}
	old = table->slots->files[fd];
	/* Reserved by an open that is on its way in another thread. */
	if (!old && bitmap_test(table->slots->used, fd)) {
		spin_unlock(&table->lock);
		file_put(file);
		return -EBUSY;
	}
	slot_reserve(table, fd, closes_on_exec);
	rcu_assign(table->slots->files[fd], file);
	spin_unlock(&table->lock);
	if (old)
		file_close(table, old);
	return fd;
}

int descriptor_duplicate_to(int old, int new, bool closes_on_exec, bool same_is_error)
{
	struct descriptor_table *table = thread_current()->descriptors;
	struct file *file;

	if (old == new && same_is_error)
		return -EINVAL;
	if ((unsigned)new >= limit_current(LIMIT_NOFILE))
		return -EBADF;
	file = descriptor_file_get(old);
	if (!file)
		return -EBADF;
	if (old == new) {
		file_put(file);
		return new;
	}
	spin_lock(&table->lock);
	return table_replace(table, new, file, closes_on_exec);
}

int descriptor_flag_get(int fd)
{
	struct descriptor_table *table = thread_current()->descriptors;
	int result = -EBADF;

	spin_lock(&table->lock);
	if (slot_is_open(table, fd))
		result = bitmap_test(table->slots->close_on_exec, fd) ? FD_CLOEXEC : 0;
	spin_unlock(&table->lock);
	return result;
}

int descriptor_flag_set(int fd, bool closes_on_exec)
{
	struct descriptor_table *table = thread_current()->descriptors;
	int result = -EBADF;

	spin_lock(&table->lock);
	if (slot_is_open(table, fd)) {
		slot_reserve(table, fd, closes_on_exec);
		result = 0;
	}
	spin_unlock(&table->lock);
	return result;
}

void descriptor_table_close_on_exec(struct descriptor_table *table)
{
	size_t fd = 0;

	for (;;) {
		struct file *file;

		spin_lock(&table->lock);
		fd = bitmap_find_set(table->slots->close_on_exec, table->slots->capacity, fd);
		if (fd >= table->slots->capacity)
			break;
		file = slot_clear(table, fd);
		spin_unlock(&table->lock);
		if (file)
			file_close(table, file);
	}
	spin_unlock(&table->lock);
}
