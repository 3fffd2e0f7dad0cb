/*
 * PrimeCell UARTs: a ring of output that the transmitter empties by interrupts, received bytes
 * handed to the terminal as they come, and a polled way out for the log. The line's speed stays as
 * firmware set it: the clock that it is divided from is not told.
 */
#include "driver/serial/pl011_registers.h"

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
#define BAUD_DEFAULT 38400	/* Linux's, for this port */
#define TTY_MAJOR 204			/* Linux's number for ttyAMA */
#define TTY_SERIAL_MINOR 64
#define RECEIVE_BATCH 64
#define INTERRUPT_ROUNDS 64		/* a port that never stops asking has to wait */
#define PATIENCE_READS 100000
#define READY_BELOW (OUTPUT_BYTES / 2)	/* writers are woken when so much is left */

struct uart {
	struct registers registers;
	struct terminal *terminal;
	struct log_console log_console;
	char name[16];
	bool has_interrupt;

	struct spin_lock lock;		/* LOCK_DEVICE: */
	uint32_t interrupts;		/* UARTIMSC */
	uint32_t line_control;		/* UARTLCR_H */
	bool is_stopped;
	struct ring output;
	uint8_t output_bytes[OUTPUT_BYTES];
};

static unsigned uart_count;

static uint32_t uart_read(const struct uart *uart, unsigned offset)
{
	return register_read32(&uart->registers, offset);
}

static void uart_write(const struct uart *uart, unsigned offset, uint32_t value)
{
	register_write32(&uart->registers, offset, value);
}

static void interrupts_set(struct uart *uart, uint32_t interrupts)
{
	if (uart->interrupts == interrupts)
		return;
	uart->interrupts = interrupts;
	uart_write(uart, UARTIMSC, interrupts);
}

static bool transmitter_wait(const struct uart *uart)
{
	for (unsigned i = 0; i < PATIENCE_READS; i++) {
		if (!(uart_read(uart, UARTFR) & FR_TXFF))
			return true;
		cpu_relax();
	}
	return false;
}

/* Lock held: fills the FIFO, and keeps the interrupt on while bytes are left. */
static void transmit(struct uart *uart)
{
	uint8_t byte;

	while (!uart->is_stopped && !ring_is_empty(&uart->output)) {
		if (uart_read(uart, UARTFR) & FR_TXFF) {
			if (uart->has_interrupt)
				break;
			/* Without an interrupt nobody would come back: everything goes out here. */
			if (!transmitter_wait(uart)) {
				ring_clear(&uart->output);
				break;
			}
		}
		ring_read(&uart->output, &byte, 1);
		uart_write(uart, UARTDR, byte);
	}
	if (uart->has_interrupt && !uart->is_stopped && !ring_is_empty(&uart->output))
		interrupts_set(uart, uart->interrupts | INT_TX);
	else
		interrupts_set(uart, uart->interrupts & ~(uint32_t)INT_TX);
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

static uint32_t line_control_of(const struct termios2 *settings)
{
	uint32_t value = LCR_H_FEN | LCR_H_WLEN(5 + ((settings->c_cflag & CSIZE) >> 4));

	if (settings->c_cflag & CSTOPB)
		value |= LCR_H_STP2;
	if (settings->c_cflag & PARENB)
		value |= LCR_H_PEN;
	if (!(settings->c_cflag & PARODD))
		value |= LCR_H_EPS;
	return value;
}

static void uart_terminal_settings_changed(struct terminal *terminal, const struct termios2 *old)
{
	struct uart *uart = terminal_driver_state(terminal);
	struct termios2 settings;
	uint32_t control;
	bool were_enabled;

	terminal_settings_read(terminal, &settings);
	/* Changes of modes only are frequent, and reach no register. */
	if (settings.c_cflag == old->c_cflag && settings.c_ospeed == old->c_ospeed)
		return;
	were_enabled = spin_lock_irq(&uart->lock);
	uart->line_control = line_control_of(&settings);
	uart_write(uart, UARTLCR_H, uart->line_control);
	/* Speed 0 hangs up. */
	control = CR_UARTEN | CR_TXE | CR_RXE;
	if (termios_output_baud(&settings))
		control |= CR_DTR | CR_RTS;
	uart_write(uart, UARTCR, control);
	spin_unlock_irq(&uart->lock, were_enabled);
}

static int uart_terminal_break_send(struct terminal *terminal, bool on)
{
	struct uart *uart = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&uart->lock);

	uart->line_control &= ~(uint32_t)LCR_H_BRK;
	if (on)
		uart->line_control |= LCR_H_BRK;
	uart_write(uart, UARTLCR_H, uart->line_control);
	spin_unlock_irq(&uart->lock, were_enabled);
	return 0;
}

/* The ring is empty; what is left are the FIFO and the shift register. */
static void uart_terminal_drain(struct terminal *terminal)
{
	struct uart *uart = terminal_driver_state(terminal);

	for (unsigned i = 0; i < PATIENCE_READS; i++) {
		if (!(uart_read(uart, UARTFR) & FR_BUSY))
			return;
	}
}

static unsigned uart_terminal_modem_get(struct terminal *terminal)
{
	struct uart *uart = terminal_driver_state(terminal);
	uint32_t control = uart_read(uart, UARTCR), status = uart_read(uart, UARTFR);

	return (control & CR_DTR ? TIOCM_DTR : 0) | (control & CR_RTS ? TIOCM_RTS : 0) |
	       (status & FR_CTS ? TIOCM_CTS : 0) | (status & FR_DSR ? TIOCM_DSR : 0) |
	       (status & FR_RI ? TIOCM_RNG : 0) | (status & FR_DCD ? TIOCM_CAR : 0);
}

static void uart_terminal_modem_set(struct terminal *terminal, unsigned lines)
{
	struct uart *uart = terminal_driver_state(terminal);
	bool were_enabled = spin_lock_irq(&uart->lock);
	uint32_t control = CR_UARTEN | CR_TXE | CR_RXE;

	if (lines & TIOCM_DTR)
		control |= CR_DTR;
	if (lines & TIOCM_RTS)
		control |= CR_RTS;
	uart_write(uart, UARTCR, control);
	spin_unlock_irq(&uart->lock, were_enabled);
}

static const struct terminal_driver uart_terminal = {
	.name = "ttyAMA",
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

/* Hands one byte with errors on: the data register says for each what was wrong with it. */
static void receive_error(struct uart *uart, uint32_t data)
{
	uint8_t byte = (uint8_t)data;

	if (data & DR_BE)
		terminal_input_error(uart->terminal, 0, INPUT_BREAK);
	else if (data & (DR_PE | DR_FE))
		terminal_input_error(uart->terminal, byte, INPUT_PARITY);
	else
		terminal_input(uart->terminal, &byte, 1);
	if (data & DR_OE)
		terminal_input_error(uart->terminal, 0, INPUT_OVERRUN);
}

static void receive(struct uart *uart)
{
	uint8_t batch[RECEIVE_BATCH];
	size_t length = 0;

	while (length < sizeof(batch) && !(uart_read(uart, UARTFR) & FR_RXFE)) {
		uint32_t data = uart_read(uart, UARTDR);

		if (!(data & (DR_FE | DR_PE | DR_BE | DR_OE))) {
			batch[length++] = (uint8_t)data;
			continue;
		}
		if (length)
			terminal_input(uart->terminal, batch, length);
		length = 0;
		receive_error(uart, data);
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
		uint32_t status = uart_read(uart, UARTMIS);

		if (!status)
			break;
		was_ours = true;
		/*
		 * Those of the receiver end when the FIFO is empty (PrimeCell UART TRM 2.8).
		 * Cleared here, they would be lost with what a full batch leaves in the FIFO.
		 */
		uart_write(uart, UARTICR, status & ~(uint32_t)(INT_RX | INT_RT));
		receive(uart);
		if (transmit_more(uart))
			terminal_output_ready(uart->terminal);
	}
	return was_ours;
}

/* The log comes from any context, perhaps in the middle of our own lock: then past it. */
static void uart_log_write(struct log_console *console, const char *text, size_t length)
{
	struct uart *uart = container_of(console, struct uart, log_console);
	bool were_enabled = interrupts_disable();
	bool is_locked = spin_try_lock_masked(&uart->lock);

	for (size_t i = 0; i < length && transmitter_wait(uart); i++) {
		if (text[i] == '\n') {
			uart_write(uart, UARTDR, '\r');
			if (!transmitter_wait(uart))
				break;
		}
		uart_write(uart, UARTDR, (uint8_t)text[i]);
	}
	if (is_locked)
		spin_unlock_masked(&uart->lock);
	interrupts_restore(were_enabled);
}

/* The speed is a number only: nobody tells the port's clock, and firmware has set its divisor. */
static void uart_prepare(struct uart *uart, unsigned baud)
{
	struct termios2 settings;

	terminal_settings_read(uart->terminal, &settings);
	termios_baud_set(&settings, baud ? baud : BAUD_DEFAULT);
	terminal_settings_prepare(uart->terminal, &settings);
	uart->line_control = line_control_of(&settings);
	uart_write(uart, UARTIMSC, 0);
	uart_write(uart, UARTICR, 0x7ff);
	uart_write(uart, UARTLCR_H, uart->line_control);
	uart_write(uart, UARTIFLS, 0);		/* interrupts at an eighth full, or empty */
	uart_write(uart, UARTCR, CR_UARTEN | CR_TXE | CR_RXE | CR_DTR | CR_RTS);
}

static int uart_attach(struct device *device)
{
	struct uart *uart = heap_allocate(sizeof(*uart), HEAP_PATIENT);
	unsigned baud = 0;
	bool is_console;
	uint32_t ignored;
	int result;

	if (!uart)
		return -ENOMEM;
	result = device_registers_map(device, 0, &uart->registers);
	if (result == 0 && uart->registers.length < UART_BYTES)
		result = -ENODEV;
	if (result == 0)
		result = device_probe32(device, &uart->registers, UARTFR, &ignored);
	if (result < 0)
		goto fail;
	spin_lock_init(&uart->lock, LOCK_DEVICE);
	ring_init(&uart->output, uart->output_bytes, OUTPUT_BYTES);
	format_print(uart->name, sizeof(uart->name), "ttyAMA%u", uart_count);
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
	uart->interrupts = INT_RX | INT_RT | INT_ERRORS;
	uart_write(uart, UARTIMSC, uart->interrupts);
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

static const struct device_match pl011_matches[] = {
	MATCH_FIRMWARE("arm,pl011"), MATCH_FIRMWARE("ARMH0011"), MATCH_END
};

const struct driver pl011_driver = {
	.name = "pl011",
	.matches = pl011_matches,
	.attach = uart_attach,
};
