/*
 * Shared among the futex files: buckets of waiters, found by the identity of the word.
 */
#ifndef TASK_FUTEX_FUTEX_INTERNAL_H
#define TASK_FUTEX_FUTEX_INTERNAL_H

#include "base/list.h"
#include "memory/space.h"
#include "sync/spin_lock.h"
#include "task/futex.h"
#include "task/thread.h"
#include <abi/futex.h>

struct futex_bucket {
	struct spin_lock lock;		/* LOCK_FUTEX */
	struct list_head waiters;	/* real-time ones first, by priority */
	struct list_head locks;		/* PI futexes that somebody waits for */
};

/* A PI futex while somebody waits to own it. */
struct futex_lock {
	/* The bucket's lock. */
	struct list_node node;
	struct memory_identity key;
	bool is_unclaimed;	/* the owner before died: the word does not name this one yet */
	struct thread *owner;	/* counted; changes with LOCK_PRIORITY_INHERITANCE held too */
	/* LOCK_PRIORITY_INHERITANCE. */
	struct list_node owner_node;	/* owner->futexes.owned */
	struct list_head waiters;
};

/* One wait, on the stack of the thread that waits. Guarded by the lock of its bucket. */
struct futex_waiter {
	struct list_node node;
	struct memory_identity key;
	struct futex_bucket *bucket;	/* where it is queued; changes by requeue */
	struct thread *thread;
	uint32_t bitset;
	uint32_t rank;			/* the thread's own real-time priority; 0: fair */
	bool is_queued;			/* cleared by whoever wakes it, as the last thing */

	struct futex_lock *lock;	/* that it waits to own; NULL: a plain wait */
	/* lock->waiters, by `priority`; LOCK_PRIORITY_INHERITANCE. */
	struct list_node lock_node;
	uint32_t priority;		/* lent ones included */
	bool owns;			/* was given the PI futex */
	bool must_claim;		/* and has to write the word itself */
	user_address_t pi_target;	/* FUTEX_WAIT_REQUEUE_PI: the second word */
	struct memory_identity pi_key;
};

struct futex_bucket *futex_bucket_of(const struct memory_identity *key);
bool futex_key_equal(const struct memory_identity *a, const struct memory_identity *b);
int futex_identify(user_address_t address, bool is_private, struct memory_identity *key)
	MUST_CHECK;

/* Locks two buckets in the order of their addresses; they may be one. */
void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b);
void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b);

void futex_enqueue(struct futex_waiter *waiter, struct futex_bucket *bucket);
/* Takes a waiter off and wakes it. Bucket lock held; the waiter may be gone afterwards. */
void futex_wake_waiter(struct futex_waiter *waiter);
/* Takes it off unless it was woken. True: it was still queued. */
bool futex_unqueue(struct futex_waiter *waiter);
/* Sleeps until woken: 0, or the reason of blocking_sleep(). The waiter was enqueued after
 * blocking_prepare(); it stays queued unless the result is 0. */
int futex_sleep(struct futex_waiter *waiter, int64_t deadline_ns);

/* Puts a waiter into the list of a bucket, its lock held. */
void futex_insert(struct futex_waiter *waiter, struct futex_bucket *bucket);

/* The PI operations: futex_priority.c. */
long futex_lock_priority(const struct futex_request *request, bool tries_only);
long futex_unlock_priority(const struct futex_request *request);
long futex_wait_requeue_priority(const struct futex_request *request);
/* FUTEX_CMP_REQUEUE_PI with both buckets locked: how many got the lock or wait for it. -EFAULT and
 * -EAGAIN: nothing was done yet, and is to be tried again. */
long futex_requeue_priority(const struct futex_request *request, struct futex_bucket *from,
			    const struct memory_identity keys[2]);

/* Ownership: futex_owner.c. All with the bucket locked. */
struct futex_lock *futex_lock_find(struct futex_bucket *bucket, const struct memory_identity *key);
/* Memory for one futex_lock_make() of this thread, before the bucket is locked; -ENOMEM. */
int futex_lock_reserve(void) MUST_CHECK;
/* NULL: the owner has died. */
struct futex_lock *futex_lock_make(struct futex_bucket *bucket, const struct memory_identity *key,
				   struct thread *owner);
/* Frees it when nobody waits and its word names the owner. NULL is no lock. */
void futex_lock_drop_unused(struct futex_lock *lock);
/* The waiter, not queued yet, waits for the owner and lends it its priority; -EDEADLK when that
 * one, however indirectly, waits for the waiter. */
int futex_lock_join(struct futex_lock *lock, struct futex_waiter *waiter) MUST_CHECK;
void futex_lock_leave(struct futex_waiter *waiter);
/* Who is to be served next; NULL: nobody waits. */
struct futex_waiter *futex_lock_next(struct futex_lock *lock);
/* Makes the waiter the owner and wakes it; is_unclaimed: it has to write the word itself. */
void futex_lock_hand_over(struct futex_waiter *waiter, bool is_unclaimed);
/* The owner cannot write the word: the next one may try, if there is one. */
void futex_lock_give_up(struct futex_lock *lock);

/* Hands on what others wait for that the thread owns; leaves: it can own nothing more. */
void futex_release_owned(struct thread *thread, bool leaves);

#endif
