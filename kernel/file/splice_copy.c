/*
 * sendfile(2) and copy_file_range(2): bytes go from file to file through some pages of the kernel.
 */
#include "base/errno.h"
#include "file/file.h"
#include "file/internal.h"
#include "sync/blocking.h"
#include <abi/fcntl.h>

#define PAGES_AT_ONCE 16

/* Reads and writes until `length` bytes moved, a file ends, or one gives less. `to_io` NULL: at the
 * position of `to`. */
static long copy_bytes(struct file *from, struct io *from_io, struct file *to, struct io *to_io,
		       size_t length)
{
	unsigned count = min((length + PAGE_SIZE - 1) / PAGE_SIZE, (size_t)PAGES_AT_ONCE);
	struct page *pages[PAGES_AT_ONCE];
	struct transfer transfer;
	long moved = 0, got, put = 0;
	int result = splice_pages_get(pages, count);

	if (result < 0)
		return result;
	while ((size_t)moved < length) {
		int64_t start = from_io->offset;

		transfer_init_pages(&transfer, false, pages, 0,
				    min(length - moved, (size_t)count * PAGE_SIZE));
		got = file_read(from, &transfer, from_io);
		if (got <= 0) {
			put = got;
			break;
		}
		transfer_init_pages(&transfer, true, pages, 0, got);
		put = to_io ? file_write(to, &transfer, to_io) :
			file_write_position(to, &transfer);
		from_io->offset = start + max(put, 0L);
		if (put > 0)
			moved += put;
		if (put < got)
			break;
		blocking_yield_point();
		if (blocking_is_interrupted(SLEEP_INTERRUPTIBLE))
			break;
	}
	splice_pages_put(pages, count);
	return moved > 0 ? moved : put;
}

long file_send(struct file *to, struct file *from, int64_t *from_offset, size_t count)
{
	struct io io = {
		.offset = from_offset ? *from_offset : from->position,
		.flags = file_io_flags(from),
	};
	struct pipe *pipe = file_pipe(to);
	unsigned flags = 0;
	long result;

	/* What was read and could not be written must be there to be read again. */
	if (!(from->mode & FILE_SEEKABLE))
		return -EINVAL;
	if (count == 0)
		return 0;
	if (pipe) {
		if ((from->flags | to->flags) & O_NONBLOCK)
			flags = SPLICE_F_NONBLOCK;
		result = splice_in(from, &io.offset, pipe, count, flags);
	} else {
		result = copy_bytes(from, &io, to, NULL, count);
	}
	if (from_offset)
		*from_offset = io.offset;
	else
		from->position = io.offset;
	return result;
}

long file_copy_range(struct file *from, int64_t *from_offset, struct file *to, int64_t *to_offset,
		     size_t length)
{
	struct io from_io = {
		.offset = from_offset ? *from_offset : from->position,
		.flags = file_io_flags(from),
	};
	struct io to_io = {
		.offset = to_offset ? *to_offset : to->position,
		.flags = file_io_flags(to),
	};
	long result;

	if (length == 0)
		return 0;
	result = copy_bytes(from, &from_io, to, &to_io, length);
	if (from_offset)
		*from_offset = from_io.offset;
	else
		from->position = from_io.offset;
	if (to_offset)
		*to_offset = to_io.offset;
	else
		to->position = to_io.offset;
	return result;
}
