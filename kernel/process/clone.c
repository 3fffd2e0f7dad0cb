/*
 * fork, vfork, clone and clone3: a new thread in this process, or a new process whose parts are
 * copied or shared as the flags say. Everything that may fail comes before the child can be seen.
 */
#include "base/errno.h"
#include "base/string.h"
#include "capability/capability.h"
#include "file/descriptor.h"
#include "file/event_files.h"
#include "file/file.h"
#include "memory/heap.h"
#include "memory/space.h"
#include "memory/user.h"
#include "process/internal.h"
#include "task/authority.h"
#include "task/schedule.h"
#include "task/trace.h"
#include <abi/fcntl.h>
#include <abi/process.h>

#define CLONE_NAMESPACES (CLONE_NEWTIME | CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | \
			  CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)

static int request_check(const struct clone_request *request)
{
	uint64_t flags = request->flags;

	if ((flags & CLONE_THREAD) && !(flags & CLONE_SIGHAND))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_VM))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && (flags & CLONE_CLEAR_SIGHAND))
		return -EINVAL;
	/* There is one namespace of each kind; actions are shared by the threads of one process. */
	if (flags & (CLONE_NAMESPACES | CLONE_INTO_CGROUP | CLONE_PTRACE))
		return -EINVAL;
	if ((flags & CLONE_SIGHAND) && !(flags & CLONE_THREAD))
		return -EINVAL;
	if ((flags & CLONE_PIDFD) && (flags & (CLONE_THREAD | CLONE_DETACHED)))
		return -EINVAL;
	if ((flags & CLONE_THREAD) && request->exit_signal != 0)
		return -EINVAL;
	if (request->exit_signal < 0 || request->exit_signal > SIGNAL_COUNT)
		return -EINVAL;
	return 0;
}

static int copy_space(struct process *child, struct process *parent, uint64_t flags)
{
	struct space *from = parent->space;
	int result;

	if (flags & CLONE_VM) {
		space_user_get(from);
		child->space = from;
		return 0;
	}
	result = space_copy(from, &child->space);
	if (result == 0 && from->executable) {
		file_get(from->executable);
		child->space->executable = from->executable;
		child->space->executable_put = from->executable_put;
	}
	return result;
}

/* Descriptors and directories of the child thread: shared with its parent, or copies. */
static int copy_files(struct thread *child, uint64_t flags)
{
	struct thread *parent = thread_current();

	if (flags & CLONE_FS)
		child->directories = directory_state_get(parent->directories);
	else
		child->directories = directory_state_copy(parent->directories);
	if (!child->directories)
		return -ENOMEM;
	if (!(flags & CLONE_FILES))
		return descriptor_table_copy(parent->descriptors, UINT32_MAX, &child->descriptors);
	child->descriptors = descriptor_table_get(parent->descriptors);
	return 0;
}

/* Undoes clone's making of a thread that never ran. */
static void child_abandon(struct thread *child)
{
	vfork_done(child);
	thread_files_drop(child);
	thread_abandon(child);
}

/* Gives a process object from process_create() its parts. On error the caller drops those made. */
static int copy_parts(struct process *child, struct process *parent, uint64_t flags)
{
	int result;

	child->capabilities = capability_set_of(parent);
	child->limits = parent->limits;
	child->personality = parent->personality;
	child->dumpable = parent->dumpable;
	child->out_of_memory_adjust = parent->out_of_memory_adjust;
	child->real_uid = parent->real_uid;
	result = signal_process_init(child, parent);
	if (flags & CLONE_CLEAR_SIGHAND)
		signal_actions_reset(child);
	if (result < 0)
		return result;
	return copy_space(child, parent, flags);
}

static void drop_parts(struct process *child)
{
	if (child->space) {
		space_user_put(child->space);
		child->space = NULL;
	}
}

/* What the child thread has from the request and its parent. */
static int thread_prepare(struct thread *child, const struct clone_request *request)
{
	struct thread *parent = thread_current();

	memcpy(child->name, parent->name, sizeof(child->name));
	trace_thread_update(child);
	child->signals.blocked = parent->signals.blocked;
	child->no_new_privileges = parent->no_new_privileges;
	if (io_priority_fork(child, parent, request->flags & CLONE_IO))
		return -ENOMEM;
	/* A thread, too, may be waited for: until it ends, or executes and with that ends us. */
	if (request->flags & CLONE_VFORK) {
		child->vfork_wait = vfork_wait_create();
		if (!child->vfork_wait)
			return -ENOMEM;
	}
	if (request->flags & CLONE_CHILD_CLEARTID)
		child->clear_tid_address = request->child_tid;
	/* The alternate stack is kept by processes, and by vfork as Linux does; not by threads. */
	if (!(request->flags & CLONE_VM) || (request->flags & CLONE_VFORK)) {
		child->signals.stack_base = parent->signals.stack_base;
		child->signals.stack_size = parent->signals.stack_size;
		child->signals.stack_flags = parent->signals.stack_flags;
	}
	if (!(request->flags & CLONE_VM)) {
		child->rseq_address = parent->rseq_address;
		child->rseq_length = parent->rseq_length;
		child->rseq_signature = parent->rseq_signature;
	}
	if (request->stack)
		frame_stack_pointer_set(context_user_frame(&child->context),
					request->stack + request->stack_size);
	if (request->flags & CLONE_SETTLS)
		return context_thread_pointer_set(&child->context, request->thread_pointer);
	return 0;
}

/* The ids that the caller wants written; the child's copy is in the child's memory. As Linux does,
 * an address that cannot be written is passed over. */
static void write_ids(const struct clone_request *request, struct process *process, int32_t id)
{
	if (request->flags & CLONE_PARENT_SETTID)
		(void)!user_store32(request->parent_tid, id);
	if (request->flags & CLONE_CHILD_SETTID)
		space_copy_out(process->space, request->child_tid, &id, sizeof(id));
}

struct pidfd_pending {
	struct file *file;
	int fd;
};

static int pidfd_prepare(const struct clone_request *request, struct process *child,
			 struct pidfd_pending *pending)
{
	int result;

	if (!(request->flags & CLONE_PIDFD))
		return 0;
	pending->file = pidfd_create(child, 0);
	if (!pending->file)
		return -ENOMEM;
	pending->fd = descriptor_reserve(0, true);
	result = pending->fd;
	if (result >= 0) {
		result = user_store32(request->pidfd, pending->fd);
		if (result == 0)
			return 0;
		descriptor_release(pending->fd);
	}
	file_put_now(pending->file);
	pending->file = NULL;
	return result;
}

static long run_child(const struct clone_request *request, struct thread *child,
		      struct pidfd_pending *pidfd)
{
	struct vfork_wait *wait = NULL;
	long id = child->id;

	if (pidfd->file)
		descriptor_install(pidfd->fd, pidfd->file);
	if (request->flags & CLONE_VFORK) {
		wait = child->vfork_wait;
		vfork_wait_get(wait);
	}
	thread_run(child);
	if (wait) {
		/* Only a fatal signal ends this early; the child then goes on alone. */
		if (vfork_wait_sleep(wait) < 0)
			id = -EINTR;
		vfork_wait_put(wait);
	}
	return id;
}

static long clone_thread(const struct clone_request *request)
{
	struct pidfd_pending none = { 0 };
	struct thread *child;
	int result = thread_create(process_current(), context_user_frame(context_current()), NULL,
				   NULL, &child);

	if (result < 0)
		return result;
	child->context.space = thread_current()->context.space;
	result = thread_charge(child);
	if (result == 0)
		result = thread_prepare(child, request);
	if (result == 0)
		result = copy_files(child, request->flags);
	if (result < 0) {
		child_abandon(child);
		return result;
	}
	write_ids(request, child->process, child->id);
	return run_child(request, child, &none);
}

static int child_prepare(const struct clone_request *request, struct process *process,
			 struct thread **child)
{
	int result = copy_parts(process, process_current(), request->flags);

	process->exit_signal = request->exit_signal;
	if (request->flags & CLONE_PARENT)
		process->exit_signal = process_current()->exit_signal;
	if (result < 0)
		return result;
	result = thread_create(process, context_user_frame(context_current()), NULL, NULL, child);
	if (result < 0)
		return result;
	(*child)->context.space = &process->space->mmu;
	result = thread_prepare(*child, request);
	if (result == 0)
		result = copy_files(*child, request->flags);
	return result;
}

static long clone_process(const struct clone_request *request)
{
	struct pidfd_pending pidfd = { 0 };
	struct thread *child = NULL;
	struct process *process;
	int result = process_create(request->set_tid, &process);

	if (result < 0)
		return result;
	result = child_prepare(request, process, &child);
	if (result == 0)
		result = pidfd_prepare(request, process, &pidfd);
	if (result == 0) {
		write_ids(request, process, process->id);
		result = process_publish(process, request->flags & CLONE_PARENT);
	}
	if (result == 0)
		return run_child(request, child, &pidfd);
	if (pidfd.file) {
		descriptor_release(pidfd.fd);
		file_put_now(pidfd.file);
	}
	if (child)
		child_abandon(child);
	drop_parts(process);
	process_abandon(process);
	return result;
}

long process_clone(const struct clone_request *request)
{
	int result = request_check(request);

	if (result < 0)
		return result;
	if (request->flags & CLONE_THREAD)
		return clone_thread(request);
	return clone_process(request);
}
