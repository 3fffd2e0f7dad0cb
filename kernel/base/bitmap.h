/* Arrays of bits in uint64_t words of the caller. Not atomic: the owner's lock guards them. */
#ifndef BASE_BITMAP_H
#define BASE_BITMAP_H

#include "base/compiler.h"
#include "base/types.h"

#define BITMAP_WORD_BITS 64
#define BITMAP_WORDS(bits) (((bits) + BITMAP_WORD_BITS - 1) / BITMAP_WORD_BITS)

/* struct { BITMAP(used, 100); } declares a member that holds 100 bits. */
#define BITMAP(name, bits) uint64_t name[BITMAP_WORDS(bits)]

static inline void bitmap_set(uint64_t *bitmap, size_t bit)
{
	bitmap[bit / BITMAP_WORD_BITS] |= BIT(bit % BITMAP_WORD_BITS);
}

static inline void bitmap_clear(uint64_t *bitmap, size_t bit)
{
	bitmap[bit / BITMAP_WORD_BITS] &= ~BIT(bit % BITMAP_WORD_BITS);
}

static inline bool bitmap_test(const uint64_t *bitmap, size_t bit)
{
	return bitmap[bit / BITMAP_WORD_BITS] >> (bit % BITMAP_WORD_BITS) & 1;
}

/* Set or clear `count` bits from `first`. */
void bitmap_set_range(uint64_t *bitmap, size_t first, size_t count);
void bitmap_clear_range(uint64_t *bitmap, size_t first, size_t count);

/* The first set or clear bit at or behind `from` in a map of `bits`; `bits` if there is none. */
size_t bitmap_find_set(const uint64_t *bitmap, size_t bits, size_t from);
size_t bitmap_find_clear(const uint64_t *bitmap, size_t bits, size_t from);

/* The first run of `count` clear bits at or behind `from`; `bits` if there is none. */
size_t bitmap_find_clear_range(const uint64_t *bitmap, size_t bits, size_t from, size_t count);

/* The number of set bits among the first `bits`. */
size_t bitmap_count(const uint64_t *bitmap, size_t bits);

#define bitmap_for_each_set(bit, bitmap, bits) \
	for (bit = bitmap_find_set(bitmap, bits, 0); bit < (bits); \
	     bit = bitmap_find_set(bitmap, bits, bit + 1))

#endif
