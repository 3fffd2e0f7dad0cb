/*
 * On the way back to the program: take pending signals one by one; ignore, stop, end, or put a
 * frame on the program's stack for its handler. Interrupted calls are restarted as signal(7) says.
 */
#include "arch/signal.h"
#include "arch/vdso.h"
#include "base/errno.h"
#include "memory/space.h"
#include "task/program/restartable.h"
#include "task/schedule.h"
#include "task/signal/signal_internal.h"

/* Takes the next deliverable signal of the current thread: its number, 0. Lock held. */
static int take_next(struct thread *thread, struct signal_information *information)
{
	struct process *process = thread->process;
	signal_set set = ~thread->signals.blocked | SIGNALS_UNBLOCKABLE;
	int number = signal_dequeue(process, &thread->signals.queue, set, information);

	return number ? number : signal_dequeue(process, &process->signals.queue, set, information);
}

bool signal_is_due(const struct thread *thread)
{
	const struct process *process = thread->process;
	signal_set pending = thread->signals.queue.pending | process->signals.queue.pending;
	bool must_leave = process->group_exec && process->group_exec != thread;

	return (pending & (~thread->signals.blocked | SIGNALS_UNBLOCKABLE)) ||
		process->is_exiting || process->signals.stop_requested || must_leave;
}

void signal_reevaluate(void)
{
	struct thread *thread = thread_current();

	if (signal_is_due(thread))
		__atomic_or_fetch(&thread->context.work, WORK_SIGNAL, __ATOMIC_RELAXED);
	else
		__atomic_and_fetch(&thread->context.work, ~(uint32_t)WORK_SIGNAL,
				   __ATOMIC_RELAXED);
}

void signal_notify_parent_of_stop(struct process *process, int number, bool continued)
{
	struct signal_information information = {
		.si_signo = SIGCHLD,
		.si_code = continued ? CLD_CONTINUED : CLD_STOPPED,
		.si_pid = process->id,
		.si_uid = process->real_uid,
		.si_status = number,
	};
	struct process *parent;
	struct usage usage;

	process_usage(process, &usage);
	information.si_utime = usage.user_ns / 10000000;
	information.si_stime = usage.kernel_ns / 10000000;
	parent = process_parent_lock(process);
	if (parent) {
		struct signal_action *action = &parent->signals.actions[SIGCHLD - 1];

		if (action->handler != SIG_IGN && !(action->flags & SA_NOCLDSTOP))
			signal_send_process(parent, SIGCHLD, &information);
		wait_queue_wake_all(&parent->child_changes, 0);
		process_parent_unlock(parent);
	}
}

/* Asks every thread of the process to rest. Lock held. */
static void stop_begin(struct process *process, int number)
{
	struct thread *thread;

	if (process->signals.stop_requested)
		return;
	process->signals.stop_requested = number;
	process->signals.threads_to_stop = 0;
	rcu_read_lock();
	list_for_each_rcu(thread, &process->threads, process_node) {
		bool was_resting = thread->signals.is_resting;

		if (thread->signals.has_left)
			continue;
		thread->signals.is_resting = false;
		process->signals.threads_to_stop++;
		/* In stop_rest() it may have seen this stop already and gone on resting. */
		signal_wake(thread, was_resting);
	}
	rcu_read_unlock();
}

/* Rests until the process continues or ends. Lock held on entry and return, free in between. */
NO_THREAD_ANALYSIS static void stop_rest(struct thread *thread, bool *enabled)
{
	struct process *process = thread->process;
	struct signal_process *signals = &process->signals;
	int number = signals->stop_requested;
	bool is_last;

	if (!thread->signals.is_resting && signals->threads_to_stop > 0)
		signals->threads_to_stop--;
	thread->signals.is_resting = true;
	is_last = signals->threads_to_stop == 0 && !signals->is_stopped;
	if (is_last) {
		signals->is_stopped = true;
		signals->stop_signal = number;
		signals->stop_unreported = true;
		signals->continue_unreported = false;
	}
	spin_unlock_irq(&signals->lock, *enabled);
	if (is_last)
		signal_notify_parent_of_stop(process, number, false);
	for (;;) {
		thread_stop_prepare(THREAD_STOPPED);
		/* A new stop, after a continuation that went by unseen, counts this thread anew. */
		if (!READ_ONCE(signals->stop_requested) ||
		    !READ_ONCE(thread->signals.is_resting) || signal_is_fatal_pending())
			break;
		(void)blocking_sleep(NO_DEADLINE);
	}
	blocking_cancel();
	*enabled = spin_lock_irq(&signals->lock);
	/* One of the threads tells the parent that the process goes on. */
	if (thread->signals.is_resting && signals->continue_unreported &&
		thread == process->leader) {
		spin_unlock_irq(&signals->lock, *enabled);
		signal_notify_parent_of_stop(process, SIGCONT, true);
		*enabled = spin_lock_irq(&signals->lock);
	}
	thread->signals.is_resting = false;
}

/* The default action of a taken signal; may not return. Lock held, dropped and retaken. */
NO_THREAD_ANALYSIS static void act_by_default(struct thread *thread, int number, bool *enabled)
{
	struct process *process = thread->process;
	bool is_orphaned;

	if ((SIGNAL_BIT(number) & SIGNALS_IGNORED) ||
	    (process == process_first() && !process->is_exiting))
		return;
	if (!(SIGNAL_BIT(number) & SIGNALS_STOPPING)) {
		spin_unlock_irq(&process->signals.lock, *enabled);
		process_exit_by_signal(number, SIGNAL_BIT(number) & SIGNALS_DUMPING);
	}
	if (number != SIGSTOP) {
		/* Nobody could continue a member of an orphaned group (POSIX, terminal stops). */
		spin_unlock_irq(&process->signals.lock, *enabled);
		task_tree_lock();
		is_orphaned = !process->group || process_group_is_orphaned(process->group, NULL);
		task_tree_unlock();
		*enabled = spin_lock_irq(&process->signals.lock);
		if (is_orphaned)
			return;
	}
	stop_begin(process, number);
}

/* Decides about a call that was interrupted; `action` NULL: no handler will run. */
static void call_restart(struct frame *frame, const struct signal_action *action)
{
	long result;

	if (frame_call_number(frame) < 0)
		return;
	result = frame_result(frame);
	switch (result) {
	case -ERESTARTNOHAND:
	case -ERESTART_RESTARTBLOCK:
		if (action)
			frame_result_set(frame, -EINTR);
		else if (result == -ERESTARTNOHAND)
			frame_call_repeat(frame);
		else
			frame_call_restart(frame);
		break;
	case -ERESTARTSYS:
		if (action && !(action->flags & SA_RESTART))
			frame_result_set(frame, -EINTR);
		else
			frame_call_repeat(frame);
		break;
	case -ERESTARTNOINTR:
		frame_call_repeat(frame);
		break;
	default:
		return;
	}
	frame_call_number_clear(frame);
}

/* Where the handler returns to: what the program gave, else the vDSO on CPUs that have it there. */
static user_address_t restorer_of(const struct thread *thread, const struct signal_action *action)
{
	size_t offset = vdso_signal_return_offset();
	user_address_t vdso = thread->process->space->vdso;

	if ((action->flags & SA_RESTORER) || !offset || !vdso)
		return action->restorer;
	return vdso + offset;
}

static void fill_delivery(struct thread *thread, const struct signal_action *action,
			  const struct signal_information *information,
			  user_address_t stack_pointer, struct signal_delivery *delivery)
{
	struct signal_thread *signals = &thread->signals;
	bool is_on_stack = stack_pointer > signals->stack_base &&
		stack_pointer - signals->stack_base <= signals->stack_size;

	*delivery = (struct signal_delivery){
		.number = information->si_signo,
		.information = information,
		.blocked = signals->restores_mask ? signals->saved_blocked : signals->blocked,
		.handler = action->handler,
		.restorer = restorer_of(thread, action),
		.has_restorer = action->flags & SA_RESTORER,
		.wants_information = action->flags & SA_SIGINFO,
		.is_on_alternate = (action->flags & SA_ONSTACK) && signals->stack_size > 0 &&
			!(signals->stack_flags & SS_DISABLE) && !is_on_stack,
		.stack_base = signals->stack_base,
		.stack_size = signals->stack_size,
		.stack_flags = signals->stack_flags,
		.trap_number = signals->last_trap_number,
		.error_code = signals->last_error_code,
		.fault_address = signals->last_fault_address,
	};
}

/* Builds the frame and switches the mask for the handler. */
static void run_handler(struct frame *frame, const struct signal_action *action,
			const struct signal_information *information)
{
	struct thread *thread = thread_current();
	struct signal_process *signals = &thread->process->signals;
	struct signal_information fault = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };
	struct signal_delivery delivery;
	bool enabled;

	call_restart(frame, action);
	/* A handler interrupts a restartable section: the frame must lead to its abort address. */
	restartable_fix_up(thread, frame);
	fill_delivery(thread, action, information, frame_stack_pointer(frame), &delivery);
	if (signal_frame_push(frame, &delivery) < 0) {
		/* The stack can not take it. A second SIGSEGV handler would not fit either. */
		if (information->si_signo == SIGSEGV) {
			enabled = spin_lock_irq(&signals->lock);
			signals->actions[SIGSEGV - 1].handler = SIG_DFL;
			spin_unlock_irq(&signals->lock, enabled);
		}
		signal_force(SIGSEGV, &fault);
		return;
	}
	enabled = spin_lock_irq(&signals->lock);
	if (delivery.is_on_alternate && (thread->signals.stack_flags & SS_AUTODISARM)) {
		thread->signals.stack_base = thread->signals.stack_size = 0;
		thread->signals.stack_flags = SS_DISABLE;
	}
	thread->signals.restores_mask = false;
	thread->signals.blocked |= action->mask;
	if (!(action->flags & SA_NODEFER))
		thread->signals.blocked |= SIGNAL_BIT(information->si_signo);
	thread->signals.blocked &= ~SIGNALS_UNBLOCKABLE;
	spin_unlock_irq(&signals->lock, enabled);
}

/* Takes and acts on signals until one with a handler comes (true) or none is left. */
static bool take_for_handler(struct thread *thread, struct signal_information *information,
			     struct signal_action *action)
{
	struct process *process = thread->process;
	struct signal_process *signals = &process->signals;
	bool enabled = spin_lock_irq(&signals->lock);
	int number;

	for (;;) {
		if (process->is_exiting || (process->group_exec && process->group_exec != thread)) {
			spin_unlock_irq(&signals->lock, enabled);
			process_exit_thread(process->is_exiting ? signals->group_exit_code : 0);
		}
		if (signals->stop_requested) {
			stop_rest(thread, &enabled);
			continue;
		}
		number = take_next(thread, information);
		if (number == 0)
			break;
		*action = signals->actions[number - 1];
		if (action->handler == SIG_IGN)
			continue;
		if (action->handler != SIG_DFL)
			break;
		act_by_default(thread, number, &enabled);
	}
	if (number && (action->flags & SA_RESETHAND))
		signals->actions[number - 1].handler = SIG_DFL;
	if (!number)
		signal_reevaluate();
	spin_unlock_irq(&signals->lock, enabled);
	return number != 0;
}

void signal_deliver(struct frame *frame)
{
	struct thread *thread = thread_current();
	struct signal_information information;
	struct signal_action action;

	while (take_for_handler(thread, &information, &action))
		run_handler(frame, &action, &information);
	call_restart(frame, NULL);
	signal_mask_restore();
}
