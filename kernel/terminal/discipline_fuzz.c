/*
 * Fuzzes the line discipline: the bytes are a program of settings, input, reads, output. What must
 * hold after each step: positions in order, never more than the buffer, counts that agree.
 */
#include "base/string.h"
#include "terminal/discipline.h"

enum step { STEP_SETTINGS, STEP_READ, STEP_OUTPUT, STEP_FLUSH, STEP_CALL, STEP_ERROR, STEP_TYPE };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(const struct discipline *discipline)
{
	uint32_t used = discipline->head - discipline->tail;

	if (used > DISCIPLINE_INPUT_BYTES ||
	    discipline->canonical_head - discipline->tail > used ||
	    discipline_readable_bytes(discipline) > used ||
	    ring_used(&discipline->echo) > DISCIPLINE_ECHO_BYTES)
		__builtin_trap();
}

static size_t settings_step(struct discipline *discipline, const uint8_t *bytes, size_t size)
{
	struct termios2 settings = discipline->settings;
	size_t length = min(size, sizeof(settings));

	memcpy(&settings, bytes, length);
	discipline_settings_set(discipline, &settings);
	return length;
}

static void read_step(struct discipline *discipline, size_t size)
{
	uint8_t data[256];
	bool is_ended;

	if (discipline_read(discipline, data, size, &is_ended) > size)
		__builtin_trap();
	if (!is_ended)
		discipline_skip_end_of_file(discipline);
}

static void output_step(struct discipline *discipline, const uint8_t *bytes, size_t size)
{
	uint8_t data[64];
	size_t produced, consumed;

	consumed = discipline_output(discipline, bytes, size, data, sizeof(data), &produced);
	if (consumed > size || produced > sizeof(data))
		__builtin_trap();
}

static size_t step_run(struct discipline *discipline, const uint8_t *bytes, size_t size)
{
	uint8_t argument = size > 1 ? bytes[1] : 0;

	switch (bytes[0] % (STEP_TYPE + 1)) {
	case STEP_SETTINGS:
		return 1 + settings_step(discipline, bytes + 1, size - 1);
	case STEP_READ:
		read_step(discipline, argument);
		return 2;
	case STEP_OUTPUT:
		output_step(discipline, bytes + 1, size - 1);
		return 9;
	case STEP_FLUSH:
		discipline_flush_input(discipline);
		return 1;
	case STEP_CALL:
		if (argument & 1)
			discipline_stop_by_call(discipline);
		else
			discipline_start_by_call(discipline);
		return 2;
	case STEP_ERROR:
		discipline_receive(discipline, argument, INPUT_BREAK + argument % 3);
		return 2;
	default:
		/* Many of one kind, so that limits are met. */
		for (unsigned i = 0; i < 1u << argument % 13; i++)
			discipline_receive(discipline, size > 2 ? bytes[2] : 0, INPUT_NORMAL);
		return 3;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct discipline discipline;
	static const struct termios2 settings = { .c_lflag = ICANON | ECHO | ISIG };
	size_t at = 0;

	discipline_init(&discipline, &settings);
	while (at < size) {
		at += step_run(&discipline, bytes + at, size - at);
		check(&discipline);
	}
	return 0;
}
