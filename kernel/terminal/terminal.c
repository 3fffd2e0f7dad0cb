/* Terminals as objects and as open files: making, opening, closing, waiting, hanging up. */
#include "terminal/terminal.h"

#include "base/errno.h"
#include "base/string.h"
#include "file/file.h"
#include "file/owner.h"
#include "file/poll.h"
#include "memory/heap.h"
#include "task/thread.h"
#include "terminal/internal.h"
#include <abi/fcntl.h>
#include <abi/poll.h>

#define WAKE_BYTES 256			/* a writer is woken when less than this waits to be sent */

static const struct termios2 settings_default = {
	.c_iflag = ICRNL | IXON,
	.c_oflag = OPOST | ONLCR,
	.c_cflag = B9600 | CS8 | CREAD | HUPCL | CLOCAL,
	.c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL | ECHOKE | IEXTEN,
	.c_cc = {
		[VINTR] = 'C' & 037, [VQUIT] = '\\' & 037, [VERASE] = 0177, [VKILL] = 'U' & 037,
		[VEOF] = 'D' & 037, [VTIME] = 0, [VMIN] = 1, [VSTART] = 'Q' & 037,
		[VSTOP] = 'S' & 037, [VSUSP] = 'Z' & 037, [VREPRINT] = 'R' & 037,
		[VDISCARD] = 'O' & 037, [VWERASE] = 'W' & 037, [VLNEXT] = 'V' & 037,
	},
	.c_ispeed = 9600,
	.c_ospeed = 9600,
};

static void input_arrived(struct deferred *deferred)
{
	terminal_process(container_of(deferred, struct terminal, deferred));
}

struct terminal *terminal_create(const struct terminal_driver *driver, void *driver_state,
				 uint64_t device_number)
{
	struct terminal *terminal = heap_allocate(sizeof(*terminal), HEAP_PATIENT);

	if (!terminal)
		return NULL;
	refcount_init(&terminal->references, 1);
	terminal->driver = driver;
	terminal->driver_state = driver_state;
	terminal->number = device_number;
	mutex_init(&terminal->change_lock, LOCK_TERMINAL_OUTER);
	mutex_init(&terminal->read_lock, LOCK_TERMINAL_OUTER);
	mutex_init(&terminal->write_lock, LOCK_TERMINAL_OUTER);
	spin_lock_init(&terminal->lock, LOCK_TERMINAL);
	spin_lock_init(&terminal->raw_lock, LOCK_LEAF);
	discipline_init(&terminal->discipline, &settings_default);
	list_init(&terminal->files);
	asynchronous_files_init(&terminal->asynchronous);
	wait_queue_init(&terminal->readers);
	wait_queue_init(&terminal->writers);
	deferred_init(&terminal->deferred, input_arrived);
	ring_init(&terminal->raw, terminal->raw_bytes, TERMINAL_RAW_BYTES);
	return terminal;
}

void *terminal_driver_state(struct terminal *terminal)
{
	return terminal->driver_state;
}

void terminal_get(struct terminal *terminal)
{
	refcount_get(&terminal->references);
}

void terminal_put(struct terminal *terminal)
{
	if (!refcount_put(&terminal->references))
		return;
	if (terminal->driver->release)
		terminal->driver->release(terminal);
	heap_free(terminal);
}

/* Change lock held. */
static int open_add(struct terminal *terminal, struct terminal_file *open)
{
	bool were_enabled = spin_lock_irq(&terminal->lock);
	int result = 0;

	if (terminal->is_exclusive && terminal->open_count > 0 && !terminal_is_administrator())
		result = -EBUSY;
	if (terminal->is_other_closed)
		result = -EIO;
	if (result == 0) {
		list_add_tail(&terminal->files, &open->node);
		terminal->open_count++;
	}
	spin_unlock_irq(&terminal->lock, were_enabled);
	return result;
}

int terminal_open_as(struct terminal *terminal, struct file *file, enum terminal_open_kind kind)
{
	struct terminal_file *open = heap_allocate(sizeof(*open), HEAP_PATIENT | HEAP_ACCOUNT);
	int result;

	if (!open)
		return -ENOMEM;
	open->terminal = terminal;
	open->file = file;
	open->is_console = kind == OPEN_CONSOLE;
	mutex_lock(&terminal->change_lock);
	result = open_add(terminal, open);
	if (result == 0 && terminal->open_count == 1 && terminal->driver->opened)
		terminal->driver->opened(terminal);
	mutex_unlock(&terminal->change_lock);
	if (result < 0) {
		heap_free(open);
		return result;
	}
	terminal_get(terminal);
	file->operations = &terminal_file_operations;
	file->object = open;
	file->mode |= FILE_STREAM;
	file->mode &= ~(uint32_t)(FILE_SEEKABLE | FILE_POSITIONAL);
	/* Who may only write to a terminal does not get its signals by that. */
	if (kind == OPEN_ORDINARY && !(file->flags & O_NOCTTY) && (file->mode & FILE_READ))
		terminal_take_if_free(terminal);
	return 0;
}

int terminal_open(struct terminal *terminal, struct file *file)
{
	return terminal_open_as(terminal, file, OPEN_ORDINARY);
}

int terminal_open_controlling(struct file *file)
{
	struct terminal *terminal = terminal_controlling_get();
	int result;

	if (!terminal)
		return -ENXIO;
	result = terminal_open_as(terminal, file, OPEN_ORDINARY);
	terminal_put(terminal);
	return result;
}

static void terminal_release(struct file *file)
{
	struct terminal_file *open = file->object;
	struct terminal *terminal = open->terminal;
	bool were_enabled, is_last;

	asynchronous_forget(&terminal->asynchronous, file);
	mutex_lock(&terminal->change_lock);
	were_enabled = spin_lock_irq(&terminal->lock);
	list_remove(&open->node);
	is_last = --terminal->open_count == 0;
	if (is_last)
		terminal->is_exclusive = false;
	/* A pty's slave keeps what its master wrote for whoever opens it next. */
	if (is_last && !terminal->is_pty)
		discipline_flush_input(&terminal->discipline);
	spin_unlock_irq(&terminal->lock, were_enabled);
	if (is_last && terminal->driver->closed)
		terminal->driver->closed(terminal);
	mutex_unlock(&terminal->change_lock);
	heap_free(open);
	terminal_put(terminal);
}

static uint32_t poll_ready(struct terminal *terminal)
{
	struct discipline *discipline = &terminal->discipline;
	const uint8_t *characters = discipline->settings.c_cc;
	size_t minimum = characters[VTIME] == 0 ? characters[VMIN] : 1;
	uint32_t ready = 0;
	bool were_enabled = spin_lock_irq(&terminal->lock);

	if (discipline_is_readable(discipline, minimum))
		ready |= POLLIN | POLLRDNORM;
	if (terminal->is_other_closed)
		ready |= POLLHUP;
	if (!discipline->is_stopped && terminal->driver->write_room(terminal) >= WAKE_BYTES)
		ready |= POLLOUT | POLLWRNORM;
	spin_unlock_irq(&terminal->lock, were_enabled);
	return ready;
}

static uint32_t terminal_poll(struct file *file, struct poll_table *table)
{
	struct terminal_file *open = file->object;
	struct terminal *terminal = open->terminal;

	poll_wait(table, file, &terminal->readers);
	poll_wait(table, file, &terminal->writers);
	if (terminal_is_hung_up(open))
		return POLLIN | POLLOUT | POLLERR | POLLHUP | POLLRDNORM | POLLWRNORM;
	return poll_ready(terminal);
}

void terminal_hang_up(struct terminal *terminal)
{
	struct terminal_file *open;
	bool were_enabled;

	mutex_lock(&terminal->change_lock);
	were_enabled = spin_lock_irq(&terminal->lock);
	list_for_each(open, &terminal->files, node) {
		if (!open->is_console)
			WRITE_ONCE(open->is_hung_up, true);
	}
	terminal_raw_clear(terminal);
	discipline_flush_input(&terminal->discipline);
	terminal->is_exclusive = false;
	terminal_settle(terminal);
	spin_unlock_irq(&terminal->lock, were_enabled);
	mutex_unlock(&terminal->change_lock);
	terminal_disown(terminal, false);
	wait_queue_wake_all(&terminal->readers, POLLIN | POLLHUP | POLLERR);
	wait_queue_wake_all(&terminal->writers, POLLOUT | POLLHUP | POLLERR);
}

int terminal_hang_up_controlling(void)
{
	struct terminal *terminal = terminal_controlling_get();

	if (!terminal)
		return 0;
	terminal_hang_up(terminal);
	terminal_put(terminal);
	return 0;
}

void terminal_output_ready(struct terminal *terminal)
{
	if (!ring_is_empty(&terminal->discipline.echo) && !terminal->is_pty)
		deferred_queue(&terminal->deferred);
	wait_queue_wake_all(&terminal->writers, POLLOUT | POLLWRNORM);
	asynchronous_notify(&terminal->asynchronous, POLL_OUT);
}

/* SIGIO goes to the foreground group, or to the caller, unless F_SETOWN said otherwise. */
static int terminal_flags_changed(struct file *file, uint32_t flags)
{
	struct terminal_file *open = file->object;
	int group = terminal_foreground_id(open->terminal), error = 0;

	if (flags & O_ASYNC)
		error = group ? file_owner_propose(file, F_OWNER_PGRP, group) :
			file_owner_propose(file, F_OWNER_PID, process_current()->id);
	/* A group that has just gone hears of nothing. */
	if (error == -ENOMEM)
		return error;
	return asynchronous_change(&open->terminal->asynchronous, file, flags & O_ASYNC);
}

const struct file_operations terminal_file_operations = {
	.read = terminal_read,
	.write = terminal_write,
	.poll = terminal_poll,
	.control = terminal_control,
	.release = terminal_release,
	.flags_changed = terminal_flags_changed,
};
