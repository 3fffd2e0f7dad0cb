/*
 * fcntl(2), ioctl(2) and flock(2): control of descriptors, open files and locks.
 */
#include "file/event_files.h"
#include "file/pipe.h"
#include "file/poll.h"
#include "syscall/support.h"
#include "task/thread.h"
#include "vfs/vfs.h"
#include <abi/termios.h>

/* What F_SETFL may change. */
#define CHANGEABLE_FLAGS (O_APPEND | O_ASYNC | O_DIRECT | O_NOATIME | O_NONBLOCK)

static long flags_set(int fd, struct file *file, uint32_t flags)
{
	uint32_t old = READ_ONCE(file->flags), wanted;
	int result = 0;

	flags &= CHANGEABLE_FLAGS;
	if ((flags & O_NOATIME) && !(old & O_NOATIME))
		result = vfs_noatime_check(file);
	if ((flags & O_ASYNC) && !(old & O_ASYNC))
		file->owner_fd = fd;
	if (result == 0 && file->operations->flags_changed)
		result = file->operations->flags_changed(file, flags);
	if (result < 0)
		return result;
	do {
		wanted = (old & ~CHANGEABLE_FLAGS) | flags;
	} while (!__atomic_compare_exchange_n(&file->flags, &old, wanted, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	return 0;
}

static long flags_get(const struct file *file)
{
	uint32_t flags = READ_ONCE(file->flags);

	if (file->mode & FILE_PATH_ONLY)
		return O_PATH | (flags & (O_DIRECTORY | O_NOFOLLOW));
	return flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
}

static long lock_control(struct file *file, unsigned command, user_address_t argument)
{
	struct flock64 lock;
	int result;

	if (user_copy_in(&lock, argument, sizeof(lock)) < 0)
		return -EFAULT;
	result = file_lock_record(file, command, &lock);
	if (result == 0 && (command == F_GETLK || command == F_OFD_GETLK))
		result = user_copy_out(argument, &lock, sizeof(lock));
	return result;
}

static bool owner_exists(int type, int id)
{
	struct process_group *group;
	struct process *process;
	struct thread *thread;

	switch (type) {
	case F_OWNER_TID:
		thread = thread_find(id);
		if (thread)
			thread_put(thread);
		return thread != NULL;
	case F_OWNER_PID:
		process = process_find(id);
		if (process)
			process_put(process);
		return process != NULL;
	default:
		group = process_group_find(id);
		if (group)
			process_group_put(group);
		return group != NULL;
	}
}

/* Id 0: nobody any more. */
static long owner_set(struct file *file, int type, int id)
{
	if (id != 0 && !owner_exists(type, id))
		return -ESRCH;
	file->owner_type = type;
	file->owner_id = id;
	return 0;
}

static long owner_ex_set(struct file *file, user_address_t argument)
{
	struct f_owner_ex owner;

	if (user_copy_in(&owner, argument, sizeof(owner)) < 0)
		return -EFAULT;
	if (owner.type < F_OWNER_TID || owner.type > F_OWNER_PGRP)
		return -EINVAL;
	return owner_set(file, owner.type, owner.pid);
}

static long owner_ex_get(struct file *file, user_address_t argument)
{
	struct f_owner_ex owner = { .type = file->owner_type, .pid = file->owner_id };

	return user_copy_out(argument, &owner, sizeof(owner));
}

/* Commands about who gets SIGIO. */
static long owner_control(struct file *file, unsigned command, unsigned long argument)
{
	int id = (int)argument;

	switch (command) {
	case F_SETOWN:
		if (id == INT32_MIN)
			return -EINVAL;
		return id < 0 ? owner_set(file, F_OWNER_PGRP, -id) :
			owner_set(file, F_OWNER_PID, id);
	case F_GETOWN:
		return file->owner_type == F_OWNER_PGRP ? -file->owner_id : file->owner_id;
	case F_SETOWN_EX:
		return owner_ex_set(file, argument);
	case F_GETOWN_EX:
		return owner_ex_get(file, argument);
	case F_SETSIG:
		if (argument > SIGNAL_COUNT)
			return -EINVAL;
		file->owner_signal = argument;
		return 0;
	default:
		return file->owner_signal;	/* F_GETSIG */
	}
}

static long file_control(int fd, struct file *file, unsigned command, unsigned long argument)
{
	switch (command) {
	case F_SETFL:
		return flags_set(fd, file, argument);
	case F_GETLK: case F_SETLK: case F_SETLKW:
	case F_OFD_GETLK: case F_OFD_SETLK: case F_OFD_SETLKW:
		return lock_control(file, command, argument);
	case F_SETOWN: case F_GETOWN: case F_SETOWN_EX: case F_GETOWN_EX:
	case F_SETSIG: case F_GETSIG:
		return owner_control(file, command, argument);
	case F_SETPIPE_SZ:
		return pipe_capacity_set(file, argument);
	case F_GETPIPE_SZ:
		return pipe_capacity_get(file);
	case F_ADD_SEALS:
		return vfs_seals_add(file, argument);
	case F_GET_SEALS:
		return vfs_seals_get(file);
	default:
		return -EINVAL;
	}
}

static long control_by_command(int fd, struct file *file, unsigned command, unsigned long argument)
{
	switch (command) {
	case F_DUPFD:
		return descriptor_duplicate_from(file, argument, false);
	case F_DUPFD_CLOEXEC:
		return descriptor_duplicate_from(file, argument, true);
	case F_GETFD:
		return descriptor_flag_get(fd);
	case F_SETFD:
		return descriptor_flag_set(fd, argument & FD_CLOEXEC);
	case F_GETFL:
		return flags_get(file);
	default:
		/* A file that was opened for its name only allows nothing else. */
		return file->mode & FILE_PATH_ONLY ? -EBADF :
			file_control(fd, file, command, argument);
	}
}

long sys_fcntl(int fd, unsigned command, unsigned long argument)
{
	struct file_reference reference = descriptor_borrow(fd, true);
	long result;

	if (!reference.file)
		return -EBADF;
	result = control_by_command(fd, reference.file, command, argument);
	descriptor_return(reference);
	return result;
}

long sys_flock(struct file *fd, unsigned operation)
{
	unsigned kind = operation & ~LOCK_NB;

	if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN)
		return -EINVAL;
	return file_lock_whole(fd, operation);
}

/* The number that ioctl(2) was called with: the stub resolved it already, so it is taken again from
 * the frame that made the call. */
static int called_fd(void)
{
	return (int)frame_argument(context_user_frame(context_current()), 0);
}

static long flag_change(struct file *file, user_address_t argument, uint32_t flag)
{
	uint32_t on, flags = READ_ONCE(file->flags);

	if (user_load32(argument, &on) < 0)
		return -EFAULT;
	return flags_set(called_fd(), file, on ? flags | flag : flags & ~flag);
}

/* What regular files answer: bytes left to read. */
static long inode_control(struct file *file, unsigned command, user_address_t argument)
{
	struct stat_result status;
	int result;

	if (command != FIONREAD || !file->inode || inode_type(file->inode) != S_IFREG)
		return -ENOTTY;
	result = vfs_stat_file(file, &status);
	if (result < 0)
		return result;
	return user_store32(argument, status.attributes.size - file->position);
}

long sys_ioctl(struct file *fd, unsigned command, user_address_t argument)
{
	long result;

	switch (command) {
	case FIOCLEX:
		return descriptor_flag_set(called_fd(), true);
	case FIONCLEX:
		return descriptor_flag_set(called_fd(), false);
	case FIONBIO:
		return flag_change(fd, argument, O_NONBLOCK);
	case FIOASYNC:
		return flag_change(fd, argument, O_ASYNC);
	default:
		break;
	}
	result = fd->operations->control ? fd->operations->control(fd, command, argument) :
		-ENOTTY;
	return result == -ENOTTY ? inode_control(fd, command, argument) : result;
}
