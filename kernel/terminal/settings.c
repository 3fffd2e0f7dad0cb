/* Getting and setting termios in its three layouts: termio, termios, termios2. ioctl_tty(2). */
#include "base/errno.h"
#include "base/string.h"
#include "memory/user.h"
#include "sync/blocking.h"
#include "task/signal.h"
#include "terminal/internal.h"
#include <abi/poll.h>

#define TERMIO_CHARACTERS 8

enum settings_layout { LAYOUT_TERMIO, LAYOUT_TERMIOS, LAYOUT_TERMIOS2 };
enum settings_time { SET_AT_ONCE, SET_WHEN_SENT, SET_WHEN_SENT_AND_FLUSH };

void terminal_settings_read(struct terminal *terminal, struct termios2 *settings)
{
	bool were_enabled = spin_lock_irq(&terminal->lock);

	*settings = terminal->discipline.settings;
	spin_unlock_irq(&terminal->lock, were_enabled);
}

void terminal_settings_prepare(struct terminal *terminal, const struct termios2 *settings)
{
	terminal->discipline.settings = *settings;
}

static void to_termio(const struct termios2 *settings, struct termio *termio)
{
	termio->c_iflag = (uint16_t)settings->c_iflag;
	termio->c_oflag = (uint16_t)settings->c_oflag;
	termio->c_cflag = (uint16_t)settings->c_cflag;
	termio->c_lflag = (uint16_t)settings->c_lflag;
	termio->c_line = settings->c_line;
	memcpy(termio->c_cc, settings->c_cc, TERMIO_CHARACTERS);
}

/* The upper halves of the flags stay. */
static void from_termio(struct termios2 *settings, const struct termio *termio)
{
	settings->c_iflag = (settings->c_iflag & 0xffff0000) | termio->c_iflag;
	settings->c_oflag = (settings->c_oflag & 0xffff0000) | termio->c_oflag;
	settings->c_cflag = (settings->c_cflag & 0xffff0000) | termio->c_cflag;
	settings->c_lflag = (settings->c_lflag & 0xffff0000) | termio->c_lflag;
	settings->c_line = termio->c_line;
	memcpy(settings->c_cc, termio->c_cc, TERMIO_CHARACTERS);
}

static long settings_get(struct terminal *terminal, enum settings_layout layout,
			 user_address_t address)
{
	struct termios2 settings;
	struct termio termio = { 0 };

	terminal_settings_read(terminal, &settings);
	switch (layout) {
	case LAYOUT_TERMIO:
		to_termio(&settings, &termio);
		return user_copy_out(address, &termio, sizeof(termio));
	case LAYOUT_TERMIOS:
		return user_copy_out(address, &settings, sizeof(struct termios));
	default:
		return user_copy_out(address, &settings, sizeof(settings));
	}
}

/* Reads the program's settings over the present ones. */
static int settings_fetch(struct terminal *terminal, enum settings_layout layout,
			  user_address_t address, struct termios2 *settings)
{
	struct termio termio;
	int result;

	terminal_settings_read(terminal, settings);
	switch (layout) {
	case LAYOUT_TERMIO:
		result = user_copy_in(&termio, address, sizeof(termio));
		if (result == 0)
			from_termio(settings, &termio);
		break;
	case LAYOUT_TERMIOS:
		result = user_copy_in(settings, address, sizeof(struct termios));
		break;
	default:
		result = user_copy_in(settings, address, sizeof(*settings));
		break;
	}
	settings->c_ispeed = termios_input_baud(settings);
	settings->c_ospeed = termios_output_baud(settings);
	return result;
}

/* Hardware keeps what it cannot do: only the driver's settings_changed() knows. Change lock
 * held. */
void terminal_settings_apply(struct terminal *terminal, const struct termios2 *settings)
{
	struct termios2 old;
	uint32_t events;
	bool were_enabled = spin_lock_irq(&terminal->lock);

	old = terminal->discipline.settings;
	discipline_settings_set(&terminal->discipline, settings);
	events = terminal_settle(terminal);
	spin_unlock_irq(&terminal->lock, were_enabled);
	if (terminal->driver->settings_changed)
		terminal->driver->settings_changed(terminal, &old);
	terminal_act(terminal, events);
	wait_queue_wake_all(&terminal->writers, POLLOUT | POLLWRNORM);
}

static size_t unsent(struct terminal *terminal)
{
	size_t count = 0;
	bool were_enabled = spin_lock_irq(&terminal->lock);

	if (terminal->driver->pending)
		count = terminal->driver->pending(terminal);
	spin_unlock_irq(&terminal->lock, were_enabled);
	return count;
}

int terminal_wait_sent(struct terminal *terminal)
{
	int result = WAIT_EVENT(&terminal->writers, unsent(terminal) == 0, SLEEP_INTERRUPTIBLE);

	if (result == 0 && terminal->driver->drain)
		terminal->driver->drain(terminal);
	return result;
}

static long settings_put(struct terminal *terminal, enum settings_layout layout,
			 enum settings_time when, user_address_t address)
{
	struct termios2 settings;
	bool were_enabled;
	int result = terminal_check_change(terminal, SIGTTOU);

	if (result == 0)
		result = settings_fetch(terminal, layout, address, &settings);
	if (result == 0 && when != SET_AT_ONCE)
		result = terminal_wait_sent(terminal);
	if (result < 0)
		return result;
	mutex_lock(&terminal->change_lock);
	if (when == SET_WHEN_SENT_AND_FLUSH) {
		were_enabled = spin_lock_irq(&terminal->lock);
		terminal_raw_clear(terminal);
		discipline_flush_input(&terminal->discipline);
		spin_unlock_irq(&terminal->lock, were_enabled);
	}
	terminal_settings_apply(terminal, &settings);
	mutex_unlock(&terminal->change_lock);
	return 0;
}

long terminal_settings_control(struct terminal *terminal, unsigned command, uint64_t argument)
{
	switch (command) {
	case TCGETS:
		return settings_get(terminal, LAYOUT_TERMIOS, argument);
	case TCGETS2:
		return settings_get(terminal, LAYOUT_TERMIOS2, argument);
	case TCGETA:
		return settings_get(terminal, LAYOUT_TERMIO, argument);
	case TCSETS:
		return settings_put(terminal, LAYOUT_TERMIOS, SET_AT_ONCE, argument);
	case TCSETSW:
		return settings_put(terminal, LAYOUT_TERMIOS, SET_WHEN_SENT, argument);
	case TCSETSF:
		return settings_put(terminal, LAYOUT_TERMIOS, SET_WHEN_SENT_AND_FLUSH, argument);
	case TCSETS2:
		return settings_put(terminal, LAYOUT_TERMIOS2, SET_AT_ONCE, argument);
	case TCSETSW2:
		return settings_put(terminal, LAYOUT_TERMIOS2, SET_WHEN_SENT, argument);
	case TCSETSF2:
		return settings_put(terminal, LAYOUT_TERMIOS2, SET_WHEN_SENT_AND_FLUSH, argument);
	case TCSETA:
		return settings_put(terminal, LAYOUT_TERMIO, SET_AT_ONCE, argument);
	case TCSETAW:
		return settings_put(terminal, LAYOUT_TERMIO, SET_WHEN_SENT, argument);
	case TCSETAF:
		return settings_put(terminal, LAYOUT_TERMIO, SET_WHEN_SENT_AND_FLUSH, argument);
	default:
		return -ENOTTY;
	}
}
