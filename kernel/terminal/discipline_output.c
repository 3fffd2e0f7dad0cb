/* Output processing (OPOST): newlines, tabs, case, and the column that erasing needs to know. */
#include "base/string.h"
#include "terminal/discipline_internal.h"

#define TAB_WIDTH 8

/* Of Latin-1, as Linux has it. */
static uint8_t to_upper(uint8_t byte)
{
	bool is_lower = (byte >= 'a' && byte <= 'z') || (byte >= 0xdf && byte != 0xf7);

	return is_lower ? (uint8_t)(byte - 'a' + 'A') : byte;
}

static int output_newline(struct discipline *discipline, uint8_t *to, size_t space)
{
	if (has_output_flag(discipline, ONLRET))
		discipline->column = 0;
	if (has_output_flag(discipline, ONLCR)) {
		if (space < 2)
			return -1;
		discipline->column = 0;
		discipline->canonical_column = 0;
		to[0] = '\r';
		to[1] = '\n';
		return 2;
	}
	discipline->canonical_column = discipline->column;
	to[0] = '\n';
	return 1;
}

static int output_return(struct discipline *discipline, uint8_t *to)
{
	if (has_output_flag(discipline, ONOCR) && discipline->column == 0)
		return 0;
	to[0] = '\r';
	if (has_output_flag(discipline, OCRNL)) {
		to[0] = '\n';
		if (!has_output_flag(discipline, ONLRET))
			return 1;
	}
	discipline->column = 0;
	discipline->canonical_column = 0;
	return 1;
}

static int output_tab(struct discipline *discipline, uint8_t *to, size_t space)
{
	unsigned spaces = TAB_WIDTH - discipline->column % TAB_WIDTH;

	if ((discipline->settings.c_oflag & TABDLY) == XTABS) {
		if (space < spaces)
			return -1;
		discipline->column += spaces;
		memset(to, ' ', spaces);
		return (int)spaces;
	}
	discipline->column += spaces;
	to[0] = '\t';
	return 1;
}

int output_byte(struct discipline *discipline, uint8_t byte, uint8_t *to, size_t space)
{
	if (space < 1)
		return -1;
	switch (byte) {
	case '\n':
		return output_newline(discipline, to, space);
	case '\r':
		return output_return(discipline, to);
	case '\t':
		return output_tab(discipline, to, space);
	case '\b':
		if (discipline->column > 0)
			discipline->column--;
		break;
	default:
		if (is_control(byte))
			break;
		if (has_output_flag(discipline, OLCUC))
			byte = to_upper(byte);
		if (!is_continuation(discipline, byte))
			discipline->column++;
		break;
	}
	to[0] = byte;
	return 1;
}

size_t discipline_output(struct discipline *discipline, const uint8_t *data, size_t length,
			 uint8_t *to, size_t space, size_t *produced)
{
	size_t consumed = 0;

	*produced = 0;
	if (!has_output_flag(discipline, OPOST)) {
		consumed = min(length, space);
		memcpy(to, data, consumed);
		*produced = consumed;
		return consumed;
	}
	while (consumed < length) {
		int count = output_byte(discipline, data[consumed], to + *produced,
					space - *produced);

		if (count < 0)
			break;
		*produced += (size_t)count;
		consumed++;
	}
	return consumed;
}
