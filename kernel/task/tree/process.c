/*
 * Process objects and their place in the tree. A process has one reference from the tree, until it
 * is unlinked, and one from each of its threads. Its parts are the affair of process/.
 */
#include "base/errno.h"
#include "base/panic.h"
#include "base/string.h"
#include "capability/capability.h"
#include "memory/heap.h"
#include "task/signal/signal_internal.h"
#include "task/thread.h"
#include "task/tree/tree.h"
#include "time/clock_time.h"

static struct spin_lock tree_lock = SPIN_LOCK_INITIALIZER(LOCK_TASK_TREE);
static struct slab_cache *process_cache;

/* Process 0: kernel threads. Not in the map, and nobody's child. */
static struct process kernel_process;
static struct process *first_process;

/* Its group and session have number 0; the first program starts in them, as on Linux. */
static struct session kernel_session = { .references = { 1 }, .group_count = 1 };
static struct process_group kernel_group = { .references = { 1 }, .session = &kernel_session };

NO_THREAD_ANALYSIS void task_tree_lock(void)
{
	spin_lock(&tree_lock);
}

NO_THREAD_ANALYSIS void task_tree_unlock(void)
{
	spin_unlock(&tree_lock);
}

struct process *process_kernel(void)
{
	return &kernel_process;
}

struct process *process_first(void)
{
	return first_process;
}

static int process_init(struct process *process)
{
	refcount_init(&process->references, 1);
	list_init(&process->threads);
	spin_lock_init(&process->children_lock, LOCK_CHILDREN);
	list_init(&process->children);
	list_node_init(&process->child_node);
	wait_queue_init(&process->child_changes);
	wait_queue_init(&process->pidfd_waiters);
	process->started_ns = time_boot_ns();
	process->dumpable = 1;
	process->exit_signal = SIGCHLD;
	return signal_process_init(process, NULL);
}

void process_kernel_start(void)
{
	process_cache = slab_cache_create("process", sizeof(struct process), 0, 0);
	if (!process_cache || process_init(&kernel_process) < 0)
		panic("no memory for the kernel's process");
	list_init(&kernel_group.members);
	/* Not as a member: signals to the group are not for kernel threads. */
	kernel_process.group = &kernel_group;
	kernel_process.session = &kernel_session;
	limits_init(&kernel_process.limits);
	kernel_process.capabilities = capability_set_system();
}

int process_create(int32_t wanted_id, struct process **result)
{
	struct process *process = slab_allocate(process_cache, HEAP_PATIENT | HEAP_ACCOUNT);
	int error = -ENOMEM;

	if (!process)
		return error;
	error = process_init(process);
	if (error < 0)
		goto fail_free;
	process->id = wanted_id;
	error = wanted_id ? task_id_allocate_at(wanted_id) : task_id_allocate(&process->id);
	if (error < 0)
		goto fail_free;
	*result = process;
	return 0;
fail_free:
	slab_free(process_cache, process);
	return error;
}

static void process_free(struct rcu_head *head)
{
	struct process *process = container_of(head, struct process, rcu);
	bool were_enabled = spin_lock_irq(&process->signals.lock);

	signal_discard(process, &process->signals.queue, ~(signal_set)0);
	spin_unlock_irq(&process->signals.lock, were_enabled);
	/* Only now: a zombie, too, is asked what it may do. */
	if (process->capabilities)
		capability_set_put(process->capabilities);
	heap_free(process->denials);
	slab_free(process_cache, process);
}

void process_get(struct process *process)
{
	refcount_get(&process->references);
}

bool process_get_unless_dead(struct process *process)
{
	return refcount_get_unless_zero(&process->references);
}

void process_put(struct process *process)
{
	if (refcount_put(&process->references))
		rcu_call(&process->rcu, process_free);
}

void process_abandon(struct process *process)
{
	task_id_release(process->id);
	process_put(process);
}

static int link(struct process *process, struct process *parent)
{
	int error = 0;

	/* A process that is being ended makes no children any more: they would escape. */
	if (process_current()->is_exiting)
		return -EAGAIN;
	if (process_current()->group)
		error = group_join(process_current()->group, process);
	if (error)
		return error;
	spin_lock(&parent->children_lock);
	rcu_assign(process->parent, parent);
	list_add_tail(&parent->children, &process->child_node);
	spin_unlock(&parent->children_lock);
	process->has_left_terminal = process_current()->has_left_terminal;
	rcu_assign(task_id_find(process->id)->process, process);
	if (!first_process)
		first_process = process;
	return 0;
}

int process_publish(struct process *process, bool is_sibling)
{
	struct process *self = process_current();
	int result;

	process->real_uid = credentials_current()->uid;
	result = user_charge(process->real_uid, self->limits.values[LIMIT_NPROC].soft);
	if (result < 0)
		return result;
	task_tree_lock();
	/* The first process has no parent to be a sibling of. */
	result = link(process, is_sibling && self->parent ? self->parent : self);
	task_tree_unlock();
	if (result < 0)
		user_uncharge(process->real_uid);
	return result;
}

void process_unlink(struct process *process)
{
	struct task_id *entry = task_id_find(process->id);
	struct thread *leader = process->leader;

	rcu_assign(entry->process, NULL);
	/* The leader's thread stays findable as long as its process is a zombie. */
	if (entry->thread == leader)
		rcu_assign(entry->thread, NULL);
	task_tree_lock();
	group_leave(process);
	/* It may go before the process does, which files of procfs and pidfds still hold. Nobody
	 * can hand the process on any more: it is in no list of children. */
	rcu_assign(process->parent, NULL);
	rcu_assign(process->leader, NULL);
	task_tree_unlock();
	task_id_release(process->id);
	user_uncharge(process->real_uid);
	if (leader)
		thread_put(leader);
}

void process_real_uid_set(struct process *process, uint32_t uid)
{
	uint32_t old;

	task_tree_lock();
	old = process->real_uid;
	process->real_uid = uid;
	task_tree_unlock();
	if (old == uid || process == &kernel_process)
		return;
	/* setuid(2) succeeds beyond the limit; the next fork fails. */
	if (user_charge(uid, UINT64_MAX) == 0)
		user_uncharge(old);
}

void process_leader_set(struct thread *thread)
{
	struct process *process = thread->process;
	struct thread *old = process->leader;
	struct task_id *entry;

	if (old == thread)
		return;
	entry = task_id_find(thread->id);
	rcu_assign(entry->thread, NULL);
	task_id_release(thread->id);
	/* The process itself is counted already. */
	thread_uncharge(thread);
	/* The old leader gave up its hold of the number when it was removed. */
	task_id_hold(process->id);
	thread->id = process->id;
	rcu_assign(task_id_find(process->id)->thread, thread);
	thread_get(thread);
	rcu_assign(process->leader, thread);
	process->leader_has_left = false;
	if (old)
		thread_put(old);
}

uint32_t process_threads_shown(const struct process *process)
{
	return READ_ONCE(process->thread_count) + READ_ONCE(process->leader_has_left);
}

bool process_thread_remove(struct thread *thread)
{
	struct process *process = thread->process;
	bool is_leader = process->leader == thread, is_last, is_awaited, were_enabled;

	were_enabled = spin_lock_irq(&process->signals.lock);
	list_remove_rcu(&thread->process_node);
	is_last = --process->thread_count == 0;
	process->leader_has_left |= is_leader;
	is_awaited = process->group_exec != NULL;
	spin_unlock_irq(&process->signals.lock, were_enabled);
	if (is_awaited)
		wait_queue_wake_all(&process->signals.leaving, 0);
	if (!is_leader)
		rcu_assign(task_id_find(thread->id)->thread, NULL);
	task_id_release(thread->id);
	thread_uncharge(thread);
	/* The reference of process->threads; the scheduler's keeps it until it is off its CPU. */
	thread_put(thread);
	return is_last;
}

NO_THREAD_ANALYSIS struct process *process_parent_lock(struct process *child)
{
	struct process *parent;

	rcu_read_lock();
	for (;;) {
		parent = rcu_dereference(child->parent);
		if (!parent)
			break;
		spin_lock(&parent->children_lock);
		if (likely(child->parent == parent))
			break;
		/* It ended meanwhile, and handed the child on. */
		spin_unlock(&parent->children_lock);
	}
	rcu_read_unlock();
	return parent;
}

NO_THREAD_ANALYSIS void process_parent_unlock(struct process *parent)
{
	spin_unlock(&parent->children_lock);
}

struct thread *process_thread_at(struct process *process, uint32_t n)
{
	struct thread *thread, *found = NULL;
	int64_t left = n;
	bool were_enabled;

	task_tree_lock();
	were_enabled = spin_lock_irq(&process->signals.lock);
	/* A leader that left stands before the others, as it did. */
	if (process->leader && process->leader_has_left && left-- == 0) {
		found = process->leader;
		thread_get(found);
	}
	list_for_each(thread, &process->threads, process_node) {
		if (left-- == 0) {
			if (thread_get_unless_dead(thread))
				found = thread;
			break;
		}
	}
	spin_unlock_irq(&process->signals.lock, were_enabled);
	task_tree_unlock();
	return found;
}
