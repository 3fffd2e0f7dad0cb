/* Registers of the 16550A UART, byte-wide. National Semiconductor PC16550D datasheet, section 8. */
#ifndef DRIVER_SERIAL_UART8250_REGISTERS_H
#define DRIVER_SERIAL_UART8250_REGISTERS_H

#include "base/compiler.h"

#define RBR 0			/* receiver buffer, on reading */
#define THR 0			/* transmitter holding, on writing */
#define IER 1			/* 8.7 */
#define IIR 2			/* 8.5, on reading */
#define FCR 2			/* 8.4, on writing */
#define LCR 3			/* 8.1 */
#define MCR 4			/* 8.8 */
#define LSR 5			/* 8.3 */
#define MSR 6			/* 8.9 */
#define SCR 7			/* 8.10 */
#define DLL 0			/* divisor latch, while LCR_DLAB: 8.2 */
#define DLM 1

#define IER_ERBFI BIT(0)	/* received data */
#define IER_ETBEI BIT(1)	/* transmitter holding register empty */
#define IER_ELSI BIT(2)		/* line status */

#define IIR_NO_INTERRUPT BIT(0)

#define FCR_ENABLE BIT(0)
#define FCR_CLEAR_RECEIVER BIT(1)
#define FCR_CLEAR_TRANSMITTER BIT(2)
#define FCR_TRIGGER_8 0x80

#define LCR_WORD_LENGTH(bits) ((bits) - 5)
#define LCR_STB BIT(2)		/* two stop bits */
#define LCR_PEN BIT(3)
#define LCR_EPS BIT(4)		/* even parity */
#define LCR_BREAK BIT(6)
#define LCR_DLAB BIT(7)

#define MCR_DTR BIT(0)
#define MCR_RTS BIT(1)
#define MCR_OUT2 BIT(3)		/* lets the interrupt out, on PCs */
#define MCR_LOOP BIT(4)

#define LSR_DR BIT(0)
#define LSR_OE BIT(1)
#define LSR_PE BIT(2)
#define LSR_FE BIT(3)
#define LSR_BI BIT(4)
#define LSR_THRE BIT(5)
#define LSR_TEMT BIT(6)

#define MSR_CTS BIT(4)
#define MSR_DSR BIT(5)
#define MSR_RI BIT(6)
#define MSR_DCD BIT(7)

#define UART_CLOCK_HZ 1843200u
#define UART_FIFO_BYTES 16

#endif
