/*
 * Serial lines above a port's registers. While the ring has bytes that may be sent, the
 * transmitter's interrupt is on: whoever waits for room, or for the end, is told from there.
 */
#include "terminal/serial_line.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "base/errno.h"
#include "base/format.h"
#include "device/driver.h"
#include "device/node.h"

#define FIRST_MINOR 64			/* ttyS0, ttyAMA0 */
#define RECEIVE_BATCH 64
/* By one interrupt: the smallest FIFO; more than is left in one when it asks, or it never would. */
#define TRANSMIT_BATCH 16
#define PATIENCE_DIVISOR 10		/* a tenth of a second; a FIFO takes 17 ms at 9600 baud */
#define READY_BELOW (SERIAL_OUTPUT_BYTES / 2)	/* writers are woken when so much is left */
#define LINE_FINISH_BYTES 512		/* how much of a line the log waits for */

/* Polled: how many bytes the transmitter takes; 0: it takes none any more. One that is stuck is
 * waited for once, not with each byte. */
static unsigned room_wait(struct serial_line *line)
{
	uint64_t patience = line->is_stuck ? 0 : clock_frequency_hz() / PATIENCE_DIVISOR;
	uint64_t start = clock_cycles();
	unsigned room;
	bool is_late;

	do {
		cpu_relax();
		is_late = clock_cycles() - start >= patience;
		room = line->port->room(line);
	} while (room == 0 && !is_late);
	line->is_stuck = room == 0;
	return room;
}

/* Lock held. */
static void interrupts_set(struct serial_line *line, unsigned interrupts)
{
	if (line->interrupts == interrupts)
		return;
	line->interrupts = interrupts;
	line->port->interrupts_set(line, interrupts);
}

/* Lock held: whether the ring has bytes that may be sent. */
static bool has_output(const struct serial_line *line)
{
	return !line->is_stopped && !line->is_inside_log_line && !ring_is_empty(&line->output);
}

/* Lock held: sends as much as is taken at once, and has the interrupt on while bytes are left. */
static void transmit(struct serial_line *line)
{
	unsigned room = 0, sent = 0, interrupts = line->interrupts & SERIAL_RECEIVE;
	uint8_t byte;

	while (has_output(line) && (sent < TRANSMIT_BATCH || !line->has_interrupt)) {
		if (room == 0)
			room = line->has_interrupt ? line->port->room(line) : room_wait(line);
		if (room == 0) {
			/* Without an interrupt nobody would come back: it is lost. */
			if (!line->has_interrupt)
				ring_clear(&line->output);
			break;
		}
		ring_read(&line->output, &byte, 1);
		line->port->put(line, byte);
		line->is_inside_line = byte != '\n';
		room--;
		sent++;
	}
	if (line->has_interrupt && has_output(line))
		interrupts |= SERIAL_TRANSMIT;
	interrupts_set(line, interrupts);
}

size_t serial_line_write(struct terminal *terminal, const uint8_t *data, size_t length)
{
	struct serial_line *line = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&line->lock);
	size_t written = ring_write(&line->output, data,
				    (uint32_t)min(length, (size_t)SERIAL_OUTPUT_BYTES));

	/* Else the rest goes out by the interrupt. */
	if (!(line->interrupts & SERIAL_TRANSMIT))
		transmit(line);
	spin_unlock_irq(&line->lock, were_enabled);
	return written;
}

size_t serial_line_write_room(struct terminal *terminal)
{
	struct serial_line *line = terminal_driver_state(terminal);

	return ring_space(&line->output);
}

size_t serial_line_pending(struct terminal *terminal)
{
	struct serial_line *line = terminal_driver_state(terminal);

	return ring_used(&line->output);
}

void serial_line_happened(struct terminal *terminal, uint32_t events)
{
	struct serial_line *line = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&line->lock);

	if (events & EVENT_DISCARD_OUTPUT)
		ring_clear(&line->output);
	if (events & EVENT_STOPPED)
		line->is_stopped = true;
	if (events & EVENT_STARTED)
		line->is_stopped = false;
	if (events & (EVENT_STOPPED | EVENT_STARTED))
		transmit(line);
	spin_unlock_irq(&line->lock, were_enabled);
}

void serial_line_settings_changed(struct terminal *terminal, const struct termios2 *old)
{
	struct serial_line *line = terminal_driver_state(terminal);
	struct termios2 settings;
	bool were_enabled;

	terminal_settings_read(terminal, &settings);
	/* Changes of modes only are frequent, and reach no register. */
	if (settings.c_cflag == old->c_cflag && settings.c_ospeed == old->c_ospeed)
		return;
	were_enabled = spin_lock_irq(&line->lock);
	line->port->program(line, &settings);
	spin_unlock_irq(&line->lock, were_enabled);
}

int serial_line_break_send(struct terminal *terminal, bool on)
{
	struct serial_line *line = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&line->lock);

	line->port->break_set(line, on);
	spin_unlock_irq(&line->lock, were_enabled);
	return 0;
}

void serial_line_drain(struct terminal *terminal)
{
	struct serial_line *line = terminal_driver_state(terminal);
	uint64_t start = clock_cycles(), patience = clock_frequency_hz() / PATIENCE_DIVISOR;

	while (!line->port->is_sent(line) && clock_cycles() - start < patience)
		cpu_relax();
}

unsigned serial_line_modem_get(struct terminal *terminal)
{
	struct serial_line *line = terminal_driver_state(terminal);

	return line->port->modem_get(line);
}

void serial_line_modem_set(struct terminal *terminal, unsigned lines)
{
	struct serial_line *line = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&line->lock);

	line->port->modem_set(line, lines);
	spin_unlock_irq(&line->lock, were_enabled);
}

static void receive_error(struct serial_line *line, uint8_t byte, unsigned errors)
{
	if (errors & SERIAL_BREAK)
		terminal_input_error(line->terminal, 0, INPUT_BREAK);
	else if (errors & SERIAL_DAMAGED)
		terminal_input_error(line->terminal, byte, INPUT_PARITY);
	else
		terminal_input(line->terminal, &byte, 1);
	if (errors & SERIAL_OVERRUN)
		terminal_input_error(line->terminal, 0, INPUT_OVERRUN);
}

static void receive(struct serial_line *line)
{
	uint8_t batch[RECEIVE_BATCH], byte = 0;
	unsigned left = RECEIVE_BATCH, errors;
	bool is_any = true;

	while (left && is_any) {
		size_t length = 0;

		errors = 0;
		/* The terminal takes its own lock first: it gets them without this one. */
		spin_lock_masked(&line->lock);
		while (left && !errors && (is_any = line->port->take(line, &byte, &errors))) {
			left--;
			if (!errors)
				batch[length++] = byte;
		}
		spin_unlock_masked(&line->lock);
		if (length)
			terminal_input(line->terminal, batch, length);
		if (errors)
			receive_error(line, byte, errors);
	}
}

/* Whether writers can be told that there is room. */
static bool transmit_more(struct serial_line *line)
{
	uint32_t before;
	bool is_ready;

	spin_lock_masked(&line->lock);
	before = ring_used(&line->output);
	transmit(line);
	is_ready = ring_used(&line->output) < READY_BELOW &&
		   (before >= READY_BELOW || ring_is_empty(&line->output));
	spin_unlock_masked(&line->lock);
	return is_ready;
}

void serial_line_serve(struct serial_line *line)
{
	receive(line);
	if (transmit_more(line))
		terminal_output_ready(line->terminal);
}

/* Sends a byte by waiting; `room` is how many more are taken. False: nothing goes out. */
static bool send_polled(struct serial_line *line, uint8_t byte, unsigned *room)
{
	if (*room == 0)
		*room = room_wait(line);
	if (*room == 0)
		return false;
	line->port->put(line, byte);
	--*room;
	return true;
}

/*
 * Lock held: sends what the terminal has begun to its line's end, so that the log cuts no line.
 * What has no end yet (a prompt) stays as it is, and the log begins a line of its own. False:
 * nothing goes out.
 */
static bool line_finish(struct serial_line *line, unsigned *room)
{
	bool is_sent = true;
	uint8_t byte;

	for (unsigned i = 0; i < LINE_FINISH_BYTES && is_sent && line->is_inside_line; i++) {
		if (line->is_stopped || !ring_read(&line->output, &byte, 1))
			break;
		is_sent = send_polled(line, byte, room);
		line->is_inside_line = byte != '\n';
	}
	if (!is_sent || !line->is_inside_line)
		return is_sent;
	is_sent = send_polled(line, '\r', room) && send_polled(line, '\n', room);
	line->is_inside_line = !is_sent;
	return is_sent;
}

/* Deferred: the log has sent what a program had written, or ended a line past the lock. */
static void log_passed(struct deferred *deferred)
{
	struct serial_line *line = container_of(deferred, struct serial_line, passed);
	bool were_enabled = spin_lock_irq(&line->lock);

	transmit(line);
	spin_unlock_irq(&line->lock, were_enabled);
	terminal_output_ready(line->terminal);
}

/* A line may come in pieces: the terminal waits for the last. */
NO_THREAD_ANALYSIS
static void log_write(struct log_console *console, const char *text, size_t length)
{
	struct serial_line *line = container_of(console, struct serial_line, log_console);
	bool were_enabled = interrupts_disable();
	bool is_locked = log_console_lock(console, &line->lock);
	bool is_sent = true, has_end = length > 0 && text[length - 1] == '\n';
	bool is_told = !is_locked;
	uint32_t before = 0;
	unsigned room = 0;

	if (is_locked) {
		before = ring_used(&line->output);
		if (!line->is_inside_log_line)
			is_sent = line_finish(line, &room);
	}
	for (size_t i = 0; i < length && is_sent; i++) {
		if (text[i] == '\n')
			is_sent = send_polled(line, '\r', &room);
		is_sent = is_sent && send_polled(line, (uint8_t)text[i], &room);
	}
	line->is_inside_log_line = !has_end;
	if (is_locked) {
		transmit(line);
		is_told = ring_used(&line->output) < before;
		spin_unlock_masked(&line->lock);
	}
	/* Whoever waits for room, or for the end, has no interrupt coming. */
	if (is_told)
		deferred_queue(&line->passed);
	interrupts_restore(were_enabled);
}

int serial_line_create(struct serial_line *line, const struct serial_port *port,
		       const struct terminal_driver *driver, unsigned major, unsigned number,
		       unsigned baud)
{
	struct termios2 settings;
	unsigned wanted;

	line->port = port;
	spin_lock_init(&line->lock, LOCK_DEVICE);
	ring_init(&line->output, line->output_bytes, SERIAL_OUTPUT_BYTES);
	format_print(line->name, sizeof(line->name), "%s%u", driver->name, number);
	line->terminal = terminal_create(driver, line, DEVICE_NUMBER(major, FIRST_MINOR + number));
	if (!line->terminal)
		return -ENOMEM;
	deferred_init(&line->passed, log_passed);
	line->log_console.name = line->name;
	line->log_console.write = log_write;
	line->is_console = console_is_wanted(line->name, &wanted);
	if (wanted)
		baud = wanted;
	if (baud) {
		terminal_settings_read(line->terminal, &settings);
		termios_baud_set(&settings, baud);
		terminal_settings_prepare(line->terminal, &settings);
	}
	return 0;
}

int serial_line_run(struct serial_line *line, struct device *device, bool (*handler)(void *line))
{
	bool were_enabled;

	line->has_interrupt = device_interrupt_connect(device, 0, handler, line) == 0;
	if (!line->has_interrupt)
		log_print(LOG_WARNING, "%s: no interrupt, output only", line->name);
	were_enabled = spin_lock_irq(&line->lock);
	interrupts_set(line, SERIAL_RECEIVE);
	spin_unlock_irq(&line->lock, were_enabled);
	if (line->is_console)
		log_console_add(&line->log_console);
	log_print(LOG_INFO, "%s: %s", line->name, device->name);
	return console_register(line->terminal, line->name);
}

void serial_line_quiesce(struct serial_line *line)
{
	bool were_enabled = spin_lock_irq(&line->lock);

	line->has_interrupt = false;
	interrupts_set(line, 0);
	line->is_stopped = false;
	line->is_inside_log_line = false;
	transmit(line);
	spin_unlock_irq(&line->lock, were_enabled);
	serial_line_drain(line->terminal);
}
