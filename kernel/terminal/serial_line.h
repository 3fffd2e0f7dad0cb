/*
 * What serial ports have in common: a ring of output that the transmitter empties by interrupts,
 * received bytes handed to the terminal as they come, and a polled way out for the log, which lets
 * a line that a program has begun come to its end, if that is near. The registers are the port's.
 */
#ifndef TERMINAL_SERIAL_LINE_H
#define TERMINAL_SERIAL_LINE_H

#include "base/compiler.h"
#include "base/ring.h"
#include "base/types.h"
#include "log/log.h"
#include "sync/spin_lock.h"
#include "task/deferred.h"
#include "terminal/terminal.h"

struct device;
struct serial_line;

enum serial_interrupts { SERIAL_RECEIVE = BIT(0), SERIAL_TRANSMIT = BIT(1) };

enum serial_errors {
	SERIAL_BREAK = BIT(0),
	SERIAL_DAMAGED = BIT(1),	/* parity or framing */
	SERIAL_OVERRUN = BIT(2),	/* bytes before this one were lost */
};

/*
 * The registers of a port. Nothing here sleeps. With the line's lock held and interrupts masked, or
 * before the line runs, unless it says "no lock"; room and put also where the log goes past a lock.
 */
struct serial_port {
	/* How many bytes the transmitter surely takes at this moment; 0: none. */
	unsigned (*room)(struct serial_line *line);
	void (*put)(struct serial_line *line, uint8_t byte);
	/* Whether the last bit has left. No lock. */
	bool (*is_sent)(struct serial_line *line);
	/* One byte that came, with SERIAL_* errors; false: none. */
	bool (*take)(struct serial_line *line, uint8_t *byte, unsigned *errors);
	/* Which of SERIAL_RECEIVE and SERIAL_TRANSMIT (there is room again) reach the CPU. */
	void (*interrupts_set)(struct serial_line *line, unsigned interrupts);
	/* Speed, bits and modem lines of these settings. Speed 0 hangs up. */
	void (*program)(struct serial_line *line, const struct termios2 *settings);
	void (*break_set)(struct serial_line *line, bool on);
	unsigned (*modem_get)(struct serial_line *line);		/* TIOCM_* lines. No lock */
	void (*modem_set)(struct serial_line *line, unsigned lines);	/* DTR and RTS */
};

#define SERIAL_OUTPUT_BYTES 4096

/* Part of the driver's own structure. */
struct serial_line {
	const struct serial_port *port;
	struct terminal *terminal;
	struct log_console log_console;
	char name[16];
	bool is_console;
	bool has_interrupt;		/* without: output only, polled */

	struct spin_lock lock;		/* LOCK_DEVICE: */
	unsigned interrupts;		/* that reach the CPU */
	bool is_stopped;
	bool is_inside_line;		/* the last byte of the terminal ended no line */
	bool is_inside_log_line;	/* nor did that of the log: its rest is on the way */
	bool is_stuck;			/* the transmitter took nothing for long */
	struct deferred passed;		/* what the log leaves to be done */
	struct ring output;
	uint8_t output_bytes[SERIAL_OUTPUT_BYTES];
};

/*
 * A line without life yet: its name is the driver's and `number`, its settings have the speed that
 * console= asks for, or else `baud` (0: as terminals start). -ENOMEM. May sleep.
 */
int serial_line_create(struct serial_line *line, const struct serial_port *port,
		       const struct terminal_driver *driver, unsigned major, unsigned number,
		       unsigned baud) MUST_CHECK;

/*
 * The port is programmed, its interrupts are off: from here on it serves. `handler` gets the line
 * and calls serial_line_serve() while the port asks for it. The result is console_register()'s.
 * May sleep.
 */
int serial_line_run(struct serial_line *line, struct device *device, bool (*handler)(void *line))
	MUST_CHECK;

/* From the handler: hands on what came, sends what there is room for. */
void serial_line_serve(struct serial_line *line);

/* The machine ends: what programs have printed goes out, and from here on without interrupts. */
void serial_line_quiesce(struct serial_line *line);

/* Operations for the terminal_driver, whose state is the line. */
size_t serial_line_write(struct terminal *terminal, const uint8_t *data, size_t length);
size_t serial_line_write_room(struct terminal *terminal);
size_t serial_line_pending(struct terminal *terminal);
void serial_line_happened(struct terminal *terminal, uint32_t events);
void serial_line_settings_changed(struct terminal *terminal, const struct termios2 *old);
int serial_line_break_send(struct terminal *terminal, bool on);
/* Polled, in any context: until FIFO and shift register are empty, or for a tenth of a second. */
void serial_line_drain(struct terminal *terminal);
unsigned serial_line_modem_get(struct terminal *terminal);
void serial_line_modem_set(struct terminal *terminal, unsigned lines);

#define SERIAL_LINE_OPERATIONS \
	.write = serial_line_write, \
	.write_room = serial_line_write_room, \
	.pending = serial_line_pending, \
	.happened = serial_line_happened, \
	.settings_changed = serial_line_settings_changed, \
	.break_send = serial_line_break_send, \
	.drain = serial_line_drain, \
	.modem_get = serial_line_modem_get, \
	.modem_set = serial_line_modem_set

#endif
