/*
 * Files below /proc that wait for news: mounts and mountinfo (a change is POLLPRI), and kmsg.
 */
#include "base/errno.h"
#include "base/string.h"
#include "file/poll.h"
#include "fs/proc/internal.h"
#include "log/log.h"
#include "memory/heap.h"
#include "sync/wait.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include <abi/poll.h>

#define RECORD_BYTES 2048

static long mounts_read(struct file *file, struct transfer *to, struct io *io)
{
	/* errors_seen holds what the reader has been told of the mounts. */
	if (io->offset == 0)
		file->errors_seen = (uint32_t)mounts_generation();
	return proc_text_file_operations.read(file, to, io);
}

static uint32_t mounts_poll(struct file *file, struct poll_table *table)
{
	poll_wait(table, file, mounts_wait_queue());
	if (file->errors_seen == (uint32_t)mounts_generation())
		return POLLIN | POLLRDNORM;
	file->errors_seen = (uint32_t)mounts_generation();
	return POLLIN | POLLRDNORM | POLLERR | POLLPRI;
}

static int64_t mounts_seek(struct file *file, int64_t offset, int whence)
{
	return proc_text_file_operations.seek(file, offset, whence);
}

static void mounts_release(struct file *file)
{
	proc_text_file_operations.release(file);
}

const struct file_operations proc_mounts_file_operations = {
	.read = mounts_read,
	.poll = mounts_poll,
	.seek = mounts_seek,
	.release = mounts_release,
};

/* "6,12,3456789,-;text" of the log as "<6>[    3.456789] text". */
static size_t record_convert(const char *record, char *line, size_t size)
{
	uint64_t priority = 0, microseconds = 0;
	const char *at = record;

	while (*at >= '0' && *at <= '9')
		priority = priority * 10 + (uint64_t)(*at++ - '0');
	at = strchr(at + (*at == ','), ',');
	if (!at)
		return 0;
	for (at++; *at >= '0' && *at <= '9'; at++)
		microseconds = microseconds * 10 + (uint64_t)(*at - '0');
	at = strchr(at, ';');
	if (!at)
		return 0;
	return min(format_print(line, size, "<%llu>[%5llu.%06llu] %s",
				(unsigned long long)priority,
				(unsigned long long)microseconds / 1000000,
				(unsigned long long)microseconds % 1000000, at + 1), size - 1);
}

static long next_line(struct file *file, char *record, char *line, const struct io *io)
{
	for (;;) {
		uint64_t sequence = max((uint64_t)file->position, log_sequence_first());
		long length = log_read(&sequence, record, RECORD_BYTES - 1);
		int error;

		if (length > 0) {
			record[length] = '\0';
			file->position = (int64_t)sequence + 1;
			return (long)record_convert(record, line, RECORD_BYTES);
		}
		if (length < 0 && length != -EPIPE)
			return length;
		if (io->flags & (IO_NONBLOCK | IO_NOWAIT))
			return -EAGAIN;
		error = WAIT_EVENT(log_wait_queue(), log_sequence_next() > sequence,
				   SLEEP_INTERRUPTIBLE);
		if (error)
			return error;
	}
}

static long log_lines_read(struct file *file, struct transfer *to, struct io *io)
{
	char *record = heap_allocate(2 * RECORD_BYTES, HEAP_ACCOUNT | HEAP_RAW);
	long length;

	if (!record)
		return -ENOMEM;
	length = permission_read_log();
	if (length == 0)
		length = next_line(file, record, record + RECORD_BYTES, io);
	if (length > 0) {
		size_t wanted = min((uint64_t)length, transfer_remaining(to));

		length = (long)transfer_to_place(to, record + RECORD_BYTES, wanted);
		if (length == 0)
			length = -EFAULT;
	}
	heap_free(record);
	io->offset = file->position;
	return length;
}

static uint32_t log_lines_poll(struct file *file, struct poll_table *table)
{
	poll_wait(table, file, log_wait_queue());
	return log_sequence_next() > (uint64_t)file->position ? POLLIN | POLLRDNORM : 0;
}

const struct file_operations proc_kernel_log_operations = {
	.read = log_lines_read,
	.poll = log_lines_poll,
};
