/*
 * The input side of the line discipline: special characters, signals, flow control, canonical
 * lines. Input stands in one ring: [tail, canonical_head) are complete lines, [canonical_head,
 * head) is being edited. A bit for each place says that a line ends there; an end without a byte to
 * read (end of file) stands as the disabled character.
 */
#include "terminal/discipline.h"

#include "base/string.h"
#include "terminal/discipline_internal.h"

#define PARITY_MARK 0377

static void line_end_set(struct discipline *discipline, uint32_t position)
{
	uint32_t index = position & INPUT_MASK;

	discipline->line_ends[index / 64] |= BIT(index % 64);
}

static void line_end_clear(struct discipline *discipline, uint32_t position)
{
	uint32_t index = position & INPUT_MASK;

	discipline->line_ends[index / 64] &= ~BIT(index % 64);
}

static bool line_ends_at(const struct discipline *discipline, uint32_t position)
{
	uint32_t index = position & INPUT_MASK;

	return discipline->line_ends[index / 64] & BIT(index % 64);
}

static bool is_end_of_file_at(const struct discipline *discipline, uint32_t position)
{
	return line_ends_at(discipline, position) &&
	       input_at(discipline, position) == DISABLED_CHARACTER;
}

void discipline_init(struct discipline *discipline, const struct termios2 *settings)
{
	*discipline = (struct discipline){ .settings = *settings };
	ring_init(&discipline->echo, discipline->echo_bytes, DISCIPLINE_ECHO_BYTES);
}

void discipline_flush_input(struct discipline *discipline)
{
	discipline->tail = 0;
	discipline->head = 0;
	discipline->canonical_head = 0;
	discipline->is_erasing = false;
	memset(discipline->line_ends, 0, sizeof(discipline->line_ends));
	discipline->events |= EVENT_INPUT_FLUSHED;
}

static void output_start(struct discipline *discipline)
{
	if (!discipline->is_stopped || discipline->is_stopped_by_call)
		return;
	discipline->is_stopped = false;
	discipline->events |= EVENT_STARTED;
}

static void output_stop(struct discipline *discipline)
{
	if (discipline->is_stopped)
		return;
	discipline->is_stopped = true;
	discipline->events |= EVENT_STOPPED;
}

void discipline_stop_by_call(struct discipline *discipline)
{
	if (discipline->is_stopped_by_call)
		return;
	discipline->is_stopped_by_call = true;
	output_stop(discipline);
}

void discipline_start_by_call(struct discipline *discipline)
{
	if (!discipline->is_stopped_by_call)
		return;
	discipline->is_stopped_by_call = false;
	output_start(discipline);
}

void discipline_settings_set(struct discipline *discipline, const struct termios2 *settings)
{
	struct termios2 old = discipline->settings;

	discipline->settings = *settings;
	if ((old.c_lflag ^ settings->c_lflag) & (ICANON | EXTPROC)) {
		memset(discipline->line_ends, 0, sizeof(discipline->line_ends));
		discipline->canonical_head = discipline->tail;
		/* What came in before becomes one line. */
		if (has_local_flag(discipline, ICANON) && discipline->head != discipline->tail) {
			line_end_set(discipline, discipline->head - 1);
			discipline->canonical_head = discipline->head;
		}
		discipline->is_erasing = false;
		discipline->is_literal_next = false;
	}
	if (!has_input_flag(discipline, IXON) && (old.c_iflag & IXON))
		output_start(discipline);
	discipline->events |= EVENT_READABLE;
}

uint32_t discipline_events_take(struct discipline *discipline)
{
	uint32_t events = discipline->events;

	discipline->events = 0;
	return events;
}

static void input_put(struct discipline *discipline, uint8_t byte)
{
	discipline->input[discipline->head++ & INPUT_MASK] = byte;
	if (!discipline_is_canonical(discipline))
		discipline->events |= EVENT_READABLE;
}

/* A byte that PARMRK would mistake for its mark is doubled. */
static void input_put_marked(struct discipline *discipline, uint8_t byte)
{
	if (byte == PARITY_MARK && has_input_flag(discipline, PARMRK))
		input_put(discipline, byte);
	input_put(discipline, byte);
}

static void line_complete(struct discipline *discipline, uint8_t end)
{
	line_end_set(discipline, discipline->head);
	input_put(discipline, end);
	discipline->canonical_head = discipline->head;
	discipline->events |= EVENT_READABLE;
}

static void echo_typed(struct discipline *discipline, uint8_t byte)
{
	if (!has_local_flag(discipline, ECHO))
		return;
	echo_finish_erasing(discipline);
	echo_begin(discipline);
	if (discipline->head == discipline->canonical_head)
		discipline->canonical_column = discipline->column;
	echo_byte(discipline, byte);
}

static void signal_raise(struct discipline *discipline, enum discipline_event signal)
{
	discipline->events |= signal;
	if (has_local_flag(discipline, NOFLSH))
		return;
	echo_discard(discipline);
	discipline->events |= EVENT_DISCARD_OUTPUT;
	discipline_flush_input(discipline);
}

static bool receive_signal(struct discipline *discipline, uint8_t byte)
{
	enum discipline_event signal;

	if (!has_local_flag(discipline, ISIG))
		return false;
	if (is_special(discipline, byte, VINTR))
		signal = EVENT_INTERRUPT;
	else if (is_special(discipline, byte, VQUIT))
		signal = EVENT_QUIT;
	else if (is_special(discipline, byte, VSUSP))
		signal = EVENT_SUSPEND;
	else
		return false;
	signal_raise(discipline, signal);
	if (has_input_flag(discipline, IXON))
		output_start(discipline);
	if (has_local_flag(discipline, ECHO))
		echo_byte(discipline, byte);
	return true;
}

static bool receive_flow_control(struct discipline *discipline, uint8_t byte)
{
	if (!has_input_flag(discipline, IXON))
		return false;
	if (is_special(discipline, byte, VSTART)) {
		output_start(discipline);
		discipline->events |= EVENT_SEND_ECHO;
		return true;
	}
	if (is_special(discipline, byte, VSTOP)) {
		output_stop(discipline);
		return true;
	}
	return false;
}

static void reprint(struct discipline *discipline, uint8_t byte)
{
	echo_finish_erasing(discipline);
	echo_byte(discipline, byte);
	echo_plain(discipline, '\n');
	for (uint32_t at = discipline->canonical_head; at != discipline->head; at++)
		echo_byte(discipline, input_at(discipline, at));
}

static void literal_next_begin(struct discipline *discipline)
{
	discipline->is_literal_next = true;
	if (!has_local_flag(discipline, ECHO))
		return;
	echo_finish_erasing(discipline);
	if (has_local_flag(discipline, ECHOCTL)) {
		echo_plain(discipline, '^');
		echo_plain(discipline, '\b');
	}
}

/* Characters that edit a line without ending it. */
static bool receive_editing(struct discipline *discipline, uint8_t byte)
{
	bool is_extended = has_local_flag(discipline, IEXTEN);

	if (is_special(discipline, byte, VERASE) || is_special(discipline, byte, VKILL) ||
	    (is_extended && is_special(discipline, byte, VWERASE))) {
		discipline_erase(discipline, byte);
		return true;
	}
	if (is_extended && is_special(discipline, byte, VLNEXT)) {
		literal_next_begin(discipline);
		return true;
	}
	if (is_extended && has_local_flag(discipline, ECHO) &&
	    is_special(discipline, byte, VREPRINT)) {
		reprint(discipline, byte);
		return true;
	}
	return false;
}

static bool receive_line_end(struct discipline *discipline, uint8_t byte)
{
	if (byte == '\n') {
		if (has_local_flag(discipline, ECHO | ECHONL))
			echo_plain(discipline, '\n');
		line_complete(discipline, '\n');
		return true;
	}
	if (is_special(discipline, byte, VEOF)) {
		line_complete(discipline, DISABLED_CHARACTER);
		return true;
	}
	if (!is_special(discipline, byte, VEOL) &&
	    !(is_special(discipline, byte, VEOL2) && has_local_flag(discipline, IEXTEN)))
		return false;
	echo_typed(discipline, byte);
	if (byte == PARITY_MARK && has_input_flag(discipline, PARMRK))
		input_put(discipline, byte);
	line_complete(discipline, byte);
	return true;
}

static bool map_newline(const struct discipline *discipline, uint8_t *byte)
{
	if (*byte == '\r') {
		if (has_input_flag(discipline, IGNCR))
			return false;
		if (has_input_flag(discipline, ICRNL))
			*byte = '\n';
	} else if (*byte == '\n' && has_input_flag(discipline, INLCR)) {
		*byte = '\r';
	}
	return true;
}

/* `typed` is the byte before ICRNL: here only a newline that it made moves the cursor. */
static void receive_ordinary(struct discipline *discipline, uint8_t byte, uint8_t typed)
{
	if (byte == '\n' && typed == '\r' && has_local_flag(discipline, ECHO)) {
		echo_finish_erasing(discipline);
		echo_plain(discipline, '\n');
	} else {
		echo_typed(discipline, byte);
	}
	input_put_marked(discipline, byte);
}

static uint8_t to_lower(uint8_t byte)
{
	bool is_upper = (byte >= 'A' && byte <= 'Z') ||
			(byte >= 0xc0 && byte <= 0xde && byte != 0xd7);

	return is_upper ? (uint8_t)(byte - 'A' + 'a') : byte;
}

static uint8_t strip(const struct discipline *discipline, uint8_t byte)
{
	if (has_input_flag(discipline, ISTRIP))
		byte &= 0x7f;
	if (has_input_flag(discipline, IUCLC) && has_local_flag(discipline, IEXTEN))
		byte = to_lower(byte);
	return byte;
}

static void receive_normal(struct discipline *discipline, uint8_t byte)
{
	uint8_t typed = strip(discipline, byte);

	byte = typed;
	if (discipline->is_literal_next) {
		discipline->is_literal_next = false;
		echo_typed(discipline, byte);
		input_put_marked(discipline, byte);
		return;
	}
	if (has_local_flag(discipline, EXTPROC)) {
		input_put(discipline, byte);
		return;
	}
	if (receive_flow_control(discipline, byte) || receive_signal(discipline, byte))
		return;
	if (discipline->is_stopped && has_input_flag(discipline, IXON) &&
	    has_input_flag(discipline, IXANY)) {
		output_start(discipline);
		discipline->events |= EVENT_SEND_ECHO;
	}
	if (!map_newline(discipline, &byte))
		return;
	if (has_local_flag(discipline, ICANON) &&
	    (receive_editing(discipline, byte) || receive_line_end(discipline, byte)))
		return;
	receive_ordinary(discipline, byte, typed);
}

static void receive_break(struct discipline *discipline)
{
	if (has_input_flag(discipline, IGNBRK))
		return;
	if (has_input_flag(discipline, BRKINT)) {
		signal_raise(discipline, EVENT_INTERRUPT);
		return;
	}
	if (has_input_flag(discipline, PARMRK)) {
		input_put(discipline, PARITY_MARK);
		input_put(discipline, 0);
	}
	input_put(discipline, 0);
}

static void receive_parity_error(struct discipline *discipline, uint8_t byte)
{
	if (!has_input_flag(discipline, INPCK)) {
		input_put(discipline, byte);
		return;
	}
	if (has_input_flag(discipline, IGNPAR))
		return;
	if (!has_input_flag(discipline, PARMRK)) {
		input_put(discipline, 0);
		return;
	}
	input_put(discipline, PARITY_MARK);
	input_put(discipline, 0);
	input_put(discipline, byte);
}

static int32_t room_signed(const struct discipline *discipline)
{
	int32_t room = DISCIPLINE_INPUT_BYTES - (int32_t)(discipline->head - discipline->tail);

	/* Each byte may become three. */
	if (has_input_flag(discipline, PARMRK))
		room = divide_up(room, 3);
	return room - 1;
}

/* A line in the making has no reader yet, so that its editing characters must come through. */
static bool may_overflow(const struct discipline *discipline)
{
	return has_local_flag(discipline, ICANON) && discipline->canonical_head == discipline->tail;
}

/* Whether all that one byte may become has a place. */
static bool fits(const struct discipline *discipline)
{
	uint32_t most = has_input_flag(discipline, PARMRK) ? 3 : 1;

	return discipline->head - discipline->tail <= DISCIPLINE_INPUT_BYTES - most;
}

size_t discipline_room(const struct discipline *discipline)
{
	int32_t room = room_signed(discipline);

	if (room > 0)
		return (size_t)room;
	return may_overflow(discipline) ? 1 : 0;
}

bool discipline_receive(struct discipline *discipline, uint8_t byte, enum input_kind kind)
{
	int32_t room = room_signed(discipline);

	if (room <= 0) {
		if (!may_overflow(discipline))
			return false;
		/* The line is too long: the last bytes make place for this one. */
		while (!fits(discipline))
			discipline->head--;
		if (kind == INPUT_PARITY)
			return true;
	}
	switch (kind) {
	case INPUT_NORMAL:
		receive_normal(discipline, byte);
		break;
	case INPUT_BREAK:
		receive_break(discipline);
		break;
	case INPUT_PARITY:
		receive_parity_error(discipline, byte);
		break;
	case INPUT_OVERRUN:
		break;
	}
	return true;
}

bool discipline_is_readable(const struct discipline *discipline, size_t minimum)
{
	if (discipline_is_canonical(discipline))
		return discipline->canonical_head != discipline->tail;
	return discipline->head - discipline->tail >= max(minimum, 1u);
}

size_t discipline_buffered_bytes(const struct discipline *discipline)
{
	return discipline->head - discipline->tail;
}

size_t discipline_readable_bytes(const struct discipline *discipline)
{
	size_t count = 0;

	if (!discipline_is_canonical(discipline))
		return discipline_buffered_bytes(discipline);
	for (uint32_t at = discipline->tail; at != discipline->canonical_head; at++)
		count += !is_end_of_file_at(discipline, at);
	return count;
}

static size_t read_line(struct discipline *discipline, uint8_t *to, size_t size, bool *is_ended)
{
	size_t count = 0;

	while (discipline->tail != discipline->canonical_head && !*is_ended) {
		uint32_t at = discipline->tail;
		bool is_end_of_file = is_end_of_file_at(discipline, at);

		if (!is_end_of_file && count == size)
			break;
		/* A mark right behind a filled read is the caller's to skip. */
		if (is_end_of_file && count == size && size > 0)
			break;
		if (!is_end_of_file)
			to[count++] = input_at(discipline, at);
		*is_ended = line_ends_at(discipline, at);
		line_end_clear(discipline, at);
		discipline->tail++;
	}
	return count;
}

size_t discipline_read(struct discipline *discipline, uint8_t *to, size_t size, bool *is_ended)
{
	size_t count, first;

	*is_ended = false;
	if (discipline_is_canonical(discipline))
		return read_line(discipline, to, size, is_ended);
	count = min((size_t)(discipline->head - discipline->tail), size);
	first = min(count, (size_t)(DISCIPLINE_INPUT_BYTES - (discipline->tail & INPUT_MASK)));
	memcpy(to, &discipline->input[discipline->tail & INPUT_MASK], first);
	memcpy(to + first, discipline->input, count - first);
	discipline->tail += (uint32_t)count;
	discipline->canonical_head = discipline->tail;
	return count;
}

void discipline_skip_end_of_file(struct discipline *discipline)
{
	if (!discipline_is_canonical(discipline) ||
	    discipline->tail == discipline->canonical_head ||
	    !is_end_of_file_at(discipline, discipline->tail))
		return;
	line_end_clear(discipline, discipline->tail);
	discipline->tail++;
}
