/*
 * Process groups and sessions. A group lives in the map while it has members, a session while it
 * has groups; whoever looked one up keeps the object, not its place. All changes under the tree
 * lock.
 */
#include "base/errno.h"
#include "memory/heap.h"
#include "task/thread.h"
#include "task/tree/tree.h"

static void group_free(struct rcu_head *head)
{
	heap_free(container_of(head, struct process_group, rcu));
}

void process_group_put(struct process_group *group)
{
	if (refcount_put(&group->references)) {
		session_put(group->session);
		rcu_call(&group->rcu, group_free);
	}
}

int32_t process_group_id(struct process *process)
{
	struct process_group *group;
	int32_t id;

	rcu_read_lock();
	group = rcu_dereference(process->group);
	id = group ? group->id : 0;
	rcu_read_unlock();
	return id;
}

static void session_free(struct rcu_head *head)
{
	heap_free(container_of(head, struct session, rcu));
}

void session_put(struct session *session)
{
	if (refcount_put(&session->references))
		rcu_call(&session->rcu, session_free);
}

/* The map's reference is the caller's; the group has one of its session. */
static struct process_group *group_create(int32_t id, struct session *session)
{
	struct process_group *group = heap_allocate(sizeof(*group), HEAP_ATOMIC);

	if (!group)
		return NULL;
	refcount_init(&group->references, 1);
	group->id = id;
	group->session = session;
	list_init(&group->members);
	refcount_get(&session->references);
	session->group_count++;
	task_id_hold(id);
	rcu_assign(task_id_find(id)->group, group);
	return group;
}

static struct session *session_create(int32_t id)
{
	struct session *session = heap_allocate(sizeof(*session), HEAP_ATOMIC);

	if (!session)
		return NULL;
	refcount_init(&session->references, 1);
	session->id = id;
	task_id_hold(id);
	rcu_assign(task_id_find(id)->session, session);
	return session;
}

static void session_remove(struct session *session)
{
	rcu_assign(task_id_find(session->id)->session, NULL);
	task_id_release(session->id);
	session_put(session);
}

static void group_remove(struct process_group *group)
{
	struct session *session = group->session;

	/* The first group is not in the map, and stays. */
	if (group->id == 0)
		return;
	rcu_assign(task_id_find(group->id)->group, NULL);
	task_id_release(group->id);
	if (--session->group_count == 0)
		session_remove(session);
	process_group_put(group);
}

static void member_free(struct rcu_head *head)
{
	heap_free(container_of(head, struct group_member, rcu));
}

static void member_remove(struct group_member *member)
{
	list_remove_rcu(&member->node);
	rcu_call(&member->rcu, member_free);
}

int group_join(struct process_group *group, struct process *process)
{
	struct group_member *member = heap_allocate(sizeof(*member), HEAP_ATOMIC);

	if (!member)
		return -ENOMEM;
	member->process = process;
	process->membership = member;
	rcu_assign(process->session, group->session);
	rcu_assign(process->group, group);
	list_add_tail_rcu(&group->members, &member->node);
	return 0;
}

void group_leave(struct process *process)
{
	struct process_group *group = process->group;

	if (!group)
		return;
	member_remove(process->membership);
	rcu_assign(process->group, NULL);
	rcu_assign(process->session, NULL);
	if (list_is_empty(&group->members))
		group_remove(group);
}

static int group_change(struct process *process, struct process_group *group)
{
	struct process_group *old = process->group;
	struct group_member *member = process->membership;
	int error;

	if (old == group)
		return 0;
	/* The new group first: the old one may be the last of the same session. */
	error = group_join(group, process);
	if (error)
		return error;
	if (member)
		member_remove(member);
	if (old && list_is_empty(&old->members))
		group_remove(old);
	return 0;
}

int process_session_start(struct process *process)
{
	struct task_id *entry = task_id_find(process->id);
	struct process_group *group;
	struct session *session;

	/* setsid(2): not for the leader of a group, nor while a group has the number. */
	if (entry->group || entry->session)
		return -EPERM;
	session = session_create(process->id);
	if (!session)
		return -ENOMEM;
	group = group_create(process->id, session);
	if (!group) {
		session_remove(session);
		return -ENOMEM;
	}
	if (group_change(process, group) < 0) {
		group_remove(group);
		return -ENOMEM;
	}
	session->leader = process;
	process->has_left_terminal = false;
	return 0;
}

int process_group_move(struct process *process, int32_t group_id)
{
	struct task_id *entry = task_id_find(group_id);
	struct process_group *group = entry ? entry->group : NULL;
	int error;

	if (!process->session || process->session->leader == process)
		return -EPERM;
	if (!group && group_id == process->id) {
		group = group_create(group_id, process->session);
		if (!group)
			return -ENOMEM;
	}
	if (!group || group->session != process->session)
		return -EPERM;
	error = group_change(process, group);
	if (error && list_is_empty(&group->members))
		group_remove(group);
	return error;
}
