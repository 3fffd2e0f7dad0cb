/*
 * wait4 and waitid: finds a child that changed state, takes the change, or sleeps until there is
 * one.
 */
#include "base/errno.h"
#include "file/descriptor.h"
#include "file/event_files.h"
#include "file/file.h"
#include "process/internal.h"
#include <abi/fcntl.h>
#include <abi/process.h>

static bool child_matches(const struct process *child, const struct wait_request *request)
{
	bool is_clone = child->exit_signal != SIGCHLD;

	if (!(request->options & __WALL) && is_clone != !!(request->options & __WCLONE))
		return false;
	switch (request->kind) {
	case P_PID:
	case P_PIDFD:
		return child->id == request->id;
	case P_PGID:
		return child->group && child->group->id == request->id;
	default:
		return true;
	}
}

static void result_fill(struct process *child, int code, int value, int status,
			struct wait_result *result)
{
	result->uid = child->real_uid;
	result->id = child->id;
	result->code = code;
	result->value = value;
	result->status = status;
	process_usage(child, &result->usage);
	usage_add(&result->usage, &child->waited_children);
}

/* Takes a zombie from its parent, its usage into the parent's totals. Children locked. */
static void zombie_reap(struct process *child, struct process *parent)
{
	struct usage usage;
	bool enabled;

	process_usage(child, &usage);
	usage_add(&usage, &child->waited_children);
	enabled = spin_lock_irq(&parent->signals.lock);
	usage_add(&parent->waited_children, &usage);
	spin_unlock_irq(&parent->signals.lock, enabled);
	list_remove(&child->child_node);
}

static bool zombie_take(struct process *child, struct process *parent,
			const struct wait_request *request, struct wait_result *result,
			struct process **reaped)
{
	int status = child->exit_status;

	if (!child->is_zombie || !(request->options & WEXITED))
		return false;
	if (status & 0x7f)
		result_fill(child, status & 0x80 ? CLD_DUMPED : CLD_KILLED, status & 0x7f, status,
			    result);
	else
		result_fill(child, CLD_EXITED, status >> 8 & 0xff, status, result);
	if (!(request->options & WNOWAIT)) {
		zombie_reap(child, parent);
		*reaped = child;
	}
	return true;
}

/* A stop or continuation that was not reported yet. Children locked. */
static bool stop_take(struct process *child, const struct wait_request *request,
		      struct wait_result *result)
{
	struct signal_process *signals = &child->signals;
	bool enabled = spin_lock_irq(&signals->lock);
	bool takes = !(request->options & WNOWAIT);
	int code = 0, number = 0;

	if ((request->options & WSTOPPED) && signals->is_stopped && signals->stop_unreported) {
		code = CLD_STOPPED;
		number = signals->stop_signal;
		signals->stop_unreported = !takes;
	} else if ((request->options & WCONTINUED) && signals->continue_unreported) {
		code = CLD_CONTINUED;
		number = SIGCONT;
		signals->continue_unreported = !takes;
	}
	spin_unlock_irq(&signals->lock, enabled);
	if (!code)
		return false;
	result_fill(child, code, number, code == CLD_STOPPED ? number << 8 | 0x7f : 0xffff, result);
	return true;
}

/* One look at all children: 1 taken, 0 some match but nothing happened, -ECHILD none match. */
static int wait_scan(const struct wait_request *request, struct wait_result *result)
{
	struct process *parent = process_current();
	struct process *child, *following, *reaped = NULL;
	int found = -ECHILD;

	spin_lock(&parent->children_lock);
	list_for_each_safe(child, following, &parent->children, child_node) {
		if (!child_matches(child, request))
			continue;
		found = 0;
		if (zombie_take(child, parent, request, result, &reaped) ||
		    (!child->is_zombie && stop_take(child, request, result))) {
			found = 1;
			break;
		}
	}
	spin_unlock(&parent->children_lock);
	if (reaped) {
		process_unlink(reaped);
		process_put(reaped);
	}
	return found;
}

/* The child that a pidfd stands for, as an ordinary P_PID request. */
static int resolve_pidfd(struct wait_request *request)
{
	struct file *file = descriptor_file_get(request->id);
	struct process *process;

	if (!file)
		return -EBADF;
	process = pidfd_process(file);
	if (process) {
		if (file->flags & O_NONBLOCK)
			request->options |= WNOHANG;
		request->id = process->id;
		process_put(process);
	}
	file_put(file);
	return process ? 0 : -EBADF;
}

int process_wait(const struct wait_request *original, struct wait_result *result)
{
	struct wait_request request = *original;
	struct process *process = process_current();
	struct wait_entry entry;
	int found = 0;

	if (request.kind == P_PIDFD)
		found = resolve_pidfd(&request);
	if (found < 0)
		return found;
	wait_entry_init(&entry, NULL);
	for (;;) {
		wait_begin(&process->child_changes, &entry, SLEEP_INTERRUPTIBLE);
		found = wait_scan(&request, result);
		if (found != 0 || (request.options & WNOHANG))
			break;
		found = blocking_sleep(NO_DEADLINE);
		if (found < 0) {
			/* The signal may be the child's own: what it tells of counts first. */
			int last = wait_scan(&request, result);

			found = last != 0 ? last : found;
			break;
		}
	}
	wait_end(&process->child_changes, &entry);
	if (found == 0)
		result->id = 0;
	return min(found, 0);
}
