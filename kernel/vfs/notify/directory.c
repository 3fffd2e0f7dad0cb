/*
 * F_NOTIFY of fcntl(2): signals to the owner of an open directory (F_SETOWN, F_SETSIG) about what
 * happens in it. Each is a mark without a group, which belongs to an open file and to the
 * descriptor table through which it was asked for.
 */
#include "base/errno.h"
#include "file/descriptor.h"
#include "file/owner.h"
#include "memory/heap.h"
#include "task/thread.h"
#include "vfs/notify/internal.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

/* What tells of each wish. */
static const struct {
	uint32_t wanted, events;
} kinds[] = {
	{ DN_ACCESS, IN_ACCESS },
	{ DN_MODIFY, IN_MODIFY },
	{ DN_CREATE, IN_CREATE | IN_MOVED_TO },
	{ DN_DELETE, IN_DELETE | IN_MOVED_FROM },
	{ DN_RENAME, NOTIFY_RENAME },
	{ DN_ATTRIB, IN_ATTRIB },
};

static uint32_t mask_of(uint64_t wanted)
{
	uint32_t mask = wanted & DN_MULTISHOT ? 0 : IN_ONESHOT;

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (wanted & kinds[i].wanted)
			mask |= kinds[i].events;
	return mask;
}

/* LOCK_NOTIFY. A mark of this file, of one table or (NULL) of any. */
static struct notify_mark *mark_find(const struct file *file, const struct descriptor_table *table)
{
	struct notify_mark *mark;

	for (mark = file->inode->marks; mark; mark = mark->next)
		if (!mark->group && mark->file == file && (!table || mark->table == table))
			return mark;
	return NULL;
}

void notify_directory_end(struct file *file, const struct descriptor_table *table)
{
	struct list_head ended = LIST_HEAD_INITIALIZER(ended);
	struct notify_mark *mark;

	spin_lock(&notify_lock);
	while ((mark = mark_find(file, table))) {
		notify_mark_detach(mark);
		list_add(&ended, &mark->node);
	}
	spin_unlock(&notify_lock);
	notify_marks_free(&ended);
}

/* LOCK_NOTIFY. Widens the mark that there is, or uses up `fresh`. */
static void mark_set(const struct notify_mark *wanted, struct notify_mark **fresh)
{
	struct notify_mark *mark = mark_find(wanted->file, wanted->table);

	if (mark) {
		mark->watch = wanted->watch;
		mark->mask = ((mark->mask | wanted->mask) & ~IN_ONESHOT) |
			(mark->mask & wanted->mask & IN_ONESHOT);
	} else {
		mark = *fresh;
		*fresh = NULL;
		*mark = *wanted;
		inode_get(mark->inode);
		notify_mark_attach(mark);
	}
}

int notify_directory(int fd, struct file *file, uint64_t wanted)
{
	struct notify_mark mark = {
		.inode = file->inode, .mask = mask_of(wanted), .watch = fd, .file = file,
		.table = thread_current()->descriptors,
	};
	struct notify_mark *fresh;
	struct file *still;
	int error;

	if (!(wanted & ~(uint64_t)DN_MULTISHOT)) {
		if (file->inode)
			notify_directory_end(file, mark.table);
		return 0;
	}
	if (!file->inode || !inode_is_directory(file->inode))
		return -ENOTDIR;
	fresh = heap_allocate(sizeof(*fresh), HEAP_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	/* As F_SETOWN does, but only when nobody is the owner yet. */
	error = file_owner_propose(file, F_OWNER_PID, process_current()->id);
	if (error) {
		heap_free(fresh);
		return error;
	}
	spin_lock(&notify_lock);
	mark_set(&mark, &fresh);
	spin_unlock(&notify_lock);
	heap_free(fresh);
	/* A close in another thread may have looked for the mark before it was there. */
	atomic_fence();
	still = descriptor_file_get(fd);
	if (still != file)
		notify_directory_end(file, mark.table);
	if (still)
		file_put(still);
	return 0;
}
