/*
 * Who a process is: ids of processes, groups and sessions, users and groups, and the names that uid
 * 0 goes by. Changing to an id that is not the caller's already takes identity.set.
 */
#include "base/table/sort.h"
#include "memory/heap.h"
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/thread.h"

#define KEEP UINT32_MAX		/* -1: leave as it is */

long sys_getpid(void)
{
	return process_current()->id;
}

long sys_gettid(void)
{
	return thread_current()->id;
}

long sys_getppid(void)
{
	struct process *parent;
	long id;

	rcu_read_lock();
	parent = rcu_dereference(process_current()->parent);
	id = parent ? parent->id : 0;
	rcu_read_unlock();
	return id;
}

/* A process by id (0: the current one) with a reference; NULL: none. */
static struct process *process_by_id(int pid)
{
	if (pid == 0) {
		process_get(process_current());
		return process_current();
	}
	return process_find(pid);
}

long sys_getpgid(int pid)
{
	struct process *process = process_by_id(pid);
	long id;

	if (!process)
		return -ESRCH;
	task_tree_lock();
	id = process->group ? process->group->id : 0;
	task_tree_unlock();
	process_put(process);
	return id;
}

long sys_getpgrp(void)
{
	return sys_getpgid(0);
}

long sys_getsid(int pid)
{
	struct process *process = process_by_id(pid);
	long id;

	if (!process)
		return -ESRCH;
	task_tree_lock();
	id = process->session ? process->session->id : 0;
	task_tree_unlock();
	process_put(process);
	return id;
}

/* setpgid(2)'s rules; tree lock held. */
static int group_change_check(struct process *process, int group)
{
	struct process *self = process_current();

	if (process != self) {
		if (process->parent != self)
			return -ESRCH;
		if (process->session != self->session)
			return -EPERM;
		if (process->has_executed)
			return -EACCES;
	}
	if (process->session && process->session->id == process->id)
		return -EPERM;
	if (group != process->id) {
		struct process_group *target = process_group_find(group);
		bool is_here = target && target->session == self->session;

		if (target)
			process_group_put(target);
		if (!is_here)
			return -EPERM;
	}
	return 0;
}

long sys_setpgid(int pid, int group)
{
	struct process *process;
	int result;

	if (group < 0)
		return -EINVAL;
	if (group == 0 && pid < 0)
		return -EINVAL;
	process = process_by_id(pid);
	if (!process)
		return -ESRCH;
	if (group == 0)
		group = process->id;
	task_tree_lock();
	result = group_change_check(process, group);
	if (result == 0)
		result = process_group_move(process, group);
	task_tree_unlock();
	process_put(process);
	return result;
}

long sys_setsid(void)
{
	struct process *process = process_current();
	int result;

	task_tree_lock();
	result = process_session_start(process);
	task_tree_unlock();
	return result < 0 ? result : process->id;
}

long sys_getuid(void)
{
	return credentials_current()->uid;
}

long sys_geteuid(void)
{
	return credentials_current()->euid;
}

long sys_getgid(void)
{
	return credentials_current()->gid;
}

long sys_getegid(void)
{
	return credentials_current()->egid;
}

static long store_three(user_address_t a, uint32_t first, user_address_t b, uint32_t second,
			user_address_t c, uint32_t third)
{
	if (user_store32(a, first) < 0 || user_store32(b, second) < 0 || user_store32(c, third) < 0)
		return -EFAULT;
	return 0;
}

long sys_getresuid(user_address_t real, user_address_t effective, user_address_t saved)
{
	const struct credentials *own = credentials_current();

	return store_three(real, own->uid, effective, own->euid, saved, own->suid);
}

long sys_getresgid(user_address_t real, user_address_t effective, user_address_t saved)
{
	const struct credentials *own = credentials_current();

	return store_three(real, own->gid, effective, own->egid, saved, own->sgid);
}

/* The three ids of one kind, so that users and groups go the same way. */
struct three_ids {
	uint32_t *real, *effective, *saved, *file;
};

static struct three_ids user_ids(struct credentials *of)
{
	return (struct three_ids){ &of->uid, &of->euid, &of->suid, &of->fsuid };
}

static struct three_ids group_ids(struct credentials *of)
{
	return (struct three_ids){ &of->gid, &of->egid, &of->sgid, &of->fsgid };
}

static bool is_own(const struct three_ids *ids, uint32_t id)
{
	return id == *ids->real || id == *ids->effective || id == *ids->saved;
}

typedef struct three_ids (*ids_of)(struct credentials *of);

#define CAP_SETGID 6
#define CAP_SETUID 7

/* Linux's rule on top of identity.set: CAP_SETUID or CAP_SETGID, by the kind of ids. */
static bool is_privileged(ids_of kind)
{
	return credentials_current()->linux_effective &
		BIT(kind == user_ids ? CAP_SETUID : CAP_SETGID);
}

/* Linux's picture of capabilities follows uid 0 (capabilities(7)); Aegis's own rights do not. */
static void linux_capabilities_follow(const struct credentials *old, struct credentials *new)
{
	bool was_root = old->uid == 0 || old->euid == 0 || old->suid == 0;
	bool is_root = new->uid == 0 || new->euid == 0 || new->suid == 0;

	if (old->secure_bits & SECURE_NO_FIXUP)
		return;
	if (was_root && !is_root) {
		/* PR_SET_KEEPCAPS keeps what is permitted, for later use. */
		if (!(old->secure_bits & SECURE_KEEP_CAPS))
			new->linux_permitted = 0;
		new->linux_effective = new->linux_ambient = 0;
	}
	if (old->euid == 0 && new->euid != 0)
		new->linux_effective = 0;
	else if (old->euid != 0 && new->euid == 0)
		new->linux_effective = new->linux_permitted;
}

/* Sets the three ids, KEEP for those that stay. The rights were checked. */
static long ids_install(ids_of kind, uint32_t real, uint32_t effective, uint32_t saved)
{
	struct credentials *new = credentials_copy(credentials_current());
	struct three_ids ids;

	if (!new)
		return -ENOMEM;
	ids = kind(new);
	if (real != KEEP)
		*ids.real = real;
	if (effective != KEEP)
		*ids.effective = effective;
	if (saved != KEEP)
		*ids.saved = saved;
	*ids.file = *ids.effective;
	linux_capabilities_follow(credentials_current(), new);
	credentials_install(new);
	return 0;
}

static struct three_ids current_ids(ids_of kind)
{
	return kind((struct credentials *)credentials_current());
}

static long resid_set(ids_of kind, uint32_t real, uint32_t effective, uint32_t saved)
{
	struct three_ids ids = current_ids(kind);
	bool needs_right = (real != KEEP && !is_own(&ids, real)) ||
		(effective != KEEP && !is_own(&ids, effective)) ||
		(saved != KEEP && !is_own(&ids, saved));
	int result = needs_right ? capability_require(CAPABILITY_IDENTITY_SET) :
		capability_not_needed();

	return result < 0 ? result : ids_install(kind, real, effective, saved);
}

/* setuid and setgid: all three for uid 0, as login programs expect; only the effective for
 * others. */
static long id_set(ids_of kind, uint32_t id)
{
	struct three_ids ids = current_ids(kind);
	bool sets_all = is_privileged(kind) && capability_is_held(CAPABILITY_IDENTITY_SET);

	if (id == KEEP)
		return -EINVAL;
	if (sets_all)
		return ids_install(kind, id, id, id);
	if (id != *ids.real && id != *ids.saved)
		return is_privileged(kind) ? capability_require(CAPABILITY_IDENTITY_SET) : -EPERM;
	(void)capability_not_needed();
	return ids_install(kind, KEEP, id, KEEP);
}

static int reid_check(ids_of kind, const struct three_ids *ids, uint32_t real,
		      uint32_t effective)
{
	bool is_plain = (real == KEEP || real == *ids->real || real == *ids->effective) &&
		(effective == KEEP || is_own(ids, effective));

	if (is_plain)
		return capability_not_needed();
	return is_privileged(kind) ? capability_require(CAPABILITY_IDENTITY_SET) : -EPERM;
}

static long reid_set(ids_of kind, uint32_t real, uint32_t effective)
{
	struct three_ids ids = current_ids(kind);
	uint32_t saved = KEEP;
	int result = reid_check(kind, &ids, real, effective);

	if (result < 0)
		return result;
	/* setreuid(2): the saved id follows when the real one is set or a new effective one is. */
	if (real != KEEP || (effective != KEEP && effective != *ids.real))
		saved = effective != KEEP ? effective : *ids.effective;
	return ids_install(kind, real, effective, saved);
}

static int file_id_check(ids_of kind, const struct three_ids *ids, uint32_t id)
{
	if (id == KEEP || id == *ids->file || is_own(ids, id))
		return capability_not_needed();
	return is_privileged(kind) ? capability_require(CAPABILITY_IDENTITY_SET) : -EPERM;
}

/* setfsuid(2): always answers the old id. */
static long file_id_set(ids_of kind, uint32_t id)
{
	struct three_ids ids = current_ids(kind);
	uint32_t old = *ids.file;
	struct credentials *new;

	if (file_id_check(kind, &ids, id) < 0 || id == KEEP) {
		(void)capability_not_needed();	/* nothing changes, and the call cannot fail */
		return old;
	}
	new = credentials_copy(credentials_current());
	if (!new)
		return old;
	*kind(new).file = id;
	credentials_install(new);
	return old;
}

/* resuid's rule of capabilities(7): ids beyond one's own need the privilege and the right. */
static long resid_call(ids_of kind, uint32_t real, uint32_t effective, uint32_t saved)
{
	struct three_ids ids = current_ids(kind);

	if (!is_privileged(kind) &&
	    ((real != KEEP && !is_own(&ids, real)) ||
	     (effective != KEEP && !is_own(&ids, effective)) ||
	     (saved != KEEP && !is_own(&ids, saved))))
		return -EPERM;
	return resid_set(kind, real, effective, saved);
}

long sys_setuid(unsigned uid)
{
	return id_set(user_ids, uid);
}

long sys_setgid(unsigned gid)
{
	return id_set(group_ids, gid);
}

long sys_setreuid(unsigned real, unsigned effective)
{
	return reid_set(user_ids, real, effective);
}

long sys_setregid(unsigned real, unsigned effective)
{
	return reid_set(group_ids, real, effective);
}

long sys_setresuid(unsigned real, unsigned effective, unsigned saved)
{
	return resid_call(user_ids, real, effective, saved);
}

long sys_setresgid(unsigned real, unsigned effective, unsigned saved)
{
	return resid_call(group_ids, real, effective, saved);
}

long sys_setfsuid(unsigned uid)
{
	return file_id_set(user_ids, uid);
}

long sys_setfsgid(unsigned gid)
{
	return file_id_set(group_ids, gid);
}

long sys_getgroups(int size, user_address_t groups)
{
	const struct credentials *own = credentials_current();

	if (size < 0)
		return -EINVAL;
	if (size == 0)
		return own->group_count;
	if ((unsigned)size < own->group_count)
		return -EINVAL;
	if (user_copy_out(groups, own->groups, own->group_count * sizeof(uint32_t)) < 0)
		return -EFAULT;
	return own->group_count;
}

static int group_compare(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return first < second ? -1 : first > second;
}

long sys_setgroups(int count, user_address_t groups)
{
	struct credentials *new;
	uint32_t *list = NULL;

	if (!is_privileged(group_ids))
		return -EPERM;
	if ((unsigned)count > GROUPS_MAXIMUM)
		return -EINVAL;
	if (count > 0) {
		list = heap_allocate_array(count, sizeof(*list), HEAP_ACCOUNT | HEAP_RAW);
		if (!list)
			return -ENOMEM;
		if (user_copy_in(list, groups, count * sizeof(*list)) < 0) {
			heap_free(list);
			return -EFAULT;
		}
		sort(list, count, sizeof(*list), group_compare);
		/* -1 is no id; sorted, it would be the last. */
		if (list[count - 1] == KEEP) {
			heap_free(list);
			return -EINVAL;
		}
	}
	new = credentials_copy(credentials_current());
	if (!new) {
		heap_free(list);
		return -ENOMEM;
	}
	heap_free(new->groups);
	new->groups = list;
	new->group_count = count;
	credentials_install(new);
	return 0;
}
