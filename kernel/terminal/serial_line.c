/*
 * Serial lines above a port's registers. While the ring has bytes that may be sent, the
 * transmitter's interrupt is on: whoever waits for room, or for the end, is told from there.
 */
#include "terminal/serial_line.h"

#include "arch/cpu.h"
#include "base/errno.h"
#include "base/format.h"
#include "device/driver.h"
#include "device/node.h"

#define FIRST_MINOR 64			/* ttyS0, ttyAMA0 */
#define RECEIVE_BATCH 64
#define TRANSMIT_BATCH 16		/* by one interrupt: the FIFO of the smallest port */
#define PATIENCE_READS 100000		/* longer than a FIFO takes at 9600 baud: 18 ms */
#define READY_BELOW (SERIAL_OUTPUT_BYTES / 2)	/* writers are woken when so much is left */
#define LINE_FINISH_BYTES 512		/* how much of a line the log waits for */

/* Polled: how many bytes the transmitter takes; 0: it takes none any more. */
static unsigned room_wait(struct serial_line *line)
{
	for (unsigned i = 0; i < PATIENCE_READS; i++) {
		unsigned room = line->port->room(line);

		if (room)
			return room;
		cpu_relax();
	}
	return 0;
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
	bool was_idle = ring_is_empty(&line->output);
	size_t written = ring_write(&line->output, data,
				    (uint32_t)min(length, (size_t)SERIAL_OUTPUT_BYTES));

	if (was_idle)
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

/* The ring is empty; what is left are the FIFO and the shift register. */
void serial_line_drain(struct terminal *terminal)
{
	struct serial_line *line = terminal_driver_state(terminal);

	for (unsigned i = 0; i < PATIENCE_READS; i++) {
		if (line->port->is_sent(line))
			return;
	}
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
	uint8_t batch[RECEIVE_BATCH], byte;
	size_t length = 0;
	unsigned errors;

	for (unsigned i = 0; i < RECEIVE_BATCH && line->port->take(line, &byte, &errors); i++) {
		if (!errors) {
			batch[length++] = byte;
			continue;
		}
		if (length)
			terminal_input(line->terminal, batch, length);
		length = 0;
		receive_error(line, byte, errors);
	}
	if (length)
		terminal_input(line->terminal, batch, length);
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
 * What has no end yet (a prompt) stays as it is, and the log begins a line of its own.
 */
static void line_finish(struct serial_line *line, unsigned *room)
{
	bool is_sent = true;
	uint8_t byte;

	for (unsigned i = 0; i < LINE_FINISH_BYTES && is_sent && line->is_inside_line; i++) {
		if (line->is_stopped || !ring_read(&line->output, &byte, 1))
			break;
		is_sent = send_polled(line, byte, room);
		line->is_inside_line = byte != '\n';
	}
	if (line->is_inside_line && is_sent && send_polled(line, '\r', room))
		line->is_inside_line = !send_polled(line, '\n', room);
}

/* A line may come in pieces: the terminal waits for the last. */
NO_THREAD_ANALYSIS
static void log_write(struct log_console *console, const char *text, size_t length)
{
	struct serial_line *line = container_of(console, struct serial_line, log_console);
	bool were_enabled = interrupts_disable();
	bool is_locked = log_console_lock(console, &line->lock);
	bool is_sent = true;
	unsigned room = 0;

	if (is_locked && !line->is_inside_log_line)
		line_finish(line, &room);
	for (size_t i = 0; i < length && is_sent; i++) {
		if (text[i] == '\n')
			is_sent = send_polled(line, '\r', &room);
		is_sent = is_sent && send_polled(line, (uint8_t)text[i], &room);
	}
	if (is_locked) {
		line->is_inside_log_line = length > 0 && text[length - 1] != '\n';
		/* Of an emptied ring the interrupt, which is on still, tells those who wait. */
		if (!ring_is_empty(&line->output))
			transmit(line);
		spin_unlock_masked(&line->lock);
	}
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
