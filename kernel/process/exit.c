/*
 * The end of threads and processes. A dying thread gives back what it owns; the last one gives back
 * the process's parts, hands its children on, and tells the parent.
 */
#include "base/errno.h"
#include "base/panic.h"
#include "file/descriptor.h"
#include "memory/heap.h"
#include "memory/space.h"
#include "process/internal.h"
#include "task/futex.h"
#include "task/process_timer.h"
#include "task/schedule.h"
#include "time/clock_time.h"
#include <abi/process.h>

/* A parent in vfork() and its child share this; the later of the two frees it. */
struct vfork_wait {
	struct refcount references;
	bool is_done;
	struct wait_queue queue;
};

struct vfork_wait *vfork_wait_create(void)
{
	struct vfork_wait *wait = heap_allocate(sizeof(*wait), HEAP_PATIENT);

	if (!wait)
		return NULL;
	refcount_init(&wait->references, 1);
	wait_queue_init(&wait->queue);
	return wait;
}

void vfork_wait_get(struct vfork_wait *wait)
{
	refcount_get(&wait->references);
}

void vfork_wait_put(struct vfork_wait *wait)
{
	if (refcount_put(&wait->references))
		heap_free(wait);
}

int vfork_wait_sleep(struct vfork_wait *wait)
{
	return WAIT_EVENT(&wait->queue, READ_ONCE(wait->is_done), SLEEP_KILLABLE);
}

void vfork_done(struct thread *thread)
{
	struct vfork_wait *wait = thread->vfork_wait;

	if (!wait)
		return;
	thread->vfork_wait = NULL;
	WRITE_ONCE(wait->is_done, true);
	wait_queue_wake_all(&wait->queue, 0);
	vfork_wait_put(wait);
}

void thread_files_drop(struct thread *thread)
{
	struct descriptor_table *descriptors = thread->descriptors;
	struct directory_state *directories = thread->directories;
	bool enabled = spin_lock_irq(&thread->process->signals.lock);

	thread->descriptors = NULL;
	thread->directories = NULL;
	spin_unlock_irq(&thread->process->signals.lock, enabled);
	if (descriptors)
		descriptor_table_put(descriptors);
	if (directories)
		directory_state_put(directories);
}

/*
 * Leaves the process's space. Nothing keeps the space alive for a thread that is not counted: the
 * last one, or one that executes, drops it while this one may still be switched to.
 */
static void space_leave(struct thread *thread)
{
	preemption_disable();
	thread->context.space = NULL;
	mmu_space_load(NULL);
	preemption_enable();
}

/* Drops the parts of the process; runs in its last thread. */
static void parts_drop(struct process *process)
{
	struct space *space = process->space;
	bool enabled;

	process_timers_drop(process, false);
	process->dead_threads.peak_resident_pages = space ? space->resident_peak : 0;
	/* Others look at these under the signal lock (procfs). */
	enabled = spin_lock_irq(&process->signals.lock);
	process->space = NULL;
	spin_unlock_irq(&process->signals.lock, enabled);
	if (space)
		space_user_put(space);
}

/* The nearest living ancestor that asked for orphans, or the first process. Tree lock held. */
static struct process *reaper_find(struct process *dying, struct process *first)
{
	for (struct process *ancestor = dying->parent; ancestor && ancestor != first;
	     ancestor = ancestor->parent) {
		if (ancestor->is_child_subreaper && !ancestor->has_left &&
		    !ancestor->is_exiting)
			return ancestor;
	}
	return first;
}

/* The signal that tells a child of its parent's death (PR_SET_PDEATHSIG). */
static void parent_death_tell(struct process *child)
{
	struct signal_information information = {
		.si_signo = child->parent_death_signal,
		.si_code = SI_USER,
		.si_pid = process_current()->id,
		.si_uid = credentials_current()->uid,
	};

	if (child->parent_death_signal)
		signal_send_process(child, child->parent_death_signal, &information);
}

/* Hands children to the reaper; zombies among them are told to it. Tree lock held. */
static void children_hand_over(struct process *dying)
{
	struct process *child, *following, *reaper;
	bool has_zombies = false;

	/* Only this thread, its last, could add one; or a child that ends, under the tree lock. */
	if (list_is_empty(&dying->children))
		return;
	reaper = reaper_find(dying, process_first());
	spin_lock(&dying->children_lock);
	spin_lock_nested(&reaper->children_lock);
	list_for_each_safe(child, following, &dying->children, child_node) {
		list_remove(&child->child_node);
		rcu_assign(child->parent, reaper);
		list_add_tail(&reaper->children, &child->child_node);
		parent_death_tell(child);
		child->exit_signal = SIGCHLD;
		has_zombies |= child->is_zombie;
		orphan_child_check(child, dying);
	}
	if (has_zombies) {
		signal_send_process(reaper, SIGCHLD, NULL);
		wait_queue_wake_all(&reaper->child_changes, 0);
	}
	spin_unlock_nested(&reaper->children_lock);
	spin_unlock(&dying->children_lock);
}

static void child_information(struct process *child, struct signal_information *information)
{
	int status = child->exit_status;
	struct usage usage;

	process_usage(child, &usage);
	*information = (struct signal_information){
		.si_signo = child->exit_signal,
		.si_pid = child->id,
		.si_uid = child->real_uid,
		.si_utime = usage.user_ns / (NANOSECONDS_PER_SECOND / USER_HZ),
		.si_stime = usage.kernel_ns / (NANOSECONDS_PER_SECOND / USER_HZ),
	};
	if ((status & 0x7f) == 0) {
		information->si_code = CLD_EXITED;
		information->si_status = status >> 8 & 0xff;
		return;
	}
	information->si_code = status & 0x80 ? CLD_DUMPED : CLD_KILLED;
	information->si_status = status & 0x7f;
}

/* Becomes a zombie and tells the parent, whose children are locked. True: the parent does not want
 * to wait, so the process goes at once. */
static bool parent_tell(struct process *dying, struct process *parent, int status)
{
	const struct signal_action *action = &parent->signals.actions[SIGCHLD - 1];
	struct signal_information information;
	bool is_unwanted;

	if (dying->exit_signal != SIGCHLD)
		is_unwanted = false;
	else
		is_unwanted = action->handler == SIG_IGN || (action->flags & SA_NOCLDWAIT);
	dying->exit_status = status;
	dying->is_zombie = true;
	child_information(dying, &information);
	if (dying->exit_signal && !(is_unwanted && action->handler == SIG_IGN))
		signal_send_process(parent, dying->exit_signal, &information);
	if (is_unwanted)
		list_remove(&dying->child_node);
	return is_unwanted;
}

/* Whoever looks at the tree from here on does so without this process. */
static void tree_leave(struct process *process)
{
	struct session *session = process->session;
	bool is_session_leader = session && session->leader == process;

	if (is_session_leader && session->leader_exits)
		session->leader_exits(session);
	task_tree_lock();
	children_hand_over(process);
	orphan_group_check(process);
	if (is_session_leader)
		session->leader = NULL;
	process->has_left = true;
	task_tree_unlock();
}

/* `status` is as wait4 shows it. */
static NORETURN void first_process_ended(int status)
{
	const char *name = thread_current()->name;

	if (status & 0x7f)
		panic("the first process (%s) was killed by signal %d", name, status & 0x7f);
	panic("the first process (%s) ended with status %d", name, status >> 8 & 0xff);
}

static void process_finish(struct process *process, int status)
{
	struct process *parent;
	bool is_gone;

	if (process == process_first())
		first_process_ended(status);
	tree_leave(process);
	/* The parent's object stays while it is woken; outside the lock, which it wants next. */
	rcu_read_lock();
	parent = process_parent_lock(process);
	is_gone = parent_tell(process, parent, status);
	process_parent_unlock(parent);
	wait_queue_wake_all(&parent->child_changes, 0);
	rcu_read_unlock();
	wait_queue_wake_all(&process->pidfd_waiters, 0);
	if (is_gone) {
		process_unlink(process);
		process_put(process);
	}
}

void process_exit_thread(int status)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	bool is_last;

	/* The last thread has much to do before it is gone. */
	schedule_leave(READ_ONCE(process->thread_count) > 1);
	/* Before anybody can learn that it is gone: its time does not vanish from the process's. */
	thread_account(thread);
	futex_thread_exit(thread);
	vfork_done(thread);
	signal_thread_exit(thread);
	thread_files_drop(thread);
	space_leave(thread);
	is_last = process_thread_remove(thread);
	if (is_last) {
		/* An exit_group or a fatal signal decides over what the last thread said. */
		if (process->is_exiting)
			status = process->signals.group_exit_code;
		parts_drop(process);
		thread_account(thread);
		schedule_leave(true);
		process_finish(process, status);
	}
	thread_exit();
}

void process_exit_group(int status)
{
	signal_group_exit_begin(status);
	process_exit_thread(status);
}

void process_exit_by_signal(int number, bool dumps_core)
{
	/* Cores are not written: RLIMIT_CORE is 0 by default and the flag says "no core". */
	(void)dumps_core;
	process_exit_group(number);
}
