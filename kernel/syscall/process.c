/*
 * Calls that make, replace, end and wait for processes, and files that stand for one (pidfd).
 */
#include "process/process.h"

#include "arch/pages.h"
#include "file/descriptor.h"
#include "file/event_files.h"
#include "syscall/support.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"

long sys_fork(void)
{
	struct clone_request request = { .exit_signal = SIGCHLD };

	return process_clone(&request);
}

long sys_vfork(void)
{
	struct clone_request request = {
		.flags = CLONE_VFORK | CLONE_VM,
		.exit_signal = SIGCHLD,
	};

	return process_clone(&request);
}

static int clone_require(uint64_t flags)
{
	return capability_require(flags & CLONE_THREAD ? CAPABILITY_PROCESS_THREAD :
				  CAPABILITY_PROCESS_CREATE);
}

long sys_clone(unsigned long flags, user_address_t stack, user_address_t parent_tid,
	       user_address_t child_tid, user_address_t tls)
{
	struct clone_request request = {
		.flags = flags & 0xffffff00ul,
		.exit_signal = flags & 0xff,
		.stack = stack,
		.parent_tid = parent_tid,
		.child_tid = child_tid,
		.pidfd = parent_tid,	/* clone(2): the argument is shared */
		.thread_pointer = tls,
	};
	int result = clone_require(flags);

	if (result < 0)
		return result;
	if ((flags & CLONE_PIDFD) && (flags & CLONE_PARENT_SETTID))
		return -EINVAL;
	return process_clone(&request);
}

#define CLONE_ARGUMENTS_FIRST_SIZE 64		/* CLONE_ARGS_SIZE_VER0 */

static int clone3_check(const struct clone_args *arguments)
{
	if (arguments->flags & (0xff | CLONE_DETACHED))
		return -EINVAL;
	if (arguments->flags & ~(0xffffffffull | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP))
		return -EINVAL;
	if (arguments->exit_signal > SIGNAL_COUNT)
		return -EINVAL;
	if ((arguments->stack == 0) != (arguments->stack_size == 0))
		return -EINVAL;
	if (arguments->stack && !user_range_is_valid(arguments->stack, arguments->stack_size))
		return -EINVAL;
	if ((arguments->set_tid == 0) != (arguments->set_tid_size == 0) ||
	    arguments->set_tid_size > 1)
		return -EINVAL;
	if (arguments->flags & (CLONE_THREAD | CLONE_PARENT) && arguments->exit_signal)
		return -EINVAL;
	return 0;
}

long sys_clone3(user_address_t address, size_t size)
{
	struct clone_args arguments;
	struct clone_request request;
	uint32_t wanted = 0;
	int result = structure_fetch(&arguments, sizeof(arguments), address, size,
				     CLONE_ARGUMENTS_FIRST_SIZE);

	if (result == 0)
		result = clone3_check(&arguments);
	if (result == 0)
		result = clone_require(arguments.flags);
	if (result == 0 && arguments.set_tid)
		result = user_load32(arguments.set_tid, &wanted);
	if (result == 0 && arguments.set_tid && (int32_t)wanted <= 0)
		result = -EINVAL;
	if (result == 0 && arguments.set_tid && !privilege_is_held(PRIVILEGE_SYS_ADMIN) &&
	    !privilege_is_held(PRIVILEGE_CHECKPOINT_RESTORE))
		result = -EPERM;
	if (result < 0)
		return result;
	request = (struct clone_request){
		.flags = arguments.flags,
		.exit_signal = arguments.exit_signal,
		.stack = arguments.stack,
		.stack_size = arguments.stack_size,
		.parent_tid = arguments.parent_tid,
		.child_tid = arguments.child_tid,
		.pidfd = arguments.pidfd,
		.thread_pointer = arguments.tls,
		.set_tid = wanted,
	};
	return process_clone(&request);
}

long sys_execve(const char *path, user_address_t arguments, user_address_t environment)
{
	return sys_execveat(AT_FDCWD, path, arguments, environment, 0);
}

long sys_execveat(int at, const char *path, user_address_t arguments, user_address_t environment,
		  int flags)
{
	struct open_request request = {
		.is_exec = true,
		.flags = flags & AT_SYMLINK_NOFOLLOW ? O_NOFOLLOW : 0,
		.walk_flags = flags & AT_EMPTY_PATH ? WALK_EMPTY_PATH : 0,
	};
	struct file *file;
	bool is_by_descriptor = path[0] == '\0' && (flags & AT_EMPTY_PATH);
	int result;

	if (flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
		return -EINVAL;
	result = vfs_open(at, path, &request, &file);
	if (result < 0)
		return result;
	return process_execute(file, path, arguments, environment, is_by_descriptor ? at : -1);
}

long sys_exit(int status)
{
	process_exit_thread((status & 0xff) << 8);
}

long sys_exit_group(int status)
{
	process_exit_group((status & 0xff) << 8);
}

void usage_to_rusage(const struct usage *usage, struct rusage *out)
{
	*out = (struct rusage){
		.ru_utime_sec = usage->user_ns / NANOSECONDS_PER_SECOND,
		.ru_utime_usec = usage->user_ns % NANOSECONDS_PER_SECOND / 1000,
		.ru_stime_sec = usage->kernel_ns / NANOSECONDS_PER_SECOND,
		.ru_stime_usec = usage->kernel_ns % NANOSECONDS_PER_SECOND / 1000,
		.ru_maxrss = usage->peak_resident_pages * (PAGE_SIZE / 1024),
		.ru_minflt = usage->minor_faults,
		.ru_majflt = usage->major_faults,
		.ru_nvcsw = usage->voluntary_switches,
		.ru_nivcsw = usage->involuntary_switches,
	};
}

static int rusage_store(user_address_t address, const struct usage *usage)
{
	struct rusage out;

	if (address == 0)
		return 0;
	usage_to_rusage(usage, &out);
	return user_copy_out(address, &out, sizeof(out));
}

long sys_wait4(int pid, user_address_t status, int options, user_address_t usage)
{
	struct wait_request request = { .options = options | WEXITED };
	struct wait_result result;
	int error;

	if (options & ~(int)(WNOHANG | WUNTRACED | WCONTINUED | __WNOTHREAD | __WCLONE | __WALL))
		return -EINVAL;
	if (pid == INT32_MIN)
		return -ESRCH;
	request.kind = pid == -1 ? P_ALL : pid > 0 ? P_PID : P_PGID;
	request.id = pid > 0 ? pid : pid == 0 ? process_group_id(process_current()) : -pid;
	error = process_wait(&request, &result);
	if (error < 0 || result.id == 0)
		return error;
	if (status && user_store32(status, result.status) < 0)
		return -EFAULT;
	if (rusage_store(usage, &result.usage) < 0)
		return -EFAULT;
	return result.id;
}

/* Linux writes these fields only, not the padding between; zeros when nothing happened. */
static int child_information_store(user_address_t to, const struct signal_information *out)
{
	size_t second = offsetof(struct signal_information, si_pid);

	if (user_copy_out(to, out, offsetof(struct signal_information, padding)) < 0 ||
	    user_copy_out(to + second, &out->si_pid,
			  offsetof(struct signal_information, si_status) + sizeof(out->si_status) -
			  second) < 0)
		return -EFAULT;
	return 0;
}

long sys_waitid(int kind, int id, user_address_t information, int options, user_address_t usage)
{
	struct wait_request request = { .kind = kind, .id = id, .options = options };
	struct signal_information out = { 0 };
	struct wait_result result;
	int error;

	if ((options & ~(int)(WNOHANG | WNOWAIT | WEXITED | WSTOPPED | WCONTINUED | __WNOTHREAD |
			      __WCLONE | __WALL)) ||
	    !(options & (WEXITED | WSTOPPED | WCONTINUED)))
		return -EINVAL;
	if (kind < P_ALL || kind > P_PIDFD || (kind == P_PID && id <= 0) ||
	    (kind == P_PGID && id < 0) || (kind == P_PIDFD && id < 0))
		return -EINVAL;
	if (kind == P_PGID && id == 0)
		request.id = process_group_id(process_current());
	error = process_wait(&request, &result);
	if (error < 0)
		return error;
	if (result.id != 0) {
		out.si_signo = SIGCHLD;
		out.si_code = result.code;
		out.si_pid = result.id;
		out.si_uid = result.uid;
		out.si_status = result.value;
		if (rusage_store(usage, &result.usage) < 0)
			return -EFAULT;
	}
	return information ? child_information_store(information, &out) : 0;
}

long sys_set_tid_address(user_address_t address)
{
	thread_current()->clear_tid_address = address;
	return thread_current()->id;
}

long sys_pidfd_open(int pid, unsigned flags)
{
	struct process *process;
	struct file *file;

	if (pid <= 0 || (flags & ~(unsigned)O_NONBLOCK))
		return -EINVAL;
	process = process_find(pid);
	if (!process) {
		/* A thread that leads no process has no pidfd. */
		struct thread *thread = thread_find(pid);

		if (thread)
			thread_put(thread);
		return thread ? -EINVAL : -ESRCH;
	}
	file = pidfd_create(process, flags);
	process_put(process);
	return file ? descriptor_add(file, true) : -ENOMEM;
}

long sys_pidfd_getfd(struct file *pidfd, int fd, unsigned flags)
{
	struct process *process;
	struct file *file = NULL;
	int result = 0;

	if (flags != 0)
		return -EINVAL;
	process = pidfd_process(pidfd);
	if (!process)
		return -EBADF;
	if (!process_may_inspect(process, false))
		result = -EPERM;
	else if (process->is_zombie)
		result = -ESRCH;
	else
		file = process_file_get(process, fd);
	/* A leader that left before its threads has no files either. */
	if (result == 0 && !file)
		result = READ_ONCE(process->leader_has_left) ? -ESRCH : -EBADF;
	process_put(process);
	return result < 0 ? result : descriptor_add(file, true);
}
