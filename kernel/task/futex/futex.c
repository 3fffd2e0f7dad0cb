/*
 * futex(2): waiting, waking and requeueing. A waiter is queued under the lock of its bucket after
 * the word was seen to have the expected value, so a waker that changes the word first cannot miss
 * it.
 */
#include "task/futex.h"

#include "base/errno.h"
#include "base/table/hash.h"
#include "memory/user.h"
#include "task/futex/futex_internal.h"
#include "task/schedule.h"
#include "task/signal.h"

/* A power of two; enough that unrelated futexes rarely meet. */
#define BUCKET_COUNT 1024

static struct futex_bucket buckets[BUCKET_COUNT];

void futex_start(void)
{
	for (size_t i = 0; i < BUCKET_COUNT; i++) {
		spin_lock_init(&buckets[i].lock, LOCK_FUTEX);
		list_init(&buckets[i].waiters);
		list_init(&buckets[i].locks);
	}
}

struct futex_bucket *futex_bucket_of(const struct memory_identity *key)
{
	return &buckets[hash_u64(key->object ^ hash_u64(key->offset)) % BUCKET_COUNT];
}

bool futex_key_equal(const struct memory_identity *a, const struct memory_identity *b)
{
	return a->object == b->object && a->offset == b->offset;
}

int futex_identify(user_address_t address, bool is_private, struct memory_identity *key)
{
	if (address % sizeof(uint32_t) != 0)
		return -EINVAL;
	if (address >= USER_ADDRESS_LIMIT)
		return -EFAULT;
	return space_identify(space_current(), address, is_private, key);
}

NO_THREAD_ANALYSIS void futex_lock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	if (a == b) {
		spin_lock(&a->lock);
		return;
	}
	spin_lock(a < b ? &a->lock : &b->lock);
	spin_lock_nested(a < b ? &b->lock : &a->lock);
}

NO_THREAD_ANALYSIS void futex_unlock_two(struct futex_bucket *a, struct futex_bucket *b)
{
	spin_unlock(&a->lock);
	if (a != b)
		spin_unlock(&b->lock);
}

void futex_insert(struct futex_waiter *waiter, struct futex_bucket *bucket)
{
	struct futex_waiter *other;

	if (unlikely(waiter->rank)) {
		list_for_each(other, &bucket->waiters, node) {
			if (other->rank < waiter->rank) {
				list_add_before(&other->node, &waiter->node);
				return;
			}
		}
	}
	list_add_tail(&bucket->waiters, &waiter->node);
}

void futex_enqueue(struct futex_waiter *waiter, struct futex_bucket *bucket)
{
	waiter->bucket = bucket;
	waiter->is_queued = true;
	waiter->rank = schedule_own_priority(waiter->thread);
	futex_insert(waiter, bucket);
}

void futex_wake_waiter(struct futex_waiter *waiter)
{
	struct thread *thread = waiter->thread;

	list_remove(&waiter->node);
	/* From here the waiter may return; its thread lives until a grace period after it ends. */
	__atomic_store_n(&waiter->is_queued, false, __ATOMIC_RELEASE);
	blocking_wake(&thread->context);
}

bool futex_unqueue(struct futex_waiter *waiter)
{
	struct futex_bucket *bucket;
	bool was_queued;

	/* A requeue may move it while its bucket is locked; look again until it stays. */
	for (;;) {
		bucket = READ_ONCE(waiter->bucket);
		spin_lock(&bucket->lock);
		if (bucket == waiter->bucket)
			break;
		spin_unlock(&bucket->lock);
	}
	was_queued = waiter->is_queued;
	if (was_queued) {
		list_remove(&waiter->node);
		waiter->is_queued = false;
		if (waiter->lock)
			futex_lock_leave(waiter);
	}
	spin_unlock(&bucket->lock);
	return was_queued;
}

int futex_sleep(struct futex_waiter *waiter, int64_t deadline_ns)
{
	int result = 0;

	while (result == 0 && __atomic_load_n(&waiter->is_queued, __ATOMIC_ACQUIRE)) {
		result = blocking_sleep(deadline_ns);
		if (result == 0)
			blocking_prepare(SLEEP_INTERRUPTIBLE);
	}
	blocking_cancel();
	return result;
}

/* Queues the waiter if the word still has the value: 0, -EAGAIN, -EFAULT, -EINVAL. */
static int wait_prepare(struct futex_waiter *waiter, user_address_t address, bool is_private,
			uint32_t expected)
{
	struct futex_bucket *bucket;
	uint32_t value;
	int result;

	for (;;) {
		result = futex_identify(address, is_private, &waiter->key);
		if (result < 0)
			return result;
		bucket = futex_bucket_of(&waiter->key);
		spin_lock(&bucket->lock);
		if (user_load32_nofault(address, &value) == 0)
			break;
		spin_unlock(&bucket->lock);
		result = user_fault_in(address, sizeof(value), false);
		if (result < 0)
			return result;
	}
	if (value == expected) {
		blocking_prepare(SLEEP_INTERRUPTIBLE);
		futex_enqueue(waiter, bucket);
	} else {
		result = -EAGAIN;
	}
	spin_unlock(&bucket->lock);
	return result;
}

/* What an interrupted wait becomes: restarted with the same deadline, or from the start. */
static long wait_interrupted(const struct futex_request *request)
{
	struct thread *thread = thread_current();

	if (!request->has_deadline)
		return -ERESTARTSYS;
	thread->restart_kind = RESTART_FUTEX;
	thread->restart.futex.address = request->address;
	thread->restart.futex.value = request->value;
	thread->restart.futex.flags = request->is_private;
	thread->restart.futex.bitset = request->value3;
	thread->restart.futex.deadline_ns = request->deadline_ns;
	return -ERESTART_RESTARTBLOCK;
}

static long futex_wait(const struct futex_request *request)
{
	struct futex_waiter waiter = {
		.thread = thread_current(),
		.bitset = request->value3,
	};
	int result;

	if (request->value3 == 0)
		return -EINVAL;
	result = wait_prepare(&waiter, request->address, request->is_private, request->value);
	if (result < 0)
		return result;
	result = futex_sleep(&waiter, request->deadline_ns);
	if (result == 0 || !futex_unqueue(&waiter))
		return 0;
	return result == -ETIMEDOUT ? result : wait_interrupted(request);
}

long futex_restart(void)
{
	struct thread *thread = thread_current();
	struct futex_request request = {
		.operation = FUTEX_WAIT_BITSET,
		.address = thread->restart.futex.address,
		.value = thread->restart.futex.value,
		.is_private = thread->restart.futex.flags,
		.value3 = thread->restart.futex.bitset,
		.deadline_ns = thread->restart.futex.deadline_ns,
		.has_deadline = true,
	};

	return futex_wait(&request);
}

/* Wakes up to `limit` waiters of a key. Bucket lock held; the number woken, or -EINVAL on PI. */
static long wake_locked(struct futex_bucket *bucket, const struct memory_identity *key,
			uint32_t limit, uint32_t bitset)
{
	struct futex_waiter *waiter, *following;
	uint32_t woken = 0;

	list_for_each_safe(waiter, following, &bucket->waiters, node) {
		if (!futex_key_equal(&waiter->key, key) || !(waiter->bitset & bitset))
			continue;
		if (waiter->lock || waiter->pi_target)
			return -EINVAL;
		futex_wake_waiter(waiter);
		if (++woken >= limit)
			break;
	}
	return woken;
}

static long futex_wake(user_address_t address, bool is_private, uint32_t count, uint32_t bitset)
{
	struct memory_identity key;
	struct futex_bucket *bucket;
	long result;

	if (bitset == 0)
		return -EINVAL;
	result = futex_identify(address, is_private, &key);
	if (result < 0)
		return result;
	bucket = futex_bucket_of(&key);
	spin_lock(&bucket->lock);
	result = wake_locked(bucket, &key, max(count, 1u), bitset);
	spin_unlock(&bucket->lock);
	return result;
}

int futex_wake_address(user_address_t address, unsigned count)
{
	return futex_wake(address, false, count, FUTEX_BITSET_MATCH_ANY);
}

/* Moves up to `limit` waiters to another key. Both buckets locked. */
static long requeue_locked(struct futex_bucket *from, const struct memory_identity *from_key,
			   struct futex_bucket *to, const struct memory_identity *to_key,
			   uint32_t limit)
{
	struct futex_waiter *waiter, *following;
	uint32_t moved = 0;

	if (limit == 0 || futex_key_equal(from_key, to_key))
		return 0;
	list_for_each_safe(waiter, following, &from->waiters, node) {
		if (!futex_key_equal(&waiter->key, from_key))
			continue;
		if (waiter->lock || waiter->pi_target)
			return -EINVAL;
		list_remove(&waiter->node);
		waiter->key = *to_key;
		futex_insert(waiter, to);
		WRITE_ONCE(waiter->bucket, to);
		if (++moved >= limit)
			break;
	}
	return moved;
}

/* Both words' buckets locked and the first word readable: 0, or -EAGAIN when it changed. */
static int lock_two_compare(const struct futex_request *request, bool compares,
			    struct memory_identity keys[2])
{
	struct futex_bucket *from, *to;
	uint32_t value;
	int result;

	for (;;) {
		result = futex_identify(request->address, request->is_private, &keys[0]);
		if (result == 0)
			result = futex_identify(request->address2, request->is_private, &keys[1]);
		if (result < 0)
			return result;
		from = futex_bucket_of(&keys[0]);
		to = futex_bucket_of(&keys[1]);
		futex_lock_two(from, to);
		if (!compares)
			return 0;
		if (user_load32_nofault(request->address, &value) == 0)
			break;
		futex_unlock_two(from, to);
		result = user_fault_in(request->address, sizeof(value), false);
		if (result < 0)
			return result;
	}
	if (value == request->value3)
		return 0;
	futex_unlock_two(from, to);
	return -EAGAIN;
}

static long futex_requeue(const struct futex_request *request, bool compares)
{
	struct memory_identity keys[2];
	struct futex_bucket *from, *to;
	long result, moved;

	if ((int32_t)request->value < 0 || (int32_t)request->value2 < 0)
		return -EINVAL;
	result = lock_two_compare(request, compares, keys);
	if (result < 0)
		return result;
	from = futex_bucket_of(&keys[0]);
	to = futex_bucket_of(&keys[1]);
	result = request->value == 0 ? 0 :
		wake_locked(from, &keys[0], request->value, FUTEX_BITSET_MATCH_ANY);
	moved = result < 0 ? result :
		requeue_locked(from, &keys[0], to, &keys[1], request->value2);
	result = moved < 0 ? moved : result + moved;
	futex_unlock_two(from, to);
	return result;
}

/* FUTEX_CMP_REQUEUE_PI: one gets the lock or waits for it, the rest wait behind. */
static long futex_requeue_to_lock(const struct futex_request *request)
{
	struct memory_identity keys[2];
	struct futex_bucket *from;
	long result;

	if ((int32_t)request->value2 < 0 || request->value != 1 ||
	    request->address == request->address2)
		return -EINVAL;
	result = futex_lock_reserve();
	while (result == 0) {
		result = lock_two_compare(request, true, keys);
		if (result < 0)
			return result;
		from = futex_bucket_of(&keys[0]);
		if (futex_key_equal(&keys[0], &keys[1]))
			result = -EINVAL;
		else
			result = futex_requeue_priority(request, from, keys);
		futex_unlock_two(from, futex_bucket_of(&keys[1]));
		if (result != -EFAULT && result != -EAGAIN)
			break;
		if (result == -EFAULT)
			result = user_fault_in(request->address2, sizeof(uint32_t), true);
		else
			result = signal_is_fatal_pending() ? -EINTR : 0;
		blocking_yield_point();
	}
	return result;
}

/* The comparison of FUTEX_WAKE_OP on the old value; -ENOSYS for an unknown one. */
static int wake_compare(uint32_t encoded, uint32_t old)
{
	int32_t argument = (int32_t)(encoded << 20) >> 20, value = (int32_t)old;

	switch (encoded >> 24 & 0xf) {
	case 0: return value == argument;
	case 1: return value != argument;
	case 2: return value < argument;
	case 3: return value <= argument;
	case 4: return value > argument;
	case 5: return value >= argument;
	default: return -ENOSYS;
	}
}

static long futex_wake_operation(const struct futex_request *request)
{
	uint32_t encoded = request->value3, operation = encoded >> 28 & 7, old;
	int32_t operand = (int32_t)(encoded << 8) >> 20;
	struct memory_identity keys[2];
	struct futex_bucket *first, *second;
	long result, more;

	if (encoded >> 31)
		operand = (int32_t)(1u << (operand & 31));
	if (operation > 4)
		return -ENOSYS;
	for (;;) {
		result = lock_two_compare(request, false, keys);
		if (result < 0)
			return result;
		first = futex_bucket_of(&keys[0]);
		second = futex_bucket_of(&keys[1]);
		if (user_operate32_nofault(request->address2, operation, operand, &old) == 0)
			break;
		futex_unlock_two(first, second);
		result = user_fault_in(request->address2, sizeof(old), true);
		if (result < 0)
			return result;
	}
	result = wake_locked(first, &keys[0], max(request->value, 1u), FUTEX_BITSET_MATCH_ANY);
	more = result < 0 ? 0 : wake_compare(encoded, old);
	if (more > 0)
		more = wake_locked(second, &keys[1], max(request->value2, 1u),
				   FUTEX_BITSET_MATCH_ANY);
	futex_unlock_two(first, second);
	return more < 0 ? more : result + more;
}

long futex_call(const struct futex_request *original)
{
	struct futex_request request = *original;

	switch (request.operation) {
	case FUTEX_WAIT:
		request.value3 = FUTEX_BITSET_MATCH_ANY;
		return futex_wait(&request);
	case FUTEX_WAIT_BITSET:
		return futex_wait(&request);
	case FUTEX_WAKE:
		return futex_wake(request.address, request.is_private, request.value,
				  FUTEX_BITSET_MATCH_ANY);
	case FUTEX_WAKE_BITSET:
		return futex_wake(request.address, request.is_private, request.value,
				  request.value3);
	case FUTEX_REQUEUE:
		return futex_requeue(&request, false);
	case FUTEX_CMP_REQUEUE:
		return futex_requeue(&request, true);
	case FUTEX_CMP_REQUEUE_PI:
		return futex_requeue_to_lock(&request);
	case FUTEX_WAKE_OP:
		return futex_wake_operation(&request);
	case FUTEX_LOCK_PI:
	case FUTEX_LOCK_PI2:
		return futex_lock_priority(&request, false);
	case FUTEX_TRYLOCK_PI:
		return futex_lock_priority(&request, true);
	case FUTEX_UNLOCK_PI:
		return futex_unlock_priority(&request);
	case FUTEX_WAIT_REQUEUE_PI:
		return futex_wait_requeue_priority(&request);
	default:
		return -ENOSYS;
	}
}
