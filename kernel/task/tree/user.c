/*
 * How many processes and threads each user has, for RLIMIT_NPROC: a table of counters by uid, made
 * at a user's first process and dropped with the last. User 0 is not limited, as on Linux, and not
 * counted.
 */
#include "base/errno.h"
#include "base/list.h"
#include "memory/heap.h"
#include "sync/spin_lock.h"
#include "task/limits.h"
#include "task/tree/tree.h"

#define BUCKETS 64

struct user {
	struct list_node node;
	uint32_t uid;
	uint64_t processes;
};

static struct spin_lock lock = SPIN_LOCK_INITIALIZER(LOCK_TASK_ID);
static struct list_head buckets[BUCKETS];
static bool has_started;

static struct list_head *bucket_of(uint32_t uid)
{
	if (!has_started) {
		for (unsigned i = 0; i < BUCKETS; i++)
			list_init(&buckets[i]);
		has_started = true;
	}
	return &buckets[uid % BUCKETS];
}

static struct user *find(uint32_t uid)
{
	struct user *user;

	list_for_each(user, bucket_of(uid), node) {
		if (user->uid == uid)
			return user;
	}
	return NULL;
}

int user_charge(uint32_t uid, uint64_t limit)
{
	struct user *user;
	int result = 0;

	if (uid == 0)
		return 0;
	spin_lock(&lock);
	user = find(uid);
	if ((user ? user->processes : 0) >= limit) {
		result = -EAGAIN;
		goto unlock;
	}
	if (!user) {
		user = heap_allocate(sizeof(*user), HEAP_ATOMIC);
		if (!user) {
			result = -EAGAIN;
			goto unlock;
		}
		user->uid = uid;
		list_add(bucket_of(uid), &user->node);
	}
	user->processes++;
unlock:
	spin_unlock(&lock);
	return result;
}

void user_uncharge(uint32_t uid)
{
	struct user *user;

	if (uid == 0)
		return;
	spin_lock(&lock);
	user = find(uid);
	if (user && --user->processes == 0)
		list_remove(&user->node);
	else
		user = NULL;
	spin_unlock(&lock);
	heap_free(user);
}
