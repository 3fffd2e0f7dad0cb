/*
 * getdents(2): a directory's entries in the two layouts that programs know.
 */
#include "syscall/support.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

/* Collects entries into a kernel block that is copied out as it fills. */
struct entry_writer {
	struct directory_sink sink;
	user_address_t to;
	size_t room, written;
	bool is_old;			/* struct linux_dirent: the type is the last byte */
	int error;
	user_address_t last_offset;	/* where the previous entry's d_off is, to be filled in */
};

static int entry_copy_out(struct entry_writer *writer, const void *header, size_t header_size,
			  const char *name, size_t length, size_t size)
{
	user_address_t to = writer->to + writer->written;
	uint8_t tail[16] = { 0 };
	size_t used = header_size + length;

	if (user_copy_out(to, header, header_size) < 0 ||
	    user_copy_out(to + header_size, name, length) < 0 ||
	    user_copy_out(to + used, tail, size - used) < 0)
		return -EFAULT;
	return 0;
}

static int entry_emit(struct directory_sink *sink, const char *name, size_t length, uint64_t inode,
		      uint8_t type, int64_t next_offset)
{
	struct entry_writer *writer = container_of(sink, struct entry_writer, sink);
	size_t header_size = writer->is_old ? offsetof(struct linux_dirent, d_name) :
		offsetof(struct linux_dirent64, d_name);
	size_t size = align_up(header_size + length + (writer->is_old ? 2 : 1), 8);
	struct linux_dirent64 header = {
		.d_ino = inode,
		.d_off = next_offset,
		.d_reclen = size,
		.d_type = type,
	};
	int result;

	if (size > writer->room - writer->written) {
		writer->error = -EINVAL;
		return -EINVAL;
	}
	/* The old layout has no type byte before the name. */
	result = entry_copy_out(writer, &header, header_size, name, length, size);
	if (result == 0 && writer->is_old)
		result = user_copy_out(writer->to + writer->written + size - 1, &type, 1);
	if (result < 0) {
		writer->error = result;
		return result;
	}
	writer->written += size;
	return 0;
}

static long list(struct file *file, user_address_t entries, unsigned count, bool is_old)
{
	struct entry_writer writer = {
		.sink.emit = entry_emit,
		.to = entries,
		.room = count,
		.is_old = is_old,
	};
	int result;

	if (!file->operations->list)
		return -ENOTDIR;
	mutex_lock(&file->position_lock);
	result = file->operations->list(file, &writer.sink);
	mutex_unlock(&file->position_lock);
	/* A removed directory lists nothing, and nobody is told. */
	if (result != -ENOENT)
		notify_file(file, IN_ACCESS);
	if (writer.written > 0)
		return writer.written;
	if (writer.error < 0)
		return writer.error;
	return result;
}

long sys_getdents64(struct file *fd, user_address_t entries, unsigned count)
{
	return list(fd, entries, count, false);
}

long sys_getdents(struct file *fd, user_address_t entries, unsigned count)
{
	return list(fd, entries, count, true);
}
