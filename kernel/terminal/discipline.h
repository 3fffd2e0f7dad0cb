/*
 * The line discipline as a pure machine over buffers: bytes of a line go in, input for readers,
 * echo and events come out. No locks, no sleeping, no time: the terminal around it has those. The
 * behaviour is that of Linux's N_TTY.
 */
#ifndef TERMINAL_DISCIPLINE_H
#define TERMINAL_DISCIPLINE_H

#include "base/compiler.h"
#include "base/ring.h"
#include "base/types.h"
#include <abi/termios.h>

#define DISCIPLINE_INPUT_BYTES 4096	/* a canonical line has at most this, its end included */
#define DISCIPLINE_ECHO_BYTES 1024	/* echo that the line has no room for; more is dropped */
#define DISCIPLINE_BYTE_OUTPUT_MAXIMUM 8	/* what one byte can become: a tab */

/* What the caller has to do after discipline_receive() and its like; collected until taken. */
enum discipline_event {
	EVENT_READABLE = 1 << 0,	/* wake readers */
	EVENT_DISCARD_OUTPUT = 1 << 1,	/* throw away what the driver has not sent */
	EVENT_INPUT_FLUSHED = 1 << 2,
	EVENT_STOPPED = 1 << 3,		/* output is to stop, or to go on */
	EVENT_STARTED = 1 << 4,
	EVENT_INTERRUPT = 1 << 5,	/* signals to the foreground group */
	EVENT_QUIT = 1 << 6,
	EVENT_SUSPEND = 1 << 7,
	EVENT_SEND_ECHO = 1 << 8,	/* before anything else is received */
	EVENT_SIGNALS = EVENT_INTERRUPT | EVENT_QUIT | EVENT_SUSPEND,
};

enum input_kind {
	INPUT_NORMAL,
	INPUT_BREAK,
	INPUT_PARITY,		/* or framing: the byte may be wrong */
	INPUT_OVERRUN,		/* bytes before this one were lost */
};

struct discipline {
	struct termios2 settings;
	/* Positions count bytes for ever; the buffer is indexed modulo its size. */
	uint32_t tail, canonical_head, head;
	uint32_t column, canonical_column;
	uint32_t events;
	bool is_literal_next;		/* the byte after LNEXT */
	bool is_erasing;		/* inside \.../ of ECHOPRT */
	bool is_stopped, is_stopped_by_call;
	struct ring echo;		/* finished echo that the driver has not taken */
	uint32_t echo_column, echo_canonical_column;	/* the columns before that echo */
	uint64_t line_ends[DISCIPLINE_INPUT_BYTES / 64];
	uint8_t input[DISCIPLINE_INPUT_BYTES];
	uint8_t echo_bytes[DISCIPLINE_ECHO_BYTES];
};

void discipline_init(struct discipline *discipline, const struct termios2 *settings);

/* New settings: input that waits changes its meaning when canonical mode comes or goes. */
void discipline_settings_set(struct discipline *discipline, const struct termios2 *settings);

/* Takes one byte of the line. False: there is no room before somebody reads. */
bool discipline_receive(struct discipline *discipline, uint8_t byte, enum input_kind kind);
/* Bytes that surely fit; for flow control. */
size_t discipline_room(const struct discipline *discipline);

/* The events since the last call. */
uint32_t discipline_events_take(struct discipline *discipline);

static inline bool discipline_is_canonical(const struct discipline *discipline)
{
	return (discipline->settings.c_lflag & (ICANON | EXTPROC)) == ICANON;
}

/* Whether a reader that wants `minimum` bytes (not in canonical mode) finds something. */
bool discipline_is_readable(const struct discipline *discipline, size_t minimum);
/* Takes up to `size` bytes for a reader, in canonical mode of one line. *is_ended: the line's end
 * was reached, so the read is complete even if it got nothing (end of file). */
size_t discipline_read(struct discipline *discipline, uint8_t *to, size_t size, bool *is_ended);
/* A read was filled exactly up to an end-of-file mark: the mark belongs to it. */
void discipline_skip_end_of_file(struct discipline *discipline);
/* FIONREAD. */
size_t discipline_readable_bytes(const struct discipline *discipline);
/* All that has not been read, complete or not. */
size_t discipline_buffered_bytes(const struct discipline *discipline);

/* Turns program output into line output: consumes up to `length` bytes while the result fits into
 * `space`; how many. *produced: bytes in `to`. */
size_t discipline_output(struct discipline *discipline, const uint8_t *data, size_t length,
			 uint8_t *to, size_t space, size_t *produced);

void discipline_flush_input(struct discipline *discipline);
/* Stops and starts output: by STOP and START, or by tcflow(), which START does not undo. */
void discipline_stop_by_call(struct discipline *discipline);
void discipline_start_by_call(struct discipline *discipline);

#endif
