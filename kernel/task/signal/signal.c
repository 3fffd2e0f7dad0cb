/*
 * Sending signals: what a signal does at once (ends, continues, wakes), and whom it wakes.
 * Everything else happens when the woken thread is on its way back to its program
 * (signal_deliver.c).
 */
#include "task/signal.h"

#include "base/errno.h"
#include "task/schedule.h"
#include "task/schedule.h"
#include "task/signal/signal_internal.h"

/* The default action of a number ends the process. */
static bool default_is_fatal(int number)
{
	return !(SIGNAL_BIT(number) & (SIGNALS_IGNORED | SIGNALS_STOPPING));
}

bool signal_is_ignored(struct process *process, int number)
{
	uint64_t handler = process->signals.actions[number - 1].handler;

	if (handler == SIG_IGN)
		return true;
	if (handler != SIG_DFL)
		return false;
	/* The first process is never ended or stopped by what it does not catch. */
	return (SIGNAL_BIT(number) & SIGNALS_IGNORED) || process == process_first();
}

void signal_wake(struct thread *thread, bool is_fatal)
{
	thread_notify(thread, WORK_SIGNAL, is_fatal);
}

void signal_wake_all(struct process *process, bool is_fatal)
{
	struct thread *thread;

	rcu_read_lock();
	list_for_each_rcu(thread, &process->threads, process_node)
		signal_wake(thread, is_fatal);
	rcu_read_unlock();
}

bool signal_group_exit_locked(struct process *process, int32_t code)
{
	if (process->is_exiting)
		return false;
	process->is_exiting = true;
	process->signals.group_exit_code = code;
	process->signals.stop_requested = 0;
	process->signals.is_stopped = false;
	signal_wake_all(process, true);
	return true;
}

bool signal_group_exit_begin(int32_t code)
{
	struct process *process = process_current();
	bool enabled = spin_lock_irq(&process->signals.lock);
	bool is_first = signal_group_exit_locked(process, code);

	spin_unlock_irq(&process->signals.lock, enabled);
	return is_first;
}

void signal_kill_process(struct process *process, int number)
{
	bool enabled = spin_lock_irq(&process->signals.lock);

	signal_group_exit_locked(process, number);
	spin_unlock_irq(&process->signals.lock, enabled);
}

/* SIGCONT takes pending stops back and ends one; stops take a pending SIGCONT back. */
static void stop_and_continue(struct process *process, int number)
{
	struct signal_process *signals = &process->signals;

	if (SIGNAL_BIT(number) & SIGNALS_STOPPING)
		signal_discard_everywhere(process, SIGNAL_BIT(SIGCONT));
	if (number != SIGCONT)
		return;
	signal_discard_everywhere(process, SIGNALS_STOPPING);
	if (signals->stop_requested) {
		signals->continue_unreported = signals->is_stopped;
		signals->stop_unreported = false;
		signals->is_stopped = false;
		signals->stop_requested = 0;
		/* As if it were fatal, so that stopped threads wake. */
		signal_wake_all(process, true);
	}
}

/* Whether the thread would take it now. A stopped one takes nothing but SIGKILL: what else comes
 * waits for the continuation, fatal or not. */
static bool can_take(const struct thread *thread, int number)
{
	if (thread->signals.is_resting && number != SIGKILL)
		return false;
	return !(thread->signals.blocked & SIGNAL_BIT(number));
}

/* A thread that can take a signal for the process, the current one first. RCU read section. */
static struct thread *taker_find(struct process *process, int number)
{
	struct thread *thread;

	if (process_current() == process && can_take(thread_current(), number))
		return thread_current();
	list_for_each_rcu(thread, &process->threads, process_node) {
		if (can_take(thread, number))
			return thread;
	}
	return NULL;
}

/* Blocked, or waited for by sigtimedwait(2), which unblocks it meanwhile. */
static bool is_held_back(const struct thread *thread, int number)
{
	return (thread->signals.blocked | thread->signals.awaited) & SIGNAL_BIT(number);
}

/* Whether it may be thrown away now. A blocked one waits: the action may change. */
static bool is_dropped(struct process *process, struct thread *target, int number)
{
	struct thread *thread = target;

	if (!signal_is_ignored(process, number))
		return false;
	if (target)
		return !is_held_back(target, number);
	list_for_each_rcu(thread, &process->threads, process_node) {
		if (is_held_back(thread, number))
			return false;
	}
	return true;
}

/* A signal was queued: its taker learns of it, or the process ends. */
static void notify(struct process *process, struct thread *target, int number)
{
	struct signal_process *signals = &process->signals;
	struct thread *taker = target;
	bool is_fatal;

	wait_queue_wake_all(&signals->signalfd_waiters, 0);
	if (!target)
		taker = taker_find(process, number);
	else if (!can_take(target, number))
		taker = NULL;
	if (!taker)
		return;
	/* What ends the process ends it now, whatever its threads wait for. */
	is_fatal = signals->actions[number - 1].handler == SIG_DFL && default_is_fatal(number);
	if (taker->signals.awaited & SIGNAL_BIT(number))
		is_fatal = false;
	if (is_fatal && (number == SIGKILL || !(SIGNAL_BIT(number) & SIGNALS_DUMPING)))
		signal_group_exit_locked(process, number);
	else
		signal_wake(taker, false);
}

/* With the lock held. `target` NULL: for the process. */
static int send_locked(struct process *process, struct thread *target, int number,
		       const struct signal_information *information)
{
	struct signal_queue *queue = target ? &target->signals.queue : &process->signals.queue;
	int result;

	stop_and_continue(process, number);
	if (process->is_exiting || (target && target->signals.has_left) ||
	    is_dropped(process, target, number))
		return 0;
	result = signal_enqueue(process, queue, number, information);
	if (result == 0)
		notify(process, target, number);
	return result;
}

int signal_send_locked(struct process *process, int number,
		       const struct signal_information *information)
{
	return send_locked(process, NULL, number, information);
}

bool signal_send_timer(struct process *process, const struct signal_event *event,
		       struct queued_signal *entry)
{
	struct thread *target = event->thread;
	struct signal_queue *queue = target ? &target->signals.queue : &process->signals.queue;

	if (list_node_is_linked(&entry->node)) {
		entry->information.si_overrun++;
		return true;
	}
	stop_and_continue(process, event->number);
	if (process->is_exiting || (target && target->signals.has_left))
		return true;
	if (is_dropped(process, target, event->number))
		return false;
	entry->information.si_overrun = 0;
	queue->pending |= SIGNAL_BIT(event->number);
	list_add_tail(&queue->entries, &entry->node);
	notify(process, target, event->number);
	return true;
}

static int send(struct process *process, struct thread *target, int number,
		const struct signal_information *information)
{
	bool enabled;
	int result;

	rcu_read_lock();
	enabled = spin_lock_irq(&process->signals.lock);
	result = send_locked(process, target, number, information);
	spin_unlock_irq(&process->signals.lock, enabled);
	rcu_read_unlock();
	return result;
}

int signal_send_process(struct process *process, int number,
			const struct signal_information *information)
{
	return send(process, NULL, number, information);
}

int signal_send_thread(struct thread *thread, int number,
		       const struct signal_information *information)
{
	return send(thread->process, thread, number, information);
}

int signal_send_group(struct process_group *group, int number,
		      const struct signal_information *information)
{
	struct group_member *member;
	int result = -ESRCH;

	rcu_read_lock();
	list_for_each_rcu(member, &group->members, node) {
		int one = send(member->process, NULL, number, information);

		if (result != 0)
			result = one;
	}
	rcu_read_unlock();
	return result;
}

void signal_force(int number, const struct signal_information *information)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	struct signal_action *action = &process->signals.actions[number - 1];
	bool enabled = spin_lock_irq(&process->signals.lock);

	/* A program that blocks or ignores what its own instructions raise would loop for ever. */
	if ((thread->signals.blocked & SIGNAL_BIT(number)) || action->handler == SIG_IGN) {
		action->handler = SIG_DFL;
		thread->signals.blocked &= ~SIGNAL_BIT(number);
	}
	if (action->handler == SIG_DFL && process == process_first())
		signal_group_exit_locked(process, number);
	signal_enqueue(process, &thread->signals.queue, number, information);
	signal_wake(thread, false);
	spin_unlock_irq(&process->signals.lock, enabled);
}

void signal_force_fatal(int number)
{
	struct signal_process *signals = &process_current()->signals;
	bool enabled = spin_lock_irq(&signals->lock);

	/* Ignored and so forced to its default action below. */
	signals->actions[number - 1].handler = SIG_IGN;
	spin_unlock_irq(&signals->lock, enabled);
	signal_force(number, NULL);
}

bool signal_is_pending(void)
{
	return READ_ONCE(context_current()->work) & WORK_SIGNAL;
}

bool signal_is_fatal_pending(void)
{
	struct thread *thread = thread_current();
	struct thread *survivor = READ_ONCE(thread->process->group_exec);

	return READ_ONCE(thread->process->is_exiting) || (survivor && survivor != thread);
}

bool blocking_is_interrupted(enum sleep_kind kind)
{
	if (likely(!signal_is_pending()) || kind >= SLEEP_UNINTERRUPTIBLE)
		return false;
	return kind == SLEEP_INTERRUPTIBLE || signal_is_fatal_pending();
}

int signal_end_other_threads(void)
{
	struct thread *self = thread_current();
	struct process *process = self->process;
	bool enabled = spin_lock_irq(&process->signals.lock);
	int result = process->is_exiting || process->group_exec ? -EAGAIN : 0;

	if (result == 0) {
		process->group_exec = self;
		signal_wake_all(process, true);
	}
	spin_unlock_irq(&process->signals.lock, enabled);
	if (result < 0)
		return result;
	result = WAIT_EVENT(&process->signals.leaving, READ_ONCE(process->thread_count) == 1,
			    SLEEP_KILLABLE);
	if (result == 0) {
		task_tree_lock();
		process_leader_set(self);
		task_tree_unlock();
	}
	WRITE_ONCE(process->group_exec, NULL);
	return result;
}
