/*
 * Echo and erasing. Echo is finished at once, with the column known at this moment, and waits in a
 * ring for the driver; programs' output goes out only behind it, so columns stay true.
 */
#include "terminal/discipline_internal.h"

#define TAB_WIDTH 8
#define ECHO_UNPROCESSED 0377		/* a mark in Linux's echo buffer: passes as it is */

static void echo_put(struct discipline *discipline, uint8_t byte)
{
	ring_write(&discipline->echo, &byte, 1);
}

void echo_begin(struct discipline *discipline)
{
	if (!ring_is_empty(&discipline->echo))
		return;
	discipline->echo_column = discipline->column;
	discipline->echo_canonical_column = discipline->canonical_column;
}

void echo_discard(struct discipline *discipline)
{
	if (ring_is_empty(&discipline->echo))
		return;
	ring_clear(&discipline->echo);
	discipline->column = discipline->echo_column;
	discipline->canonical_column = discipline->echo_canonical_column;
}

void echo_plain(struct discipline *discipline, uint8_t byte)
{
	uint8_t output[DISCIPLINE_BYTE_OUTPUT_MAXIMUM];
	int count;

	echo_begin(discipline);
	if (byte == ECHO_UNPROCESSED)
		discipline->column++;
	if (byte == ECHO_UNPROCESSED || !has_output_flag(discipline, OPOST)) {
		echo_put(discipline, byte);
		return;
	}
	count = output_byte(discipline, byte, output, sizeof(output));
	if (count > 0)
		ring_write(&discipline->echo, output, (uint32_t)count);
}

void echo_byte(struct discipline *discipline, uint8_t byte)
{
	if (!has_local_flag(discipline, ECHOCTL) || !is_control(byte) || byte == '\t') {
		echo_plain(discipline, byte);
		return;
	}
	echo_begin(discipline);
	echo_put(discipline, '^');
	echo_put(discipline, byte ^ 0100);
	discipline->column += 2;
}

void echo_finish_erasing(struct discipline *discipline)
{
	if (!discipline->is_erasing)
		return;
	discipline->is_erasing = false;
	echo_plain(discipline, '/');
}

static void echo_rub_out(struct discipline *discipline)
{
	echo_plain(discipline, '\b');
	echo_plain(discipline, ' ');
	echo_plain(discipline, '\b');
}

/*
 * How far the cursor stood before a tab at the end of the line: what was typed since the last tab,
 * or since the start of the line, which began at canonical_column.
 */
static void echo_erase_tab(struct discipline *discipline)
{
	uint32_t position = discipline->head;
	unsigned columns = 0, back;
	bool is_after_tab = false;

	while (position != discipline->canonical_head && !is_after_tab) {
		uint8_t byte = input_at(discipline, --position);

		if (byte == '\t')
			is_after_tab = true;
		else if (is_control(byte))
			columns += has_local_flag(discipline, ECHOCTL) ? 2 : 0;
		else if (!is_continuation(discipline, byte))
			columns++;
	}
	echo_begin(discipline);
	if (!is_after_tab)
		columns += discipline->canonical_column;
	for (back = TAB_WIDTH - columns % TAB_WIDTH; back > 0; back--) {
		echo_put(discipline, '\b');
		if (discipline->column > 0)
			discipline->column--;
	}
}

/* ECHOPRT: what is erased is printed between \ and /. */
static void echo_erased_print(struct discipline *discipline, unsigned count)
{
	if (!discipline->is_erasing) {
		echo_plain(discipline, '\\');
		discipline->is_erasing = true;
	}
	echo_byte(discipline, input_at(discipline, discipline->head));
	for (unsigned i = 1; i < count; i++) {
		echo_plain(discipline, input_at(discipline, discipline->head + i));
		if (discipline->column > 0)
			discipline->column--;
	}
}

/* Shows that the `count` bytes of one character at the head are gone. */
static void echo_erased(struct discipline *discipline, unsigned count, bool is_erase)
{
	uint8_t byte = input_at(discipline, discipline->head);

	if (has_local_flag(discipline, ECHOPRT)) {
		echo_erased_print(discipline, count);
	} else if (is_erase && !has_local_flag(discipline, ECHOE)) {
		echo_byte(discipline, discipline->settings.c_cc[VERASE]);
	} else if (byte == '\t') {
		echo_erase_tab(discipline);
	} else {
		if (is_control(byte) && has_local_flag(discipline, ECHOCTL))
			echo_rub_out(discipline);
		if (!is_control(byte) || has_local_flag(discipline, ECHOCTL))
			echo_rub_out(discipline);
	}
}

/* KILL without the flags that show it character by character. True: it is done. */
static bool kill_at_once(struct discipline *discipline)
{
	const uint32_t shown = ECHOK | ECHOKE | ECHOE;

	if (has_local_flag(discipline, ECHO) && (discipline->settings.c_lflag & shown) == shown)
		return false;
	discipline->head = discipline->canonical_head;
	if (!has_local_flag(discipline, ECHO))
		return true;
	echo_finish_erasing(discipline);
	echo_byte(discipline, discipline->settings.c_cc[VKILL]);
	if (has_local_flag(discipline, ECHOK))
		echo_plain(discipline, '\n');
	return true;
}

static bool is_word_byte(uint8_t byte)
{
	return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
	       (byte >= 'A' && byte <= 'Z') || byte == '_' ||
	       (byte >= 0xc0 && byte != 0xd7 && byte != 0xf7);
}

/* Where the last character of the line begins; false for bytes that are none. */
static bool character_start(const struct discipline *discipline, uint32_t *start)
{
	uint32_t at = discipline->head;

	do {
		at--;
	} while (is_continuation(discipline, input_at(discipline, at)) &&
		 at != discipline->canonical_head);
	*start = at;
	return !is_continuation(discipline, input_at(discipline, at));
}

void discipline_erase(struct discipline *discipline, uint8_t byte)
{
	bool is_erase = is_special(discipline, byte, VERASE);
	bool is_word = !is_erase && is_special(discipline, byte, VWERASE);
	bool has_seen_word = false;
	uint32_t start, count;

	if (discipline->head == discipline->canonical_head)
		return;
	if (!is_erase && !is_word && kill_at_once(discipline))
		return;
	while (discipline->head != discipline->canonical_head) {
		if (!character_start(discipline, &start))
			break;
		if (is_word && is_word_byte(input_at(discipline, start)))
			has_seen_word = true;
		else if (is_word && has_seen_word)
			break;
		count = discipline->head - start;
		discipline->head = start;
		if (has_local_flag(discipline, ECHO))
			echo_erased(discipline, count, is_erase);
		if (is_erase)
			break;
	}
	if (discipline->head == discipline->canonical_head && has_local_flag(discipline, ECHO))
		echo_finish_erasing(discipline);
}
