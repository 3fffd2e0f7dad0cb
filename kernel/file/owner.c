/*
 * Owners of files: immutable, replaced whole; whoever tells one reads it under RCU.
 */
#include "file/owner.h"

#include "base/errno.h"
#include "file/file.h"
#include "memory/heap.h"
#include "task/authority.h"
#include "task/credentials.h"
#include "task/signal.h"
#include "task/thread.h"
#include <abi/fcntl.h>

struct file_owner {
	int type;
	union {				/* counted, by type */
		struct thread *thread;
		struct process *process;
		struct process_group *group;
		void *any;
	};
	uint32_t uid, euid;		/* of the one that chose it */
	struct rcu_head rcu;
};

static void *target_find(int type, int32_t id)
{
	if (type == F_OWNER_TID)
		return thread_find(id);
	return type == F_OWNER_PID ? (void *)process_find(id) : (void *)process_group_find(id);
}

static void target_put(int type, void *target)
{
	if (type == F_OWNER_TID)
		thread_put(target);
	else if (type == F_OWNER_PID)
		process_put(target);
	else
		process_group_put(target);
}

static void owner_free(struct rcu_head *head)
{
	struct file_owner *owner = container_of(head, struct file_owner, rcu);

	target_put(owner->type, owner->any);
	heap_free(owner);
}

/* A fresh owner; NULL in *result for id 0. */
static int owner_create(int type, int32_t id, struct file_owner **result)
{
	struct file_owner *owner = NULL;
	void *target;

	*result = NULL;
	if (id == 0)
		return 0;
	target = target_find(type, id);
	if (!target)
		return -ESRCH;
	owner = heap_allocate(sizeof(*owner), HEAP_ACCOUNT);
	if (!owner) {
		target_put(type, target);
		return -ENOMEM;
	}
	owner->type = type;
	owner->any = target;
	owner->uid = credentials_current()->uid;
	owner->euid = credentials_current()->euid;
	*result = owner;
	return 0;
}

/* Signals to others take the right that kill(2) takes, asked when the owner is chosen. */
static int owner_require(int type, int32_t id)
{
	struct thread *thread;
	bool is_own = id == 0 || (type == F_OWNER_PID && id == process_current()->id);

	if (!is_own && type == F_OWNER_TID) {
		thread = thread_find(id);
		is_own = thread && thread->process == process_current();
		if (thread)
			thread_put(thread);
	}
	return is_own ? capability_not_needed() : capability_require(CAPABILITY_PROCESS_SIGNAL);
}

int file_owner_set(struct file *file, int type, int32_t id)
{
	struct file_owner *owner;
	int error = owner_create(type, id, &owner);

	if (error)
		return error;
	error = owner_require(type, id);
	if (error) {
		if (owner)
			rcu_call(&owner->rcu, owner_free);
		return error;
	}
	owner = atomic_swap(&file->owner, owner);
	if (owner)
		rcu_call(&owner->rcu, owner_free);
	return 0;
}

int file_owner_propose(struct file *file, int type, int32_t id)
{
	struct file_owner *owner, *none = NULL;
	int error;

	if (READ_ONCE(file->owner))
		return 0;
	error = owner_create(type, id, &owner);
	if (error == 0 && owner && !atomic_compare_swap(&file->owner, &none, owner))
		rcu_call(&owner->rcu, owner_free);
	return error;
}

/* The number of the target, 0 when the number names it not, because it has gone. */
static int32_t target_id(const struct file_owner *owner)
{
	void *target = owner->any, *found;
	int32_t id = owner->type == F_OWNER_TID ? READ_ONCE(owner->thread->id) :
		owner->type == F_OWNER_PID ? owner->process->id : owner->group->id;

	found = target_find(owner->type, id);
	if (found)
		target_put(owner->type, found);
	return found == target ? id : 0;
}

int32_t file_owner_get(struct file *file, int *type)
{
	const struct file_owner *owner;
	int32_t id = 0;

	*type = F_OWNER_PID;
	rcu_read_lock();
	owner = rcu_dereference(file->owner);
	if (owner) {
		*type = owner->type;
		id = target_id(owner);
	}
	rcu_read_unlock();
	return id;
}

void file_owner_release(struct file *file)
{
	if (file->owner)
		rcu_call(&file->owner->rcu, owner_free);
}

/* kill(2)'s rule without privileges, for the one that chose the owner. */
static bool may_tell(const struct file_owner *owner, struct process *process)
{
	const struct credentials *target = process_credentials(process);

	return target && (owner->euid == 0 || owner->euid == target->suid ||
			  owner->euid == target->uid || owner->uid == target->suid ||
			  owner->uid == target->uid);
}

void file_owner_tell(struct file *file, int number, const struct signal_information *information)
{
	const struct file_owner *owner;
	struct group_member *member;

	rcu_read_lock();
	owner = rcu_dereference(file->owner);
	if (!owner) {
		rcu_read_unlock();
		return;
	}
	if (owner->type == F_OWNER_TID) {
		if (may_tell(owner, owner->thread->process))
			signal_send_thread(owner->thread, number, information);
	} else if (owner->type == F_OWNER_PID) {
		if (may_tell(owner, owner->process))
			signal_send_process(owner->process, number, information);
	} else {
		list_for_each_rcu(member, &owner->group->members, node) {
			if (may_tell(owner, member->process))
				signal_send_process(member->process, number, information);
		}
	}
	rcu_read_unlock();
}
