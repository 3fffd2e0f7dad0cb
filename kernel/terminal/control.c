/* ioctl(2) on terminals, but for the settings: ioctl_tty(2), in the order in which Linux checks. */
#include "base/errno.h"
#include "base/string.h"
#include "file/file.h"
#include "memory/user.h"
#include "sync/blocking.h"
#include "task/authority.h"
#include "task/signal.h"
#include "terminal/internal.h"
#include "time/clock_time.h"
#include <abi/poll.h>

#define DISCIPLINE_NUMBER 0		/* N_TTY, the only one */
#define TENTH_OF_SECOND_NS (NANOSECONDS_PER_SECOND / 10)
#define BREAK_TENTHS 2			/* tcsendbreak(0): a quarter of a second */

static long store_int(user_address_t address, int value)
{
	return user_store32(address, (uint32_t)value);
}

void terminal_resize(struct terminal *terminal, const struct winsize *size)
{
	bool were_enabled = spin_lock_irq(&terminal->lock);
	bool is_changed = memcmp(&terminal->size, size, sizeof(*size)) != 0;

	terminal->size = *size;
	spin_unlock_irq(&terminal->lock, were_enabled);
	if (is_changed)
		terminal_signal_foreground(terminal, SIGWINCH);
}

static long size_get(struct terminal *terminal, user_address_t address)
{
	struct winsize size;
	bool were_enabled = spin_lock_irq(&terminal->lock);

	size = terminal->size;
	spin_unlock_irq(&terminal->lock, were_enabled);
	return user_copy_out(address, &size, sizeof(size));
}

static long size_set(struct terminal *terminal, user_address_t address)
{
	struct winsize size;

	if (user_copy_in(&size, address, sizeof(size)) < 0)
		return -EFAULT;
	terminal_resize(terminal, &size);
	return 0;
}

static long flush_queues(struct terminal *terminal, uint64_t which)
{
	uint32_t events;
	bool were_enabled;
	int result = terminal_check_change(terminal, SIGTTOU);

	if (result < 0)
		return result;
	if (which > TCIOFLUSH)
		return -EINVAL;
	were_enabled = spin_lock_irq(&terminal->lock);
	if (which != TCOFLUSH) {
		terminal_raw_clear(terminal);
		discipline_flush_input(&terminal->discipline);
	}
	if (which != TCIFLUSH) {
		ring_clear(&terminal->discipline.echo);
		terminal->discipline.events |= EVENT_DISCARD_OUTPUT;
	}
	events = terminal_settle(terminal);
	spin_unlock_irq(&terminal->lock, were_enabled);
	terminal_act(terminal, events);
	return 0;
}

/* Lock held: a STOP or START character goes out at once, past what waits. */
static void flow_character(struct terminal *terminal, unsigned index)
{
	uint8_t byte = terminal->discipline.settings.c_cc[index];

	if (byte)
		terminal->driver->write(terminal, &byte, 1);
}

static long flow_control(struct terminal *terminal, uint64_t action)
{
	uint32_t events;
	bool were_enabled;
	int result = terminal_check_change(terminal, SIGTTOU);

	if (result < 0)
		return result;
	if (action > TCION)
		return -EINVAL;
	were_enabled = spin_lock_irq(&terminal->lock);
	switch (action) {
	case TCOOFF:
		discipline_stop_by_call(&terminal->discipline);
		break;
	case TCOON:
		discipline_start_by_call(&terminal->discipline);
		break;
	case TCIOFF:
		flow_character(terminal, VSTOP);
		break;
	default:
		flow_character(terminal, VSTART);
		break;
	}
	events = terminal_settle(terminal);
	spin_unlock_irq(&terminal->lock, were_enabled);
	terminal_act(terminal, events);
	return 0;
}

static int pause_ns(int64_t duration_ns)
{
	struct wait_queue nobody;
	int result;

	wait_queue_init(&nobody);
	result = WAIT_EVENT_DEADLINE(&nobody, false, SLEEP_INTERRUPTIBLE,
				     blocking_now_ns() + duration_ns);
	return result == -ETIMEDOUT ? 0 : -EINTR;
}

static long break_send(struct terminal *terminal, uint64_t tenths)
{
	int (*send)(struct terminal *, bool) = terminal->driver->break_send;
	int result;

	if (!send)
		return 0;		/* a line without breaks: as Linux's ptys */
	result = send(terminal, true);
	if (result < 0)
		return result;
	result = pause_ns((int64_t)min(tenths, (uint64_t)INT32_MAX) * TENTH_OF_SECOND_NS);
	send(terminal, false);
	return result;
}

/* tcdrain(), tcsendbreak(): wait until all is sent first. */
static long send_control(struct terminal *terminal, unsigned command, uint64_t argument)
{
	int result = terminal_check_change(terminal, SIGTTOU);

	if (result < 0)
		return result;
	if (command != TIOCCBRK && terminal_wait_sent(terminal) < 0)
		return -EINTR;
	switch (command) {
	case TCSBRK:
		return argument ? 0 : break_send(terminal, BREAK_TENTHS);
	case TCSBRKP:
		return break_send(terminal, argument ? argument : BREAK_TENTHS);
	default:
		if (!terminal->driver->break_send)
			return 0;
		return terminal->driver->break_send(terminal, command == TIOCSBRK);
	}
}

static long foreground_set(struct terminal *terminal, user_address_t address)
{
	uint32_t group;
	int result = terminal_check_change(terminal, SIGTTOU);

	if (result == -EIO)
		return -ENOTTY;
	if (result < 0)
		return result;
	if (user_load32(address, &group) < 0)
		return -EFAULT;
	return terminal_foreground_set(terminal, (int32_t)group);
}

static long session_get(struct terminal *terminal, user_address_t address)
{
	int id;

	if (!terminal_is_controlling(terminal))
		return -ENOTTY;
	id = terminal_session_id(terminal);
	return id ? store_int(address, id) : -ENOTTY;
}

static long job_control(struct terminal *terminal, struct file *file, unsigned command,
			uint64_t argument)
{
	switch (command) {
	case TIOCSCTTY:
		return terminal_take(terminal, file->mode & FILE_READ, argument == 1);
	case TIOCNOTTY:
		return terminal_give_up(terminal);
	case TIOCGPGRP:
		if (!terminal_is_controlling(terminal))
			return -ENOTTY;
		return store_int(argument, terminal_foreground_id(terminal));
	case TIOCSPGRP:
		return foreground_set(terminal, argument);
	case TIOCGSID:
		return session_get(terminal, argument);
	default:
		return -ENOTTY;
	}
}

static long input_bytes(struct terminal *terminal, user_address_t address)
{
	bool were_enabled;
	size_t count;

	terminal_process(terminal);
	were_enabled = spin_lock_irq(&terminal->lock);
	count = discipline_readable_bytes(&terminal->discipline);
	spin_unlock_irq(&terminal->lock, were_enabled);
	return store_int(address, (int)count);
}

static long output_bytes(struct terminal *terminal, user_address_t address)
{
	size_t count = 0;
	bool were_enabled = spin_lock_irq(&terminal->lock);

	if (terminal->driver->pending)
		count = terminal->driver->pending(terminal);
	spin_unlock_irq(&terminal->lock, were_enabled);
	return store_int(address, (int)count);
}

static long exclusive_set(struct terminal *terminal, bool is_exclusive)
{
	bool were_enabled = spin_lock_irq(&terminal->lock);

	terminal->is_exclusive = is_exclusive;
	spin_unlock_irq(&terminal->lock, were_enabled);
	return 0;
}

static long discipline_number_set(user_address_t address)
{
	uint32_t number;

	if (user_load32(address, &number) < 0)
		return -EFAULT;
	return number == DISCIPLINE_NUMBER ? 0 : -EINVAL;
}

/* TIOCGSOFTCAR and its pair: CLOCAL by another name. */
static long carrier_control(struct terminal *terminal, unsigned command, user_address_t address)
{
	struct termios2 settings = terminal->discipline.settings;
	uint32_t on;

	if (command == TIOCGSOFTCAR)
		return store_int(address, settings.c_cflag & CLOCAL ? 1 : 0);
	if (user_load32(address, &on) < 0)
		return -EFAULT;
	mutex_lock(&terminal->change_lock);
	settings = terminal->discipline.settings;
	settings.c_cflag = on ? settings.c_cflag | CLOCAL : settings.c_cflag & ~(uint32_t)CLOCAL;
	terminal_settings_apply(terminal, &settings);
	mutex_unlock(&terminal->change_lock);
	return 0;
}

long terminal_mode_control(struct terminal *terminal, unsigned command, uint64_t argument)
{
	switch (command) {
	case TIOCGWINSZ:
		return size_get(terminal, argument);
	case TIOCSWINSZ:
		return size_set(terminal, argument);
	case TIOCGSOFTCAR:
	case TIOCSSOFTCAR:
		return carrier_control(terminal, command, argument);
	case TIOCGETD:
		return store_int(argument, DISCIPLINE_NUMBER);
	case TIOCSETD:
		return discipline_number_set(argument);
	default:
		return terminal_settings_control(terminal, command, argument);
	}
}

static long modem_control(struct terminal *terminal, unsigned command, user_address_t address)
{
	uint32_t lines, wanted;

	/* A line without modem lines: ptys. */
	if (!terminal->driver->modem_get)
		return -ENOTTY;
	lines = terminal->driver->modem_get(terminal);
	if (command == TIOCMGET)
		return store_int(address, (int)lines);
	if (user_load32(address, &wanted) < 0)
		return -EFAULT;
	if (command == TIOCMBIS)
		wanted = lines | wanted;
	else if (command == TIOCMBIC)
		wanted = lines & ~wanted;
	terminal->driver->modem_set(terminal, wanted);
	return 0;
}

static long hang_up_by_call(struct terminal *terminal)
{
	int result = terminal_is_administrator() ? capability_require(CAPABILITY_SESSION_CREATE)
						 : -EPERM;

	if (result == 0)
		terminal_hang_up(terminal);
	return result;
}

long terminal_control(struct file *file, unsigned command, uint64_t argument)
{
	struct terminal_file *open = file->object;
	struct terminal *terminal = open->terminal;

	if (terminal_is_hung_up(open))
		return command == TIOCSPGRP ? -ENOTTY : -EIO;
	switch (command) {
	case TCFLSH:
		return flush_queues(terminal, argument);
	case TCXONC:
		return flow_control(terminal, argument);
	case TCSBRK: case TCSBRKP: case TIOCSBRK: case TIOCCBRK:
		return send_control(terminal, command, argument);
	case TIOCSCTTY: case TIOCNOTTY: case TIOCGPGRP: case TIOCSPGRP: case TIOCGSID:
		return job_control(terminal, file, command, argument);
	case FIONREAD:
		return input_bytes(terminal, argument);
	case TIOCOUTQ:
		return output_bytes(terminal, argument);
	case TIOCEXCL:
		return exclusive_set(terminal, true);
	case TIOCNXCL:
		return exclusive_set(terminal, false);
	case TIOCGEXCL:
		return store_int(argument, terminal->is_exclusive);
	case TIOCMGET: case TIOCMBIS: case TIOCMBIC: case TIOCMSET:
		return modem_control(terminal, command, argument);
	case TIOCVHANGUP:
		return hang_up_by_call(terminal);
	case TIOCGPTPEER:
		return -EIO;		/* only masters have a peer to be opened */
	case TIOCSTI:
		return -EIO;		/* typing for others is a way out of every sandbox */
	default:
		return terminal_mode_control(terminal, command, argument);
	}
}
