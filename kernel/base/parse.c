/* Digits are accumulated with checked arithmetic: a number that does not fit is an error. */
#include "base/parse.h"

#include "base/arithmetic.h"

static unsigned int digit_value(char character)
{
	if (character >= '0' && character <= '9')
		return (unsigned int)(character - '0');
	if (character >= 'a' && character <= 'f')
		return (unsigned int)(character - 'a') + 10;
	if (character >= 'A' && character <= 'F')
		return (unsigned int)(character - 'A') + 10;
	return UINT32_MAX;
}

static bool has_hex_prefix(const char *text)
{
	return text[0] == '0' && (text[1] == 'x' || text[1] == 'X') && digit_value(text[2]) < 16;
}

int parse_unsigned_prefix(const char *text, unsigned int base, uint64_t *value, const char **end)
{
	uint64_t sum = 0;
	const char *first;

	if ((base == 0 || base == 16) && has_hex_prefix(text)) {
		text += 2;
		base = 16;
	} else if (base == 0) {
		base = *text == '0' ? 8 : 10;
	}
	first = text;
	for (; digit_value(*text) < base; text++) {
		if (!checked_multiply(sum, base, &sum) ||
		    !checked_add(sum, digit_value(*text), &sum))
			return -ERANGE;
	}
	if (text == first)
		return -EINVAL;
	*value = sum;
	*end = text;
	return 0;
}

static bool is_at_end(const char *text)
{
	return *text == 0 || (text[0] == '\n' && text[1] == 0);
}

int parse_unsigned(const char *text, unsigned int base, uint64_t *value)
{
	uint64_t result;
	int error = parse_unsigned_prefix(text, base, &result, &text);

	if (error)
		return error;
	if (!is_at_end(text))
		return -EINVAL;
	*value = result;
	return 0;
}

int parse_signed(const char *text, unsigned int base, int64_t *value)
{
	bool is_negative = *text == '-';
	uint64_t amount;
	int error = parse_unsigned(text + (is_negative || *text == '+'), base, &amount);

	if (error)
		return error;
	if (amount > (uint64_t)INT64_MAX + is_negative)
		return -ERANGE;
	*value = is_negative ? (int64_t)(0 - amount) : (int64_t)amount;
	return 0;
}

/* The power of two a size suffix stands for, 0 if it is none. */
static unsigned int suffix_shift(char suffix)
{
	switch (suffix) {
	case 'k':
	case 'K':
		return 10;
	case 'm':
	case 'M':
		return 20;
	case 'g':
	case 'G':
		return 30;
	case 't':
	case 'T':
		return 40;
	default:
		return 0;
	}
}

int parse_size(const char *text, uint64_t *value)
{
	uint64_t result;
	unsigned int shift;
	int error = parse_unsigned_prefix(text, 0, &result, &text);

	if (error)
		return error;
	shift = suffix_shift(*text);
	if (!is_at_end(text + (shift != 0)))
		return -EINVAL;
	if (!checked_multiply(result, BIT(shift), &result))
		return -ERANGE;
	*value = result;
	return 0;
}
