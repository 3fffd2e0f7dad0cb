/*
 * Credentials: immutable once installed. A thread reads its own without a reference; others read
 * them under RCU.
 */
#include "task/credentials.h"

#include "base/errno.h"
#include "base/string.h"
#include "memory/heap.h"
#include "task/thread.h"

#define ALL_LINUX_CAPABILITIES 0x1ffffffffffull	/* 0..CAP_CHECKPOINT_RESTORE */

static struct credentials kernel_credentials = {
	.references = { 1 },
	.linux_permitted = ALL_LINUX_CAPABILITIES,
	.linux_effective = ALL_LINUX_CAPABILITIES,
	.linux_bounding = ALL_LINUX_CAPABILITIES,
};

struct credentials *credentials_kernel(void)
{
	return &kernel_credentials;
}

const struct credentials *credentials_current(void)
{
	return thread_current()->credentials;
}

int credentials_execute_prepare(struct credentials **prepared)
{
	const struct credentials *own = credentials_current();
	bool has_root = !(own->secure_bits & SECURE_NO_ROOT);
	bool is_root = has_root && (own->uid == 0 || own->euid == 0);
	uint64_t permitted = is_root ? own->linux_bounding | own->linux_inheritable :
		own->linux_ambient;
	uint64_t effective = has_root && own->euid == 0 ? permitted : own->linux_ambient;
	struct credentials *new;

	*prepared = NULL;
	if (own->linux_permitted == permitted && own->linux_effective == effective &&
	    own->suid == own->euid && own->fsuid == own->euid && own->sgid == own->egid &&
	    own->fsgid == own->egid && !(own->secure_bits & SECURE_KEEP_CAPS))
		return 0;
	new = credentials_copy(own);
	if (!new)
		return -ENOMEM;
	new->linux_permitted = permitted;
	new->linux_effective = effective;
	new->suid = new->fsuid = own->euid;
	new->sgid = new->fsgid = own->egid;
	new->secure_bits &= ~SECURE_KEEP_CAPS;
	*prepared = new;
	return 0;
}

const struct credentials *process_credentials(struct process *process)
{
	struct thread *thread = rcu_dereference(process->leader);

	if (thread)
		return rcu_dereference(thread->credentials);
	list_for_each_rcu(thread, &process->threads, process_node)
		return rcu_dereference(thread->credentials);
	return NULL;
}

struct credentials *credentials_get(const struct credentials *credentials)
{
	struct credentials *counted = (struct credentials *)credentials;

	refcount_get(&counted->references);
	return counted;
}

static void credentials_free(struct rcu_head *head)
{
	struct credentials *credentials = container_of(head, struct credentials, rcu);

	heap_free(credentials->groups);
	heap_free(credentials);
}

void credentials_put(struct credentials *credentials)
{
	if (refcount_put(&credentials->references))
		rcu_call(&credentials->rcu, credentials_free);
}

struct credentials *credentials_copy(const struct credentials *from)
{
	struct credentials *copy = heap_copy(from, sizeof(*from), HEAP_PATIENT);

	if (!copy)
		return NULL;
	refcount_init(&copy->references, 1);
	if (from->group_count == 0) {
		copy->groups = NULL;
		return copy;
	}
	copy->groups = heap_copy(from->groups, from->group_count * sizeof(*from->groups),
				 HEAP_PATIENT);
	if (!copy->groups) {
		heap_free(copy);
		return NULL;
	}
	return copy;
}

void credentials_override(struct credentials *credentials)
{
	struct thread *self = thread_current();
	struct credentials *old = self->credentials;

	rcu_assign(self->credentials, credentials);
	credentials_put(old);
}

/* What the process has in memory may be more than the new user is to see. */
static bool is_to_be_hidden(const struct credentials *old, const struct credentials *new)
{
	return old->euid != new->euid || old->egid != new->egid || old->fsuid != new->fsuid ||
		old->fsgid != new->fsgid || (new->linux_permitted & ~old->linux_permitted);
}

void credentials_install(struct credentials *credentials)
{
	struct thread *self = thread_current();
	struct credentials *old = self->credentials;

	/* Before the new ids: with them, others could look in. */
	if (is_to_be_hidden(old, credentials)) {
		atomic_store_ordered(&self->process->dumpable, 0);
		self->process->parent_death_signal = 0;
	}
	rcu_assign(self->credentials, credentials);
	if (old->uid != credentials->uid)
		process_real_uid_set(self->process, credentials->uid);
	credentials_put(old);
}

bool credentials_has_group(const struct credentials *credentials, uint32_t gid)
{
	uint32_t low = 0, high = credentials->group_count;

	if (credentials->fsgid == gid)
		return true;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (credentials->groups[middle] == gid)
			return true;
		if (credentials->groups[middle] < gid)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}
