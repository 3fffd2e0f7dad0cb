/*
 * Signal calls. Sending to oneself is free; to others it takes process.signal and, as everywhere,
 * Linux's rule about user ids.
 */
#include "task/signal.h"

#include "arch/signal.h"
#include "file/event_files.h"
#include "syscall/support.h"
#include "task/credentials.h"
#include "task/thread.h"
#include "vfs/permission.h"

#define SIGNALS_KEPT (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

/* kill(2): a common real or saved user id, or CAP_KILL; SIGCONT within the session is free. */
static int may_signal(struct process *target, int number)
{
	const struct credentials *own = credentials_current();
	struct process *self = process_current();
	const struct credentials *other;
	bool allowed = target == self;
	int result;

	if (allowed)
		return capability_not_needed();
	result = capability_require(CAPABILITY_PROCESS_SIGNAL);
	if (result < 0)
		return result;
	rcu_read_lock();
	if (number == SIGCONT && rcu_dereference(target->session) == self->session)
		allowed = true;
	other = process_credentials(target);
	if (privilege_is_held(PRIVILEGE_KILL) || !other)
		allowed = true;
	else
		allowed |= own->euid == other->suid || own->euid == other->uid ||
			own->uid == other->suid || own->uid == other->uid;
	rcu_read_unlock();
	return allowed ? 0 : -EPERM;
}

static struct signal_information user_information(int number, int code)
{
	return (struct signal_information){
		.si_signo = number,
		.si_code = code,
		.si_pid = process_current()->id,
		.si_uid = credentials_current()->uid,
	};
}

static int signal_process(struct process *process, int number,
			  const struct signal_information *information)
{
	int result = may_signal(process, number);

	if (result < 0 || number == 0)
		return result;
	return signal_send_process(process, number, information);
}

/* All of a group: one success is success; else the last refusal. */
static long kill_group(int group_id, int number)
{
	struct signal_information information = user_information(number, SI_USER);
	struct process_group *group = process_group_find(group_id);
	struct group_member *member;
	long result = -ESRCH;
	bool any = false;

	if (!group)
		return -ESRCH;
	task_tree_lock();
	list_for_each(member, &group->members, node) {
		long one = signal_process(member->process, number, &information);

		any |= one == 0;
		result = one;
	}
	task_tree_unlock();
	process_group_put(group);
	return any ? 0 : result;
}

/* kill(-1): everybody but the first process and oneself. Those who refuse are passed over. */
static long kill_everybody(int number)
{
	struct signal_information information = user_information(number, SI_USER);
	struct process *process;
	int32_t id = 2;
	long result = 0;
	bool any = false;

	while ((process = process_next(&id)) != NULL) {
		if (process != process_current()) {
			long one = signal_process(process, number, &information);

			any = true;
			if (one != -EPERM)
				result = one;
		}
		id++;
		process_put(process);
	}
	return any ? result : -ESRCH;
}

long sys_kill(int pid, int number)
{
	struct signal_information information;
	struct process *process;
	long result;

	if (number < 0 || number > SIGNAL_COUNT)
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	if (pid == -1)
		return kill_everybody(number);
	if (pid <= 0)
		return kill_group(pid == 0 ? process_group_id(process_current()) : -pid, number);
	process = process_find(pid);
	if (!process)
		return -ESRCH;
	information = user_information(number, SI_USER);
	result = signal_process(process, number, &information);
	process_put(process);
	return result;
}

/* To one thread; pid 0 does not check which process it is in. */
static long signal_thread(int pid, int tid, int number,
			  const struct signal_information *information)
{
	struct thread *thread;
	long result = -ESRCH;

	if (tid <= 0 || number < 0 || number > SIGNAL_COUNT)
		return -EINVAL;
	thread = thread_find(tid);
	if (!thread)
		return -ESRCH;
	if (pid == 0 || thread->process->id == pid)
		result = may_signal(thread->process, number);
	if (result == 0 && number != 0)
		result = signal_send_thread(thread, number, information);
	thread_put(thread);
	return result;
}

long sys_tkill(int tid, int number)
{
	struct signal_information information = user_information(number, SI_TKILL);

	return signal_thread(0, tid, number, &information);
}

long sys_tgkill(int pid, int tid, int number)
{
	struct signal_information information = user_information(number, SI_TKILL);

	return pid <= 0 ? -EINVAL : signal_thread(pid, tid, number, &information);
}

/* Nobody may pretend to be the kernel or kill(2) toward others. */
static int queued_check(const struct signal_information *information, bool is_self)
{
	if (!is_self && (information->si_code >= 0 || information->si_code == SI_TKILL))
		return -EPERM;
	return 0;
}

long sys_rt_sigqueueinfo(int pid, int number, const struct signal_information *information)
{
	struct signal_information copy = *information;
	struct process *process;
	long result;

	if (number < 0 || number > SIGNAL_COUNT)
		return -EINVAL;
	result = queued_check(information, pid == process_current()->id);
	if (result < 0)
		return result;
	process = process_find(pid);
	if (!process)
		return -ESRCH;
	copy.si_signo = number;
	result = signal_process(process, number, &copy);
	process_put(process);
	return result;
}

long sys_rt_tgsigqueueinfo(int pid, int tid, int number,
			   const struct signal_information *information)
{
	struct signal_information copy = *information;
	int result = queued_check(information, pid == process_current()->id);

	if (pid <= 0)
		return -EINVAL;
	copy.si_signo = number;
	return result < 0 ? result : signal_thread(pid, tid, number, &copy);
}

long sys_pidfd_send_signal(struct file *pidfd, int number,
			   const struct signal_information *information, unsigned flags)
{
	struct signal_information copy = user_information(number, SI_USER);
	struct process *process, *known;
	long result = 0;

	if (flags != 0 || number < 0 || number > SIGNAL_COUNT)
		return -EINVAL;
	if (!pidfd->operations->process)
		return -EBADF;
	process = pidfd->operations->process(pidfd);
	if (information) {
		copy = *information;
		if (copy.si_signo != number)
			result = -EINVAL;
		else
			result = queued_check(&copy, process == process_current());
	}
	if (result == 0) {
		/* One that has ended is signalled in vain until it was waited for. */
		known = process_find(process->id);
		result = known == process ? signal_process(process, number, &copy) : -ESRCH;
		if (known)
			process_put(known);
	}
	process_put(process);
	return result;
}

long sys_rt_sigaction(int number, const struct signal_action *new, struct signal_action *old,
		      size_t mask_size)
{
	struct process *process = process_current();
	struct signal_action *action;
	bool enabled;

	if (mask_size != sizeof(signal_set) || number < 1 || number > SIGNAL_COUNT)
		return -EINVAL;
	if (new && (SIGNAL_BIT(number) & SIGNALS_KEPT))
		return -EINVAL;
	action = &process->signals.actions[number - 1];
	enabled = spin_lock_irq(&process->signals.lock);
	if (old)
		*old = *action;
	if (new) {
		*action = *new;
		action->mask &= ~SIGNALS_KEPT;
		/* Unknown flags are cleared, so that programs can find out what exists. */
		action->flags &= SA_NOCLDSTOP | SA_NOCLDWAIT | SA_SIGINFO | SA_RESTORER |
			SA_EXPOSE_TAGBITS | SA_ONSTACK | SA_RESTART | SA_NODEFER | SA_RESETHAND;
		signal_action_changed(process, number);
	}
	spin_unlock_irq(&process->signals.lock, enabled);
	return 0;
}

long sys_rt_sigprocmask(int how, const signal_set *new, signal_set *old, size_t mask_size)
{
	signal_set blocked = thread_current()->signals.blocked;

	if (mask_size != sizeof(signal_set))
		return -EINVAL;
	if (old)
		*old = blocked;
	if (!new)
		return 0;
	switch (how) {
	case SIG_BLOCK:
		signal_mask_set(blocked | *new);
		return 0;
	case SIG_UNBLOCK:
		signal_mask_set(blocked & ~*new);
		return 0;
	case SIG_SETMASK:
		signal_mask_set(*new);
		return 0;
	default:
		return -EINVAL;
	}
}

long sys_rt_sigpending(user_address_t set, size_t mask_size)
{
	signal_set pending = signal_pending_set(thread_current()) &
		thread_current()->signals.blocked;

	if (mask_size > sizeof(pending))
		return -EINVAL;
	return user_copy_out(set, &pending, mask_size);
}

long sys_rt_sigtimedwait(const signal_set *set, user_address_t information,
			 const struct timespec *timeout, size_t mask_size)
{
	struct signal_information taken;
	signal_set wanted = *set & ~SIGNALS_KEPT;
	int64_t deadline = NO_DEADLINE, ns;
	int result, number;

	if (mask_size != sizeof(signal_set))
		return -EINVAL;
	if (timeout) {
		result = timespec_to_ns(timeout, &ns);
		if (result < 0)
			return result;
		deadline = ns ? deadline_after(ns) : 0;
	}
	number = signal_take(wanted, &taken);
	if (number == 0 && deadline == 0)
		return -EAGAIN;
	if (number == 0) {
		/* While it waits the set is deliverable, which is what wakes it. */
		signal_set blocked = thread_current()->signals.blocked;

		thread_current()->signals.awaited = wanted & blocked;
		signal_mask_set(blocked & ~wanted);
		do {
			blocking_prepare(SLEEP_INTERRUPTIBLE);
			result = signal_is_pending() ? -EINTR : blocking_sleep(deadline);
			blocking_cancel();
		} while (result == 0);
		number = signal_take(wanted, &taken);
		signal_mask_set(blocked);
		thread_current()->signals.awaited = 0;
		if (number == 0)
			return result == -ETIMEDOUT ? -EAGAIN : -EINTR;
	}
	if (information && user_copy_out(information, &taken, sizeof(taken)) < 0)
		return -EFAULT;
	return number;
}

/* Sleeps until a signal was caught or ends the process. */
static long wait_for_signal(void)
{
	while (!signal_is_pending()) {
		blocking_prepare(SLEEP_INTERRUPTIBLE);
		if (blocking_sleep(NO_DEADLINE) != 0)
			break;
	}
	blocking_cancel();
	return -ERESTARTNOHAND;
}

long sys_rt_sigsuspend(const signal_set *mask, size_t mask_size)
{
	if (mask_size != sizeof(signal_set))
		return -EINVAL;
	signal_mask_set_temporarily(*mask);
	return wait_for_signal();
}

long sys_pause(void)
{
	return wait_for_signal();
}

static bool is_on_stack(const struct signal_thread *signals)
{
	user_address_t pointer = frame_stack_pointer(context_user_frame(context_current()));

	return pointer > signals->stack_base &&
		pointer - signals->stack_base <= signals->stack_size;
}

/* sigaltstack(2), also from rt_sigreturn with what the frame says. */
static int alternate_stack_set(const struct signal_stack *new)
{
	struct signal_thread *signals = &thread_current()->signals;
	uint32_t flags = new->ss_flags;

	if (is_on_stack(signals))
		return -EPERM;
	if ((flags & ~SS_AUTODISARM) != SS_DISABLE && (flags & ~SS_AUTODISARM) != SS_ONSTACK &&
	    (flags & ~SS_AUTODISARM) != 0)
		return -EINVAL;
	if (flags & SS_DISABLE) {
		signals->stack_base = signals->stack_size = 0;
		signals->stack_flags = SS_DISABLE | (flags & SS_AUTODISARM);
		return 0;
	}
	if (new->ss_size < MINSIGSTKSZ)
		return -ENOMEM;
	signals->stack_base = new->ss_sp;
	signals->stack_size = new->ss_size;
	signals->stack_flags = flags & SS_AUTODISARM;
	return 0;
}

long sys_sigaltstack(const struct signal_stack *new, struct signal_stack *old)
{
	struct signal_thread *signals = &thread_current()->signals;

	if (old) {
		old->ss_sp = signals->stack_base;
		old->ss_size = signals->stack_size;
		old->ss_flags = signals->stack_flags & SS_AUTODISARM;
		if (signals->stack_size == 0)
			old->ss_flags |= SS_DISABLE;
		else if (is_on_stack(signals))
			old->ss_flags |= SS_ONSTACK;
	}
	return new ? alternate_stack_set(new) : 0;
}

long sys_rt_sigreturn(void)
{
	struct frame *frame = context_user_frame(context_current());
	struct signal_information fault = { .si_signo = SIGSEGV, .si_code = SI_KERNEL };
	struct signal_return restored;
	struct signal_stack stack;

	frame_call_number_clear(frame);
	if (signal_frame_pop(frame, &restored) < 0) {
		signal_force(SIGSEGV, &fault);
		return 0;
	}
	signal_mask_set(restored.blocked);
	stack = (struct signal_stack){
		.ss_sp = restored.stack_base,
		.ss_flags = restored.stack_flags,
		.ss_size = restored.stack_size,
	};
	/* A bad stack in the frame is ignored, as on Linux. */
	(void)alternate_stack_set(&stack);
	return 0;
}
