/*
 * The signal state of threads and processes: masks, taking without delivery, and what fork, exec
 * and exit do to it.
 */
#include "base/errno.h"
#include "base/string.h"
#include "task/signal/signal_internal.h"

void signal_mask_set(signal_set blocked)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	bool enabled = spin_lock_irq(&process->signals.lock);
	signal_set newly = blocked & ~thread->signals.blocked & process->signals.queue.pending;
	struct thread *other;

	thread->signals.blocked = blocked & ~SIGNALS_UNBLOCKABLE;
	signal_reevaluate();
	/* A signal for the process that this thread was to take goes to another one. */
	if (newly && process->thread_count > 1) {
		rcu_read_lock();
		list_for_each_rcu(other, &process->threads, process_node) {
			if (other != thread && (newly & ~other->signals.blocked)) {
				signal_wake(other, false);
				newly &= other->signals.blocked;
			}
		}
		rcu_read_unlock();
	}
	spin_unlock_irq(&process->signals.lock, enabled);
}

void signal_mask_set_temporarily(signal_set blocked)
{
	struct thread *thread = thread_current();

	thread->signals.saved_blocked = thread->signals.blocked;
	thread->signals.restores_mask = true;
	/* WORK_NOTIFY brings the thread to signal_mask_restore() even if no signal comes. */
	__atomic_or_fetch(&thread->context.work, WORK_NOTIFY, __ATOMIC_RELAXED);
	signal_mask_set(blocked);
}

void signal_mask_restore(void)
{
	struct thread *thread = thread_current();

	if (!thread->signals.restores_mask)
		return;
	thread->signals.restores_mask = false;
	signal_mask_set(thread->signals.saved_blocked);
}

int signal_take(signal_set set, struct signal_information *information)
{
	struct thread *thread = thread_current();
	struct process *process = thread->process;
	bool enabled = spin_lock_irq(&process->signals.lock);
	int number = signal_dequeue(process, &thread->signals.queue, set, information);

	if (number == 0)
		number = signal_dequeue(process, &process->signals.queue, set, information);
	signal_reevaluate();
	spin_unlock_irq(&process->signals.lock, enabled);
	return number;
}

void signal_action_changed(struct process *process, int number)
{
	if (signal_is_ignored(process, number) && process != process_first())
		signal_discard_everywhere(process, SIGNAL_BIT(number));
}

signal_set signal_pending_set(struct thread *thread)
{
	struct process *process = thread->process;
	bool enabled = spin_lock_irq(&process->signals.lock);
	signal_set pending = thread->signals.queue.pending | process->signals.queue.pending;

	spin_unlock_irq(&process->signals.lock, enabled);
	return pending;
}

void signal_actions_reset(struct process *process)
{
	bool enabled = spin_lock_irq(&process->signals.lock);

	for (int i = 0; i < SIGNAL_COUNT; i++) {
		struct signal_action *action = &process->signals.actions[i];

		if (action->handler != SIG_IGN)
			action->handler = SIG_DFL;
		action->flags = 0;
		action->mask = 0;
		action->restorer = 0;
	}
	spin_unlock_irq(&process->signals.lock, enabled);
}

void signal_reset_for_exec(struct process *process)
{
	struct signal_thread *own = &thread_current()->signals;

	signal_actions_reset(process);
	own->stack_base = own->stack_size = 0;
	own->stack_flags = SS_DISABLE;
}

int signal_process_init(struct process *process, const struct process *from)
{
	struct signal_process *signals = &process->signals;

	spin_lock_init(&signals->lock, LOCK_SIGNAL);
	list_init(&signals->queue.entries);
	wait_queue_init(&signals->signalfd_waiters);
	wait_queue_init(&signals->leaving);
	if (from)
		memcpy(signals->actions, from->signals.actions, sizeof(signals->actions));
	return 0;
}

void signal_queue_drain(struct signal_queue *queue)
{
	struct process *process = process_current();
	bool enabled = spin_lock_irq(&process->signals.lock);

	signal_discard(process, queue, ~(signal_set)0);
	spin_unlock_irq(&process->signals.lock, enabled);
}

void signal_thread_join(struct thread *thread)
{
	struct signal_process *signals = &thread->process->signals;

	if (signals->stop_requested && !signals->is_stopped)
		signals->threads_to_stop++;
	if (signal_is_due(thread))
		__atomic_or_fetch(&thread->context.work, WORK_SIGNAL, __ATOMIC_RELAXED);
}

void signal_thread_exit(struct thread *thread)
{
	struct process *process = thread->process;
	struct signal_process *signals = &process->signals;
	bool enabled = spin_lock_irq(&signals->lock);
	bool completes_stop = false;
	struct thread *other;

	signal_discard(process, &thread->signals.queue, ~(signal_set)0);
	thread->signals.has_left = true;
	thread->signals.blocked = ~(signal_set)0;
	if (signals->stop_requested && !thread->signals.is_resting && signals->threads_to_stop > 0)
		completes_stop = --signals->threads_to_stop == 0 && !signals->is_stopped &&
			process->thread_count > 1;
	if (completes_stop) {
		signals->is_stopped = signals->stop_unreported = true;
		signals->stop_signal = signals->stop_requested;
	}
	/* What it was woken for may be for another thread now. */
	if (signals->queue.pending) {
		rcu_read_lock();
		list_for_each_rcu(other, &process->threads, process_node) {
			if (other != thread && (signals->queue.pending & ~other->signals.blocked))
				signal_wake(other, false);
		}
		rcu_read_unlock();
	}
	spin_unlock_irq(&signals->lock, enabled);
	if (completes_stop)
		signal_notify_parent_of_stop(process, signals->stop_signal, false);
}
