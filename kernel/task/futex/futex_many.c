/*
 * futex_waitv(2): one thread waits on several words; the first wake ends it.
 */
#include "base/errno.h"
#include "memory/heap.h"
#include "memory/user.h"
#include "task/futex/futex_internal.h"

struct many {
	unsigned count, queued;
	struct futex_waitv words[FUTEX_WAITV_MAX];
	struct futex_waiter waiters[FUTEX_WAITV_MAX];
};

static int words_check(const struct many *many)
{
	for (unsigned i = 0; i < many->count; i++) {
		const struct futex_waitv *word = &many->words[i];

		if ((word->flags & ~(uint32_t)(FUTEX_32 | FUTEX_PRIVATE_FLAG)) ||
		    !(word->flags & FUTEX_32) || word->reserved != 0 || word->val > UINT32_MAX)
			return -EINVAL;
	}
	return 0;
}

/* Queues on one word if it has its value: 0, -EAGAIN, or -EFAULT when it must be brought in. */
static int queue_one(struct many *many, unsigned index)
{
	const struct futex_waitv *word = &many->words[index];
	struct futex_waiter *waiter = &many->waiters[index];
	struct futex_bucket *bucket;
	uint32_t value;
	int result = futex_identify(word->uaddr, word->flags & FUTEX_PRIVATE_FLAG, &waiter->key);

	if (result < 0)
		return result;
	waiter->thread = thread_current();
	waiter->bitset = FUTEX_BITSET_MATCH_ANY;
	bucket = futex_bucket_of(&waiter->key);
	spin_lock(&bucket->lock);
	result = user_load32_nofault(word->uaddr, &value);
	if (result == 0 && value != (uint32_t)word->val)
		result = -EAGAIN;
	if (result == 0)
		futex_enqueue(waiter, bucket);
	spin_unlock(&bucket->lock);
	if (result == -EFAULT && user_fault_in(word->uaddr, sizeof(value), false) == 0)
		result = -ERESTARTNOINTR;	/* brought in: the caller begins again */
	return result;
}

/* Takes all off; the index of the last one that was woken, or -1. */
static int unqueue_all(struct many *many)
{
	int woken = -1;

	while (many->queued > 0) {
		many->queued--;
		if (!futex_unqueue(&many->waiters[many->queued]))
			woken = many->queued;
	}
	return woken;
}

static int queue_all(struct many *many)
{
	int result = 0;

	for (many->queued = 0; many->queued < many->count; many->queued++) {
		result = queue_one(many, many->queued);
		if (result < 0)
			break;
	}
	return result;
}

static long wait_many(struct many *many, int64_t deadline_ns)
{
	int result, woken;

	for (;;) {
		/* user_fault_in() sleeps, so the state is set after everything is queued and the
		 * wakes that came before are looked for once more. */
		result = queue_all(many);
		if (result == 0)
			break;
		woken = unqueue_all(many);
		if (woken >= 0)
			return woken;
		if (result != -ERESTARTNOINTR)
			return result;
	}
	do {
		bool any = false;

		blocking_prepare(SLEEP_INTERRUPTIBLE);
		for (unsigned i = 0; i < many->count; i++)
			any |= !__atomic_load_n(&many->waiters[i].is_queued, __ATOMIC_ACQUIRE);
		if (any)
			break;
		result = blocking_sleep(deadline_ns);
	} while (result == 0);
	blocking_cancel();
	woken = unqueue_all(many);
	if (woken >= 0)
		return woken;
	return result == -ETIMEDOUT ? result : -ERESTARTSYS;
}

long futex_wait_many_user(user_address_t waiters, unsigned count, int64_t deadline_ns)
{
	struct many *many = heap_allocate(sizeof(*many), HEAP_ACCOUNT);
	long result;

	if (!many)
		return -ENOMEM;
	many->count = count;
	result = user_copy_in(many->words, waiters, count * sizeof(many->words[0]));
	if (result == 0)
		result = words_check(many);
	if (result == 0)
		result = wait_many(many, deadline_ns);
	heap_free(many);
	return result;
}
