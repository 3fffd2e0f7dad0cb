/*
 * Shared among the futex files: buckets of waiters, found by the identity of the word.
 */
#ifndef TASK_FUTEX_INTERNAL_H
#define TASK_FUTEX_INTERNAL_H

#include "base/list.h"
#include "memory/space.h"
#include "sync/spin_lock.h"
#include "task/futex.h"
#include "task/thread.h"
#include <abi/futex.h>

struct futex_bucket {
	struct spin_lock lock;		/* LOCK_FUTEX */
	struct list_head waiters;
};

/* One wait, on the stack of the thread that waits. Guarded by the lock of its bucket. */
struct futex_waiter {
	struct list_node node;
	struct memory_identity key;
	struct futex_bucket *bucket;	/* where it is queued; changes by requeue */
	struct thread *thread;
	uint32_t bitset;
	bool is_queued;			/* cleared by whoever wakes it, as the last thing */
	bool is_priority;		/* waits to own a PI futex */
	struct thread *owner;		/* who owns that, counted; NULL: not known */
	user_address_t pi_target;	/* FUTEX_WAIT_REQUEUE_PI: the second word */
	struct memory_identity pi_key;
	bool owns;			/* was given the PI futex */
	user_address_t address;		/* of the PI futex, in the waiter's memory */
};

/* What a thread has of futexes. */
struct futex_thread {
	user_address_t robust_head;
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

/* The PI operations: futex_priority.c. */
long futex_lock_priority(const struct futex_request *request, bool tries_only);
long futex_unlock_priority(const struct futex_request *request);
long futex_wait_requeue_priority(const struct futex_request *request);
/* Bucket locks held: moves a FUTEX_WAIT_REQUEUE_PI waiter; 1: it got the lock and was woken,
 * 0: it waits for it, or an error. */
int futex_requeue_priority(struct futex_waiter *waiter, struct futex_bucket *target,
			   const struct memory_identity *key, user_address_t address);
/* The dying thread gives up a PI futex that it holds. */
void futex_release_dead(struct thread *thread, user_address_t address);
/* Runs `act` on one waiter of each PI futex that the thread owns, its bucket locked. */
void futex_for_each_owned(struct thread *owner,
			  void (*act)(struct thread *owner, struct futex_bucket *bucket,
				      struct futex_waiter *waiter));
/* Hands on everything contended that it still owns. */
void futex_release_all(struct thread *thread);

#endif
