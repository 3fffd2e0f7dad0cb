/*
 * read(2), write(2) and their family: positions, vectors, copying between files.
 */
#include "file/pipe.h"
#include "syscall/support.h"
#include "vfs/inode.h"

long sys_read(struct file *fd, struct transfer *buffer)
{
	return file_read_position(fd, buffer);
}

long sys_write(struct file *fd, struct transfer *buffer)
{
	return file_write_position(fd, buffer);
}

long sys_readv(struct file *fd, struct transfer *vector)
{
	return file_read_position(fd, vector);
}

long sys_writev(struct file *fd, struct transfer *vector)
{
	return file_write_position(fd, vector);
}

/* The checks of every call that brings its own position. */
static int position_check(const struct file *file, const struct transfer *transfer,
			  int64_t position)
{
	/* The end, too, must be a number that an offset can hold. */
	if (position < 0 || transfer_remaining(transfer) > (uint64_t)(INT64_MAX - position))
		return -EINVAL;
	return file->mode & FILE_POSITIONAL ? 0 : -ESPIPE;
}

static long read_at(struct file *file, struct transfer *to, int64_t position, uint32_t flags)
{
	struct io io = { .offset = position, .flags = file_io_flags(file) | flags };
	int result = position_check(file, to, position);

	return result < 0 ? result : file_read(file, to, &io);
}

static long write_at(struct file *file, struct transfer *from, int64_t position, uint32_t flags)
{
	struct io io = { .offset = position, .flags = file_io_flags(file) | flags };
	int result = position_check(file, from, position);

	return result < 0 ? result : file_write(file, from, &io);
}

long sys_pread64(struct file *fd, struct transfer *buffer, int64_t position)
{
	return read_at(fd, buffer, position, 0);
}

long sys_pwrite64(struct file *fd, struct transfer *buffer, int64_t position)
{
	return write_at(fd, buffer, position, 0);
}

long sys_preadv(struct file *fd, struct transfer *vector, int64_t position, unsigned long high)
{
	(void)high;	/* the upper half of positions on 32-bit CPUs */
	return read_at(fd, vector, position, 0);
}

long sys_pwritev(struct file *fd, struct transfer *vector, int64_t position, unsigned long high)
{
	(void)high;
	return write_at(fd, vector, position, 0);
}

/* RWF_* as IO_*; -EOPNOTSUPP for what is not known, as preadv2(2) says. */
static int rwf_flags(int flags, bool is_write, uint32_t *io_flags)
{
	if (flags & ~(RWF_HIPRI | RWF_DSYNC | RWF_SYNC | RWF_NOWAIT | RWF_APPEND))
		return -EOPNOTSUPP;
	*io_flags = (flags & RWF_NOWAIT ? IO_NOWAIT : 0) | (flags & RWF_DSYNC ? IO_DATA_SYNC : 0) |
		(flags & RWF_SYNC ? IO_DATA_SYNC | IO_SYNC : 0) |
		(is_write && (flags & RWF_APPEND) ? IO_APPEND : 0);
	return 0;
}

long sys_preadv2(struct file *fd, struct transfer *vector, int64_t position, unsigned long high,
		 int flags)
{
	uint32_t io_flags;
	int result = rwf_flags(flags, false, &io_flags);

	(void)high;
	if (result < 0)
		return result;
	/* Position -1: use and move the file's own; only without flags is that one path enough. */
	if (position == -1 && io_flags == 0)
		return file_read_position(fd, vector);
	if (position == -1)
		return file_read_flags(fd, vector, io_flags);
	return read_at(fd, vector, position, io_flags);
}

long sys_pwritev2(struct file *fd, struct transfer *vector, int64_t position, unsigned long high,
		  int flags)
{
	uint32_t io_flags;
	int result = rwf_flags(flags, true, &io_flags);

	(void)high;
	if (result < 0)
		return result;
	if (position == -1 && io_flags == 0)
		return file_write_position(fd, vector);
	if (position == -1)
		return file_write_flags(fd, vector, io_flags);
	return write_at(fd, vector, position, io_flags);
}

long sys_lseek(struct file *fd, int64_t position, unsigned whence)
{
	if (whence > SEEK_HOLE)
		return -EINVAL;
	return file_seek(fd, position, whence);
}

/* An optional position in program memory: read before, written back after. */
static int position_fetch(user_address_t address, int64_t *position, int64_t **use)
{
	*use = NULL;
	if (address == 0)
		return 0;
	if (user_copy_in(position, address, sizeof(*position)) < 0)
		return -EFAULT;
	*use = position;
	return 0;
}

static long position_store(user_address_t address, const int64_t *position, long result)
{
	if (address != 0 && result > 0 &&
	    user_copy_out(address, position, sizeof(*position)) < 0)
		return -EFAULT;
	return result;
}

long sys_sendfile(struct file *to, struct file *from, user_address_t position, size_t count)
{
	int64_t offset, *use;
	long result = position_fetch(position, &offset, &use);

	if (result < 0)
		return result;
	if (use && (offset < 0 || !(from->mode & FILE_POSITIONAL)))
		return offset < 0 ? -EINVAL : -ESPIPE;
	count = min(count, (size_t)MAX_RW_COUNT);
	if ((to->flags & O_APPEND) || (use && count > (uint64_t)(INT64_MAX - offset)))
		return -EINVAL;
	result = file_send(to, from, use, count);
	return position_store(position, &offset, result);
}

/* copy_file_range: two regular files of one file system, and not over each other. */
static int copy_check(const struct file *from, uint64_t from_offset, const struct file *to,
		      uint64_t to_offset, size_t length)
{
	uint16_t from_type = from->inode ? inode_type(from->inode) : 0;
	uint16_t to_type = to->inode ? inode_type(to->inode) : 0;
	uint64_t size;

	if (from_type == S_IFDIR || to_type == S_IFDIR)
		return -EISDIR;
	if (from_type != S_IFREG || to_type != S_IFREG)
		return -EINVAL;
	if (to->flags & O_APPEND)
		return -EBADF;
	if (from->inode->superblock != to->inode->superblock)
		return -EXDEV;
	if (from_offset + length < from_offset || to_offset + length < to_offset)
		return -EOVERFLOW;
	size = READ_ONCE(from->inode->attributes.size);
	length = from_offset >= size ? 0 : min((uint64_t)length, size - from_offset);
	if (from->inode == to->inode && to_offset + length > from_offset &&
	    to_offset < from_offset + length)
		return -EINVAL;
	return 0;
}

long sys_copy_file_range(struct file *from, user_address_t from_position, struct file *to,
			 user_address_t to_position, size_t length, unsigned flags)
{
	int64_t from_offset, to_offset, *use_from, *use_to;
	long result = position_fetch(from_position, &from_offset, &use_from);

	if (result == 0)
		result = position_fetch(to_position, &to_offset, &use_to);
	if (result < 0)
		return result;
	if (flags != 0)
		return -EINVAL;
	result = copy_check(from, use_from ? from_offset : from->position, to,
			    use_to ? to_offset : to->position, length);
	if (result < 0)
		return result;
	result = file_copy_range(from, use_from, to, use_to, min(length, (size_t)MAX_RW_COUNT));
	result = position_store(from_position, &from_offset, result);
	return position_store(to_position, &to_offset, result);
}

long sys_splice(struct file *from, user_address_t from_position, struct file *to,
		user_address_t to_position, size_t length, unsigned flags)
{
	int64_t from_offset, to_offset, *use_from, *use_to;
	long result;

	if (flags & ~(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT))
		return -EINVAL;
	if (length == 0)
		return 0;
	result = position_fetch(from_position, &from_offset, &use_from);
	if (result == 0)
		result = position_fetch(to_position, &to_offset, &use_to);
	if (result < 0)
		return result;
	result = pipe_splice(from, use_from, to, use_to, min(length, (size_t)MAX_RW_COUNT), flags);
	result = position_store(from_position, &from_offset, result);
	return position_store(to_position, &to_offset, result);
}

long sys_tee(struct file *from, struct file *to, size_t length, unsigned flags)
{
	if (flags & ~(SPLICE_F_MOVE | SPLICE_F_NONBLOCK | SPLICE_F_MORE | SPLICE_F_GIFT))
		return -EINVAL;
	return length == 0 ? 0 : pipe_tee(from, to, min(length, (size_t)MAX_RW_COUNT), flags);
}
