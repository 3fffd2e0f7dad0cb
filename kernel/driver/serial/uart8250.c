/* Serial ports of the 16550A kind. */
#include "driver/serial/uart8250_registers.h"

#include "base/errno.h"
#include "device/driver.h"
#include "device/node.h"
#include "memory/heap.h"
#include "terminal/serial_line.h"

#define TTY_MAJOR 4			/* Linux's number for ttyS */
#define INTERRUPT_ROUNDS 64		/* a port that never stops asking has to wait */

struct uart {
	struct serial_line line;
	struct registers registers;
	uint8_t line_control;		/* LCR without the divisor latch; the line's lock */
};

static unsigned uart_count;

static struct uart *uart_of(struct serial_line *line)
{
	return container_of(line, struct uart, line);
}

static uint8_t uart_read(const struct uart *uart, unsigned offset)
{
	return register_read8(&uart->registers, offset);
}

static void uart_write(const struct uart *uart, unsigned offset, uint8_t value)
{
	register_write8(&uart->registers, offset, value);
}

static unsigned uart_room(struct serial_line *line)
{
	return uart_read(uart_of(line), LSR) & LSR_THRE ? UART_FIFO_BYTES : 0;
}

static void uart_put(struct serial_line *line, uint8_t byte)
{
	uart_write(uart_of(line), THR, byte);
}

static bool uart_is_sent(struct serial_line *line)
{
	return uart_read(uart_of(line), LSR) & LSR_TEMT;
}

/* The FIFO says for each byte what was wrong with it. */
static bool uart_take(struct serial_line *line, uint8_t *byte, unsigned *errors)
{
	struct uart *uart = uart_of(line);
	uint8_t status = uart_read(uart, LSR);

	/* A port that is gone reads as ones. */
	if (!(status & LSR_DR) || status == 0xff)
		return false;
	*byte = uart_read(uart, RBR);
	*errors = (status & LSR_BI ? SERIAL_BREAK : 0) |
		  (status & (LSR_PE | LSR_FE) ? SERIAL_DAMAGED : 0) |
		  (status & LSR_OE ? SERIAL_OVERRUN : 0);
	return true;
}

static void uart_interrupts_set(struct serial_line *line, unsigned interrupts)
{
	uart_write(uart_of(line), IER,
		   (interrupts & SERIAL_RECEIVE ? IER_ERBFI | IER_ELSI : 0) |
		   (interrupts & SERIAL_TRANSMIT ? IER_ETBEI : 0));
}

/* Changing the divisor needs the transmitter empty, or the last bytes are spoilt. */
static void divisor_set(struct uart *uart, uint32_t baud)
{
	uint32_t divisor = UART_CLOCK_HZ / 16 / (baud ? baud : 9600);

	divisor = clamp(divisor, 1u, 0xffffu);
	serial_line_drain(uart->line.terminal);
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

static void uart_modem_set(struct serial_line *line, unsigned lines)
{
	uart_write(uart_of(line), MCR, MCR_OUT2 | (lines & TIOCM_DTR ? MCR_DTR : 0) |
		   (lines & TIOCM_RTS ? MCR_RTS : 0));
}

static void uart_program(struct serial_line *line, const struct termios2 *settings)
{
	struct uart *uart = uart_of(line);
	uint32_t baud = termios_output_baud(settings);

	uart->line_control = line_control_of(settings);
	divisor_set(uart, baud);
	uart_modem_set(line, baud ? TIOCM_DTR | TIOCM_RTS : 0);
}

static void uart_break_set(struct serial_line *line, bool on)
{
	struct uart *uart = uart_of(line);

	uart->line_control &= (uint8_t)~LCR_BREAK;
	if (on)
		uart->line_control |= LCR_BREAK;
	uart_write(uart, LCR, uart->line_control);
}

static unsigned uart_modem_get(struct serial_line *line)
{
	uint8_t control = uart_read(uart_of(line), MCR), status = uart_read(uart_of(line), MSR);

	return (control & MCR_DTR ? TIOCM_DTR : 0) | (control & MCR_RTS ? TIOCM_RTS : 0) |
	       (status & MSR_CTS ? TIOCM_CTS : 0) | (status & MSR_DSR ? TIOCM_DSR : 0) |
	       (status & MSR_RI ? TIOCM_RNG : 0) | (status & MSR_DCD ? TIOCM_CAR : 0);
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

static const struct terminal_driver uart_terminal = { .name = "ttyS", SERIAL_LINE_OPERATIONS };

static bool uart_interrupt(void *line)
{
	struct uart *uart = uart_of(line);
	bool was_ours = false;

	for (unsigned i = 0; i < INTERRUPT_ROUNDS; i++) {
		if (uart_read(uart, IIR) & IIR_NO_INTERRUPT)
			break;
		was_ours = true;
		serial_line_serve(line);
	}
	return was_ours;
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

static void uart_prepare(struct uart *uart)
{
	struct termios2 settings;

	terminal_settings_read(uart->line.terminal, &settings);
	uart_write(uart, IER, 0);
	uart_program(&uart->line, &settings);
	uart_write(uart, FCR, FCR_ENABLE | FCR_CLEAR_RECEIVER | FCR_CLEAR_TRANSMITTER |
		   FCR_TRIGGER_8);
}

static int uart_attach(struct device *device)
{
	struct uart *uart = heap_allocate(sizeof(*uart), HEAP_PATIENT);
	int result;

	if (!uart)
		return -ENOMEM;
	result = device_registers_map(device, 0, &uart->registers);
	if (result == 0 && !uart_answers(uart))
		result = -ENODEV;
	if (result == 0)
		result = serial_line_create(&uart->line, &uart_port, &uart_terminal, TTY_MAJOR,
					    uart_count, 0);
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

static const struct device_match uart8250_matches[] = { MATCH_FIRMWARE("PNP0501"), MATCH_END };

const struct driver uart8250_driver = {
	.name = "uart8250",
	.matches = uart8250_matches,
	.attach = uart_attach,
	.quiesce = uart_quiesce,
};
