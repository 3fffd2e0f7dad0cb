/*
 * The master's side of a pseudo-terminal: reads what the slave's programs write, writes what they
 * read. Its writes run the slave's line discipline at once, in the writer's context.
 */
#include "base/errno.h"
#include "file/descriptor.h"
#include "file/file.h"
#include "file/poll.h"
#include "memory/transfer.h"
#include "memory/user.h"
#include "sync/blocking.h"
#include "task/signal.h"
#include "terminal/pty.h"
#include <abi/fcntl.h>
#include <abi/poll.h>

#define CHUNK_BYTES 256
#define PROCESS_BYTES 2048		/* of a long write go to the slave at once */
#define WRITABLE_BYTES 256		/* poll says so when this much fits */

static bool is_nonblocking(const struct io *io)
{
	return io->flags & (IO_NOWAIT | IO_NONBLOCK);
}

static int lock_for_call(struct mutex *mutex, const struct io *io)
{
	if (is_nonblocking(io))
		return mutex_try_lock(mutex) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(mutex);
}

static bool has_output(struct pty *pty)
{
	return !ring_is_empty(&pty->output) || (pty->has_packets && pty->packet_status);
}

static bool has_output_or_end(struct pty *pty)
{
	bool were_enabled = spin_lock_irq(&pty->slave->lock);
	bool result = has_output(pty) || pty->is_slave_closed;

	spin_unlock_irq(&pty->slave->lock, were_enabled);
	return result;
}

/* A packet's first byte: what happened, alone, or 0 before data. Slave lock held. */
static size_t packet_begin(struct pty *pty, uint8_t *chunk, bool *is_status)
{
	*is_status = false;
	if (!pty->has_packets || !has_output(pty))
		return 0;
	chunk[0] = pty->packet_status;
	*is_status = pty->packet_status != 0;
	pty->packet_status = 0;
	return 1;
}

/* One piece of what is there. *is_over: a status packet, which stands alone. */
static long chunk_read(struct pty *pty, struct transfer *to, bool is_first, bool *is_over)
{
	uint8_t chunk[CHUNK_BYTES];
	size_t wanted = min(transfer_remaining(to), (uint64_t)sizeof(chunk));
	size_t count = 0;
	bool were_enabled = spin_lock_irq(&pty->slave->lock);

	*is_over = false;
	if (is_first)
		count = packet_begin(pty, chunk, is_over);
	else if (pty->has_packets && pty->packet_status)
		*is_over = true;
	if (!*is_over)
		count += ring_read(&pty->output, chunk + count, (uint32_t)(wanted - count));
	spin_unlock_irq(&pty->slave->lock, were_enabled);
	if (count == 0)
		*is_over = true;
	if (transfer_to_place(to, chunk, count) < count)
		return -EFAULT;
	return (long)count;
}

/* Programs that waited for room go on, echo that found none comes now. */
static void output_taken(struct pty *pty)
{
	if (!ring_is_empty(&pty->slave->discipline.echo))
		terminal_process(pty->slave);
	terminal_output_ready(pty->slave);
}

/* Read lock held. */
static long read_locked(struct pty *pty, struct transfer *to, const struct io *io)
{
	bool is_over = false;
	long total = 0, result = 0;

	while (transfer_remaining(to) > 0 && !is_over) {
		result = chunk_read(pty, to, total == 0, &is_over);
		if (result < 0)
			break;
		total += result;
		if (total > 0 || !is_over)
			continue;
		is_over = false;
		if (has_output_or_end(pty) && READ_ONCE(pty->is_slave_closed) &&
		    ring_is_empty(&pty->output))
			return -EIO;
		if (is_nonblocking(io))
			return -EAGAIN;
		result = WAIT_EVENT(&pty->readers, has_output_or_end(pty), SLEEP_INTERRUPTIBLE);
		if (result < 0)
			return result;
	}
	return total > 0 ? total : result;
}

NO_THREAD_ANALYSIS static long master_read(struct file *file, struct transfer *to, struct io *io)
{
	struct pty *pty = file->object;
	long result = lock_for_call(&pty->read_lock, io);

	if (result < 0)
		return result;
	result = read_locked(pty, to, io);
	mutex_unlock(&pty->read_lock);
	if (result > 0)
		output_taken(pty);
	return result;
}

static bool has_room(struct terminal *slave)
{
	bool were_enabled = spin_lock_irq(&slave->raw_lock);
	bool result = ring_space(&slave->raw) >= WRITABLE_BYTES;

	spin_unlock_irq(&slave->raw_lock, were_enabled);
	return result;
}

static int chunk_write(struct pty *pty, const uint8_t *data, size_t length, const struct io *io,
		       size_t *written)
{
	int result;

	*written = 0;
	for (;;) {
		*written += terminal_input(pty->slave, data + *written, length - *written);
		if (*written == length)
			return 0;
		terminal_process(pty->slave);
		if (is_nonblocking(io))
			return -EAGAIN;
		result = WAIT_EVENT(&pty->writers, has_room(pty->slave), SLEEP_INTERRUPTIBLE);
		if (result < 0)
			return result;
	}
}

/* Write lock held. */
static long write_locked(struct pty *pty, struct transfer *from, const struct io *io)
{
	uint8_t chunk[CHUNK_BYTES];
	size_t length, written;
	long total = 0;
	int result = 0;

	while (transfer_remaining(from) > 0 && result == 0) {
		if (signal_is_pending()) {
			result = -ERESTARTSYS;
			break;
		}
		length = min(transfer_remaining(from), (uint64_t)sizeof(chunk));
		length = transfer_from_place(from, chunk, length);
		if (length == 0) {
			result = -EFAULT;
			break;
		}
		result = chunk_write(pty, chunk, length, io, &written);
		total += (long)written;
		if (total % PROCESS_BYTES == 0)
			terminal_process(pty->slave);
	}
	terminal_process(pty->slave);
	return total > 0 ? total : result;
}

static void write_begin(struct pty *pty)
{
	bool were_enabled = spin_lock_irq(&pty->slave->lock);

	pty->fresh_from = pty->output.written;
	spin_unlock_irq(&pty->slave->lock, were_enabled);
}

NO_THREAD_ANALYSIS static long master_write(struct file *file, struct transfer *from, struct io *io)
{
	struct pty *pty = file->object;
	long result = lock_for_call(&pty->write_lock, io);

	if (result < 0)
		return result;
	write_begin(pty);
	result = write_locked(pty, from, io);
	mutex_unlock(&pty->write_lock);
	return result;
}

static uint32_t master_poll(struct file *file, struct poll_table *table)
{
	struct pty *pty = file->object;
	uint32_t ready = 0;
	bool were_enabled;

	poll_wait(table, file, &pty->readers);
	poll_wait(table, file, &pty->writers);
	were_enabled = spin_lock_irq(&pty->slave->lock);
	if (!ring_is_empty(&pty->output))
		ready |= POLLIN | POLLRDNORM;
	if (pty->has_packets && pty->packet_status)
		ready |= POLLPRI | POLLIN | POLLRDNORM;
	if (pty->is_slave_closed)
		ready |= POLLHUP;
	spin_unlock_irq(&pty->slave->lock, were_enabled);
	if (has_room(pty->slave))
		ready |= POLLOUT | POLLWRNORM;
	return ready;
}

static long store_int(user_address_t address, int value)
{
	return user_store32(address, (uint32_t)value);
}

static long lock_set(struct pty *pty, user_address_t address)
{
	uint32_t on;

	if (user_load32(address, &on) < 0)
		return -EFAULT;
	WRITE_ONCE(pty->is_locked, on != 0);
	return 0;
}

static long packets_set(struct pty *pty, user_address_t address)
{
	uint32_t on;
	bool were_enabled;

	if (user_load32(address, &on) < 0)
		return -EFAULT;
	were_enabled = spin_lock_irq(&pty->slave->lock);
	if (on && !pty->has_packets)
		pty->packet_status = 0;
	pty->has_packets = on != 0;
	spin_unlock_irq(&pty->slave->lock, were_enabled);
	return 0;
}

/* TIOCGPTPEER: the slave as a descriptor, without a path that could lead elsewhere. */
static long peer_open(struct pty *pty, uint64_t flags)
{
	struct file *file;
	int result;

	if (!pty->instance->opener)
		return -ENOTTY;
	result = pty->instance->opener(pty->instance->opener_argument, pty->number,
				       (uint32_t)flags & ~(uint32_t)O_CLOEXEC, &file);
	return result < 0 ? result : descriptor_add(file, flags & O_CLOEXEC);
}

static long signal_by_call(struct pty *pty, uint64_t number)
{
	if (number != SIGINT && number != SIGQUIT && number != SIGTSTP)
		return -EINVAL;
	terminal_signal_foreground(pty->slave, (int)number);
	return 0;
}

static long flush_by_call(struct pty *pty, uint64_t which)
{
	bool were_enabled;

	if (which > TCIOFLUSH)
		return -EINVAL;
	were_enabled = spin_lock_irq(&pty->slave->lock);
	if (which != TCOFLUSH)
		ring_clear(&pty->output);
	if (which != TCIFLUSH)
		terminal_raw_clear(pty->slave);
	spin_unlock_irq(&pty->slave->lock, were_enabled);
	output_taken(pty);
	return 0;
}

/* Calls about the slave's session, asked at the master. */
static long job_control(struct pty *pty, struct file *file, unsigned command, uint64_t argument)
{
	uint32_t group;
	int id;

	switch (command) {
	case TIOCGPGRP:
		return store_int(argument, terminal_foreground_id(pty->slave));
	case TIOCGSID:
		id = terminal_session_id(pty->slave);
		return id ? store_int(argument, id) : -ENOTTY;
	case TIOCSPGRP:
		if (user_load32(argument, &group) < 0)
			return -EFAULT;
		return terminal_foreground_set(pty->slave, (int32_t)group);
	default:
		return terminal_take(pty->slave, file->mode & FILE_READ, argument == 1);
	}
}

static long master_control(struct file *file, unsigned command, uint64_t argument)
{
	struct pty *pty = file->object;

	switch (command) {
	case TIOCGPTN:
		return store_int(argument, (int)pty->number);
	case TIOCSPTLCK:
		return lock_set(pty, argument);
	case TIOCGPTLCK:
		return store_int(argument, READ_ONCE(pty->is_locked));
	case TIOCPKT:
		return packets_set(pty, argument);
	case TIOCGPKT:
		return store_int(argument, READ_ONCE(pty->has_packets));
	case TIOCGPTPEER:
		return peer_open(pty, argument);
	case TIOCSIG:
		return signal_by_call(pty, argument);
	case TCFLSH:
		return flush_by_call(pty, argument);
	case FIONREAD:
		return store_int(argument, (int)ring_used(&pty->output));
	case TIOCOUTQ:
		return store_int(argument, 0);
	case TIOCGPGRP: case TIOCSPGRP: case TIOCGSID: case TIOCSCTTY:
		return job_control(pty, file, command, argument);
	default:
		return terminal_mode_control(pty->slave, command, argument);
	}
}

/* The line is cut: whoever has the slave open finds it hung up. */
static void master_release(struct file *file)
{
	struct pty *pty = file->object;
	struct terminal *slave = pty->slave;
	bool were_enabled = spin_lock_irq(&slave->lock);

	slave->is_other_closed = true;
	spin_unlock_irq(&slave->lock, were_enabled);
	terminal_hang_up(slave);
	pty_forget(pty);
}

const struct file_operations pty_master_operations = {
	.read = master_read,
	.write = master_write,
	.poll = master_poll,
	.control = master_control,
	.release = master_release,
};
