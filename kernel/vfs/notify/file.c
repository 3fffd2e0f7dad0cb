/*
 * The inotify file: adding and removing watches, and reading events.
 */
#include "base/errno.h"
#include "base/format.h"
#include "base/string.h"
#include "file/file.h"
#include "file/poll.h"
#include "memory/heap.h"
#include "memory/user.h"
#include "vfs/filesystem.h"
#include "vfs/notify/internal.h"
#include "vfs/sink.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/termios.h>

#define MASK_KEPT (IN_ALL_EVENTS | IN_ONESHOT | IN_EXCL_UNLINK)
#define MASK_KNOWN (MASK_KEPT | IN_ONLYDIR | IN_DONT_FOLLOW | IN_MASK_ADD | IN_MASK_CREATE | \
		    IN_ISDIR | IN_UNMOUNT | IN_Q_OVERFLOW | IN_IGNORED)

static const struct file_operations notify_operations;

static struct notify_group *group_of(struct file *file)
{
	return file->operations == &notify_operations ? file->object : NULL;
}

struct file *notify_create(uint32_t flags)
{
	struct notify_group *group = heap_allocate(sizeof(*group), HEAP_ACCOUNT);
	struct file *file;

	if (!group)
		return NULL;
	list_init(&group->events);
	list_init(&group->marks);
	wait_queue_init(&group->waiters);
	group->overflow = heap_allocate(sizeof(*group->overflow), HEAP_ACCOUNT);
	if (!group->overflow)
		goto fail;
	group->overflow->watch = -1;
	group->overflow->mask = IN_Q_OVERFLOW;
	file = file_create(&notify_operations, group, FILE_READ | FILE_STREAM, flags);
	if (!file)
		goto fail;
	file->label = "anon_inode:inotify";
	return file;
fail:
	heap_free(group->overflow);
	heap_free(group);
	return NULL;
}

static struct notify_mark *mark_find(struct notify_group *group, const struct inode *inode)
{
	struct notify_mark *mark;

	for (mark = inode->marks; mark; mark = mark->next)
		if (mark->group == group)
			return mark;
	return NULL;
}

/* LOCK_NOTIFY. The watch number; `fresh` is used up when there was no mark. */
static int mark_set(struct notify_group *group, struct inode *inode, uint32_t mask,
		    struct notify_mark **fresh)
{
	struct notify_mark *mark = mark_find(group, inode);

	if (mark) {
		if (mask & IN_MASK_CREATE)
			return -EEXIST;
		if (mask & IN_MASK_ADD)
			mark->mask |= mask & MASK_KEPT;
		else
			mark->mask = mask & MASK_KEPT;
		return mark->watch;
	}
	if (group->mark_count >= NOTIFY_WATCHES_MAXIMUM)
		return -ENOSPC;
	mark = *fresh;
	*fresh = NULL;
	inode_get(inode);
	mark->inode = inode;
	mark->group = group;
	mark->mask = mask & MASK_KEPT;
	mark->watch = ++group->last_watch;
	notify_mark_attach(mark);
	return mark->watch;
}

int notify_watch_add(struct file *file, const struct path *path, uint32_t mask)
{
	struct notify_group *group = group_of(file);
	struct inode *inode = path->name->inode;
	struct notify_mark *fresh;
	int result;

	if (!(mask & MASK_KNOWN) || ((mask & IN_MASK_ADD) && (mask & IN_MASK_CREATE)) || !group)
		return -EINVAL;
	if ((mask & IN_ONLYDIR) && !inode_is_directory(inode))
		return -ENOTDIR;
	result = inode_permission(inode, MAY_READ);
	if (result)
		return result;
	fresh = heap_allocate(sizeof(*fresh), HEAP_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	spin_lock(&notify_lock);
	result = mark_set(group, inode, mask, &fresh);
	spin_unlock(&notify_lock);
	heap_free(fresh);
	return result;
}

int notify_watch_remove(struct file *file, int watch)
{
	struct notify_group *group = group_of(file);
	struct list_head ended = LIST_HEAD_INITIALIZER(ended);
	struct notify_mark *mark;

	if (!group)
		return -EINVAL;
	spin_lock(&notify_lock);
	list_for_each(mark, &group->marks, node) {
		if (mark->watch == watch) {
			notify_mark_detach(mark);
			list_add(&ended, &mark->node);
			break;
		}
	}
	spin_unlock(&notify_lock);
	if (list_is_empty(&ended))
		return -EINVAL;
	notify_marks_free(&ended);
	return 0;
}

/* Bytes of the name part: padded with zeros to a multiple of the header. */
static uint32_t name_bytes(const struct notify_event *event)
{
	const uint32_t unit = sizeof(struct inotify_event);

	return event->length ? align_up(event->length + 1, unit) : 0;
}

/* The first event, taken out if it fits into `room`. NULL: none; *fits says which. */
static struct notify_event *event_take(struct notify_group *group, uint64_t room, bool *fits)
{
	struct notify_event *event;

	*fits = true;
	spin_lock(&notify_lock);
	event = list_first(&group->events, struct notify_event, node);
	if (event && sizeof(struct inotify_event) + name_bytes(event) > room) {
		*fits = false;
		event = NULL;
	}
	if (event) {
		list_remove(&event->node);
		group->event_count--;
		if (event == group->overflow)
			group->has_overflown = false;
	}
	spin_unlock(&notify_lock);
	return event;
}

static int event_copy(struct notify_event *event, struct transfer *to)
{
	struct inotify_event header = {
		.wd = event->watch, .mask = event->mask, .cookie = event->cookie,
		.len = name_bytes(event),
	};

	if (transfer_to_place(to, &header, sizeof(header)) != sizeof(header) ||
	    transfer_to_place(to, event->name, event->length) != event->length ||
	    transfer_zero(to, header.len - event->length) != header.len - event->length)
		return -EFAULT;
	return 0;
}

static long notify_read(struct file *file, struct transfer *to, struct io *io)
{
	struct notify_group *group = file->object;
	uint64_t wanted = transfer_remaining(to);

	for (;;) {
		bool fits;
		struct notify_event *event = event_take(group, transfer_remaining(to), &fits);
		int error;

		if (event) {
			error = event_copy(event, to);
			if (event != group->overflow)
				heap_free(event);
			if (error)
				return error;
			continue;
		}
		if (transfer_remaining(to) < wanted)
			return (long)(wanted - transfer_remaining(to));
		if (!fits)
			return -EINVAL;
		if (io->flags & (IO_NONBLOCK | IO_NOWAIT))
			return -EAGAIN;
		error = WAIT_EVENT(&group->waiters, !list_is_empty(&group->events),
				   SLEEP_INTERRUPTIBLE);
		if (error)
			return error;
	}
}

static uint32_t notify_poll(struct file *file, struct poll_table *table)
{
	struct notify_group *group = file->object;

	poll_wait(table, file, &group->waiters);
	return list_is_empty(&group->events) ? 0 : POLLIN | POLLRDNORM;
}

static long notify_control(struct file *file, unsigned command, uint64_t argument)
{
	struct notify_group *group = file->object;
	struct notify_event *event;
	uint32_t bytes = 0;

	if (command != FIONREAD)
		return -ENOTTY;
	spin_lock(&notify_lock);
	list_for_each(event, &group->events, node)
		bytes += sizeof(struct inotify_event) + name_bytes(event);
	spin_unlock(&notify_lock);
	return user_store32(argument, bytes);
}

static void notify_release(struct file *file)
{
	struct notify_group *group = file->object;
	struct list_head ended = LIST_HEAD_INITIALIZER(ended);
	struct notify_event *event;
	struct notify_mark *mark;

	spin_lock(&notify_lock);
	while ((mark = list_first(&group->marks, struct notify_mark, node))) {
		notify_mark_detach(mark);
		list_add(&ended, &mark->node);
	}
	spin_unlock(&notify_lock);
	notify_marks_free(&ended);
	while ((event = list_pop(&group->events, struct notify_event, node)))
		if (event != group->overflow)
			heap_free(event);
	heap_free(group->overflow);
	heap_free(group);
}

static void notify_describe(struct file *file, struct format_sink *sink)
{
	struct notify_group *group = file->object;
	struct notify_mark *mark;

	spin_lock(&notify_lock);
	list_for_each(mark, &group->marks, node)
		format_to(sink, "inotify wd:%x ino:%llx sdev:%llx mask:%x ignored_mask:0\n",
			   (unsigned)mark->watch, (unsigned long long)mark->inode->number,
			   (unsigned long long)mark->inode->superblock->device, mark->mask);
	spin_unlock(&notify_lock);
}

static const struct file_operations notify_operations = {
	.read = notify_read,
	.poll = notify_poll,
	.control = notify_control,
	.release = notify_release,
	.describe = notify_describe,
};
