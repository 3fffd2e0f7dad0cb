/*
 * PrimeCell UARTs. The line's speed stays as firmware set it: the clock that it is divided from is
 * not told, and the settings' speed is a number only.
 */
#include "driver/serial/pl011_registers.h"

#include "base/errno.h"
#include "device/driver.h"
#include "device/node.h"
#include "memory/heap.h"
#include "terminal/serial_line.h"

#define BAUD_DEFAULT 38400		/* Linux's, for this port */
#define TTY_MAJOR 204			/* Linux's number for ttyAMA */
#define INTERRUPT_ROUNDS 64		/* a port that never stops asking has to wait */

struct uart {
	struct serial_line line;
	struct registers registers;
	uint32_t line_control;		/* UARTLCR_H; the line's lock */
};

static unsigned uart_count;

static struct uart *uart_of(struct serial_line *line)
{
	return container_of(line, struct uart, line);
}

static uint32_t uart_read(const struct uart *uart, unsigned offset)
{
	return register_read32(&uart->registers, offset);
}

static void uart_write(const struct uart *uart, unsigned offset, uint32_t value)
{
	register_write32(&uart->registers, offset, value);
}

static unsigned uart_room(struct serial_line *line)
{
	uint32_t status = uart_read(uart_of(line), UARTFR);

	if (status & FR_TXFE)
		return UART_FIFO_BYTES;
	return status & FR_TXFF ? 0 : 1;
}

static void uart_put(struct serial_line *line, uint8_t byte)
{
	uart_write(uart_of(line), UARTDR, byte);
}

static bool uart_is_sent(struct serial_line *line)
{
	return !(uart_read(uart_of(line), UARTFR) & FR_BUSY);
}

/* The data register says for each byte what was wrong with it. */
static bool uart_take(struct serial_line *line, uint8_t *byte, unsigned *errors)
{
	struct uart *uart = uart_of(line);
	uint32_t data;

	if (uart_read(uart, UARTFR) & FR_RXFE)
		return false;
	data = uart_read(uart, UARTDR);
	*byte = (uint8_t)data;
	*errors = (data & DR_BE ? SERIAL_BREAK : 0) |
		  (data & (DR_PE | DR_FE) ? SERIAL_DAMAGED : 0) |
		  (data & DR_OE ? SERIAL_OVERRUN : 0);
	return true;
}

static void uart_interrupts_set(struct serial_line *line, unsigned interrupts)
{
	uart_write(uart_of(line), UARTIMSC,
		   (interrupts & SERIAL_RECEIVE ? INT_RX | INT_RT | INT_ERRORS : 0) |
		   (interrupts & SERIAL_TRANSMIT ? INT_TX : 0));
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

static void uart_modem_set(struct serial_line *line, unsigned lines)
{
	uart_write(uart_of(line), UARTCR, CR_UARTEN | CR_TXE | CR_RXE |
		   (lines & TIOCM_DTR ? CR_DTR : 0) | (lines & TIOCM_RTS ? CR_RTS : 0));
}

static void uart_program(struct serial_line *line, const struct termios2 *settings)
{
	struct uart *uart = uart_of(line);

	uart->line_control = line_control_of(settings);
	uart_write(uart, UARTLCR_H, uart->line_control);
	uart_modem_set(line, termios_output_baud(settings) ? TIOCM_DTR | TIOCM_RTS : 0);
}

static void uart_break_set(struct serial_line *line, bool on)
{
	struct uart *uart = uart_of(line);

	uart->line_control &= ~(uint32_t)LCR_H_BRK;
	if (on)
		uart->line_control |= LCR_H_BRK;
	uart_write(uart, UARTLCR_H, uart->line_control);
}

static unsigned uart_modem_get(struct serial_line *line)
{
	uint32_t control = uart_read(uart_of(line), UARTCR);
	uint32_t status = uart_read(uart_of(line), UARTFR);

	return (control & CR_DTR ? TIOCM_DTR : 0) | (control & CR_RTS ? TIOCM_RTS : 0) |
	       (status & FR_CTS ? TIOCM_CTS : 0) | (status & FR_DSR ? TIOCM_DSR : 0) |
	       (status & FR_RI ? TIOCM_RNG : 0) | (status & FR_DCD ? TIOCM_CAR : 0);
}

static const struct serial_port uart_port = {
	.room = uart_room,
	.put = uart_put,
	.is_sent = uart_is_sent,
	.take = uart_take,
	.interrupts_set = uart_interrupts_set,
	.program = uart_program,
	.break_set = uart_break_set,
	.modem_get = uart_modem_get,
	.modem_set = uart_modem_set,
};

static const struct terminal_driver uart_terminal = { .name = "ttyAMA", SERIAL_LINE_OPERATIONS };

static bool uart_interrupt(void *line)
{
	struct uart *uart = uart_of(line);
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
		serial_line_serve(line);
	}
	return was_ours;
}

static void uart_prepare(struct uart *uart)
{
	struct termios2 settings;

	terminal_settings_read(uart->line.terminal, &settings);
	uart_write(uart, UARTIMSC, 0);
	uart_write(uart, UARTICR, 0x7ff);
	uart_write(uart, UARTIFLS, 0);		/* interrupts at an eighth full, or empty */
	uart_program(&uart->line, &settings);
}

static int uart_attach(struct device *device)
{
	struct uart *uart = heap_allocate(sizeof(*uart), HEAP_PATIENT);
	uint32_t ignored;
	int result;

	if (!uart)
		return -ENOMEM;
	result = device_registers_map(device, 0, &uart->registers);
	if (result == 0 && uart->registers.length < UART_BYTES)
		result = -ENODEV;
	if (result == 0)
		result = device_probe32(device, &uart->registers, UARTFR, &ignored);
	if (result == 0)
		result = serial_line_create(&uart->line, &uart_port, &uart_terminal, TTY_MAJOR,
					    uart_count, BAUD_DEFAULT);
	if (result < 0) {
		heap_free(uart);
		return result;
	}
	uart_count++;
	device->state = uart;
	uart_prepare(uart);
	return serial_line_run(&uart->line, device, uart_interrupt);
}

static int uart_quiesce(struct device *device)
{
	struct uart *uart = device->state;

	serial_line_quiesce(&uart->line);
	return 0;
}

static const struct device_match pl011_matches[] = {
	MATCH_FIRMWARE("arm,pl011"), MATCH_FIRMWARE("ARMH0011"), MATCH_END
};

const struct driver pl011_driver = {
	.name = "pl011",
	.matches = pl011_matches,
	.attach = uart_attach,
	.quiesce = uart_quiesce,
};
