/* Searching and filling bit arrays a word at a time. */
#include "base/bitmap.h"

/* The bits of word number `word` that lie within [first, end). */
static uint64_t word_mask(size_t word, size_t first, size_t end)
{
	size_t start = word * BITMAP_WORD_BITS;
	uint64_t mask = ~UINT64_C(0);

	if (first > start)
		mask &= ~UINT64_C(0) << (first - start);
	if (end < start + BITMAP_WORD_BITS)
		mask &= ~(~UINT64_C(0) << (end - start));
	return mask;
}

void bitmap_set_range(uint64_t *bitmap, size_t first, size_t count)
{
	size_t end = first + count;

	for (size_t word = first / BITMAP_WORD_BITS; word < BITMAP_WORDS(end); word++)
		bitmap[word] |= word_mask(word, first, end);
}

void bitmap_clear_range(uint64_t *bitmap, size_t first, size_t count)
{
	size_t end = first + count;

	for (size_t word = first / BITMAP_WORD_BITS; word < BITMAP_WORDS(end); word++)
		bitmap[word] &= ~word_mask(word, first, end);
}

/* The first bit at or behind `from` that is set once its word is xored with `flip`. */
static size_t find_bit(const uint64_t *bitmap, size_t bits, size_t from, uint64_t flip)
{
	if (from >= bits)
		return bits;
	for (size_t word = from / BITMAP_WORD_BITS; word < BITMAP_WORDS(bits); word++) {
		uint64_t found = (bitmap[word] ^ flip) & word_mask(word, from, bits);

		if (found)
			return word * BITMAP_WORD_BITS + (size_t)__builtin_ctzll(found);
	}
	return bits;
}

size_t bitmap_find_set(const uint64_t *bitmap, size_t bits, size_t from)
{
	return find_bit(bitmap, bits, from, 0);
}

size_t bitmap_find_clear(const uint64_t *bitmap, size_t bits, size_t from)
{
	return find_bit(bitmap, bits, from, ~UINT64_C(0));
}

size_t bitmap_find_clear_range(const uint64_t *bitmap, size_t bits, size_t from, size_t count)
{
	size_t first = bitmap_find_clear(bitmap, bits, from);

	while (first < bits && count <= bits - first) {
		size_t end = bitmap_find_set(bitmap, first + count, first);

		if (end == first + count)
			return first;
		first = bitmap_find_clear(bitmap, bits, end);
	}
	return bits;
}

size_t bitmap_count(const uint64_t *bitmap, size_t bits)
{
	size_t count = 0;

	for (size_t word = 0; word < BITMAP_WORDS(bits); word++)
		count += (size_t)__builtin_popcountll(bitmap[word] & word_mask(word, 0, bits));
	return count;
}
