/*
 * What happened, told to those who watch: events to the object's own watchers and, with its name,
 * to those of its directory.
 */
#include "base/string.h"
#include "file/file.h"
#include "file/poll.h"
#include "memory/heap.h"
#include "sync/rcu.h"
#include "vfs/filesystem.h"
#include "vfs/name_find.h"
#include "vfs/notify/internal.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>
#include <abi/poll.h>
#include <abi/signal.h>

struct spin_lock notify_lock = SPIN_LOCK_INITIALIZER(LOCK_NOTIFY);
uint32_t notify_mark_count;
static struct list_head all_marks = LIST_HEAD_INITIALIZER(all_marks);

static bool says_the_same(const struct notify_event *event, int32_t watch, uint32_t mask,
			  uint32_t cookie, const char *text, uint32_t length)
{
	return event->watch == watch && event->mask == mask && event->cookie == cookie &&
		event->length == length && memcmp(event->name, text, length) == 0;
}

static void overflow(struct notify_group *group)
{
	if (group->has_overflown)
		return;
	group->has_overflown = true;
	list_add_tail(&group->events, &group->overflow->node);
	group->event_count++;
}

void notify_queue(struct notify_group *group, int32_t watch, uint32_t mask, uint32_t cookie,
		  const char *text)
{
	struct notify_event *last = list_last(&group->events, struct notify_event, node);
	uint32_t length = text ? (uint32_t)strlen(text) : 0;
	struct notify_event *event;

	if (last && says_the_same(last, watch, mask, cookie, text, length))
		return;
	event = group->event_count < NOTIFY_EVENTS_MAXIMUM
		? heap_allocate(sizeof(*event) + length, HEAP_ATOMIC | HEAP_RAW) : NULL;
	if (!event) {
		overflow(group);
	} else {
		event->watch = watch;
		event->mask = mask;
		event->cookie = cookie;
		event->length = length;
		if (length)
			memcpy(event->name, text, length);
		list_add_tail(&group->events, &event->node);
		group->event_count++;
	}
	wait_queue_wake(&group->waiters, POLLIN | POLLRDNORM);
}

void notify_mark_detach(struct notify_mark *mark)
{
	struct notify_mark **link = &mark->inode->marks;

	while (*link != mark)
		link = &(*link)->next;
	*link = mark->next;
	list_remove(&mark->all_node);
	notify_mark_count--;
	if (!mark->group)
		return;
	list_remove(&mark->node);
	mark->group->mark_count--;
	notify_queue(mark->group, mark->watch, IN_IGNORED, 0, NULL);
}

void notify_mark_attach(struct notify_mark *mark)
{
	mark->next = mark->inode->marks;
	mark->inode->marks = mark;
	list_add_tail(&all_marks, &mark->all_node);
	notify_mark_count++;
	if (mark->group) {
		list_add_tail(&mark->group->marks, &mark->node);
		mark->group->mark_count++;
	}
}

void notify_marks_free(struct list_head *marks)
{
	struct notify_mark *mark;

	while ((mark = list_pop(marks, struct notify_mark, node))) {
		inode_put(mark->inode);
		heap_free(mark);
	}
}

/* LOCK_NOTIFY. */
static void tell_one(struct notify_mark *mark, uint32_t mask, uint32_t cookie, const char *text)
{
	if (mark->group)
		notify_queue(mark->group, mark->watch, mask, cookie, text);
	else
		file_asynchronous_notify(mark->file, mark->watch, POLL_MSG);
}

/* Tells every watcher of the inode; marks that end by it are collected. */
static void tell(struct inode *inode, uint32_t mask, uint32_t cookie, const char *text,
		 bool is_unlinked)
{
	struct list_head ended = LIST_HEAD_INITIALIZER(ended);
	struct notify_mark *mark, *next;

	spin_lock(&notify_lock);
	for (mark = inode->marks; mark; mark = next) {
		next = mark->next;
		if (!(mark->mask & mask & (IN_ALL_EVENTS | NOTIFY_RENAME)))
			continue;
		if (is_unlinked && (mark->mask & IN_EXCL_UNLINK))
			continue;
		tell_one(mark, mask, cookie, text);
		if (mark->mask & IN_ONESHOT) {
			notify_mark_detach(mark);
			list_add(&ended, &mark->node);
		}
	}
	spin_unlock(&notify_lock);
	notify_marks_free(&ended);
}

static uint32_t with_kind(const struct inode *inode, uint32_t mask)
{
	if (inode_is_directory(inode) && !(mask & (IN_DELETE_SELF | IN_MOVE_SELF)))
		return mask | IN_ISDIR;
	return mask;
}

void notify_name(struct name *directory, struct inode *inode, const char *text, uint32_t mask,
		 uint32_t cookie)
{
	(void)inode;
	if (likely(!notify_mark_count) || !directory->inode->marks)
		return;
	tell(directory->inode, mask, cookie, text, false);
}

void notify_inode(struct inode *inode, uint32_t mask)
{
	if (likely(!notify_mark_count) || !inode->marks)
		return;
	tell(inode, with_kind(inode, mask), 0, NULL, false);
}

static struct name *parent_get(struct name *name)
{
	struct name *parent;

	rcu_read_lock();
	parent = rcu_dereference(name->parent);
	if (parent == name || !name_get_unless_dead(parent))
		parent = NULL;
	rcu_read_unlock();
	return parent;
}

void notify_path(const struct path *path, uint32_t mask)
{
	struct name *name = path->name, *parent;
	struct inode *inode = name->inode;

	if (likely(!notify_mark_count) || !inode)
		return;
	parent = parent_get(name);
	if (parent) {
		if (parent->inode && parent->inode->marks)
			tell(parent->inode, with_kind(inode, mask), 0, name->text,
			     name->flags & NAME_DELETED);
		name_put(parent);
	}
	if (inode->marks)
		tell(inode, with_kind(inode, mask), 0, NULL, false);
}

void notify_file(struct file *file, uint32_t mask)
{
	struct path path = { file->mount, file->name };

	if (likely(!notify_mark_count) || !file->name ||
	    (file->mode & (FILE_NO_NOTIFY | FILE_PATH_ONLY)))
		return;
	notify_path(&path, mask);
}

/* Every mark of the inode ends with this event. */
static void end_marks(struct inode *inode, uint32_t mask, struct list_head *ended)
{
	while (inode->marks) {
		struct notify_mark *mark = inode->marks;

		if (mark->group && ((mark->mask & mask) || mask == IN_UNMOUNT))
			notify_queue(mark->group, mark->watch, mask, 0, NULL);
		notify_mark_detach(mark);
		list_add(ended, &mark->node);
	}
}

void notify_inode_gone(struct inode *inode)
{
	struct list_head ended = LIST_HEAD_INITIALIZER(ended);

	spin_lock(&notify_lock);
	end_marks(inode, IN_DELETE_SELF, &ended);
	spin_unlock(&notify_lock);
	notify_marks_free(&ended);
}

void notify_superblock_gone(struct superblock *superblock)
{
	struct list_head ended = LIST_HEAD_INITIALIZER(ended);
	struct notify_mark *mark;
	bool has_more = notify_mark_count != 0;

	while (has_more) {
		has_more = false;
		spin_lock(&notify_lock);
		list_for_each(mark, &all_marks, all_node) {
			if (mark->inode->superblock == superblock) {
				end_marks(mark->inode, IN_UNMOUNT, &ended);
				has_more = true;
				break;
			}
		}
		spin_unlock(&notify_lock);
	}
	notify_marks_free(&ended);
}
