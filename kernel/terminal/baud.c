/* Speeds: the codes of CBAUD and CIBAUD, and bits per second. termios(3), linux/termbits.h. */
#include "terminal/terminal.h"

#define CIBAUD_SHIFT 16
#define CODE_EXTENDED 010000		/* CBAUDEX: the second table */

/* Codes 0..15, then 010001 and up. */
static const uint32_t speeds_low[] = {
	0, 50, 75, 110, 134, 150, 200, 300, 600, 1200, 1800, 2400, 4800, 9600, 19200, 38400,
};
static const uint32_t speeds_high[] = {
	57600, 115200, 230400, 460800, 500000, 576000, 921600, 1000000, 1152000, 1500000, 2000000,
	2500000, 3000000, 3500000, 4000000,
};

static uint32_t code_speed(uint32_t code, uint32_t other)
{
	if (code == BOTHER)
		return other;
	if (code < ARRAY_SIZE(speeds_low))
		return speeds_low[code];
	code -= CODE_EXTENDED + 1;
	return code < ARRAY_SIZE(speeds_high) ? speeds_high[code] : other;
}

uint32_t termios_output_baud(const struct termios2 *settings)
{
	return code_speed(settings->c_cflag & CBAUD, settings->c_ospeed);
}

uint32_t termios_input_baud(const struct termios2 *settings)
{
	uint32_t code = settings->c_cflag >> CIBAUD_SHIFT & CBAUD;

	return code == B0 ? termios_output_baud(settings) : code_speed(code, settings->c_ispeed);
}

static uint32_t speed_code(uint32_t baud)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(speeds_low); i++) {
		if (speeds_low[i] == baud)
			return i;
	}
	for (uint32_t i = 0; i < ARRAY_SIZE(speeds_high); i++) {
		if (speeds_high[i] == baud)
			return CODE_EXTENDED + 1 + i;
	}
	return BOTHER;
}

void termios_baud_set(struct termios2 *settings, uint32_t baud)
{
	settings->c_cflag &= ~(uint32_t)(CBAUD | CBAUD << CIBAUD_SHIFT);
	settings->c_cflag |= speed_code(baud);
	settings->c_ispeed = baud;
	settings->c_ospeed = baud;
}
