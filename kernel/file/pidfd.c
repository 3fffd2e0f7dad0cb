/*
 * pidfd_open(2): a file that stands for a process and becomes readable when it has ended.
 */
#include "base/errno.h"
#include "base/format.h"
#include "file/event_files.h"
#include "file/file.h"
#include "file/poll.h"
#include "task/thread.h"
#include <abi/fcntl.h>
#include <abi/poll.h>

static uint32_t pidfd_poll(struct file *file, struct poll_table *table)
{
	struct process *process = file->object;

	poll_wait(table, file, &process->pidfd_waiters);
	return READ_ONCE(process->is_zombie) ? POLLIN | POLLRDNORM : 0;
}

static void pidfd_release(struct file *file)
{
	process_put(file->object);
}

static void pidfd_describe(struct file *file, struct format_sink *sink)
{
	struct process *process = file->object, *found = process_find(process->id);
	/* Once it was waited for, the number may be another's. */
	int id = found == process ? process->id : -1;

	if (found)
		process_put(found);
	format_to(sink, "Pid:\t%d\nNSpid:\t%d\n", id, id);
}

static struct process *pidfd_process_get(struct file *file)
{
	process_get(file->object);
	return file->object;
}

static const struct file_operations pidfd_operations = {
	.poll = pidfd_poll,
	.process = pidfd_process_get,
	.release = pidfd_release,
	.describe = pidfd_describe,
};

struct file *pidfd_create(struct process *process, uint32_t flags)
{
	struct file *file = file_create(&pidfd_operations, process,
					FILE_READ | FILE_WRITE | FILE_STREAM, O_RDWR | flags);

	if (!file)
		return NULL;
	process_get(process);
	file->label = "anon_inode:[pidfd]";
	return file;
}

struct process *pidfd_process(struct file *file)
{
	return file->operations == &pidfd_operations ? pidfd_process_get(file) : NULL;
}
