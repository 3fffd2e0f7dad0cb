/*
 * Wait queues. Entries that want every event stand at the head, exclusive ones at the tail, so that
 * one walk finds them in the right order and stops at the first exclusive entry that was woken.
 */
#include "sync/wait.h"

#include "base/atomic.h"

static bool wake_sleeper(struct wait_entry *entry, uint32_t events)
{
	struct context *context = entry->context;

	(void)events;
	/* Unlinked first: from then on the sleeper may return and its stack with the entry be gone.
	 * The context itself stays, because masked interrupts hold off a grace period. */
	list_remove(&entry->node);
	return blocking_wake(context);
}

void wait_queue_init(struct wait_queue *queue)
{
	spin_lock_init(&queue->lock, LOCK_WAIT_QUEUE);
	list_init(&queue->entries);
}

void wait_queue_init_inner(struct wait_queue *queue)
{
	spin_lock_init(&queue->lock, LOCK_WAIT_QUEUE_INNER);
	list_init(&queue->entries);
}

/* Lock held. */
static unsigned wake_entries(struct wait_queue *queue, uint32_t events, unsigned exclusive_limit)
{
	struct wait_entry *entry, *following;
	unsigned woken = 0;

	list_for_each_safe(entry, following, &queue->entries, node) {
		bool is_exclusive = entry->is_exclusive;

		if (entry->wake(entry, events) && is_exclusive && ++woken >= exclusive_limit)
			break;
	}
	return woken;
}

unsigned wait_queue_wake_count(struct wait_queue *queue, uint32_t events, unsigned exclusive_limit)
{
	bool were_enabled = spin_lock_irq(&queue->lock);
	unsigned woken = wake_entries(queue, events, exclusive_limit);

	spin_unlock_irq(&queue->lock, were_enabled);
	return woken;
}

void wait_queue_wake_nested(struct wait_queue *queue, uint32_t events)
{
	spin_lock_masked_nested(&queue->lock);
	wake_entries(queue, events, UINT32_MAX);
	spin_unlock_masked(&queue->lock);
}

void wait_entry_init(struct wait_entry *entry, bool (*wake)(struct wait_entry *, uint32_t))
{
	list_node_init(&entry->node);
	entry->wake = wake ? wake : wake_sleeper;
	entry->context = context_current();
	entry->is_exclusive = false;
}

static void add(struct wait_queue *queue, struct wait_entry *entry)
{
	if (list_node_is_linked(&entry->node))
		return;
	if (entry->is_exclusive)
		list_add_tail(&queue->entries, &entry->node);
	else
		list_add(&queue->entries, &entry->node);
}

void wait_queue_add(struct wait_queue *queue, struct wait_entry *entry)
{
	bool were_enabled = spin_lock_irq(&queue->lock);

	add(queue, entry);
	spin_unlock_irq(&queue->lock, were_enabled);
}

void wait_queue_remove(struct wait_queue *queue, struct wait_entry *entry)
{
	bool were_enabled = spin_lock_irq(&queue->lock);

	list_remove(&entry->node);
	spin_unlock_irq(&queue->lock, were_enabled);
}

static void begin(struct wait_queue *queue, struct wait_entry *entry, enum sleep_kind kind)
{
	bool were_enabled = spin_lock_irq(&queue->lock);

	add(queue, entry);
	/* Inside the lock: a waker that sees the entry also finds the context prepared. */
	blocking_prepare(kind);
	spin_unlock_irq(&queue->lock, were_enabled);
}

void wait_begin(struct wait_queue *queue, struct wait_entry *entry, enum sleep_kind kind)
{
	entry->is_exclusive = false;
	begin(queue, entry, kind);
}

void wait_begin_exclusive(struct wait_queue *queue, struct wait_entry *entry, enum sleep_kind kind)
{
	entry->is_exclusive = true;
	begin(queue, entry, kind);
}

void wait_end(struct wait_queue *queue, struct wait_entry *entry)
{
	bool were_enabled;

	blocking_cancel();
	/* A waker unlinks before it wakes, writing both pointers of the node: when both show that
	 * it is unlinked, nobody will touch the entry any more and the lock is not needed. */
	if (READ_ONCE(entry->node.next) == &entry->node &&
	    READ_ONCE(entry->node.previous) == &entry->node)
		return;
	were_enabled = spin_lock_irq(&queue->lock);
	list_remove(&entry->node);
	spin_unlock_irq(&queue->lock, were_enabled);
}
