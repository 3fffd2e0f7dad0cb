/*
 * Calls on descriptors: close, dup, and those that make files without a name.
 */
#include "file/descriptor.h"

#include "base/error_pointer.h"
#include "file/event_files.h"
#include "file/pipe.h"
#include "syscall/support.h"
#include "task/process_timer.h"
#include "task/thread.h"
#include "vfs/vfs.h"

long sys_close(int fd)
{
	long result = descriptor_close(fd);

	/* The descriptor is gone: a restart would close another one (close(2)). */
	if (result == -ERESTARTSYS || result == -ERESTARTNOINTR || result == -ERESTARTNOHAND)
		return -EINTR;
	return result;
}

long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return descriptor_close_range(first, last, flags);
}

long descriptor_duplicate_from(struct file *file, unsigned long minimum, bool closes_on_exec)
{
	int fd;

	if (minimum >= limit_current(LIMIT_NOFILE))
		return minimum == 0 ? -EMFILE : -EINVAL;
	fd = descriptor_reserve(minimum, closes_on_exec);
	if (fd < 0)
		return fd;
	file_get(file);
	descriptor_install(fd, file);
	return fd;
}

long sys_dup(struct file *fd)
{
	return descriptor_duplicate_from(fd, 0, false);
}

long sys_dup2(int old, int new)
{
	return descriptor_duplicate_to(old, new, false, false);
}

long sys_dup3(int old, int new, int flags)
{
	if (flags & ~O_CLOEXEC)
		return -EINVAL;
	return descriptor_duplicate_to(old, new, flags & O_CLOEXEC, true);
}

long sys_pipe2(user_address_t descriptors, int flags)
{
	struct file *reader, *writer;
	int fds[2];
	int result;

	if (flags & ~(O_CLOEXEC | O_NONBLOCK | O_DIRECT))
		return -EINVAL;
	result = pipe_create(flags & (O_NONBLOCK | O_DIRECT), &reader, &writer);
	if (result < 0)
		return result;
	fds[0] = result = descriptor_reserve(0, flags & O_CLOEXEC);
	if (result < 0)
		goto fail_files;
	fds[1] = result = descriptor_reserve(0, flags & O_CLOEXEC);
	if (result < 0)
		goto fail_first;
	result = user_copy_out(descriptors, fds, sizeof(fds));
	if (result < 0)
		goto fail_second;
	descriptor_install(fds[0], reader);
	descriptor_install(fds[1], writer);
	return 0;
fail_second:
	descriptor_release(fds[1]);
fail_first:
	descriptor_release(fds[0]);
fail_files:
	file_put_now(reader);
	file_put_now(writer);
	return result;
}

long sys_pipe(user_address_t descriptors)
{
	return sys_pipe2(descriptors, 0);
}

/* The number for a fresh file, which may be NULL (memory was short) or an error pointer. */
static long add_fresh(struct file *file, bool closes_on_exec)
{
	if (!file)
		return -ENOMEM;
	if (is_error(file))
		return pointer_error(file);
	return descriptor_add(file, closes_on_exec);
}

long sys_memfd_create(user_address_t name, unsigned flags)
{
	char text[250];		/* MFD_NAME_MAX_LEN and the terminator: memfd_create(2) */
	long length;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	length = user_copy_string(text, name, sizeof(text));
	if (length < 0)
		return length == -ENAMETOOLONG ? -EINVAL : length;
	return add_fresh(vfs_memory_file_create(text, flags), flags & MFD_CLOEXEC);
}

long sys_inotify_init1(int flags)
{
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	return add_fresh(notify_create(flags & O_NONBLOCK), flags & O_CLOEXEC);
}

long sys_inotify_init(void)
{
	return sys_inotify_init1(0);
}

long sys_inotify_rm_watch(struct file *fd, int watch)
{
	return notify_watch_remove(fd, watch);
}

long sys_eventfd2(unsigned value, int flags)
{
	if (flags & ~(O_CLOEXEC | O_NONBLOCK | EFD_SEMAPHORE))
		return -EINVAL;
	return add_fresh(eventfd_create(value, flags & EFD_SEMAPHORE, flags & O_NONBLOCK),
			 flags & O_CLOEXEC);
}

long sys_eventfd(unsigned value)
{
	return sys_eventfd2(value, 0);
}

long sys_timerfd_create(int clock, int flags)
{
	if (flags & ~(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME &&
	    clock != CLOCK_REALTIME_ALARM && clock != CLOCK_BOOTTIME_ALARM)
		return -EINVAL;
	return add_fresh(timerfd_create(clock, flags & O_NONBLOCK), flags & O_CLOEXEC);
}

int itimerspec_check(const struct itimerspec *setting, struct timer_setting *times)
{
	int result = timespec_to_ns(&setting->it_value, &times->value_ns);

	return result < 0 ? result : timespec_to_ns(&setting->it_interval, &times->interval_ns);
}

void itimerspec_fill(const struct timer_setting *times, struct itimerspec *setting)
{
	timespec_from_ns(times->value_ns, &setting->it_value);
	timespec_from_ns(times->interval_ns, &setting->it_interval);
}

long sys_timerfd_settime(struct file *fd, int flags, const struct itimerspec *setting,
			 struct itimerspec *old)
{
	struct timer_setting times, before;
	int result;

	if (flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET))
		return -EINVAL;
	result = itimerspec_check(setting, &times);
	if (result == 0)
		result = timerfd_set(fd, flags, &times, &before);
	if (result == 0 && old)
		itimerspec_fill(&before, old);
	return result;
}

long sys_timerfd_gettime(struct file *fd, struct itimerspec *setting)
{
	struct timer_setting times;
	int result = timerfd_read_setting(fd, &times);

	if (result == 0)
		itimerspec_fill(&times, setting);
	return result;
}

long sys_signalfd4(int fd, user_address_t mask, size_t mask_size, int flags)
{
	struct file *file;
	uint64_t set;
	int result;

	if (mask_size != sizeof(set) || (flags & ~(O_CLOEXEC | O_NONBLOCK)))
		return -EINVAL;
	if (user_load64(mask, &set) < 0)
		return -EFAULT;
	if (fd == -1)
		return add_fresh(signalfd_create(set, flags & O_NONBLOCK), flags & O_CLOEXEC);
	file = descriptor_file_get(fd);
	if (!file)
		return -EBADF;
	result = signalfd_change(file, set);
	file_put(file);
	return result < 0 ? result : fd;
}

long sys_signalfd(int fd, user_address_t mask, size_t mask_size)
{
	return sys_signalfd4(fd, mask, mask_size, 0);
}
