/*
 * SIGIO: files with O_ASYNC on one object, and the signal to their owners (F_SETOWN, F_SETSIG).
 * Readers of the list use RCU, so that an interrupt may notify.
 */
#include "base/errno.h"
#include "file/file.h"
#include "file/owner.h"
#include "file/poll.h"
#include "memory/heap.h"
#include "task/signal.h"
#include <abi/fcntl.h>
#include <abi/poll.h>

struct asynchronous_entry {
	struct list_node node;
	struct file *file;
	struct rcu_head rcu;
};

void asynchronous_files_init(struct asynchronous_files *files)
{
	spin_lock_init(&files->lock, LOCK_LEAF);
	list_init(&files->entries);
}

static struct asynchronous_entry *entry_find(struct asynchronous_files *files, struct file *file)
{
	struct asynchronous_entry *entry;

	list_for_each(entry, &files->entries, node) {
		if (entry->file == file)
			return entry;
	}
	return NULL;
}

static void entry_free(struct rcu_head *head)
{
	heap_free(container_of(head, struct asynchronous_entry, rcu));
}

void asynchronous_forget(struct asynchronous_files *files, struct file *file)
{
	struct asynchronous_entry *entry;
	bool enabled;

	if (likely(list_is_empty(&files->entries)))
		return;
	enabled = spin_lock_irq(&files->lock);
	entry = entry_find(files, file);
	if (entry)
		list_remove_rcu(&entry->node);
	spin_unlock_irq(&files->lock, enabled);
	if (entry)
		rcu_call(&entry->rcu, entry_free);
}

int asynchronous_change(struct asynchronous_files *files, struct file *file, bool is_on)
{
	struct asynchronous_entry *fresh;
	bool enabled;

	if (!is_on) {
		asynchronous_forget(files, file);
		return 0;
	}
	fresh = heap_allocate(sizeof(*fresh), HEAP_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	fresh->file = file;
	enabled = spin_lock_irq(&files->lock);
	if (!entry_find(files, file)) {
		list_add_rcu(&files->entries, &fresh->node);
		fresh = NULL;
	}
	spin_unlock_irq(&files->lock, enabled);
	heap_free(fresh);
	return 0;
}

void asynchronous_notify_all(struct asynchronous_files *files, int band)
{
	struct asynchronous_entry *entry;

	rcu_read_lock();
	list_for_each_rcu(entry, &files->entries, node)
		file_asynchronous_notify(entry->file, entry->file->owner_fd, band);
	rcu_read_unlock();
}

/* The poll events that go with a reason, for si_band. */
static uint32_t band_events(int reason)
{
	switch (reason) {
	case POLL_IN:
		return POLLIN | POLLRDNORM;
	case POLL_OUT:
		return POLLOUT | POLLWRNORM | POLLWRBAND;
	case POLL_MSG:
		return POLLIN | POLLRDNORM | POLLMSG;
	case POLL_PRI:
		return POLLPRI | POLLRDBAND;
	case POLL_HUP:
		return POLLHUP | POLLERR;
	default:
		return POLLERR;
	}
}

void file_asynchronous_notify(struct file *file, int fd, int band)
{
	struct signal_information information = {
		.si_signo = file->owner_signal, .si_code = band, .si_band = band_events(band),
		.si_fd = fd,
	};

	if (!READ_ONCE(file->owner))
		return;
	/* SIGIO itself comes without details (fcntl(2)). */
	if (file->owner_signal)
		file_owner_tell(file, file->owner_signal, &information);
	else
		file_owner_tell(file, SIGIO, NULL);
}
