/* Numbers from text: command line, /proc writes, tables. The whole text must be the number. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include "base/compiler.h"
#include "base/types.h"

/*
 * Parse digits in `base` (2 to 16; 0: by prefix 0x or 0, else 10) at the start of `text`. *end is
 * the first character behind them. 0, -EINVAL without a digit, -ERANGE if it does not fit.
 */
MUST_CHECK int parse_unsigned_prefix(const char *text, unsigned int base, uint64_t *value,
				     const char **end);

/* The whole of `text`, a trailing newline allowed. 0, -EINVAL or -ERANGE; *value set on 0 only. */
MUST_CHECK int parse_unsigned(const char *text, unsigned int base, uint64_t *value);
MUST_CHECK int parse_signed(const char *text, unsigned int base, int64_t *value);

/* Bytes, with an optional suffix K, M, G or T (powers of 1024, either case). */
MUST_CHECK int parse_size(const char *text, uint64_t *value);

#endif
