/*
 * fcntl(2), ioctl(2) and flock(2): control of descriptors, open files and locks. The commands stand
 * in abi/fcntls.tbl and abi/ioctls.tbl, whose stubs call what is here.
 */
#include "file/event_files.h"
#include "file/owner.h"
#include "file/pipe.h"
#include "file/poll.h"
#include "syscall/support.h"
#include "task/thread.h"
#include "vfs/permission.h"
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

/* The number that the call was made with: the stub resolved it already, so it is taken again from
 * the frame. */
static int called_fd(void)
{
	return (int)frame_argument(context_user_frame(context_current()), 0);
}

long fcntl_duplicate(struct file *file, unsigned command, unsigned least)
{
	return descriptor_duplicate_from(file, least, command == F_DUPFD_CLOEXEC);
}

long fcntl_descriptor_get(int fd)
{
	return descriptor_flag_get(fd);
}

long fcntl_descriptor_set(int fd, unsigned long flags)
{
	return descriptor_flag_set(fd, flags & FD_CLOEXEC);
}

long fcntl_flags_set(struct file *file, unsigned flags)
{
	return flags_set(called_fd(), file, flags);
}

long fcntl_flags_get(struct file *file)
{
	uint32_t flags = READ_ONCE(file->flags);

	if (file->mode & FILE_PATH_ONLY)
		return O_PATH | (flags & (O_DIRECTORY | O_NOFOLLOW));
	return flags & ~(O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC);
}

/* A close in another thread may have come before the lock that it would have dropped: nobody else
 * would, and the file may go. file_closed() looks the other way round. */
static int lock_confirm(struct file *file)
{
	struct file *still;

	atomic_fence();
	still = descriptor_file_get(called_fd());
	if (still)
		file_put(still);
	if (still == file)
		return 0;
	file_locks_drop_table(file, thread_current()->descriptors);
	return -EBADF;
}

long fcntl_lock_get(struct file *file, unsigned command, struct flock64 *lock)
{
	return file_lock_record(file, command, lock);
}

long fcntl_lock_set(struct file *file, unsigned command, const struct flock64 *lock)
{
	struct flock64 wanted = *lock;
	int result = file_lock_record(file, command, &wanted);

	if (result == 0 && (command == F_SETLK || command == F_SETLKW) && lock->l_type != F_UNLCK)
		result = lock_confirm(file);
	return result;
}

long fcntl_owner_set(struct file *file, int id)
{
	if (id == INT32_MIN)
		return -EINVAL;
	return id < 0 ? file_owner_set(file, F_OWNER_PGRP, -id) :
		file_owner_set(file, F_OWNER_PID, id);
}

long fcntl_owner_get(struct file *file)
{
	int type;
	int32_t id = file_owner_get(file, &type);

	return type == F_OWNER_PGRP ? -id : id;
}

long fcntl_owner_set_typed(struct file *file, const struct f_owner_ex *owner)
{
	if (owner->type < F_OWNER_TID || owner->type > F_OWNER_PGRP)
		return -EINVAL;
	return file_owner_set(file, owner->type, owner->pid);
}

long fcntl_owner_get_typed(struct file *file, struct f_owner_ex *owner)
{
	int type;

	owner->pid = file_owner_get(file, &type);
	owner->type = type;
	return 0;
}

long fcntl_signal_set(struct file *file, unsigned long number)
{
	if (number > SIGNAL_COUNT)
		return -EINVAL;
	file->owner_signal = number;
	return 0;
}

long fcntl_signal_get(struct file *file)
{
	return file->owner_signal;
}

long fcntl_notify(struct file *file, unsigned long wanted)
{
	return notify_directory(called_fd(), file, wanted);
}

long fcntl_pipe_capacity_set(struct file *file, unsigned bytes)
{
	return pipe_capacity_set(file, bytes);
}

long fcntl_pipe_capacity_get(struct file *file)
{
	return pipe_capacity_get(file);
}

long fcntl_seals_add(struct file *file, unsigned seals)
{
	return vfs_seals_add(file, seals);
}

long fcntl_seals_get(struct file *file)
{
	return vfs_seals_get(file);
}

long sys_flock(struct file *fd, unsigned operation)
{
	unsigned kind = operation & ~LOCK_NB;

	if (kind != LOCK_SH && kind != LOCK_EX && kind != LOCK_UN)
		return -EINVAL;
	return file_lock_whole(fd, operation);
}

static long flag_change(struct file *file, int on, uint32_t flag)
{
	uint32_t flags = READ_ONCE(file->flags);

	return flags_set(called_fd(), file, on ? flags | flag : flags & ~flag);
}

long ioctl_nonblocking(struct file *file, const int *on)
{
	return flag_change(file, *on, O_NONBLOCK);
}

long ioctl_asynchronous(struct file *file, const int *on)
{
	return flag_change(file, *on, O_ASYNC);
}

long ioctl_close_on_exec_set(struct file *file)
{
	(void)file;
	return descriptor_flag_set(called_fd(), true);
}

long ioctl_close_on_exec_clear(struct file *file)
{
	(void)file;
	return descriptor_flag_set(called_fd(), false);
}

/* What files answer by their inodes: bytes left to read, sizes; no file system can be frozen. */
static long inode_control(struct file *file, unsigned command, user_address_t argument)
{
	struct stat_result status;
	int64_t bytes;
	int result;

	if (!file->inode)
		return -ENOTTY;
	switch (command) {
	case FIFREEZE:
		return privilege_is_held(PRIVILEGE_SYS_ADMIN) ? -EOPNOTSUPP : -EPERM;
	case FITHAW:
		return privilege_is_held(PRIVILEGE_SYS_ADMIN) ? -EINVAL : -EPERM;
	case FIGETBSZ:
		return user_store32(argument, (uint32_t)file->inode->superblock->block_size);
	case FIONREAD:
	case FIOQSIZE:
		break;
	default:
		return -ENOTTY;
	}
	if (inode_type(file->inode) != S_IFREG &&
	    (command == FIONREAD || !inode_is_directory(file->inode)))
		return -ENOTTY;
	result = vfs_stat_file(file, &status);
	if (result < 0)
		return result;
	if (command == FIONREAD)
		return user_store32(argument, status.attributes.size - file->position);
	bytes = (int64_t)status.attributes.blocks * 512;
	return user_copy_out(argument, &bytes, sizeof(bytes));
}

/* What belongs to a class of files. */
long sys_ioctl(struct file *fd, unsigned command, user_address_t argument)
{
	long result = fd->operations->control ? fd->operations->control(fd, command, argument) :
		-ENOTTY;

	return result == -ENOTTY ? inode_control(fd, command, argument) : result;
}
