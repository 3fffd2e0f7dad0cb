/* The string functions of the C library. The host build leaves this file out and uses its own. */
#include "base/string.h"

#define LOW_BITS UINT64_C(0x0101010101010101)
#define HIGH_BITS UINT64_C(0x8080808080808080)

typedef uint64_t MAY_ALIAS text_word_t;

/* Not 0 if one of the eight bytes is 0. */
static inline uint64_t word_zero_bytes(uint64_t word)
{
	return (word - LOW_BITS) & ~word & HIGH_BITS;
}

/* Reads whole aligned words: past the end, but never into another page. */
NO_SANITIZE_ADDRESS NO_LOOP_IDIOM size_t strlen(const char *text)
{
	const char *at = text;
	const text_word_t *word;

	for (; !is_aligned((uintptr_t)at, sizeof(uint64_t)); at++) {
		if (!*at)
			return (size_t)(at - text);
	}
	for (word = (const text_word_t *)at; !word_zero_bytes(*word); word++)
		;
	for (at = (const char *)word; *at; at++)
		;
	return (size_t)(at - text);
}

size_t strnlen(const char *text, size_t limit)
{
	const char *end = memchr(text, 0, limit);

	return end ? (size_t)(end - text) : limit;
}

NO_LOOP_IDIOM void *memchr(const void *from, int byte, size_t length)
{
	const unsigned char *at = from;

	for (; length; length--, at++) {
		if (*at == (unsigned char)byte)
			return (void *)at;
	}
	return NULL;
}

int strcmp(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t limit)
{
	for (; limit; limit--, a++, b++) {
		if (*a != *b)
			return (unsigned char)*a - (unsigned char)*b;
		if (!*a)
			return 0;
	}
	return 0;
}

NO_LOOP_IDIOM char *strchr(const char *text, int character)
{
	for (; *text != (char)character; text++) {
		if (!*text)
			return NULL;
	}
	return (char *)text;
}

char *strrchr(const char *text, int character)
{
	const char *last = NULL;

	do {
		if (*text == (char)character)
			last = text;
	} while (*text++);
	return (char *)last;
}

char *strstr(const char *text, const char *wanted)
{
	size_t length = strlen(wanted);

	if (!length)
		return (char *)text;
	for (; (text = strchr(text, *wanted)); text++) {
		if (strncmp(text, wanted, length) == 0)
			return (char *)text;
	}
	return NULL;
}
