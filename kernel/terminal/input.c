/*
 * From a driver's bytes to readers. Interrupts put bytes into the raw ring; deferred work, readers
 * and pty masters run them through the discipline. In the raw ring 0377 is an escape: doubled it
 * stands for itself, else a kind and a byte follow.
 */
#include "base/string.h"
#include "task/signal.h"
#include "terminal/internal.h"
#include <abi/poll.h>

#define RAW_ESCAPE 0377
#define BATCH_BYTES 64			/* processed with interrupts masked */
#define ECHO_WATERMARK 256
#define THROTTLE_ROOM 128		/* flow control begins and ends here, as Linux has it */

/* Raw lock held. */
static size_t raw_put(struct terminal *terminal, const uint8_t *data, size_t length)
{
	static const uint8_t doubled[2] = { RAW_ESCAPE, RAW_ESCAPE };
	size_t taken = 0;

	while (taken < length) {
		const uint8_t *escape = memchr(data + taken, RAW_ESCAPE, length - taken);
		size_t run = escape ? (size_t)(escape - data) - taken : length - taken;
		size_t written = ring_write(&terminal->raw, data + taken, (uint32_t)run);

		taken += written;
		if (written < run)
			break;
		if (!escape)
			continue;
		if (ring_space(&terminal->raw) < sizeof(doubled))
			break;
		ring_write(&terminal->raw, doubled, sizeof(doubled));
		taken++;
	}
	return taken;
}

size_t terminal_input(struct terminal *terminal, const uint8_t *data, size_t length)
{
	bool were_enabled = spin_lock_irq(&terminal->raw_lock);
	size_t taken = raw_put(terminal, data, length);

	spin_unlock_irq(&terminal->raw_lock, were_enabled);
	if (!terminal->is_pty)
		deferred_queue(&terminal->deferred);
	return taken;
}

void terminal_input_error(struct terminal *terminal, uint8_t byte, enum input_kind kind)
{
	uint8_t escaped[3] = { RAW_ESCAPE, (uint8_t)kind, byte };
	bool were_enabled = spin_lock_irq(&terminal->raw_lock);

	if (ring_space(&terminal->raw) >= sizeof(escaped))
		ring_write(&terminal->raw, escaped, sizeof(escaped));
	spin_unlock_irq(&terminal->raw_lock, were_enabled);
	deferred_queue(&terminal->deferred);
}

void terminal_raw_clear(struct terminal *terminal)
{
	bool were_enabled = spin_lock_irq(&terminal->raw_lock);

	ring_clear(&terminal->raw);
	spin_unlock_irq(&terminal->raw_lock, were_enabled);
}

/* Decodes one element: bytes used, 0 if it is cut off at the end of the batch. */
static unsigned raw_decode(const uint8_t *at, unsigned length, uint8_t *byte, enum input_kind *kind)
{
	*kind = INPUT_NORMAL;
	*byte = at[0];
	if (at[0] != RAW_ESCAPE)
		return 1;
	if (length < 2)
		return 0;
	if (at[1] == RAW_ESCAPE)
		return 2;
	if (length < 3)
		return 0;
	*kind = (enum input_kind)at[1];
	*byte = at[2];
	return 3;
}

/* Both locks held by the callers' order: terminal, then raw for a moment. The bytes consumed. */
static unsigned batch_receive(struct terminal *terminal)
{
	struct discipline *discipline = &terminal->discipline;
	const uint32_t urgent = EVENT_SIGNALS | EVENT_DISCARD_OUTPUT | EVENT_SEND_ECHO;
	uint8_t batch[BATCH_BYTES], byte;
	enum input_kind kind;
	unsigned length, used = 0;

	spin_lock_masked(&terminal->raw_lock);
	length = ring_peek(&terminal->raw, 0, batch, sizeof(batch));
	spin_unlock_masked(&terminal->raw_lock);
	while (used < length && !(discipline->events & urgent)) {
		unsigned size = raw_decode(batch + used, length - used, &byte, &kind);

		if (size == 0 || !discipline_receive(discipline, byte, kind))
			break;
		used += size;
	}
	spin_lock_masked(&terminal->raw_lock);
	ring_skip(&terminal->raw, used);
	spin_unlock_masked(&terminal->raw_lock);
	return used;
}

/* Asks the other side of the line to wait, or to go on (IXOFF); the character passes the queue. */
static void flow_character_send(struct terminal *terminal, unsigned index)
{
	uint8_t byte = terminal->discipline.settings.c_cc[index];

	if ((terminal->discipline.settings.c_iflag & IXOFF) && byte != 0)
		terminal->driver->write(terminal, &byte, 1);
}

static void throttle_update(struct terminal *terminal)
{
	struct discipline *discipline = &terminal->discipline;
	bool is_waiting_for_line = discipline_is_canonical(discipline) &&
				   !discipline_is_readable(discipline, 1);

	if (!terminal->is_throttled && !is_waiting_for_line &&
	    discipline_room(discipline) < THROTTLE_ROOM) {
		terminal->is_throttled = true;
		flow_character_send(terminal, VSTOP);
		if (terminal->driver->throttle)
			terminal->driver->throttle(terminal, true);
	} else if (terminal->is_throttled &&
		   discipline_buffered_bytes(discipline) <= THROTTLE_ROOM) {
		terminal->is_throttled = false;
		flow_character_send(terminal, VSTART);
		if (terminal->driver->throttle)
			terminal->driver->throttle(terminal, false);
	}
}

static void echo_send(struct terminal *terminal)
{
	struct ring *echo = &terminal->discipline.echo;
	uint32_t length;
	size_t written;

	while (!terminal->discipline.is_stopped && !ring_is_empty(echo)) {
		uint8_t *data = ring_readable(echo, &length);

		written = terminal->driver->write(terminal, data, length);
		ring_skip(echo, (uint32_t)written);
		if (written < length)
			break;
	}
}

/* Lock held: tells the driver; the events left for terminal_act(). */
static uint32_t driver_tell(struct terminal *terminal)
{
	const uint32_t for_driver = EVENT_DISCARD_OUTPUT | EVENT_INPUT_FLUSHED | EVENT_STOPPED |
				    EVENT_STARTED;
	uint32_t events = discipline_events_take(&terminal->discipline);

	if ((events & for_driver) && terminal->driver->happened)
		terminal->driver->happened(terminal, events & for_driver);
	return events;
}

uint32_t terminal_settle(struct terminal *terminal)
{
	uint32_t events = driver_tell(terminal);

	echo_send(terminal);
	throttle_update(terminal);
	return events;
}

void terminal_act(struct terminal *terminal, uint32_t events)
{
	if (events & EVENT_INTERRUPT)
		terminal_signal_foreground(terminal, SIGINT);
	if (events & EVENT_QUIT)
		terminal_signal_foreground(terminal, SIGQUIT);
	if (events & EVENT_SUSPEND)
		terminal_signal_foreground(terminal, SIGTSTP);
	if (events & EVENT_READABLE) {
		wait_queue_wake_all(&terminal->readers, POLLIN | POLLRDNORM);
		asynchronous_notify(&terminal->asynchronous, POLL_IN);
	}
	if (events & (EVENT_DISCARD_OUTPUT | EVENT_STARTED | EVENT_INPUT_FLUSHED))
		wait_queue_wake_all(&terminal->writers, POLLOUT | POLLWRNORM);
}

/*
 * Echo goes out when the input is used up, so that a STOP behind it still holds it back; when much
 * of it waits; or when START asks for it.
 */
static bool echo_is_due(const struct terminal *terminal, unsigned used)
{
	return used == 0 || ring_is_empty(&terminal->raw) ||
	       (terminal->discipline.events & EVENT_SEND_ECHO) ||
	       ring_used(&terminal->discipline.echo) >= ECHO_WATERMARK;
}

void terminal_process(struct terminal *terminal)
{
	unsigned used;

	do {
		bool were_enabled = spin_lock_irq(&terminal->lock);
		uint32_t events;

		used = batch_receive(terminal);
		events = echo_is_due(terminal, used) ? terminal_settle(terminal) :
						       driver_tell(terminal);
		spin_unlock_irq(&terminal->lock, were_enabled);
		terminal_act(terminal, events);
		if (used > 0 && terminal->driver->input_taken)
			terminal->driver->input_taken(terminal);
	} while (used > 0);
}
