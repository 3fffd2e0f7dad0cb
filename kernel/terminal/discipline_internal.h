/* What the files of the line discipline share. */
#ifndef TERMINAL_DISCIPLINE_INTERNAL_H
#define TERMINAL_DISCIPLINE_INTERNAL_H

#include "terminal/discipline.h"

#define INPUT_MASK (DISCIPLINE_INPUT_BYTES - 1)
#define DISABLED_CHARACTER 0		/* _POSIX_VDISABLE of Linux */

static inline bool has_input_flag(const struct discipline *discipline, uint32_t flag)
{
	return discipline->settings.c_iflag & flag;
}

static inline bool has_output_flag(const struct discipline *discipline, uint32_t flag)
{
	return discipline->settings.c_oflag & flag;
}

static inline bool has_local_flag(const struct discipline *discipline, uint32_t flag)
{
	return discipline->settings.c_lflag & flag;
}

static inline bool is_special(const struct discipline *discipline, uint8_t byte, unsigned index)
{
	return byte == discipline->settings.c_cc[index] && byte != DISABLED_CHARACTER;
}

static inline uint8_t input_at(const struct discipline *discipline, uint32_t position)
{
	return discipline->input[position & INPUT_MASK];
}

static inline bool is_control(uint8_t byte)
{
	return byte < ' ' || byte == 0x7f;
}

static inline bool is_continuation(const struct discipline *discipline, uint8_t byte)
{
	return has_input_flag(discipline, IUTF8) && (byte & 0xc0) == 0x80;
}

/* discipline_output.c: one byte of output; bytes in `to`, or -1 if they would not fit. */
int output_byte(struct discipline *discipline, uint8_t byte, uint8_t *to, size_t space);

/* discipline_echo.c */
void echo_begin(struct discipline *discipline);		/* notes the columns when none waits */
void echo_discard(struct discipline *discipline);	/* what waits never happened */
void echo_plain(struct discipline *discipline, uint8_t byte);	/* no ^X */
void echo_byte(struct discipline *discipline, uint8_t byte);
void echo_finish_erasing(struct discipline *discipline);
void discipline_erase(struct discipline *discipline, uint8_t byte);	/* ERASE, WERASE, KILL */

#endif
