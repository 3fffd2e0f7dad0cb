/*
 * Reading and writing open terminals. Bytes pass through small buffers on the stack, so that no
 * spin lock is held while user memory is touched; read_lock and write_lock make each call one
 * piece.
 */
#include "base/errno.h"
#include "file/file.h"
#include "memory/transfer.h"
#include "sync/blocking.h"
#include "task/signal.h"
#include "terminal/internal.h"
#include "time/clock_time.h"

#define CHUNK_BYTES 256
#define TENTH_OF_SECOND_NS (NANOSECONDS_PER_SECOND / 10)

/* How a read outside canonical mode ends (termios(3): MIN and TIME). */
struct read_limits {
	size_t minimum;			/* bytes after which it is complete */
	int64_t between_ns;		/* the longest pause between bytes; 0: no limit */
	int64_t deadline_ns;
};

static struct read_limits read_limits(struct terminal *terminal)
{
	struct read_limits limits = { .deadline_ns = NO_DEADLINE };
	bool were_enabled = spin_lock_irq(&terminal->lock);
	const uint8_t *characters = terminal->discipline.settings.c_cc;
	int64_t time_ns = characters[VTIME] * TENTH_OF_SECOND_NS;

	if (!(terminal->discipline.settings.c_lflag & ICANON)) {
		limits.minimum = characters[VMIN];
		if (limits.minimum) {
			limits.between_ns = time_ns;
		} else {
			limits.minimum = 1;
			limits.deadline_ns = time_ns ? blocking_now_ns() + time_ns : 0;
		}
	}
	spin_unlock_irq(&terminal->lock, were_enabled);
	return limits;
}

static bool read_is_over(struct terminal_file *open)
{
	return READ_ONCE(open->terminal->is_other_closed) || terminal_is_hung_up(open);
}

static bool has_input(struct terminal *terminal)
{
	bool were_enabled = spin_lock_irq(&terminal->lock);
	bool is_readable = discipline_is_readable(&terminal->discipline, 1);

	spin_unlock_irq(&terminal->lock, were_enabled);
	return is_readable;
}

static bool is_nonblocking(const struct io *io)
{
	return io->flags & (IO_NOWAIT | IO_NONBLOCK);
}

/* 1: there is input. 0: the read ends with what it has. Else a negative errno. */
static int input_wait(struct terminal_file *open, const struct io *io, int64_t deadline_ns)
{
	struct terminal *terminal = open->terminal;
	int result;

	if (has_input(terminal))
		return 1;
	if (!ring_is_empty(&terminal->raw))
		terminal_process(terminal);
	if (has_input(terminal))
		return 1;
	if (READ_ONCE(terminal->is_other_closed))
		return -EIO;
	if (terminal_is_hung_up(open))
		return 0;
	if (deadline_ns != NO_DEADLINE && blocking_now_ns() >= deadline_ns)
		return 0;
	if (is_nonblocking(io))
		return -EAGAIN;
	result = WAIT_EVENT_DEADLINE(&terminal->readers, has_input(terminal) || read_is_over(open),
				     SLEEP_INTERRUPTIBLE, deadline_ns);
	if (result == -ETIMEDOUT)
		return 0;
	return result < 0 ? result : has_input(terminal);
}

/* One piece into user memory. *is_ended: a canonical line is complete. */
static long chunk_read(struct terminal *terminal, struct transfer *to, bool *is_ended)
{
	uint8_t chunk[CHUNK_BYTES];
	size_t wanted = min(transfer_remaining(to), (uint64_t)sizeof(chunk));
	size_t count;
	uint32_t events;
	bool were_enabled = spin_lock_irq(&terminal->lock);

	count = discipline_read(&terminal->discipline, chunk, wanted, is_ended);
	if (!*is_ended && count > 0 && count == transfer_remaining(to))
		discipline_skip_end_of_file(&terminal->discipline);
	events = terminal_settle(terminal);
	spin_unlock_irq(&terminal->lock, were_enabled);
	terminal_act(terminal, events);
	if (transfer_to_place(to, chunk, count) < count)
		return -EFAULT;
	return (long)count;
}

/* Read lock held. */
static long read_locked(struct terminal_file *open, struct transfer *to, const struct io *io)
{
	struct terminal *terminal = open->terminal;
	struct read_limits limits = read_limits(terminal);
	bool is_ended = false;
	long total = 0, result = 0;

	while (transfer_remaining(to) > 0 && !is_ended) {
		result = input_wait(open, io, limits.deadline_ns);
		if (result <= 0)
			break;
		result = chunk_read(terminal, to, &is_ended);
		if (result < 0)
			break;
		total += result;
		if (discipline_is_canonical(&terminal->discipline)) {
			/* The rest of the line is there already, unless the buffer was flushed. */
			if (!has_input(terminal))
				break;
			continue;
		}
		if ((size_t)total >= limits.minimum && !has_input(terminal))
			break;
		if (limits.between_ns)
			limits.deadline_ns = blocking_now_ns() + limits.between_ns;
	}
	return total > 0 ? total : result;
}

static int lock_for_call(struct mutex *mutex, const struct io *io)
{
	if (is_nonblocking(io))
		return mutex_try_lock(mutex) ? 0 : -EAGAIN;
	return mutex_lock_interruptible(mutex);
}

NO_THREAD_ANALYSIS long terminal_read(struct file *file, struct transfer *to, struct io *io)
{
	struct terminal_file *open = file->object;
	struct terminal *terminal = open->terminal;
	long result;

	if (terminal_is_hung_up(open))
		return 0;
	result = open->is_console ? 0 : terminal_check_change(terminal, SIGTTIN);
	if (result == 0)
		result = lock_for_call(&terminal->read_lock, io);
	if (result < 0)
		return result;
	result = read_locked(open, to, io);
	mutex_unlock(&terminal->read_lock);
	if (!ring_is_empty(&terminal->raw))
		terminal_process(terminal);
	return result;
}

/* Whether a writer could put at least one byte, whatever that byte becomes. */
static bool can_write(struct terminal *terminal)
{
	bool were_enabled = spin_lock_irq(&terminal->lock);
	bool result = !terminal->discipline.is_stopped &&
		      ring_is_empty(&terminal->discipline.echo) &&
		      terminal->driver->write_room(terminal) >= DISCIPLINE_BYTE_OUTPUT_MAXIMUM;

	spin_unlock_irq(&terminal->lock, were_enabled);
	return result;
}

/* Terminal lock held: as much as the driver takes now, behind the echo. */
static size_t output_some(struct terminal *terminal, const uint8_t *data, size_t length)
{
	struct discipline *discipline = &terminal->discipline;
	uint8_t output[CHUNK_BYTES];
	size_t consumed = 0, produced, room, some;

	while (consumed < length) {
		room = terminal->driver->write_room(terminal);
		some = discipline_output(discipline, data + consumed, length - consumed, output,
					 min(room, sizeof(output)), &produced);
		if (some == 0)
			break;
		terminal->driver->write(terminal, output, produced);
		consumed += some;
	}
	return consumed;
}

static size_t output_try(struct terminal *terminal, const uint8_t *data, size_t length)
{
	bool were_enabled = spin_lock_irq(&terminal->lock);
	uint32_t events = terminal_settle(terminal);
	size_t consumed = 0;

	if (!terminal->discipline.is_stopped && ring_is_empty(&terminal->discipline.echo))
		consumed = output_some(terminal, data, length);
	spin_unlock_irq(&terminal->lock, were_enabled);
	terminal_act(terminal, events);
	return consumed;
}

/* All of it, unless an error or a signal comes first; *written: how much. */
static int chunk_write(struct terminal_file *open, const uint8_t *data, size_t length,
		       const struct io *io, size_t *written)
{
	struct terminal *terminal = open->terminal;
	int result;

	*written = 0;
	for (;;) {
		if (terminal_is_hung_up(open) || READ_ONCE(terminal->is_other_closed))
			return -EIO;
		*written += output_try(terminal, data + *written, length - *written);
		if (*written == length)
			return 0;
		if (is_nonblocking(io))
			return -EAGAIN;
		result = WAIT_EVENT(&terminal->writers, can_write(terminal) || read_is_over(open),
				    SLEEP_INTERRUPTIBLE);
		if (result < 0)
			return result;
	}
}

/* Write lock held. */
static long write_locked(struct terminal_file *open, struct transfer *from, const struct io *io)
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
		result = chunk_write(open, chunk, length, io, &written);
		total += (long)written;
	}
	return total > 0 ? total : result;
}

NO_THREAD_ANALYSIS long terminal_write(struct file *file, struct transfer *from, struct io *io)
{
	struct terminal_file *open = file->object;
	struct terminal *terminal = open->terminal;
	long result = 0;

	if (terminal_is_hung_up(open))
		return -EIO;
	if ((READ_ONCE(terminal->discipline.settings.c_lflag) & TOSTOP) && !open->is_console)
		result = terminal_check_change(terminal, SIGTTOU);
	if (result == 0)
		result = lock_for_call(&terminal->write_lock, io);
	if (result < 0)
		return result;
	result = write_locked(open, from, io);
	mutex_unlock(&terminal->write_lock);
	return result;
}
