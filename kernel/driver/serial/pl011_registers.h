/* Registers of the PrimeCell UART (PL011), 32 bits apart. ARM DDI 0183, chapter 3. */
#ifndef DRIVER_SERIAL_PL011_REGISTERS_H
#define DRIVER_SERIAL_PL011_REGISTERS_H

#include "base/compiler.h"

#define UART_BYTES 0x48			/* as far as it is used */
#define UARTDR 0x000
#define UARTFR 0x018
#define UARTLCR_H 0x02c
#define UARTCR 0x030
#define UARTIFLS 0x034
#define UARTIMSC 0x038
#define UARTMIS 0x040
#define UARTICR 0x044

#define DR_FE BIT(8)
#define DR_PE BIT(9)
#define DR_BE BIT(10)
#define DR_OE BIT(11)

#define FR_CTS BIT(0)
#define FR_DSR BIT(1)
#define FR_DCD BIT(2)
#define FR_BUSY BIT(3)
#define FR_RXFE BIT(4)
#define FR_TXFF BIT(5)
#define FR_TXFE BIT(7)
#define FR_RI BIT(8)

#define LCR_H_BRK BIT(0)
#define LCR_H_PEN BIT(1)
#define LCR_H_EPS BIT(2)
#define LCR_H_STP2 BIT(3)
#define LCR_H_FEN BIT(4)
#define LCR_H_WLEN(bits) (((bits) - 5u) << 5)

#define CR_UARTEN BIT(0)
#define CR_TXE BIT(8)
#define CR_RXE BIT(9)
#define CR_DTR BIT(10)
#define CR_RTS BIT(11)

#define INT_RX BIT(4)
#define INT_TX BIT(5)
#define INT_RT BIT(6)
#define INT_ERRORS (BIT(7) | BIT(8) | BIT(9) | BIT(10))

#define UART_FIFO_BYTES 16		/* 32 in later ones */

#endif
