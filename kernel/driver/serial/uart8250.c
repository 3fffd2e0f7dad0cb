/*
 * Serial ports of the 16550A kind: a ring of output that the transmitter empties by interrupts,
 * received bytes handed to the terminal as they come, and a polled way out for the log.
 */
#include "driver/serial/uart8250_registers.h"

#include "arch/cpu.h"
#include "base/errno.h"
#include "base/format.h"
#include "base/ring.h"
#include "device/driver.h"
#include "device/node.h"
#include "log/log.h"
#include "memory/heap.h"
#include "sync/spin_lock.h"
#include "terminal/terminal.h"

#define OUTPUT_BYTES 4096
#define TTY_MAJOR 4
#define TTY_SERIAL_MINOR 64		/* ttyS0 */
#define RECEIVE_BATCH 64
#define INTERRUPT_ROUNDS 64		/* a port that never stops asking has to wait */
#define PATIENCE_READS 40000		/* longer than a FIFO takes at 9600 baud: 18 ms */
#define READY_BELOW (OUTPUT_BYTES / 2)	/* writers are woken when so much is left */
#define LINE_FINISH_BYTES 512		/* how much of a line the log waits for */
#define LOCK_TRIES 1000000		/* then the log takes the lock for its own CPU's */

struct uart {
	struct registers registers;
	struct device *device;
	struct terminal *terminal;
	struct log_console log_console;
	char name[16];
	bool has_interrupt;

	struct spin_lock lock;		/* LOCK_DEVICE: */
	uint8_t interrupts;		/* IER */
	uint8_t line_control;		/* LCR without the divisor latch */
	bool is_stopped;
	bool is_inside_line;		/* the last byte of the terminal ended no line */
	bool is_inside_log_line;	/* nor did that of the log: its rest is on the way */
	bool is_lock_lost;		/* who has the lock seems stopped: the log does not wait */
	struct ring output;
	uint8_t output_bytes[OUTPUT_BYTES];
};

static unsigned uart_count;

static uint8_t uart_read(const struct uart *uart, unsigned offset)
{
	return register_read8(&uart->registers, offset);
}

static void uart_write(const struct uart *uart, unsigned offset, uint8_t value)
{
	register_write8(&uart->registers, offset, value);
}

static void interrupts_set(struct uart *uart, uint8_t interrupts)
{
	if (uart->interrupts == interrupts)
		return;
	uart->interrupts = interrupts;
	uart_write(uart, IER, interrupts);
}

static bool transmitter_wait(const struct uart *uart)
{
	for (unsigned i = 0; i < PATIENCE_READS; i++) {
		if (uart_read(uart, LSR) & LSR_THRE)
			return true;
		cpu_relax();
	}
	return false;
}

/* Lock held: fills the FIFO if it is empty, and keeps the interrupt on while bytes are left. */
static void transmit(struct uart *uart)
{
	uint8_t fifo[UART_FIFO_BYTES];
	uint32_t length;

	if (uart->is_stopped || uart->is_inside_log_line || ring_is_empty(&uart->output)) {
		interrupts_set(uart, uart->interrupts & (uint8_t)~IER_ETBEI);
		return;
	}
	if (uart->has_interrupt && !(uart_read(uart, LSR) & LSR_THRE)) {
		interrupts_set(uart, uart->interrupts | IER_ETBEI);
		return;
	}
	do {
		/* Without an interrupt nobody would come back: everything goes out here. */
		if (!uart->has_interrupt && !transmitter_wait(uart)) {
			ring_clear(&uart->output);
			return;
		}
		length = ring_read(&uart->output, fifo, sizeof(fifo));
		for (uint32_t i = 0; i < length; i++)
			uart_write(uart, THR, fifo[i]);
		uart->is_inside_line = fifo[length - 1] != '\n';
	} while (!uart->has_interrupt && !ring_is_empty(&uart->output));
	/* One more interrupt even if the ring is empty: it tells that all was sent. */
	if (uart->has_interrupt)
		interrupts_set(uart, uart->interrupts | IER_ETBEI);
}

static size_t uart_terminal_write(struct terminal *terminal, const uint8_t *data, size_t length)
{
	struct uart *uart = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&uart->lock);
	bool was_idle = ring_is_empty(&uart->output);
	size_t written = ring_write(&uart->output, data,
				    (uint32_t)min(length, (size_t)OUTPUT_BYTES));

	if (was_idle)
		transmit(uart);
	spin_unlock_irq(&uart->lock, were_enabled);
	return written;
}

static size_t uart_terminal_write_room(struct terminal *terminal)
{
	struct uart *uart = terminal_driver_state(terminal);

	return ring_space(&uart->output);
}

static size_t uart_terminal_pending(struct terminal *terminal)
{
	struct uart *uart = terminal_driver_state(terminal);

	return ring_used(&uart->output);
}

static void uart_terminal_happened(struct terminal *terminal, uint32_t events)
{
	struct uart *uart = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&uart->lock);

	if (events & EVENT_DISCARD_OUTPUT)
		ring_clear(&uart->output);
	if (events & EVENT_STOPPED)
		uart->is_stopped = true;
	if (events & EVENT_STARTED)
		uart->is_stopped = false;
	if (events & (EVENT_STOPPED | EVENT_STARTED))
		transmit(uart);
	spin_unlock_irq(&uart->lock, were_enabled);
}

/* Lock held. Changing the divisor needs the transmitter empty, or the last bytes are spoilt. */
static void line_program(struct uart *uart, uint32_t baud)
{
	uint32_t divisor = UART_CLOCK_HZ / 16 / (baud ? baud : 9600);

	divisor = clamp(divisor, 1u, 0xffffu);
	(void)transmitter_wait(uart);
	uart_write(uart, LCR, uart->line_control | LCR_DLAB);
	uart_write(uart, DLL, (uint8_t)divisor);
	uart_write(uart, DLM, (uint8_t)(divisor >> 8));
	uart_write(uart, LCR, uart->line_control);
}

static uint8_t line_control_of(const struct termios2 *settings)
{
	uint8_t value = (uint8_t)LCR_WORD_LENGTH(5 + ((settings->c_cflag & CSIZE) >> 4));

	if (settings->c_cflag & CSTOPB)
		value |= LCR_STB;
	if (settings->c_cflag & PARENB)
		value |= LCR_PEN;
	if (!(settings->c_cflag & PARODD))
		value |= LCR_EPS;
	return value;
}

static void uart_terminal_settings_changed(struct terminal *terminal, const struct termios2 *old)
{
	struct uart *uart = terminal_driver_state(terminal);
	struct termios2 settings;
	uint8_t line_control;
	bool were_enabled;

	terminal_settings_read(terminal, &settings);
	line_control = line_control_of(&settings);
	/* Changes of modes only are frequent, and reach no register. */
	if (settings.c_cflag == old->c_cflag && settings.c_ospeed == old->c_ospeed)
		return;
	were_enabled = spin_lock_irq(&uart->lock);
	uart->line_control = line_control;
	line_program(uart, termios_output_baud(&settings));
	/* Speed 0 hangs up. */
	uart_write(uart, MCR, termios_output_baud(&settings) ? MCR_DTR | MCR_RTS | MCR_OUT2 :
		   MCR_OUT2);
	spin_unlock_irq(&uart->lock, were_enabled);
}

static int uart_terminal_break_send(struct terminal *terminal, bool on)
{
	struct uart *uart = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&uart->lock);

	uart->line_control &= (uint8_t)~LCR_BREAK;
	if (on)
		uart->line_control |= LCR_BREAK;
	uart_write(uart, LCR, uart->line_control);
	spin_unlock_irq(&uart->lock, were_enabled);
	return 0;
}

/* The ring is empty; what is left are the FIFO and the shift register. */
static void uart_terminal_drain(struct terminal *terminal)
{
	struct uart *uart = terminal_driver_state(terminal);

	for (unsigned i = 0; i < PATIENCE_READS; i++) {
		if (uart_read(uart, LSR) & LSR_TEMT)
			return;
	}
}

static unsigned uart_terminal_modem_get(struct terminal *terminal)
{
	struct uart *uart = terminal_driver_state(terminal);
	uint8_t control = uart_read(uart, MCR), status = uart_read(uart, MSR);

	return (control & MCR_DTR ? TIOCM_DTR : 0) | (control & MCR_RTS ? TIOCM_RTS : 0) |
	       (status & MSR_CTS ? TIOCM_CTS : 0) | (status & MSR_DSR ? TIOCM_DSR : 0) |
	       (status & MSR_RI ? TIOCM_RNG : 0) | (status & MSR_DCD ? TIOCM_CAR : 0);
}

static void uart_terminal_modem_set(struct terminal *terminal, unsigned lines)
{
	struct uart *uart = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&uart->lock);
	uint8_t control = MCR_OUT2;

	if (lines & TIOCM_DTR)
		control |= MCR_DTR;
	if (lines & TIOCM_RTS)
		control |= MCR_RTS;
	uart_write(uart, MCR, control);
	spin_unlock_irq(&uart->lock, were_enabled);
}

static const struct terminal_driver uart_terminal = {
	.name = "ttyS",
	.write = uart_terminal_write,
	.write_room = uart_terminal_write_room,
	.pending = uart_terminal_pending,
	.happened = uart_terminal_happened,
	.settings_changed = uart_terminal_settings_changed,
	.break_send = uart_terminal_break_send,
	.drain = uart_terminal_drain,
	.modem_get = uart_terminal_modem_get,
	.modem_set = uart_terminal_modem_set,
};

/* Hands one byte with errors on; the FIFO says for each what was wrong with it. */
static void receive_error(struct uart *uart, uint8_t status, uint8_t byte)
{
	if (status & LSR_BI)
		terminal_input_error(uart->terminal, 0, INPUT_BREAK);
	else if (status & (LSR_PE | LSR_FE))
		terminal_input_error(uart->terminal, byte, INPUT_PARITY);
	else
		terminal_input(uart->terminal, &byte, 1);
	if (status & LSR_OE)
		terminal_input_error(uart->terminal, 0, INPUT_OVERRUN);
}

static void receive(struct uart *uart)
{
	uint8_t batch[RECEIVE_BATCH];
	size_t length = 0;

	while (length < sizeof(batch)) {
		uint8_t status = uart_read(uart, LSR), byte;

		/* A port that is gone reads as ones. */
		if (!(status & LSR_DR) || status == 0xff)
			break;
		byte = uart_read(uart, RBR);
		if (!(status & (LSR_OE | LSR_PE | LSR_FE | LSR_BI))) {
			batch[length++] = byte;
			continue;
		}
		if (length)
			terminal_input(uart->terminal, batch, length);
		length = 0;
		receive_error(uart, status, byte);
	}
	if (length)
		terminal_input(uart->terminal, batch, length);
}

/* Whether writers can be told that there is room. */
static bool transmit_more(struct uart *uart)
{
	uint32_t before;
	bool is_ready;

	spin_lock_masked(&uart->lock);
	before = ring_used(&uart->output);
	transmit(uart);
	is_ready = ring_used(&uart->output) < READY_BELOW &&
		   (before >= READY_BELOW || ring_is_empty(&uart->output));
	spin_unlock_masked(&uart->lock);
	return is_ready;
}

static bool uart_interrupt(void *argument)
{
	struct uart *uart = argument;
	bool was_ours = false;

	for (unsigned i = 0; i < INTERRUPT_ROUNDS; i++) {
		if (uart_read(uart, IIR) & IIR_NO_INTERRUPT)
			break;
		was_ours = true;
		receive(uart);
		if (transmit_more(uart))
			terminal_output_ready(uart->terminal);
	}
	return was_ours;
}

/* Sends a byte by waiting; `room` is how many more the FIFO takes. False: nothing goes out. */
static bool send_polled(struct uart *uart, uint8_t byte, unsigned *room)
{
	if (*room == 0) {
		if (!transmitter_wait(uart))
			return false;
		*room = UART_FIFO_BYTES;
	}
	uart_write(uart, THR, byte);
	--*room;
	return true;
}

/*
 * Lock held: sends what the terminal has begun to its line's end, so that the log cuts no line.
 * What has no end yet (a prompt) stays as it is, and the log begins a line of its own.
 */
static void line_finish(struct uart *uart, unsigned *room)
{
	bool is_sent = true;
	uint8_t byte;

	for (unsigned i = 0; i < LINE_FINISH_BYTES && is_sent && uart->is_inside_line; i++) {
		if (uart->is_stopped || !ring_read(&uart->output, &byte, 1))
			break;
		is_sent = send_polled(uart, byte, room);
		uart->is_inside_line = byte != '\n';
	}
	if (uart->is_inside_line && is_sent && send_polled(uart, '\r', room))
		uart->is_inside_line = !send_polled(uart, '\n', room);
}

/* The log comes from any context, perhaps in the middle of our own lock: then past it. Another CPU
 * lets go of it soon. */
NO_THREAD_ANALYSIS static bool log_lock(struct uart *uart)
{
	unsigned tries = uart->is_lock_lost ? 1 : LOCK_TRIES;

	for (unsigned i = 0; i < tries; i++) {
		if (spin_try_lock_masked(&uart->lock)) {
			uart->is_lock_lost = false;
			return true;
		}
		cpu_relax();
	}
	uart->is_lock_lost = true;
	return false;
}

/* A line may come in pieces: the terminal waits for the last. */
NO_THREAD_ANALYSIS
static void uart_log_write(struct log_console *console, const char *text, size_t length)
{
	struct uart *uart = container_of(console, struct uart, log_console);
	bool were_enabled = interrupts_disable();
	bool is_locked = log_lock(uart);
	bool is_sent = true;
	unsigned room = 0;

	if (is_locked && !uart->is_inside_log_line)
		line_finish(uart, &room);
	for (size_t i = 0; i < length && is_sent; i++) {
		if (text[i] == '\n')
			is_sent = send_polled(uart, '\r', &room);
		is_sent = is_sent && send_polled(uart, (uint8_t)text[i], &room);
	}
	if (is_locked) {
		uart->is_inside_log_line = length > 0 && text[length - 1] != '\n';
		/* An empty ring may still await the interrupt that tells so: leave that on. */
		if (!ring_is_empty(&uart->output))
			transmit(uart);
		spin_unlock_masked(&uart->lock);
	}
	interrupts_restore(were_enabled);
}

/* A port that is not there reads as ones; a present one keeps its scratch register, and loops its
 * modem lines back when told. */
static bool uart_answers(struct uart *uart)
{
	bool answers;

	uart_write(uart, SCR, 0x5a);
	if (uart_read(uart, SCR) != 0x5a)
		return false;
	uart_write(uart, SCR, 0xa5);
	if (uart_read(uart, SCR) != 0xa5)
		return false;
	uart_write(uart, MCR, MCR_LOOP | MCR_OUT2 | MCR_RTS);
	answers = (uart_read(uart, MSR) & (MSR_DCD | MSR_CTS | MSR_DSR)) == (MSR_DCD | MSR_CTS);
	uart_write(uart, MCR, MCR_DTR | MCR_RTS | MCR_OUT2);
	return answers;
}

/* As the terminal's settings say, with a speed of the command line if it has one. */
static void uart_prepare(struct uart *uart, unsigned baud)
{
	struct termios2 settings;

	terminal_settings_read(uart->terminal, &settings);
	if (baud) {
		termios_baud_set(&settings, baud);
		terminal_settings_prepare(uart->terminal, &settings);
	}
	uart->line_control = line_control_of(&settings);
	uart_write(uart, IER, 0);
	line_program(uart, termios_output_baud(&settings));
	uart_write(uart, FCR, FCR_ENABLE | FCR_CLEAR_RECEIVER | FCR_CLEAR_TRANSMITTER |
		   FCR_TRIGGER_8);
}

static int uart_attach(struct device *device)
{
	struct uart *uart = heap_allocate(sizeof(*uart), HEAP_PATIENT);
	unsigned baud = 0;
	bool is_console;
	int result;

	if (!uart)
		return -ENOMEM;
	uart->device = device;
	result = device_registers_map(device, 0, &uart->registers);
	if (result == 0 && !uart_answers(uart))
		result = -ENODEV;
	if (result < 0)
		goto fail;
	spin_lock_init(&uart->lock, LOCK_DEVICE);
	ring_init(&uart->output, uart->output_bytes, OUTPUT_BYTES);
	format_print(uart->name, sizeof(uart->name), "ttyS%u", uart_count);
	result = -ENOMEM;
	uart->terminal = terminal_create(&uart_terminal, uart,
					 DEVICE_NUMBER(TTY_MAJOR, TTY_SERIAL_MINOR + uart_count));
	if (!uart->terminal)
		goto fail;
	is_console = console_is_wanted(uart->name, &baud);
	uart_prepare(uart, baud);
	device->state = uart;
	uart->has_interrupt = device_interrupt_connect(device, 0, uart_interrupt, uart) == 0;
	if (!uart->has_interrupt)
		log_print(LOG_WARNING, "%s: no interrupt, output only", uart->name);
	uart->interrupts = IER_ERBFI | IER_ELSI;
	uart_write(uart, IER, uart->interrupts);
	if (is_console) {
		uart->log_console.name = uart->name;
		uart->log_console.write = uart_log_write;
		log_console_add(&uart->log_console);
	}
	uart_count++;
	log_print(LOG_INFO, "%s: %s", uart->name, device->name);
	return console_register(uart->terminal, uart->name);
fail:
	heap_free(uart);
	return result;
}

/* The machine ends: what programs have printed goes out, and from here on without interrupts. */
static int uart_quiesce(struct device *device)
{
	struct uart *uart = device->state;
	bool were_enabled = spin_lock_irq(&uart->lock);

	uart->has_interrupt = false;
	interrupts_set(uart, 0);
	uart->is_stopped = false;
	transmit(uart);
	spin_unlock_irq(&uart->lock, were_enabled);
	uart_terminal_drain(uart->terminal);
	return 0;
}

static const struct device_match uart8250_matches[] = { MATCH_FIRMWARE("PNP0501"), MATCH_END };

const struct driver uart8250_driver = {
	.name = "uart8250",
	.matches = uart8250_matches,
	.attach = uart_attach,
	.quiesce = uart_quiesce,
};
