/* The early console: COM1, polled. A port that does not answer is given up for good. */
#include "arch/boot.h"
#include "arch/x86_64/boot/boot.h"
#include "machine/port.h"

#define COM1 0x3f8
#define UART_DATA (COM1 + 0)
#define UART_INTERRUPT_ENABLE (COM1 + 1)
#define UART_FIFO_CONTROL (COM1 + 2)
#define UART_LINE_CONTROL (COM1 + 3)
#define UART_MODEM_CONTROL (COM1 + 4)
#define UART_LINE_STATUS (COM1 + 5)
#define UART_SCRATCH (COM1 + 7)

#define LINE_8N1 0x03
#define LINE_DIVISOR_LATCH 0x80
#define STATUS_TRANSMITTER_EMPTY 0x20
#define DIVISOR_115200 1

/* Far longer than sixteen bytes take at 115200 baud, counted in port reads of about 1 us. */
#define PATIENCE_READS 20000

static bool has_port;

void boot_console_start(void)
{
	port_write8(UART_SCRATCH, 0x5a);
	if (port_read8(UART_SCRATCH) != 0x5a)
		return;
	port_write8(UART_INTERRUPT_ENABLE, 0);
	port_write8(UART_LINE_CONTROL, LINE_DIVISOR_LATCH | LINE_8N1);
	port_write8(UART_DATA, DIVISOR_115200);
	port_write8(UART_INTERRUPT_ENABLE, 0);
	port_write8(UART_LINE_CONTROL, LINE_8N1);
	port_write8(UART_FIFO_CONTROL, 0x07);
	port_write8(UART_MODEM_CONTROL, 0x0b);
	has_port = true;
}

static void console_put(uint8_t byte)
{
	for (unsigned i = 0; i < PATIENCE_READS; i++) {
		if (port_read8(UART_LINE_STATUS) & STATUS_TRANSMITTER_EMPTY) {
			port_write8(UART_DATA, byte);
			return;
		}
	}
	has_port = false;
}

void boot_console_write(const char *text, size_t length)
{
	for (size_t i = 0; i < length && has_port; i++) {
		if (text[i] == '\n')
			console_put('\r');
		console_put((uint8_t)text[i]);
	}
}
