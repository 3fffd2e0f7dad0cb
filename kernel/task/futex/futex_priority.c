/*
 * PI futexes: the word names the owner's thread id. Who finds it owned marks it and waits; the
 * unlock then comes here and hands the word over to the waiter of highest priority. When an owner
 * dies, the next one is woken as the owner and writes the word in its own memory: the dead one's
 * may be another.
 */
#include "base/errno.h"
#include "memory/user.h"
#include "task/futex/futex_internal.h"
#include "task/signal.h"
#include <abi/process.h>

/* 0, -EFAULT, or -EAGAIN when the word was not `old`. */
static int word_replace(user_address_t address, uint32_t old, uint32_t new)
{
	uint32_t found;

	if (user_compare_exchange32_nofault(address, old, new, &found) < 0)
		return -EFAULT;
	return found == old ? 0 : -EAGAIN;
}

/* The word names somebody whom nobody can wait for: an exiting owner may be changing it. */
static int owner_missing(user_address_t address, uint32_t word)
{
	uint32_t now;

	if (user_load32_nofault(address, &now) < 0)
		return -EFAULT;
	return now == word ? -ESRCH : -EAGAIN;
}

/* A new record, owned by whom the word names. */
static int owner_attach(struct futex_bucket *bucket, const struct memory_identity *key,
			user_address_t address, uint32_t word, struct futex_lock **lock)
{
	struct thread *owner = thread_find(word & FUTEX_TID_MASK);
	int result = 0;

	if (!owner)
		return owner_missing(address, word);
	if (owner->process == process_kernel()) {
		result = -EPERM;
	} else {
		*lock = futex_lock_make(bucket, key, owner);
		if (!*lock)
			result = owner_missing(address, word);
	}
	thread_put(owner);
	return result;
}

/* Whether the word, which programs may have written to, goes with what is known of the lock. */
static int lock_agrees(const struct futex_lock *lock, uint32_t word)
{
	uint32_t owner = word & FUTEX_TID_MASK;

	if (word & FUTEX_OWNER_DIED) {
		if (lock->is_unclaimed)
			return owner ? -EINVAL : 0;
		if (!owner)
			return 0;
	} else if (lock->is_unclaimed) {
		return -EINVAL;
	}
	return owner == (uint32_t)lock->owner->id ? 0 : -EINVAL;
}

/*
 * One try for the word, bucket lock held: 1 it is the thread's, 0 another owns *lock, marked with
 * FUTEX_WAITERS, or an error; -EAGAIN when the word changed meanwhile. `flags` go into a word that
 * is taken.
 */
static int acquire(struct futex_bucket *bucket, const struct memory_identity *key,
		   user_address_t address, struct thread *thread, uint32_t flags,
		   struct futex_lock **lock)
{
	uint32_t word;
	int result;

	if (user_load32_nofault(address, &word) < 0)
		return -EFAULT;
	if ((word & FUTEX_TID_MASK) == (uint32_t)thread->id)
		return -EDEADLK;
	*lock = futex_lock_find(bucket, key);
	if (*lock)
		return lock_agrees(*lock, word);
	if ((word & FUTEX_TID_MASK) == 0) {
		result = word_replace(address, word, (uint32_t)thread->id | flags |
				      (word & FUTEX_OWNER_DIED));
		return result < 0 ? result : 1;
	}
	result = word_replace(address, word, word | FUTEX_WAITERS);
	if (result < 0)
		return result;
	return owner_attach(bucket, key, address, word | FUTEX_WAITERS, lock);
}

/* After -EFAULT or -EAGAIN, nothing locked: 0, or why not to try again. */
static int try_again(int result, user_address_t address)
{
	if (result == -EFAULT)
		return user_fault_in(address, sizeof(uint32_t), true);
	blocking_yield_point();
	return signal_is_fatal_pending() ? -EINTR : 0;
}

/* The word of a lock that the waiter was given by a dead owner. Bucket lock held. */
static int word_claim(const struct futex_waiter *waiter, user_address_t address)
{
	uint32_t word, new = (uint32_t)waiter->thread->id | FUTEX_WAITERS | FUTEX_OWNER_DIED;
	int result;

	do {
		if (user_load32_nofault(address, &word) < 0)
			return -EFAULT;
		result = word_replace(address, word, new);
	} while (result == -EAGAIN);
	return result;
}

/* The waiter was given the lock: makes the word say so, if it does not yet. */
static int finish_taking(struct futex_waiter *waiter, user_address_t address)
{
	struct futex_bucket *bucket = waiter->bucket;
	int result = 0;

	while (waiter->must_claim && result == 0) {
		spin_lock(&bucket->lock);
		if (word_claim(waiter, address) == 0) {
			waiter->must_claim = false;
			waiter->lock->is_unclaimed = false;
			futex_lock_drop_unused(waiter->lock);
		}
		spin_unlock(&bucket->lock);
		if (waiter->must_claim)
			result = user_fault_in(address, sizeof(uint32_t), true);
	}
	if (result < 0) {
		spin_lock(&bucket->lock);
		futex_lock_give_up(waiter->lock);
		spin_unlock(&bucket->lock);
	}
	return result;
}

/* The bucket locked and the word tried: what acquire() says, or why it could not be tried. */
NO_THREAD_ANALYSIS static int acquire_locked(const struct futex_request *request,
					     struct futex_waiter *waiter,
					     struct futex_lock **lock, bool *is_locked)
{
	struct futex_bucket *bucket;
	int result;

	*is_locked = false;
	for (;;) {
		result = futex_identify(request->address, request->is_private, &waiter->key);
		if (result < 0)
			return result;
		bucket = futex_bucket_of(&waiter->key);
		waiter->bucket = bucket;
		spin_lock(&bucket->lock);
		result = acquire(bucket, &waiter->key, request->address, waiter->thread, 0, lock);
		if (result != -EFAULT && result != -EAGAIN) {
			*is_locked = true;
			return result;
		}
		spin_unlock(&bucket->lock);
		result = try_again(result, request->address);
		if (result < 0)
			return result == -EINTR ? -ERESTARTNOINTR : result;
	}
}

/* Waits, queued: 0 the waiter owns the lock, or why it gave up. */
static long wait_to_own(struct futex_waiter *waiter, const struct futex_request *request)
{
	int result = futex_sleep(waiter, request->deadline_ns);

	if (result == 0 || !futex_unqueue(waiter))
		return finish_taking(waiter, request->address);
	/* A signal only delays the lock (futex(2)). */
	return result == -ETIMEDOUT ? result : -ERESTARTNOINTR;
}

NO_THREAD_ANALYSIS long futex_lock_priority(const struct futex_request *request, bool tries_only)
{
	struct futex_waiter waiter = {
		.thread = thread_current(),
		.bitset = FUTEX_BITSET_MATCH_ANY,
	};
	struct futex_lock *lock = NULL;
	bool is_locked;
	int result = futex_lock_reserve();

	if (result < 0)
		return result;
	result = acquire_locked(request, &waiter, &lock, &is_locked);
	if (!is_locked)
		return result;
	if (result == 0 && tries_only)
		result = -EWOULDBLOCK;
	if (result == 0)
		result = futex_lock_join(lock, &waiter);
	if (result == 0) {
		blocking_prepare(SLEEP_INTERRUPTIBLE);
		futex_enqueue(&waiter, waiter.bucket);
		spin_unlock(&waiter.bucket->lock);
		return wait_to_own(&waiter, request);
	}
	if (result == -EWOULDBLOCK || result == -EDEADLK)
		futex_lock_drop_unused(lock);
	spin_unlock(&waiter.bucket->lock);
	return min(result, 0);
}

/* Hands the word on, or clears it. Bucket lock held. */
static int unlock_locked(struct futex_bucket *bucket, const struct memory_identity *key,
			 user_address_t address, uint32_t word)
{
	struct futex_lock *lock = futex_lock_find(bucket, key);
	struct futex_waiter *next = lock ? futex_lock_next(lock) : NULL;
	int result;

	if (lock && lock->owner != thread_current())
		return -EINVAL;
	if (!next)
		return word_replace(address, word, 0);
	result = word_replace(address, word, (uint32_t)next->thread->id | FUTEX_WAITERS);
	if (result == 0)
		futex_lock_hand_over(next, false);
	return result;
}

long futex_unlock_priority(const struct futex_request *request)
{
	struct memory_identity key;
	struct futex_bucket *bucket;
	uint32_t word;
	int result;

	do {
		if (user_load32(request->address, &word) < 0)
			return -EFAULT;
		if ((word & FUTEX_TID_MASK) != (uint32_t)thread_current()->id)
			return -EPERM;
		result = futex_identify(request->address, request->is_private, &key);
		if (result < 0)
			return result;
		bucket = futex_bucket_of(&key);
		spin_lock(&bucket->lock);
		result = unlock_locked(bucket, &key, request->address, word);
		spin_unlock(&bucket->lock);
		if (result != -EFAULT && result != -EAGAIN)
			return result;
		result = try_again(result, request->address);
	} while (result == 0);
	return result == -EINTR ? -ERESTARTNOINTR : result;
}

/* Moves one waiter behind a lock that another thread owns. Both buckets locked. */
static int requeue_one(struct futex_waiter *waiter, struct futex_lock *lock,
		       struct futex_bucket *to)
{
	int result = futex_lock_join(lock, waiter);

	if (result < 0)
		return result;
	list_remove(&waiter->node);
	waiter->key = lock->key;
	futex_insert(waiter, to);
	WRITE_ONCE(waiter->bucket, to);
	return 0;
}

/* The word was free: the waiter has it. Both buckets locked. */
static void requeue_grant(struct futex_waiter *waiter, const struct memory_identity *key)
{
	waiter->key = *key;
	waiter->owns = true;
	futex_wake_waiter(waiter);
}

/* The next waiter on the first word; NULL: none is left. -EINVAL when it waits for other things. */
static int requeue_next(struct futex_bucket *from, const struct memory_identity keys[2],
			struct futex_waiter **next)
{
	struct futex_waiter *waiter;

	*next = NULL;
	list_for_each(waiter, &from->waiters, node) {
		if (!futex_key_equal(&waiter->key, &keys[0]))
			continue;
		if (!waiter->pi_target || waiter->lock ||
		    !futex_key_equal(&waiter->pi_key, &keys[1]))
			return -EINVAL;
		*next = waiter;
		break;
	}
	return 0;
}

long futex_requeue_priority(const struct futex_request *request, struct futex_bucket *from,
			    const struct memory_identity keys[2])
{
	uint64_t limit = (uint64_t)request->value + request->value2, done = 0;
	struct futex_bucket *to = futex_bucket_of(&keys[1]);
	struct futex_lock *lock = NULL;
	struct futex_waiter *waiter;
	struct thread *first;
	int result = requeue_next(from, keys, &waiter);

	if (result < 0 || !waiter)
		return result;
	first = waiter->thread;
	result = acquire(to, &keys[1], request->address2, first,
			 request->value2 ? FUTEX_WAITERS : 0, &lock);
	if (result < 0)
		return result;
	if (result == 1) {
		/* The others wait for it; it has to come here to unlock, and waits for us. */
		requeue_grant(waiter, &keys[1]);
		done = 1;
	}
	result = 0;
	while (result == 0 && done < limit) {
		result = requeue_next(from, keys, &waiter);
		if (result < 0 || !waiter)
			break;
		if (!lock)
			lock = futex_lock_make(to, &keys[1], first);
		result = lock ? requeue_one(waiter, lock, to) : -ESRCH;
		done += result == 0;
	}
	futex_lock_drop_unused(lock);
	return result < 0 ? result : (long)done;
}

/* Queued on the first word if it has its value: 0, -EWOULDBLOCK, -EFAULT, -EINVAL. */
static int requeue_wait_prepare(const struct futex_request *request, struct futex_waiter *waiter)
{
	struct futex_bucket *bucket;
	uint32_t value;
	int result;

	for (;;) {
		result = futex_identify(request->address, request->is_private, &waiter->key);
		if (result < 0)
			return result;
		bucket = futex_bucket_of(&waiter->key);
		spin_lock(&bucket->lock);
		if (user_load32_nofault(request->address, &value) == 0)
			break;
		spin_unlock(&bucket->lock);
		result = user_fault_in(request->address, sizeof(value), false);
		if (result < 0)
			return result;
	}
	if (value == request->value) {
		blocking_prepare(SLEEP_INTERRUPTIBLE);
		futex_enqueue(waiter, bucket);
	} else {
		result = -EWOULDBLOCK;
	}
	spin_unlock(&bucket->lock);
	return result;
}

long futex_wait_requeue_priority(const struct futex_request *request)
{
	struct futex_waiter waiter = {
		.thread = thread_current(),
		.bitset = FUTEX_BITSET_MATCH_ANY,
		.pi_target = request->address2,
	};
	int result;

	if (request->address == request->address2)
		return -EINVAL;
	result = futex_identify(request->address2, request->is_private, &waiter.pi_key);
	if (result == 0)
		result = requeue_wait_prepare(request, &waiter);
	if (result < 0)
		return result;
	if (futex_key_equal(&waiter.key, &waiter.pi_key)) {
		blocking_cancel();
		(void)futex_unqueue(&waiter);
		return -EINVAL;
	}
	result = futex_sleep(&waiter, request->deadline_ns);
	if (result == 0 || !futex_unqueue(&waiter))
		return finish_taking(&waiter, request->address2);
	if (result == -ETIMEDOUT)
		return result;
	/* Behind the lock already, the call cannot begin again: its first word has changed. */
	return waiter.lock ? -EWOULDBLOCK : -ERESTARTNOINTR;
}
