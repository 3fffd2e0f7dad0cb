/*
 * /dev/null, zero, full, random and urandom (null(4), random(4)).
 */
#include "fs/dev/memory_devices.h"

#include "arch/clock.h"
#include "base/errno.h"
#include "base/error_pointer.h"
#include "base/string.h"
#include "device/node.h"
#include "file/file.h"
#include "memory/page.h"
#include "memory/space.h"
#include "memory/user.h"
#include "random/random.h"
#include "task/signal.h"
#include "vfs/cache_file.h"
#include "vfs/permission.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

static long read_nothing(struct file *file, struct transfer *to, struct io *io)
{
	(void)file;
	(void)to;
	(void)io;
	return 0;
}

static long write_nothing(struct file *file, struct transfer *from, struct io *io)
{
	uint64_t length = transfer_remaining(from);

	(void)file;
	(void)io;
	transfer_advance(from, length);
	return (long)length;
}

static long write_full(struct file *file, struct transfer *from, struct io *io)
{
	(void)file;
	(void)from;
	(void)io;
	return -ENOSPC;
}

/* A page at a time, so that a signal ends a read of gigabytes. */
static long read_zeros(struct file *file, struct transfer *to, struct io *io)
{
	long done = 0;

	(void)file;
	(void)io;
	while (transfer_remaining(to)) {
		size_t piece = min(transfer_remaining(to), PAGE_SIZE);
		size_t moved = transfer_zero(to, piece);

		done += (long)moved;
		if (moved < piece)
			return done ? done : -EFAULT;
		if (transfer_remaining(to) && signal_is_pending())
			return done;
		blocking_yield_point();
	}
	return done;
}

static int64_t seek_nowhere(struct file *file, int64_t offset, int whence)
{
	(void)offset;
	(void)whence;
	file->position = 0;
	return 0;
}

/* Private mappings are anonymous memory; shared ones share a memory file of this open file. */
static int map_zeros(struct file *file, struct map_request *request)
{
	struct file *memory = atomic_load_acquire(&file->object);
	void *none = NULL;

	if (!(request->region_flags & REGION_SHARED)) {
		request->operations = NULL;
		request->object = NULL;
		request->cache = NULL;
		return 0;
	}
	if (!memory) {
		memory = vfs_memory_file_create("dev/zero", 0);
		if (is_error(memory))
			return pointer_error(memory);
		/* Another thread may have been faster. */
		if (!atomic_compare_swap(&file->object, &none, (void *)memory)) {
			file_put_now(memory);
			memory = none;
		}
	}
	if (memory->inode->attributes.size <
	    (request->page_offset << PAGE_SHIFT) + request->length) {
		int error = vfs_truncate_file(memory, (request->page_offset << PAGE_SHIFT) +
						      request->length);

		if (error)
			return error;
	}
	return cache_file_map(memory, request);
}

static void release_zeros(struct file *file)
{
	if (file->object)
		file_put_now(file->object);
}

static long read_random(struct file *file, struct transfer *to, struct io *io)
{
	uint8_t bytes[128];
	long done = 0;

	(void)file;
	(void)io;
	while (transfer_remaining(to)) {
		size_t piece = min(transfer_remaining(to), sizeof(bytes)), moved;

		random_bytes(bytes, piece);
		moved = transfer_to_place(to, bytes, piece);
		done += (long)moved;
		if (moved < piece) {
			done = done ? done : -EFAULT;
			break;
		}
		if ((done & (long)(PAGE_SIZE - 1)) == 0) {
			if (signal_is_pending())
				break;
			blocking_yield_point();
		}
	}
	memory_wipe(bytes, sizeof(bytes));
	return done;
}

static long write_random(struct file *file, struct transfer *from, struct io *io)
{
	uint8_t bytes[128];
	long done = 0;

	(void)file;
	(void)io;
	while (transfer_remaining(from)) {
		size_t piece = min(transfer_remaining(from), sizeof(bytes));
		size_t moved = transfer_from_place(from, bytes, piece);

		random_feed(bytes, moved);
		done += (long)moved;
		if (moved < piece)
			return done ? done : -EFAULT;
		if ((done & (long)(PAGE_SIZE - 1)) == 0) {
			if (signal_is_pending())
				break;
			blocking_yield_point();
		}
	}
	return done;
}

#define RNDGETENTCNT 0x80045200u
#define RNDADDTOENTCNT 0x40045201u
#define RNDADDENTROPY 0x40085203u
#define RNDZAPENTCNT 0x5204u
#define RNDCLEARPOOL 0x5206u
#define RNDRESEEDCRNG 0x5207u

/* random(4), struct rand_pool_info: a count of bits, a count of bytes, and the bytes. */
static long entropy_add(user_address_t address)
{
	struct {
		int32_t bits, bytes;
	} head;
	uint8_t piece[64];

	if (user_copy_in(&head, address, sizeof(head)) < 0)
		return -EFAULT;
	if (head.bits < 0)
		return -EINVAL;
	if (head.bytes < 0)
		return -EFAULT;		/* as Linux: it would run past all memory */
	address += sizeof(head);
	for (size_t left = (size_t)head.bytes, length; left > 0; left -= length) {
		length = min(left, sizeof(piece));
		if (user_copy_in(piece, address, length) < 0)
			return -EFAULT;
		random_feed(piece, length);
		address += length;
	}
	memory_wipe(piece, sizeof(piece));
	return 0;
}

static long entropy_count_add(user_address_t address)
{
	uint32_t bits;

	if (user_load32(address, &bits) < 0)
		return -EFAULT;
	return (int32_t)bits < 0 ? -EINVAL : 0;
}

static long control_pool(unsigned command, uint64_t argument)
{
	uint64_t now = clock_cycles();

	if (!privilege_is_held(PRIVILEGE_SYS_ADMIN))
		return -EPERM;
	switch (command) {
	case RNDADDENTROPY:
		return entropy_add(argument);
	case RNDADDTOENTCNT:
		return entropy_count_add(argument);
	case RNDRESEEDCRNG:
		random_feed(&now, sizeof(now));	/* every generator takes a new key */
		return 0;
	default:
		return 0;
	}
}

/* The pool is always full: nothing adds to its estimate or empties it, as in Linux since 5.18. */
static long control_random(struct file *file, unsigned command, uint64_t argument)
{
	(void)file;
	switch (command) {
	case RNDGETENTCNT:
		return user_store32(argument, 256);
	case RNDADDTOENTCNT:
	case RNDADDENTROPY:
	case RNDZAPENTCNT:
	case RNDCLEARPOOL:
	case RNDRESEEDCRNG:
		return control_pool(command, argument);
	}
	return -EINVAL;
}

static const struct file_operations null_operations = {
	.read = read_nothing, .write = write_nothing, .seek = seek_nowhere,
};
static const struct file_operations zero_operations = {
	.read = read_zeros, .write = write_nothing, .seek = seek_nowhere,
	.map = map_zeros, .release = release_zeros,
};
static const struct file_operations full_operations = {
	.read = read_zeros, .write = write_full, .seek = seek_nowhere,
};
static const struct file_operations random_operations = {
	.read = read_random, .write = write_random, .seek = seek_nowhere,
	.control = control_random,
};

static int open_device(struct device_node *node, struct file *file)
{
	file->operations = node->object;
	file->mode |= FILE_SEEKABLE | FILE_POSITIONAL | FILE_STREAM;
	return 0;
}

/* Records are read by sequence number; reading the log is a right of its own. */
static int open_log(struct device_node *node, struct file *file)
{
	if (file->mode & FILE_READ) {
		int error = permission_read_log();

		if (error)
			return error;
		if (!privilege_is_held(PRIVILEGE_SYSLOG))
			return -EPERM;
	}
	file->operations = node->object;
	file->mode |= FILE_SEEKABLE;
	return 0;
}

#define MEMORY_DEVICE(device_name, minor, opener, operations, mode) { \
	.name = (device_name), .number = DEVICE_NUMBER(1, (minor)), .permissions = (mode), \
	.open = (opener), .object = (void *)(uintptr_t)(operations), .subsystem = "mem" }

int memory_devices_start(void)
{
	static struct device_node nodes[] = {
		MEMORY_DEVICE("null", 3, open_device, &null_operations, 0666),
		MEMORY_DEVICE("zero", 5, open_device, &zero_operations, 0666),
		MEMORY_DEVICE("full", 7, open_device, &full_operations, 0666),
		MEMORY_DEVICE("random", 8, open_device, &random_operations, 0666),
		MEMORY_DEVICE("urandom", 9, open_device, &random_operations, 0666),
		MEMORY_DEVICE("kmsg", 11, open_log, &kernel_log_file_operations, 0644),
	};

	for (size_t i = 0; i < ARRAY_SIZE(nodes); i++) {
		int error = device_node_add(&nodes[i]);

		if (error)
			return error;
	}
	return 0;
}
