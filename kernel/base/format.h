/*
 * printf-style formatting into a buffer or any sink: %d %i %u %x %X %o %c %s %p %% with the
 * lengths hh h l ll z j t, the flags - 0 + space #, width and precision (numbers or *).
 */
#ifndef BASE_FORMAT_H
#define BASE_FORMAT_H

#include <stdarg.h>

#include "base/compiler.h"
#include "base/types.h"

/* Receives the text piece by piece; embed it in the structure that knows where text goes. */
struct format_sink {
	void (*write)(struct format_sink *sink, const char *bytes, size_t length);
};

/* Format into `sink`; the result is the number of bytes written. Does not sleep by itself. */
PRINTF_LIKE(2, 0)
size_t format_to_sink(struct format_sink *sink, const char *format, va_list arguments);

/* The same with the arguments written out. */
PRINTF_LIKE(2, 3) size_t format_to(struct format_sink *sink, const char *format, ...);

/*
 * Format into `buffer` of `size` bytes, always terminated if size > 0. The result is the length
 * the whole text has: >= size means it was cut.
 */
PRINTF_LIKE(3, 0)
size_t format_vprint(char *buffer, size_t size, const char *format, va_list arguments);
PRINTF_LIKE(3, 4) size_t format_print(char *buffer, size_t size, const char *format, ...);

#endif
