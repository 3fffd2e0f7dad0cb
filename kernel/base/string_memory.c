/*
 * Copy, fill and compare memory eight bytes at a time, for CPUs whose arch/ folder has nothing
 * better. The x86_64 kernel and the host build leave this file out.
 */
#include "base/string.h"

#define WORD_SIZE sizeof(uint64_t)

/* A word at any address, of any object. */
struct loose_word {
	uint64_t value;
} __packed MAY_ALIAS;

static inline uint64_t word_load(const unsigned char *at)
{
	return ((const struct loose_word *)at)->value;
}

static inline void word_store(unsigned char *at, uint64_t value)
{
	((struct loose_word *)at)->value = value;
}

NO_LOOP_IDIOM void *(memcpy)(void *restrict to, const void *restrict from, size_t length)
{
	unsigned char *target = to;
	const unsigned char *source = from;

	for (; length >= WORD_SIZE; length -= WORD_SIZE) {
		word_store(target, word_load(source));
		target += WORD_SIZE;
		source += WORD_SIZE;
	}
	while (length--)
		*target++ = *source++;
	return to;
}

/* From the end, for a target that overlaps the source from above. */
NO_LOOP_IDIOM static void copy_backward(unsigned char *to, const unsigned char *from, size_t length)
{
	for (; length >= WORD_SIZE; length -= WORD_SIZE)
		word_store(to + length - WORD_SIZE, word_load(from + length - WORD_SIZE));
	while (length--)
		to[length] = from[length];
}

/* Each word is loaded before it is stored, and stores stay behind the loads: forward is safe. */
NO_LOOP_IDIOM static void copy_forward(unsigned char *to, const unsigned char *from, size_t length)
{
	for (; length >= WORD_SIZE; length -= WORD_SIZE) {
		word_store(to, word_load(from));
		to += WORD_SIZE;
		from += WORD_SIZE;
	}
	while (length--)
		*to++ = *from++;
}

NO_LOOP_IDIOM void *(memmove)(void *to, const void *from, size_t length)
{
	if ((uintptr_t)to - (uintptr_t)from >= length)
		copy_forward(to, from, length);
	else
		copy_backward(to, from, length);
	return to;
}

NO_LOOP_IDIOM void *(memset)(void *to, int byte, size_t length)
{
	unsigned char *target = to;
	uint64_t pattern = (unsigned char)byte * UINT64_C(0x0101010101010101);

	for (; length >= WORD_SIZE; length -= WORD_SIZE) {
		word_store(target, pattern);
		target += WORD_SIZE;
	}
	while (length--)
		*target++ = (unsigned char)byte;
	return to;
}

NO_LOOP_IDIOM int(memcmp)(const void *a, const void *b, size_t length)
{
	const unsigned char *left = a;
	const unsigned char *right = b;

	while (length >= WORD_SIZE && word_load(left) == word_load(right)) {
		left += WORD_SIZE;
		right += WORD_SIZE;
		length -= WORD_SIZE;
	}
	for (; length; length--, left++, right++) {
		if (*left != *right)
			return *left - *right;
	}
	return 0;
}
