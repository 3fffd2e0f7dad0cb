/*
 * PI futexes: the word names the owner's thread id; who waits lends the owner its priority, and the
 * unlock hands the word over to the waiter of highest priority.
 */
#include "base/errno.h"
#include "memory/user.h"
#include "task/futex/futex_internal.h"
#include "task/schedule.h"
#include <abi/process.h>

/* The real-time priority of a thread, 0 for fair ones. */
static uint32_t priority_of(const struct thread *thread)
{
	const struct schedule_entity *entity = &thread->schedule;
	bool is_real_time = entity->policy == SCHED_FIFO || entity->policy == SCHED_RR;

	return max(is_real_time ? entity->priority : 0, entity->inherited_priority);
}

/* The waiter to be served next: highest priority, then first come. Bucket lock held. */
static struct futex_waiter *top_waiter(struct futex_bucket *bucket,
				       const struct memory_identity *key)
{
	struct futex_waiter *waiter, *best = NULL;

	list_for_each(waiter, &bucket->waiters, node) {
		if (!waiter->is_priority || !futex_key_equal(&waiter->key, key))
			continue;
		if (!best || priority_of(waiter->thread) > priority_of(best->thread))
			best = waiter;
	}
	return best;
}

/* Records who owns a key with all its waiters and lends the owner their priority. */
static void owner_set(struct futex_bucket *bucket, const struct memory_identity *key,
		      struct thread *owner)
{
	struct futex_waiter *waiter;
	uint32_t priority = 0;

	list_for_each(waiter, &bucket->waiters, node) {
		struct thread *old = waiter->owner;

		if (!waiter->is_priority || !futex_key_equal(&waiter->key, key))
			continue;
		if (owner)
			thread_get(owner);
		waiter->owner = owner;
		if (old)
			thread_put(old);
		priority = max(priority, priority_of(waiter->thread));
	}
	if (owner && priority)
		schedule_priority_inherit(owner, priority);
}

static bool has_other_waiters(struct futex_bucket *bucket, const struct futex_waiter *one)
{
	struct futex_waiter *waiter;

	list_for_each(waiter, &bucket->waiters, node) {
		if (waiter != one && waiter->is_priority && futex_key_equal(&waiter->key,
			&one->key))
			return true;
	}
	return false;
}

/* Makes the waiter the owner: `flags` go into the word (FUTEX_OWNER_DIED). Bucket lock held. */
static int hand_over(struct futex_bucket *bucket, struct futex_waiter *waiter,
		     user_address_t address, uint32_t old_word, uint32_t flags)
{
	bool has_others = has_other_waiters(bucket, waiter);
	uint32_t word = (uint32_t)waiter->thread->id | flags | (has_others ? FUTEX_WAITERS : 0);
	struct memory_identity key = waiter->key;
	struct thread *next = waiter->thread;
	uint32_t found;

	if (user_compare_exchange32_nofault(address, old_word, word, &found) < 0)
		return -EFAULT;
	if (found != old_word)
		return -EAGAIN;
	waiter->owns = true;
	if (waiter->owner)
		thread_put(waiter->owner);
	waiter->owner = NULL;
	thread_get(next);
	futex_wake_waiter(waiter);
	owner_set(bucket, &key, next);
	thread_put(next);
	return 0;
}

/*
 * One try for the word, bucket lock held: 0 it is ours, -EWOULDBLOCK another thread owns it, marked
 * with FUTEX_WAITERS, and *owner is that thread, counted.
 */
static int try_take(user_address_t address, bool tries_only, struct thread *self,
		    struct thread **owner)
{
	uint32_t value, found, desired;

	for (;;) {
		if (user_load32_nofault(address, &value) < 0)
			return -EFAULT;
		if ((value & FUTEX_TID_MASK) == (uint32_t)self->id)
			return -EDEADLK;
		if ((value & FUTEX_TID_MASK) == 0)
			desired = (uint32_t)self->id | (value & (FUTEX_OWNER_DIED | FUTEX_WAITERS));
		else if (tries_only)
			return -EWOULDBLOCK;
		else
			desired = value | FUTEX_WAITERS;
		if (user_compare_exchange32_nofault(address, value, desired, &found) < 0)
			return -EFAULT;
		if (found == value)
			break;
	}
	if ((value & FUTEX_TID_MASK) == 0)
		return 0;
	*owner = thread_find(value & FUTEX_TID_MASK);
	return *owner ? -EWOULDBLOCK : -ESRCH;
}

static void waiter_block(struct futex_waiter *waiter, struct futex_bucket *bucket,
			 struct thread *owner)
{
	waiter->is_priority = true;
	waiter->owner = owner;
	WRITE_ONCE(owner->owns_contended_futex, true);
	futex_enqueue(waiter, bucket);
	if (priority_of(waiter->thread))
		schedule_priority_inherit(owner, priority_of(waiter->thread));
}

/* The waiter gave up: off the queue unless it was served. True: it owns the futex after all. */
static bool waiter_give_up(struct futex_waiter *waiter)
{
	if (!futex_unqueue(waiter))
		return waiter->owns;
	if (waiter->owner)
		thread_put(waiter->owner);
	return false;
}

long futex_lock_priority(const struct futex_request *request, bool tries_only)
{
	struct futex_waiter waiter = {
		.thread = thread_current(),
		.bitset = FUTEX_BITSET_MATCH_ANY,
		.address = request->address,
	};
	struct thread *owner = NULL;
	struct futex_bucket *bucket;
	int result;

	for (;;) {
		result = futex_identify(request->address, request->is_private, &waiter.key);
		if (result < 0)
			return result;
		bucket = futex_bucket_of(&waiter.key);
		spin_lock(&bucket->lock);
		result = try_take(request->address, tries_only, waiter.thread, &owner);
		if (result != -EFAULT)
			break;
		spin_unlock(&bucket->lock);
		result = user_fault_in(request->address, sizeof(uint32_t), true);
		if (result < 0)
			return result;
	}
	if (result != -EWOULDBLOCK || tries_only) {
		if (result == 0)
			owner_set(bucket, &waiter.key, waiter.thread);
		spin_unlock(&bucket->lock);
		return result;
	}
	blocking_prepare(SLEEP_INTERRUPTIBLE);
	waiter_block(&waiter, bucket, owner);
	spin_unlock(&bucket->lock);
	result = futex_sleep(&waiter, request->deadline_ns);
	if (result == 0 || waiter_give_up(&waiter))
		return 0;
	/* A signal only delays the lock (futex(2)). */
	return result == -ETIMEDOUT ? result : -ERESTARTNOINTR;
}

/* The current thread is owner no more of this; what others lend it may end. */
static void priority_return(struct thread *self)
{
	schedule_priority_inherit(self, 0);
}

long futex_unlock_priority(const struct futex_request *request)
{
	struct thread *self = thread_current();
	struct memory_identity key;
	struct futex_bucket *bucket;
	struct futex_waiter *waiter;
	uint32_t value, found;
	int result;

	for (;;) {
		result = futex_identify(request->address, request->is_private, &key);
		if (result == 0 && user_load32(request->address, &value) < 0)
			result = -EFAULT;
		if (result < 0)
			return result;
		if ((value & FUTEX_TID_MASK) != (uint32_t)self->id)
			return -EPERM;
		bucket = futex_bucket_of(&key);
		spin_lock(&bucket->lock);
		waiter = top_waiter(bucket, &key);
		if (waiter) {
			result = hand_over(bucket, waiter, request->address, value, 0);
		} else if (user_compare_exchange32_nofault(request->address, value, 0,
							   &found) < 0) {
			result = -EFAULT;
		} else {
			result = found == value ? 0 : -EAGAIN;
		}
		spin_unlock(&bucket->lock);
		if (result == 0)
			break;
		if (result == -EFAULT)
			result = user_fault_in(request->address, sizeof(value), true);
		if (result < 0 && result != -EAGAIN)
			return result;
	}
	priority_return(self);
	return 0;
}

int futex_requeue_priority(struct futex_waiter *waiter, struct futex_bucket *target,
			   const struct memory_identity *key, user_address_t address)
{
	struct thread *owner = NULL;
	int result = try_take(address, false, waiter->thread, &owner);

	if (result == 0) {
		waiter->key = *key;
		waiter->owns = true;
		futex_wake_waiter(waiter);
		return 1;
	}
	if (result != -EWOULDBLOCK)
		return result;
	list_remove(&waiter->node);
	waiter->key = *key;
	waiter->is_priority = true;
	waiter->owner = owner;
	waiter->address = address;
	WRITE_ONCE(owner->owns_contended_futex, true);
	list_add_tail(&target->waiters, &waiter->node);
	WRITE_ONCE(waiter->bucket, target);
	if (priority_of(waiter->thread))
		schedule_priority_inherit(owner, priority_of(waiter->thread));
	return 0;
}

long futex_wait_requeue_priority(const struct futex_request *request)
{
	struct futex_waiter waiter = {
		.thread = thread_current(),
		.bitset = request->value3 ? request->value3 : FUTEX_BITSET_MATCH_ANY,
		.pi_target = request->address2,
	};
	struct futex_bucket *bucket;
	uint32_t value;
	int result;

	if (request->address == request->address2)
		return -EINVAL;
	result = futex_identify(request->address2, request->is_private, &waiter.pi_key);
	if (result < 0)
		return result;
	for (;;) {
		result = futex_identify(request->address, request->is_private, &waiter.key);
		if (result < 0)
			return result;
		bucket = futex_bucket_of(&waiter.key);
		spin_lock(&bucket->lock);
		if (user_load32_nofault(request->address, &value) == 0)
			break;
		spin_unlock(&bucket->lock);
		result = user_fault_in(request->address, sizeof(value), false);
		if (result < 0)
			return result;
	}
	if (value != request->value) {
		spin_unlock(&bucket->lock);
		return -EWOULDBLOCK;
	}
	blocking_prepare(SLEEP_INTERRUPTIBLE);
	futex_enqueue(&waiter, bucket);
	spin_unlock(&bucket->lock);
	result = futex_sleep(&waiter, request->deadline_ns);
	if (result == 0 || waiter_give_up(&waiter))
		return waiter.owns ? 0 : -EAGAIN;
	/* Interrupted before the requeue: the condition variable is to be looked at again. */
	return result == -ETIMEDOUT ? result : waiter.is_priority ? -EINTR : -ERESTARTNOINTR;
}

void futex_release_dead(struct thread *thread, user_address_t address)
{
	struct memory_identity key;
	struct futex_bucket *bucket;
	struct futex_waiter *waiter;
	uint32_t value, found;
	int result;

	do {
		if (futex_identify(address, false, &key) < 0 || user_load32(address, &value) < 0 ||
		    (value & FUTEX_TID_MASK) != (uint32_t)thread->id)
			return;
		bucket = futex_bucket_of(&key);
		spin_lock(&bucket->lock);
		waiter = top_waiter(bucket, &key);
		if (waiter)
			result = hand_over(bucket, waiter, address, value, FUTEX_OWNER_DIED);
		else
			result = user_compare_exchange32_nofault(address, value,
				FUTEX_OWNER_DIED, &found);
		spin_unlock(&bucket->lock);
		if (result == -EFAULT && user_fault_in(address, sizeof(value), true) < 0)
			return;
	} while (result < 0);
}

/* A waiter whose owner dies without a robust list: in the same memory the word is handed on. */
static void release_owned(struct thread *owner, struct futex_bucket *bucket,
			  struct futex_waiter *waiter)
{
	uint32_t value;

	if (waiter->thread->process != owner->process ||
	    user_load32_nofault(waiter->address, &value) < 0 ||
	    (value & FUTEX_TID_MASK) != (uint32_t)owner->id)
		return;
	(void)hand_over(bucket, top_waiter(bucket, &waiter->key), waiter->address, value,
			FUTEX_OWNER_DIED);
}

void futex_release_all(struct thread *thread)
{
	if (!thread->owns_contended_futex)
		return;
	futex_for_each_owned(thread, release_owned);
	priority_return(thread);
}
