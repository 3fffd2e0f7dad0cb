/*
 * /proc/<pid>/mem: the memory of a process as a file, a byte at each address. Who may debug the
 * process may also write where the program itself may only read.
 */
#include "base/errno.h"
#include "fs/proc/internal.h"
#include "memory/heap.h"
#include "memory/page.h"
#include "memory/space.h"
#include <abi/fcntl.h>

/* One piece through a buffer of the kernel; bytes moved, or -EFAULT of the caller's memory. */
static long piece_move(struct space *space, struct transfer *transfer, struct io *io,
		       char *buffer, bool is_write)
{
	size_t wanted = min(transfer_remaining(transfer), PAGE_SIZE);
	user_address_t address = (user_address_t)io->offset;
	size_t moved;

	if (is_write) {
		wanted = transfer_from_place(transfer, buffer, wanted);
		if (wanted == 0)
			return -EFAULT;
		return (long)space_copy_out(space, address, buffer, wanted);
	}
	wanted = space_copy_in(space, buffer, address, wanted);
	moved = transfer_to_place(transfer, buffer, wanted);
	return wanted && !moved ? -EFAULT : (long)moved;
}

static long memory_move(struct file *file, struct transfer *transfer, struct io *io,
			bool is_write)
{
	struct space *space = file->object;
	long done = 0, moved = 0;
	char *buffer;

	if (!space || transfer_remaining(transfer) == 0)
		return 0;
	buffer = heap_allocate(PAGE_SIZE, HEAP_ACCOUNT | HEAP_RAW);
	if (!buffer)
		return -ENOMEM;
	/* The program that was opened has ended, or runs another one: there is nothing left. */
	if (!space_user_get_unless_dead(space)) {
		heap_free(buffer);
		return 0;
	}
	while (transfer_remaining(transfer) > 0) {
		long wanted = (long)min(transfer_remaining(transfer), PAGE_SIZE);

		moved = piece_move(space, transfer, io, buffer, is_write);
		if (moved > 0)
			done += moved;
		if (moved > 0)
			io->offset += moved;
		if (moved < wanted)
			break;
	}
	space_user_put(space);
	heap_free(buffer);
	if (done)
		return done;
	return moved < 0 ? moved : -EIO;
}

static long memory_read(struct file *file, struct transfer *to, struct io *io)
{
	return memory_move(file, to, io, false);
}

static long memory_write(struct file *file, struct transfer *from, struct io *io)
{
	return memory_move(file, from, io, true);
}

/* Positions are addresses: none is too large. */
static int64_t memory_seek(struct file *file, int64_t offset, int whence)
{
	if (whence == SEEK_CUR)
		offset = (int64_t)((uint64_t)offset + (uint64_t)file->position);
	else if (whence != SEEK_SET)
		return -EINVAL;
	file->position = offset;
	return offset;
}

static void memory_file_release(struct file *file)
{
	if (file->object)
		space_put(file->object);
}

static const struct file_operations memory_file_operations = {
	.read = memory_read,
	.write = memory_write,
	.seek = memory_seek,
	.release = memory_file_release,
};

static int memory_open(struct inode *inode, struct file *file)
{
	struct space *space;
	int error = proc_space_inspect(proc_inode_of(inode)->process, &space);

	if (error)
		return error;
	file->object = space;
	file->operations = &memory_file_operations;
	file->mode |= FILE_SEEKABLE | FILE_POSITIONAL;
	return 0;
}

const struct inode_operations proc_memory_operations = { .open = memory_open };
