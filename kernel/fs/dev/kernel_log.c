/*
 * /dev/kmsg: one record of the kernel's log a read; lines written go into the log.
 */
#include "base/errno.h"
#include "base/parse.h"
#include "base/string.h"
#include "file/file.h"
#include "file/poll.h"
#include "fs/dev/memory_devices.h"
#include "log/log.h"
#include "memory/heap.h"
#include "sync/wait.h"
#include <abi/fcntl.h>
#include <abi/poll.h>

#define ESCAPED_BYTES (4 * LOG_RECORD_BYTES)	/* \xNN for a byte */

static long record_wait(struct file *file, char *record, const struct io *io)
{
	for (;;) {
		uint64_t sequence = max((uint64_t)file->position, log_sequence_first());
		bool has_lost = sequence != (uint64_t)file->position && file->position != 0;
		long length;
		int error;

		if (has_lost) {
			file->position = (int64_t)sequence;
			return -EPIPE;
		}
		length = log_read(&sequence, record, LOG_RECORD_BYTES);
		if (length < 0)
			return length;
		if (length > 0) {
			file->position = (int64_t)sequence;
			return length;
		}
		if (io->flags & (IO_NONBLOCK | IO_NOWAIT))
			return -EAGAIN;
		error = WAIT_EVENT(log_wait_queue(), log_sequence_next() > sequence,
				   SLEEP_INTERRUPTIBLE);
		if (error)
			return error;
	}
}

/* Only the end of a record is a line's end: other bytes that are no text are written out. */
static long record_escape(const char *record, long length, char *escaped)
{
	static const char digits[] = "0123456789abcdef";
	long used = 0;

	for (long i = 0; i < length - 1; i++) {
		uint8_t byte = (uint8_t)record[i];

		if (byte >= ' ' && byte < 127 && byte != '\\') {
			escaped[used++] = (char)byte;
			continue;
		}
		escaped[used++] = '\\';
		escaped[used++] = 'x';
		escaped[used++] = digits[byte >> 4];
		escaped[used++] = digits[byte & 15];
	}
	escaped[used++] = '\n';
	return used;
}

static long log_file_read(struct file *file, struct transfer *to, struct io *io)
{
	char *record = heap_allocate(LOG_RECORD_BYTES + ESCAPED_BYTES, HEAP_ACCOUNT | HEAP_RAW);
	char *escaped = record + LOG_RECORD_BYTES;
	long length;

	if (!record)
		return -ENOMEM;
	length = record_wait(file, record, io);
	if (length > 0)
		length = record_escape(record, length, escaped);
	if (length > 0 && (uint64_t)length > transfer_remaining(to)) {
		length = -EINVAL;
	} else if (length > 0) {
		if (transfer_to_place(to, escaped, (size_t)length) != (size_t)length)
			length = -EFAULT;
		else
			file->position++;
	}
	heap_free(record);
	io->offset = file->position;
	return length;
}

static long log_file_write(struct file *file, struct transfer *from, struct io *io)
{
	size_t length = transfer_remaining(from);
	unsigned facility = LOG_FACILITY_USER;
	enum log_level level = LOG_WARNING;
	uint64_t priority;
	const char *text, *end;
	char *line;

	(void)io;
	(void)file;
	if (length > LOG_LINE_MAXIMUM)
		return -EINVAL;
	line = heap_allocate(LOG_LINE_MAXIMUM + 1, HEAP_ACCOUNT);
	if (!line)
		return -ENOMEM;
	if (transfer_from_place(from, line, length) != length) {
		heap_free(line);
		return -EFAULT;
	}
	text = line;
	if (line[0] == '<' && parse_unsigned_prefix(line + 1, 10, &priority, &end) == 0 &&
	    *end == '>') {
		level = (enum log_level)(priority & 7);
		/* 0 is the kernel's own: programs do not speak for it. */
		if (priority >> 3 & 0xff)
			facility = priority >> 3 & 0xff;
		text = end + 1;
	}
	log_print_program(facility, level, text);
	heap_free(line);
	return (long)length;
}

static int64_t log_file_seek(struct file *file, int64_t offset, int whence)
{
	if (offset)
		return -ESPIPE;
	switch (whence) {
	case SEEK_SET:
		file->position = (int64_t)log_sequence_first();
		return 0;
	case SEEK_DATA:
		file->position = (int64_t)log_sequence_cleared();
		return 0;
	case SEEK_END:
		file->position = (int64_t)log_sequence_next();
		return 0;
	}
	return -EINVAL;
}

static uint32_t log_file_poll(struct file *file, struct poll_table *table)
{
	uint32_t ready = POLLOUT | POLLWRNORM;

	poll_wait(table, file, log_wait_queue());
	if (log_sequence_next() > (uint64_t)file->position)
		ready |= POLLIN | POLLRDNORM;
	if (log_sequence_first() > (uint64_t)file->position && file->position)
		ready |= POLLERR | POLLPRI;
	return ready;
}

const struct file_operations kernel_log_file_operations = {
	.read = log_file_read,
	.write = log_file_write,
	.seek = log_file_seek,
	.poll = log_file_poll,
};
