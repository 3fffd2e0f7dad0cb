/*
 * Wait queues: lists of callbacks to run when something happens. Sleeping is the common callback;
 * poll and epoll bring their own. A queue lives in what the waiting file keeps alive, and no queue
 * dies before its waiters have left.
 */
#ifndef SYNC_WAIT_H
#define SYNC_WAIT_H

#include "base/atomic.h"
#include "base/list.h"
#include "sync/blocking.h"
#include "sync/spin_lock.h"

struct wait_queue {
	struct spin_lock lock;
	struct list_head entries;
};

struct wait_entry {
	struct list_node node;
	/* Called with the queue's lock held and interrupts masked. True: this entry counts as one
	 * woken (for wait_queue_wake_count). It may unlink its own entry with list_remove(). */
	bool (*wake)(struct wait_entry *entry, uint32_t events);
	struct context *context;
	bool is_exclusive;	/* queued at the tail; one such is woken per event */
};

#define WAIT_QUEUE_INITIALIZER(name) { \
	.lock = SPIN_LOCK_INITIALIZER(LOCK_WAIT_QUEUE), \
	.entries = LIST_HEAD_INITIALIZER((name).entries) }

void wait_queue_init(struct wait_queue *queue);
/* For a queue that is woken inside the wake callback of another one (epoll). */
void wait_queue_init_inner(struct wait_queue *queue);

/* Whether anybody waits; a barrier orders it after the caller's earlier stores: the waiter stores
 * its entry, then reads the condition; the waker stores the condition, then reads the queue. */
static inline bool wait_queue_is_active(struct wait_queue *queue)
{
	atomic_fence();
	return READ_ONCE(queue->entries.head.next) != &queue->entries.head;
}

/* Runs the callbacks of all non-exclusive entries, and of exclusive ones until `exclusive_limit`
 * said that they woke somebody; how many did. Events are POLL* bits or 0. Any context. */
unsigned wait_queue_wake_count(struct wait_queue *queue, uint32_t events, unsigned exclusive_limit);

/* All entries, from inside the wake callback of another queue (an epoll that is watched).
 * Interrupts masked. */
void wait_queue_wake_nested(struct wait_queue *queue, uint32_t events);

/* At most one exclusive entry. Costs a load when nobody waits. */
static inline void wait_queue_wake(struct wait_queue *queue, uint32_t events)
{
	if (wait_queue_is_active(queue))
		wait_queue_wake_count(queue, events, 1);
}

static inline void wait_queue_wake_all(struct wait_queue *queue, uint32_t events)
{
	if (wait_queue_is_active(queue))
		wait_queue_wake_count(queue, events, UINT32_MAX);
}

/* Adds and removes entries with callbacks of one's own. */
void wait_entry_init(struct wait_entry *entry, bool (*wake)(struct wait_entry *, uint32_t));
void wait_queue_add(struct wait_queue *queue, struct wait_entry *entry);
void wait_queue_remove(struct wait_queue *queue, struct wait_entry *entry);

/* Sleeping entries: begin queues the current context and prepares to block (again). */
void wait_begin(struct wait_queue *queue, struct wait_entry *entry, enum sleep_kind kind);
void wait_begin_exclusive(struct wait_queue *queue, struct wait_entry *entry,
			  enum sleep_kind kind);
void wait_end(struct wait_queue *queue, struct wait_entry *entry);

/*
 * Sleeps until `condition` holds. An expression of type int: 0, or -ERESTARTSYS / -EINTR by kind,
 * or -ETIMEDOUT. The condition is evaluated without locks and must be safe so.
 */
#define WAIT_EVENT_DEADLINE(queue, condition, kind, deadline_ns) ({ \
	struct wait_entry wait_entry_; \
	int wait_result_ = 0; \
	wait_entry_init(&wait_entry_, NULL); \
	while (!(condition)) { \
		wait_begin((queue), &wait_entry_, (kind)); \
		if (condition) \
			break; \
		wait_result_ = blocking_sleep(deadline_ns); \
		if (wait_result_ != 0) { \
			if (condition) \
				wait_result_ = 0; \
			break; \
		} \
	} \
	wait_end((queue), &wait_entry_); \
	wait_result_; })

#define WAIT_EVENT(queue, condition, kind) \
	WAIT_EVENT_DEADLINE(queue, condition, kind, NO_DEADLINE)

#endif
