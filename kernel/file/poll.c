/*
 * poll and select: one pass asks each file and leaves a wait entry on its queues; then the thread
 * sleeps until one of the entries is woken, and asks again. A few entries lie on the stack.
 */
#include "file/poll.h"

#include "base/errno.h"
#include "file/descriptor.h"
#include "file/file.h"
#include "file/poll_waiter.h"
#include "memory/heap.h"
#include <abi/poll.h>

#define ALWAYS_READY (POLLIN | POLLOUT | POLLRDNORM | POLLWRNORM)

struct poll_block {
	struct poll_block *next;
	unsigned count;
	struct poll_entry entries[];
};

uint32_t file_poll(struct file *file, struct poll_table *table)
{
	return file->operations->poll ? file->operations->poll(file, table) : ALWAYS_READY;
}

static bool entry_wake(struct wait_entry *wait, uint32_t events)
{
	struct poll_entry *entry = container_of(wait, struct poll_entry, wait);

	if (events && !(events & entry->wanted))
		return false;
	atomic_store_ordered(&entry->waiter->is_triggered, true);
	return blocking_wake(wait->context);
}

static struct poll_entry *entry_new(struct poll_waiter *waiter)
{
	struct poll_block *block = waiter->blocks;

	if (waiter->inline_count < POLL_INLINE_ENTRIES)
		return &waiter->inline_entries[waiter->inline_count++];
	if (!block || block->count == POLL_BLOCK_ENTRIES) {
		block = heap_allocate(sizeof(*block) +
				      POLL_BLOCK_ENTRIES * sizeof(block->entries[0]),
				      HEAP_ACCOUNT);
		if (!block)
			return NULL;
		block->next = waiter->blocks;
		waiter->blocks = block;
	}
	return &block->entries[block->count++];
}

static void entry_add(struct poll_table *table, struct file *file, struct wait_queue *queue)
{
	struct poll_waiter *waiter = container_of(table, struct poll_waiter, table);
	struct poll_entry *entry = entry_new(waiter);

	if (!entry) {
		waiter->error = -ENOMEM;
		return;
	}
	entry->file = waiter->holds_files ? file : NULL;
	if (entry->file)
		file_get(file);
	entry->queue = queue;
	entry->waiter = waiter;
	entry->wanted = table->wanted;
	wait_entry_init(&entry->wait, entry_wake);
	wait_queue_add(queue, &entry->wait);
}

void poll_waiter_begin(struct poll_waiter *waiter, int64_t deadline_ns)
{
	waiter->table.add = deadline_ns == 0 ? NULL : entry_add;
	waiter->deadline_ns = deadline_ns;
	waiter->is_triggered = false;
	waiter->error = 0;
	waiter->inline_count = 0;
	waiter->blocks = NULL;
}

static void entry_end(struct poll_entry *entry)
{
	wait_queue_remove(entry->queue, &entry->wait);
	if (entry->file)
		file_put(entry->file);
}

void poll_waiter_end(struct poll_waiter *waiter)
{
	struct poll_block *block = waiter->blocks;

	for (unsigned i = 0; i < waiter->inline_count; i++)
		entry_end(&waiter->inline_entries[i]);
	while (block) {
		struct poll_block *next = block->next;

		for (unsigned i = 0; i < block->count; i++)
			entry_end(&block->entries[i]);
		heap_free(block);
		block = next;
	}
}

uint32_t poll_waiter_ask(struct poll_waiter *waiter, int fd, uint32_t wanted)
{
	struct file_reference reference = descriptor_borrow(fd, false);
	uint32_t events;

	if (!reference.file)
		return POLLNVAL;
	waiter->table.wanted = wanted;
	/* Borrowed without a reference: nobody can close it during the call. */
	waiter->holds_files = reference.is_counted;
	events = file_poll(reference.file, waiter->table.add ? &waiter->table : NULL) & wanted;
	descriptor_return(reference);
	/* Something is ready, so that nothing more needs to be waited for. */
	if (events)
		waiter->table.add = NULL;
	return events;
}

int poll_waiter_sleep(struct poll_waiter *waiter)
{
	int result = waiter->error;

	/* Only the first pass leaves entries. */
	waiter->table.add = NULL;
	if (result < 0)
		return result;
	if (blocking_is_interrupted(SLEEP_INTERRUPTIBLE))
		return -EINTR;
	if (waiter->deadline_ns == 0)
		return -ETIMEDOUT;
	blocking_prepare(SLEEP_INTERRUPTIBLE);
	if (atomic_load_ordered(&waiter->is_triggered))
		blocking_cancel();
	else
		result = blocking_sleep(waiter->deadline_ns);
	/* What is woken from here on is seen by the pass that follows. */
	atomic_swap(&waiter->is_triggered, false);
	if (result == -ETIMEDOUT)
		waiter->deadline_ns = 0;
	return 0;
}

/* Asks all once: how many are ready. */
static long poll_pass(struct poll_waiter *waiter, struct pollfd *entries, unsigned count,
		      bool *has_changed)
{
	long ready = 0;

	for (struct pollfd *entry = entries; entry < entries + count; entry++) {
		int16_t events = 0;

		if (entry->fd >= 0)
			events = poll_waiter_ask(waiter, entry->fd, (uint16_t)entry->events |
						 POLLERR | POLLHUP);
		if (events)
			ready++;
		if (entry->revents != events) {
			entry->revents = events;
			*has_changed = true;
		}
	}
	return ready;
}

long poll_files(struct pollfd *entries, unsigned count, int64_t deadline_ns, bool *has_changed)
{
	struct poll_waiter waiter;
	long ready;
	int result;

	*has_changed = false;
	poll_waiter_begin(&waiter, deadline_ns);
	for (;;) {
		ready = poll_pass(&waiter, entries, count, has_changed);
		if (ready > 0)
			break;
		result = poll_waiter_sleep(&waiter);
		if (result < 0) {
			ready = result == -ETIMEDOUT ? 0 : result;
			break;
		}
	}
	poll_waiter_end(&waiter);
	return ready;
}
