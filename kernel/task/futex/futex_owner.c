/*
 * Who owns which PI futex, and who waits for it: a graph of threads in which each lends its
 * priority to the one it waits for, and on to whom that one waits for. One lock guards the graph,
 * so that a ring is seen before it is closed and no step of a loan is lost; it is taken only where
 * somebody has to wait.
 */
#include "base/errno.h"
#include "memory/heap.h"
#include "sync/spin_lock.h"
#include "task/futex/futex_internal.h"
#include "task/schedule.h"
#include <abi/process.h>

/* As long a chain of threads that wait for each other as Linux follows (max_lock_depth). */
#define CHAIN_LIMIT 1024

static struct spin_lock owners_lock = SPIN_LOCK_INITIALIZER(LOCK_PRIORITY_INHERITANCE);

void futex_thread_init(struct thread *thread)
{
	list_init(&thread->futexes.owned);
}

/* The real-time priority of a thread, its own or lent; 0 for fair ones. */
static uint32_t priority_of(const struct thread *thread)
{
	return READ_ONCE(thread->schedule.real_time);
}

static struct futex_waiter *first_waiter(const struct futex_lock *lock)
{
	return list_first(&lock->waiters, struct futex_waiter, lock_node);
}

/* By priority, then first come. */
static void waiter_place(struct futex_waiter *waiter)
{
	struct list_head *waiters = &waiter->lock->waiters;
	struct futex_waiter *other;

	waiter->priority = priority_of(waiter->thread);
	if (waiter->priority) {
		list_for_each(other, waiters, lock_node) {
			if (other->priority < waiter->priority) {
				list_add_before(&other->lock_node, &waiter->lock_node);
				return;
			}
		}
	}
	list_add_tail(waiters, &waiter->lock_node);
}

/* The highest priority that those lend who wait for what the thread owns. */
static uint32_t priority_lent(const struct thread *owner)
{
	struct futex_lock *lock;
	uint32_t priority = 0;

	list_for_each(lock, &owner->futexes.owned, owner_node) {
		struct futex_waiter *waiter = first_waiter(lock);

		if (waiter)
			priority = max(priority, waiter->priority);
	}
	return priority;
}

/* The loans to a thread changed, and with its priority what it lends on. Owners locked. */
static void loans_update(struct thread *owner)
{
	for (unsigned i = 0; i < CHAIN_LIMIT; i++) {
		uint32_t priority = priority_lent(owner);
		struct futex_waiter *waiter = owner->futexes.waiting;

		if (owner->schedule.inherited_priority == priority)
			return;
		schedule_priority_inherit(owner, priority);
		if (!waiter)
			return;
		list_remove(&waiter->lock_node);
		waiter_place(waiter);
		owner = waiter->lock->owner;
	}
}

void futex_priority_changed(struct thread *thread)
{
	struct futex_waiter *waiter;

	if (!READ_ONCE(thread->futexes.waiting))
		return;
	spin_lock(&owners_lock);
	waiter = thread->futexes.waiting;
	if (waiter) {
		list_remove(&waiter->lock_node);
		waiter_place(waiter);
		loans_update(waiter->lock->owner);
	}
	spin_unlock(&owners_lock);
}

struct futex_lock *futex_lock_find(struct futex_bucket *bucket, const struct memory_identity *key)
{
	struct futex_lock *lock;

	list_for_each(lock, &bucket->locks, node) {
		if (futex_key_equal(&lock->key, key))
			return lock;
	}
	return NULL;
}

int futex_lock_reserve(void)
{
	struct futex_thread *futexes = &thread_current()->futexes;

	if (!futexes->spare)
		futexes->spare = heap_allocate(sizeof(*futexes->spare), HEAP_ACCOUNT);
	return futexes->spare ? 0 : -ENOMEM;
}

struct futex_lock *futex_lock_make(struct futex_bucket *bucket, const struct memory_identity *key,
				   struct thread *owner)
{
	struct futex_thread *self = &thread_current()->futexes;
	struct futex_lock *lock = self->spare;
	bool has_left;

	*lock = (struct futex_lock){ .key = *key, .owner = owner };
	list_init(&lock->waiters);
	/* The dying owner says that it has left, then looks whether it ever owned something; this
	 * says that it does, then looks whether it left: one of the two sees the other. */
	atomic_store_relaxed(&owner->futexes.has_owned, 1);
	atomic_fence();
	spin_lock(&owners_lock);
	has_left = atomic_load_relaxed(&owner->futexes.has_left);
	if (!has_left)
		list_add_tail(&owner->futexes.owned, &lock->owner_node);
	spin_unlock(&owners_lock);
	if (has_left)
		return NULL;
	self->spare = NULL;
	thread_get(owner);
	list_add_tail(&bucket->locks, &lock->node);
	return lock;
}

void futex_lock_drop_unused(struct futex_lock *lock)
{
	struct thread *self = thread_current();

	if (!lock || lock->is_unclaimed || !list_is_empty(&lock->waiters))
		return;
	list_remove(&lock->node);
	spin_lock(&owners_lock);
	list_remove(&lock->owner_node);
	spin_unlock(&owners_lock);
	thread_put(lock->owner);
	if (self->futexes.spare)
		heap_free(lock);
	else
		self->futexes.spare = lock;
}

/* Whether the thread, by waiting for the owner of the lock, would wait for itself. */
static bool closes_a_ring(const struct futex_lock *lock, const struct thread *thread)
{
	for (unsigned i = 0; i < CHAIN_LIMIT; i++) {
		const struct futex_waiter *waiter;

		if (lock->owner == thread)
			return true;
		waiter = lock->owner->futexes.waiting;
		if (!waiter)
			return false;
		lock = waiter->lock;
	}
	return true;
}

int futex_lock_join(struct futex_lock *lock, struct futex_waiter *waiter)
{
	int result = 0;

	spin_lock(&owners_lock);
	if (closes_a_ring(lock, waiter->thread)) {
		result = -EDEADLK;
	} else {
		waiter->lock = lock;
		WRITE_ONCE(waiter->thread->futexes.waiting, waiter);
		waiter_place(waiter);
		loans_update(lock->owner);
	}
	spin_unlock(&owners_lock);
	return result;
}

/* Owners locked. */
static void waiter_remove(struct futex_waiter *waiter)
{
	list_remove(&waiter->lock_node);
	WRITE_ONCE(waiter->thread->futexes.waiting, NULL);
}

void futex_lock_leave(struct futex_waiter *waiter)
{
	struct futex_lock *lock = waiter->lock;

	spin_lock(&owners_lock);
	waiter_remove(waiter);
	loans_update(lock->owner);
	spin_unlock(&owners_lock);
	futex_lock_drop_unused(lock);
}

struct futex_waiter *futex_lock_next(struct futex_lock *lock)
{
	struct futex_waiter *waiter;

	spin_lock(&owners_lock);
	waiter = first_waiter(lock);
	spin_unlock(&owners_lock);
	return waiter;
}

void futex_lock_hand_over(struct futex_waiter *waiter, bool is_unclaimed)
{
	struct futex_lock *lock = waiter->lock;
	struct thread *old = lock->owner, *next = waiter->thread;

	thread_get(next);
	spin_lock(&owners_lock);
	waiter_remove(waiter);
	list_remove(&lock->owner_node);
	lock->owner = next;
	atomic_store_relaxed(&next->futexes.has_owned, 1);
	list_add_tail(&next->futexes.owned, &lock->owner_node);
	loans_update(old);
	loans_update(next);
	spin_unlock(&owners_lock);
	lock->is_unclaimed = is_unclaimed;
	waiter->owns = true;
	waiter->must_claim = is_unclaimed;
	/* After this the waiter may be gone. */
	futex_wake_waiter(waiter);
	futex_lock_drop_unused(lock);
	thread_put(old);
}

void futex_lock_give_up(struct futex_lock *lock)
{
	struct futex_waiter *next = futex_lock_next(lock);

	if (next) {
		futex_lock_hand_over(next, true);
		return;
	}
	lock->is_unclaimed = false;
	futex_lock_drop_unused(lock);
}

/* The key of something that the thread owns. */
static bool owned_find(struct thread *thread, struct memory_identity *key)
{
	struct futex_lock *lock;

	spin_lock(&owners_lock);
	lock = list_first(&thread->futexes.owned, struct futex_lock, owner_node);
	if (lock)
		*key = lock->key;
	spin_unlock(&owners_lock);
	return lock != NULL;
}

void futex_release_owned(struct thread *thread, bool leaves)
{
	struct memory_identity key;

	if (leaves) {
		atomic_store_relaxed(&thread->futexes.has_left, 1);
		atomic_fence();
	}
	if (!atomic_load_relaxed(&thread->futexes.has_owned))
		return;
	while (owned_find(thread, &key)) {
		struct futex_bucket *bucket = futex_bucket_of(&key);
		struct futex_lock *lock;

		/* Its last waiter may have left meanwhile, and taken the record along. */
		spin_lock(&bucket->lock);
		lock = futex_lock_find(bucket, &key);
		if (lock && lock->owner == thread)
			futex_lock_give_up(lock);
		spin_unlock(&bucket->lock);
	}
}
