/*
 * The formatter: parses one conversion at a time into a struct conversion, fetches its argument
 * and hands text to the sink. No buffer is larger than one number.
 */
#include "base/format.h"

#include "base/string.h"

/* 64 bits in octal, with sign. */
#define NUMBER_DIGITS 24

struct conversion {
	bool is_left;
	bool has_zero_fill;
	bool has_plus;
	bool has_space;
	bool has_prefix;
	bool has_precision;
	char kind;
	uint8_t argument_size; /* bytes of an integer argument */
	size_t width;
	size_t precision;
};

/* va_list in a structure, so that helpers advance the caller's. */
struct arguments {
	va_list list;
};

struct output {
	struct format_sink *sink;
	size_t written;
};

struct buffer_sink {
	struct format_sink sink;
	char *at;
	size_t space;
};

static void output_bytes(struct output *output, const char *bytes, size_t length)
{
	if (length)
		output->sink->write(output->sink, bytes, length);
	output->written += length;
}

static void output_fill(struct output *output, char filler, size_t count)
{
	char block[16];

	memset(block, filler, sizeof(block));
	while (count) {
		size_t piece = min(count, sizeof(block));

		output_bytes(output, block, piece);
		count -= piece;
	}
}

static const char *parse_flags(const char *format, struct conversion *conversion)
{
	for (;; format++) {
		switch (*format) {
		case '-':
			conversion->is_left = true;
			break;
		case '0':
			conversion->has_zero_fill = true;
			break;
		case '+':
			conversion->has_plus = true;
			break;
		case ' ':
			conversion->has_space = true;
			break;
		case '#':
			conversion->has_prefix = true;
			break;
		default:
			return format;
		}
	}
}

/* A number or '*'. A negative argument is reported through *is_negative, as its amount. */
static const char *parse_amount(const char *format, struct arguments *arguments, size_t *amount,
				bool *is_negative)
{
	*amount = 0;
	*is_negative = false;
	if (*format == '*') {
		int value = va_arg(arguments->list, int);

		*is_negative = value < 0;
		*amount = value < 0 ? 0u - (unsigned int)value : (unsigned int)value;
		return format + 1;
	}
	for (; *format >= '0' && *format <= '9'; format++)
		*amount = *amount * 10 + (size_t)(*format - '0');
	return format;
}

static const char *parse_length(const char *format, struct conversion *conversion)
{
	conversion->argument_size = sizeof(int);
	switch (*format) {
	case 'h':
		if (format[1] == 'h') {
			conversion->argument_size = sizeof(char);
			return format + 2;
		}
		conversion->argument_size = sizeof(short);
		return format + 1;
	case 'l':
		conversion->argument_size = sizeof(long);
		return format[1] == 'l' ? format + 2 : format + 1;
	case 'z':
	case 'j':
	case 't':
		conversion->argument_size = sizeof(long);
		return format + 1;
	default:
		return format;
	}
}

static const char *parse_conversion(const char *format, struct arguments *arguments,
				    struct conversion *conversion)
{
	bool is_negative;

	*conversion = (struct conversion){ 0 };
	format = parse_flags(format, conversion);
	format = parse_amount(format, arguments, &conversion->width, &is_negative);
	if (is_negative)
		conversion->is_left = true;
	if (*format == '.') {
		format = parse_amount(format + 1, arguments, &conversion->precision, &is_negative);
		conversion->has_precision = !is_negative;
	}
	format = parse_length(format, conversion);
	conversion->kind = *format;
	return *format ? format + 1 : format;
}

static uint64_t fetch_unsigned(const struct conversion *conversion, struct arguments *arguments)
{
	switch (conversion->argument_size) {
	case sizeof(char):
		return (unsigned char)va_arg(arguments->list, unsigned int);
	case sizeof(short):
		return (unsigned short)va_arg(arguments->list, unsigned int);
	case sizeof(int):
		return va_arg(arguments->list, unsigned int);
	default:
		return va_arg(arguments->list, unsigned long);
	}
}

static int64_t fetch_signed(const struct conversion *conversion, struct arguments *arguments)
{
	switch (conversion->argument_size) {
	case sizeof(char):
		return (signed char)va_arg(arguments->list, int);
	case sizeof(short):
		return (short)va_arg(arguments->list, int);
	case sizeof(int):
		return va_arg(arguments->list, int);
	default:
		return va_arg(arguments->list, long);
	}
}

/* Write the digits to the end of `digits`; the result is the first one. */
static char *number_digits(char *end, uint64_t value, unsigned int base, bool is_upper)
{
	const char *alphabet = is_upper ? "0123456789ABCDEF" : "0123456789abcdef";

	/* Constant divisors, so that the compiler multiplies or shifts instead of dividing. */
	for (; value && base == 10; value /= 10)
		*--end = alphabet[value % 10];
	for (; value && base == 16; value /= 16)
		*--end = alphabet[value % 16];
	for (; value; value /= 8)
		*--end = alphabet[value % 8];
	return end;
}

/* Width, prefix and digits in the order: spaces, prefix, zeros, digits, spaces. */
static void output_number(struct output *output, const struct conversion *conversion,
			  const char *prefix, uint64_t value, unsigned int base)
{
	char digits[NUMBER_DIGITS];
	char *end = digits + sizeof(digits);
	char *first = number_digits(end, value, base, conversion->kind == 'X');
	size_t digit_count = (size_t)(end - first);
	size_t prefix_length = strlen(prefix);
	size_t wanted = conversion->has_precision ? conversion->precision : 1;
	size_t zeros = wanted > digit_count ? wanted - digit_count : 0;
	size_t used;
	size_t spaces;

	if (base == 8 && conversion->has_prefix && zeros == 0)
		zeros = 1;
	used = prefix_length + zeros + digit_count;
	spaces = conversion->width > used ? conversion->width - used : 0;
	if (conversion->has_zero_fill && !conversion->is_left && !conversion->has_precision) {
		zeros += spaces;
		spaces = 0;
	}
	if (!conversion->is_left)
		output_fill(output, ' ', spaces);
	output_bytes(output, prefix, prefix_length);
	output_fill(output, '0', zeros);
	output_bytes(output, first, digit_count);
	if (conversion->is_left)
		output_fill(output, ' ', spaces);
}

static void output_signed(struct output *output, const struct conversion *conversion, int64_t value)
{
	uint64_t amount = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	const char *prefix = "";

	if (value < 0)
		prefix = "-";
	else if (conversion->has_plus)
		prefix = "+";
	else if (conversion->has_space)
		prefix = " ";
	output_number(output, conversion, prefix, amount, 10);
}

static void output_unsigned(struct output *output, const struct conversion *conversion,
			    uint64_t value)
{
	const char *prefix = "";

	switch (conversion->kind) {
	case 'u':
		output_number(output, conversion, "", value, 10);
		return;
	case 'o':
		output_number(output, conversion, "", value, 8);
		return;
	default:
		if (conversion->has_prefix && value)
			prefix = conversion->kind == 'X' ? "0X" : "0x";
		output_number(output, conversion, prefix, value, 16);
	}
}

static void output_text(struct output *output, const struct conversion *conversion,
			const char *text, size_t length)
{
	size_t spaces = conversion->width > length ? conversion->width - length : 0;

	if (!conversion->is_left)
		output_fill(output, ' ', spaces);
	output_bytes(output, text, length);
	if (conversion->is_left)
		output_fill(output, ' ', spaces);
}

static void output_string(struct output *output, const struct conversion *conversion,
			  const char *text)
{
	size_t limit = conversion->has_precision ? conversion->precision : SIZE_MAX;

	if (!text)
		text = "(null)";
	output_text(output, conversion, text,
		    limit == SIZE_MAX ? strlen(text) : strnlen(text, limit));
}

static void output_conversion(struct output *output, struct conversion *conversion,
			      struct arguments *arguments)
{
	char character;

	switch (conversion->kind) {
	case 'd':
	case 'i':
		output_signed(output, conversion, fetch_signed(conversion, arguments));
		break;
	case 'u':
	case 'x':
	case 'X':
	case 'o':
		output_unsigned(output, conversion, fetch_unsigned(conversion, arguments));
		break;
	case 'c':
		character = (char)va_arg(arguments->list, int);
		output_text(output, conversion, &character, 1);
		break;
	case 's':
		output_string(output, conversion, va_arg(arguments->list, const char *));
		break;
	case 'p':
		output_number(output, conversion, "0x",
			      (uintptr_t)va_arg(arguments->list, void *), 16);
		break;
	case '%':
		output_bytes(output, "%", 1);
		break;
	default:
		/* An unknown letter is shown; its argument cannot be skipped, so it stays. */
		output_bytes(output, "%", 1);
		output_bytes(output, &conversion->kind, conversion->kind ? 1 : 0);
	}
}

size_t format_to_sink(struct format_sink *sink, const char *format, va_list list)
{
	struct output output = { .sink = sink };
	struct arguments arguments;

	va_copy(arguments.list, list);
	while (*format) {
		struct conversion conversion;
		const char *plain = format;

		while (*format && *format != '%')
			format++;
		output_bytes(&output, plain, (size_t)(format - plain));
		if (!*format)
			break;
		format = parse_conversion(format + 1, &arguments, &conversion);
		output_conversion(&output, &conversion, &arguments);
	}
	va_end(arguments.list);
	return output.written;
}

static void buffer_write(struct format_sink *sink, const char *bytes, size_t length)
{
	struct buffer_sink *buffer = container_of(sink, struct buffer_sink, sink);
	size_t copied = min(length, buffer->space);

	memcpy(buffer->at, bytes, copied);
	buffer->at += copied;
	buffer->space -= copied;
}

size_t format_to(struct format_sink *sink, const char *format, ...)
{
	va_list arguments;
	size_t length;

	va_start(arguments, format);
	length = format_to_sink(sink, format, arguments);
	va_end(arguments);
	return length;
}

size_t format_vprint(char *text, size_t size, const char *format, va_list list)
{
	char nothing;
	struct buffer_sink buffer = {
		.sink = { .write = buffer_write },
		.at = size ? text : &nothing,
		.space = size ? size - 1 : 0,
	};
	size_t length = format_to_sink(&buffer.sink, format, list);

	if (size)
		*buffer.at = 0;
	return length;
}

size_t format_print(char *buffer, size_t size, const char *format, ...)
{
	va_list list;
	size_t length;

	va_start(list, format);
	length = format_vprint(buffer, size, format, list);
	va_end(list);
	return length;
}
