/*
 * One number space for threads, processes, groups and sessions. Numbers go round, so that one is
 * not used again soon; lookups run under RCU.
 */
#include "base/errno.h"
#include "base/tree/identifier_map.h"
#include "memory/heap.h"
#include "sync/spin_lock.h"
#include "task/thread.h"
#include "task/tree/tree.h"

static struct spin_lock lock = SPIN_LOCK_INITIALIZER(LOCK_TASK_ID);
static struct identifier_map map;

struct map_node {
	struct radix_node node;
	struct rcu_head rcu;
};

static struct radix_node *allocate_node(struct radix_tree *tree)
{
	struct map_node *node = heap_allocate(sizeof(*node), HEAP_ATOMIC | HEAP_RAW);

	(void)tree;
	return node ? &node->node : NULL;
}

static void free_node_late(struct rcu_head *head)
{
	heap_free(container_of(head, struct map_node, rcu));
}

static void free_node(struct radix_tree *tree, struct radix_node *node)
{
	(void)tree;
	rcu_call(&container_of(node, struct map_node, node)->rcu, free_node_late);
}

static const struct radix_allocator allocator = {
	.allocate_node = allocate_node,
	.free_node = free_node,
};

void task_id_start(void)
{
	identifier_map_init(&map, 1, TASK_ID_LIMIT - 1, &allocator);
	/* 1 is for the first program. */
	map.next_cyclic = 2;
}

int task_id_allocate(int32_t *id)
{
	struct task_id *entry = heap_allocate(sizeof(*entry), HEAP_PATIENT | HEAP_ACCOUNT);
	uint64_t number = 0;
	int result;

	if (!entry)
		return -ENOMEM;
	refcount_init(&entry->holds, 1);
	spin_lock(&lock);
	result = identifier_map_add_cyclic(&map, entry, &number);
	spin_unlock(&lock);
	if (result < 0) {
		heap_free(entry);
		/* fork(2): no number left is the limit on processes. */
		return result == -ENOSPC ? -EAGAIN : result;
	}
	*id = (int32_t)number;
	return 0;
}

int task_id_allocate_at(int32_t id)
{
	struct task_id *entry;
	int result;

	if (id < 1 || id >= TASK_ID_LIMIT)
		return -EINVAL;
	entry = heap_allocate(sizeof(*entry), HEAP_PATIENT | HEAP_ACCOUNT);
	if (!entry)
		return -ENOMEM;
	refcount_init(&entry->holds, 1);
	spin_lock(&lock);
	result = identifier_map_add_at(&map, entry, (uint64_t)id);
	spin_unlock(&lock);
	if (result < 0)
		heap_free(entry);
	return result;
}

struct task_id *task_id_find(int32_t id)
{
	struct task_id *entry = NULL;

	rcu_read_lock();
	if (id > 0)
		entry = identifier_map_find(&map, (uint64_t)id);
	rcu_read_unlock();
	return entry;
}

struct task_id *task_id_next(int32_t *id)
{
	uint64_t number = *id > 0 ? (uint64_t)*id : 1;
	struct task_id *entry = identifier_map_next(&map, &number);

	*id = (int32_t)number;
	return entry;
}

void task_id_hold(int32_t id)
{
	refcount_get(&task_id_find(id)->holds);
}

static void free_entry(struct rcu_head *head)
{
	heap_free(container_of(head, struct task_id, rcu));
}

void task_id_release(int32_t id)
{
	struct task_id *entry = task_id_find(id);

	if (!refcount_put(&entry->holds))
		return;
	spin_lock(&lock);
	identifier_map_remove(&map, (uint64_t)id);
	spin_unlock(&lock);
	rcu_call(&entry->rcu, free_entry);
}

struct thread *thread_find(int32_t id)
{
	struct task_id *entry;
	struct thread *thread;

	rcu_read_lock();
	entry = task_id_find(id);
	thread = entry ? rcu_dereference(entry->thread) : NULL;
	if (thread && !thread_get_unless_dead(thread))
		thread = NULL;
	rcu_read_unlock();
	return thread;
}

struct thread *thread_next(int32_t *id)
{
	struct task_id *entry;

	rcu_read_lock();
	for (; (entry = task_id_next(id)); (*id)++) {
		struct thread *thread = rcu_dereference(entry->thread);

		if (thread && thread_get_unless_dead(thread)) {
			rcu_read_unlock();
			return thread;
		}
	}
	rcu_read_unlock();
	return NULL;
}

struct process *process_find(int32_t id)
{
	struct task_id *entry;
	struct process *process;

	rcu_read_lock();
	entry = task_id_find(id);
	process = entry ? rcu_dereference(entry->process) : NULL;
	if (process && !process_get_unless_dead(process))
		process = NULL;
	rcu_read_unlock();
	return process;
}

struct process_group *process_group_find(int32_t id)
{
	struct task_id *entry;
	struct process_group *group;

	rcu_read_lock();
	entry = task_id_find(id);
	group = entry ? rcu_dereference(entry->group) : NULL;
	if (group && !refcount_get_unless_zero(&group->references))
		group = NULL;
	rcu_read_unlock();
	return group;
}

struct process *process_next(int32_t *id)
{
	struct task_id *entry;

	rcu_read_lock();
	for (; (entry = task_id_next(id)); (*id)++) {
		struct process *process = rcu_dereference(entry->process);

		if (process && process_get_unless_dead(process)) {
			rcu_read_unlock();
			return process;
		}
	}
	rcu_read_unlock();
	return NULL;
}
