/*
 * DEFLATE. Bits are fetched eight bytes at a time into a 64-bit buffer; behind the input come zero
 * bits that nobody may use. The window is the output buffer: it goes to the sink when it is full.
 */
#include "base/codec/inflate.h"

#include "base/arithmetic.h"
#include "base/codec/crc32.h"
#include "base/errno.h"
#include "base/string.h"

#define WINDOW_MASK (INFLATE_WINDOW_SIZE - 1)
#define END_OF_BLOCK 256
#define FIRST_LENGTH_SYMBOL 257
#define LENGTH_SYMBOLS 29
#define DISTANCE_SYMBOLS 30

/* RFC 1951 3.2.5 */
static const uint16_t length_base[LENGTH_SYMBOLS] = {
	3,  4,	5,  6,	7,  8,	9,  10, 11,  13,  15,  17,  19,	 23, 27,
	31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
};
static const uint8_t length_extra[LENGTH_SYMBOLS] = {
	0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
};
static const uint16_t distance_base[DISTANCE_SYMBOLS] = {
	1,   2,	  3,   4,   5,	 7,    9,    13,   17,	 25,   33,   49,   65,	  97,	 129,
	193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577,
};
static const uint8_t distance_extra[DISTANCE_SYMBOLS] = {
	0, 0, 0, 0, 1, 1, 2, 2,	 3,  3,	 4,  4,	 5,  5,	 6,
	6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
};

/* RFC 1951 3.2.7: the order in which lengths of the code-length code are sent. */
static const uint8_t length_order[19] = {
	16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15,
};

/*
 * Have at least 48 bits, or all that are left. Where eight bytes can be loaded, the buffer's bits
 * above bit_count may already hold part of the next byte: the next load puts the same bits there.
 */
static void bits_refill(struct inflate *inflate)
{
	uint64_t word;

	if (likely(inflate->end - inflate->at >= (ptrdiff_t)sizeof(word))) {
		unsigned int bytes = (63 - inflate->bit_count) / 8;

		memcpy(&word, inflate->at, sizeof(word));
		inflate->bits |= word << inflate->bit_count;
		inflate->at += bytes;
		inflate->bit_count += bytes * 8;
		return;
	}
	while (inflate->bit_count <= 56 && inflate->at < inflate->end) {
		inflate->bits |= (uint64_t)*inflate->at++ << inflate->bit_count;
		inflate->bit_count += 8;
	}
}

/* The next `count` (up to 16) bits as a number, or -EBADMSG at the end of the input. */
static int bits_take(struct inflate *inflate, unsigned int count)
{
	uint64_t value;

	if (inflate->bit_count < count)
		bits_refill(inflate);
	if (inflate->bit_count < count)
		return -EBADMSG;
	value = inflate->bits & (BIT(count) - 1);
	inflate->bits >>= count;
	inflate->bit_count -= count;
	return (int)value;
}

/* Hand the filled part of the window to the sink. */
static int window_flush(struct inflate *inflate, size_t length)
{
	if (!length)
		return 0;
	inflate->checksum = crc32(inflate->checksum, inflate->window, length);
	return inflate->sink->write(inflate->sink, inflate->window, length);
}

static inline int output_byte(struct inflate *inflate, uint8_t byte)
{
	inflate->window[inflate->written++ & WINDOW_MASK] = byte;
	if (unlikely((inflate->written & WINDOW_MASK) == 0))
		return window_flush(inflate, INFLATE_WINDOW_SIZE);
	return 0;
}

/* Codes are sent from their highest bit, so tables are indexed by the code with its bits turned. */
static unsigned int reverse_bits(unsigned int code, unsigned int length)
{
	unsigned int reversed = 0;

	for (; length; length--, code >>= 1)
		reversed = reversed << 1 | (code & 1);
	return reversed;
}

/* Enter all short codes into the fast table, in every completion of their bits. */
static void code_fill_fast(struct inflate_code *code, const uint8_t *lengths,
			   unsigned int symbol_count)
{
	uint16_t next[INFLATE_CODE_BITS + 1];
	unsigned int first = 0;

	for (unsigned int length = 1; length <= INFLATE_CODE_BITS; length++) {
		first = (first + (length > 1 ? code->count[length - 1] : 0)) << 1;
		next[length] = (uint16_t)first;
	}
	memset(code->fast, 0, sizeof(code->fast));
	for (unsigned int symbol = 0; symbol < symbol_count; symbol++) {
		unsigned int length = lengths[symbol];
		unsigned int at;

		if (length == 0 || length > INFLATE_FAST_BITS)
			continue;
		at = reverse_bits(next[length]++, length);
		for (; at < ARRAY_SIZE(code->fast); at += 1u << length)
			code->fast[at] = (uint16_t)(symbol << 4 | length);
	}
}

/*
 * Build a code from the length of each symbol's code (RFC 1951 3.2.2). Refuses lengths that claim
 * more codes than there are, and fewer unless only one code, of one bit, or none is used.
 */
static int code_build(struct inflate_code *code, const uint8_t *lengths, unsigned int symbol_count)
{
	uint16_t offsets[INFLATE_CODE_BITS + 2];
	int left = 1;

	memset(code->count, 0, sizeof(code->count));
	for (unsigned int symbol = 0; symbol < symbol_count; symbol++)
		code->count[lengths[symbol]]++;
	offsets[1] = 0;
	for (unsigned int length = 1; length <= INFLATE_CODE_BITS; length++) {
		left = left * 2 - code->count[length];
		if (left < 0)
			return -EBADMSG;
		offsets[length + 1] = (uint16_t)(offsets[length] + code->count[length]);
	}
	if (left > 0 && offsets[INFLATE_CODE_BITS + 1] != code->count[1])
		return -EBADMSG;
	for (unsigned int symbol = 0; symbol < symbol_count; symbol++) {
		if (lengths[symbol])
			code->symbols[offsets[lengths[symbol]]++] = (uint16_t)symbol;
	}
	code->count[0] = 0;
	code_fill_fast(code, lengths, symbol_count);
	return 0;
}

/* A code longer than the fast table: compare, length by length, with the codes of that length. */
static int code_decode_slow(struct inflate *inflate, const struct inflate_code *code)
{
	unsigned int value = 0;
	unsigned int first = 0;
	unsigned int index = 0;

	for (unsigned int length = 1; length <= min(inflate->bit_count, INFLATE_CODE_BITS);
	     length++) {
		unsigned int count = code->count[length];

		value = value << 1 | (inflate->bits >> (length - 1) & 1);
		first <<= 1;
		if (value - first < count) {
			inflate->bits >>= length;
			inflate->bit_count -= length;
			return code->symbols[index + value - first];
		}
		index += count;
		first += count;
	}
	return -EBADMSG;
}

/* The next symbol, or -EBADMSG. */
static inline int code_decode(struct inflate *inflate, const struct inflate_code *code)
{
	unsigned int entry;
	unsigned int length;

	if (inflate->bit_count < INFLATE_CODE_BITS)
		bits_refill(inflate);
	entry = code->fast[inflate->bits & (ARRAY_SIZE(code->fast) - 1)];
	length = entry & 15;
	if (!length || length > inflate->bit_count)
		return code_decode_slow(inflate, code);
	inflate->bits >>= length;
	inflate->bit_count -= length;
	return (int)(entry >> 4);
}

/* Repeat `length` bytes from `distance` back; they may overlap what is written. */
static int output_copy(struct inflate *inflate, unsigned int length, unsigned int distance)
{
	if (distance > inflate->written)
		return -EBADMSG;
	while (length--) {
		uint8_t byte = inflate->window[(inflate->written - distance) & WINDOW_MASK];
		int error = output_byte(inflate, byte);

		if (error)
			return error;
	}
	return 0;
}

/* The rest of a length and distance pair that begins with `symbol`. */
static int inflate_match(struct inflate *inflate, unsigned int symbol)
{
	unsigned int length;
	int extra;
	int distance;

	if (symbol >= LENGTH_SYMBOLS)
		return -EBADMSG;
	extra = bits_take(inflate, length_extra[symbol]);
	if (extra < 0)
		return extra;
	length = length_base[symbol] + (unsigned int)extra;
	distance = code_decode(inflate, &inflate->distance_code);
	if (distance < 0)
		return distance;
	if (distance >= DISTANCE_SYMBOLS)
		return -EBADMSG;
	extra = bits_take(inflate, distance_extra[distance]);
	if (extra < 0)
		return extra;
	return output_copy(inflate, length, distance_base[distance] + (unsigned int)extra);
}

/*
 * The fast loop's own copy of what it works on. It runs while a whole pair is certain to be in the
 * input and the longest match is certain to fit behind `out`, so that neither is checked inside.
 */
struct fast_state {
	const uint8_t *at;
	uint64_t bits;
	unsigned int bit_count;
	uint8_t *out;
};

#define FAST_INPUT 16	/* two refills of 8 bytes, the first of which advances by 7 */
#define FAST_MATCH 258

static inline void fast_refill(struct fast_state *state)
{
	uint64_t word;

	memcpy(&word, state->at, sizeof(word));
	state->bits |= word << state->bit_count;
	state->at += (63 - state->bit_count) / 8;
	state->bit_count |= 56;
}

static inline unsigned int fast_take(struct fast_state *state, unsigned int count)
{
	unsigned int value = (unsigned int)state->bits & ((1u << count) - 1);

	state->bits >>= count;
	state->bit_count -= count;
	return value;
}

/* Nothing is written behind the match: there lie the oldest bytes, which may still be wanted. */
static inline void fast_copy(uint8_t *out, const uint8_t *from, unsigned int length,
			     unsigned int distance)
{
	if (distance >= 8) {
		for (; length >= 8; length -= 8, out += 8, from += 8)
			memcpy(out, from, 8);
	}
	while (length--)
		*out++ = *from++;
}

/*
 * A match whose length symbol was decoded. After the refill 5 + 10 + 13 bits at most are used.
 * False, and nothing is taken, when the slow way has to do it.
 */
static bool fast_match(struct inflate *inflate, struct fast_state *state, unsigned int symbol)
{
	struct fast_state before = *state;
	unsigned int length, entry, distance;
	size_t position, from;

	if (symbol >= LENGTH_SYMBOLS)
		return false;
	fast_refill(state);
	length = length_base[symbol] + fast_take(state, length_extra[symbol]);
	entry = inflate->distance_code.fast[state->bits & (BIT(INFLATE_FAST_BITS) - 1)];
	if ((entry & 15) == 0 || entry >> 4 >= DISTANCE_SYMBOLS) {
		*state = before;
		return false;
	}
	fast_take(state, entry & 15);
	distance = distance_base[entry >> 4] + fast_take(state, distance_extra[entry >> 4]);
	position = (size_t)(state->out - inflate->window);
	from = (position - distance) & WINDOW_MASK;
	if ((distance > position && inflate->written < INFLATE_WINDOW_SIZE) ||
	    from + length > INFLATE_WINDOW_SIZE) {
		*state = before;
		return false;
	}
	fast_copy(state->out, inflate->window + from, length, distance);
	state->out += length;
	return true;
}

/* Decodes as long as it can; what it leaves begins with a whole symbol. */
static void inflate_codes_fast(struct inflate *inflate)
{
	uint8_t *start = inflate->window + (inflate->written & WINDOW_MASK);
	const uint8_t *limit = inflate->window + INFLATE_WINDOW_SIZE - FAST_MATCH - 4;
	const uint16_t *fast = inflate->literal_code.fast;
	struct fast_state state = { inflate->at, inflate->bits, inflate->bit_count, start };

	while (state.out < limit && inflate->end - state.at >= FAST_INPUT) {
		unsigned int entry, symbol;

		fast_refill(&state);
		entry = fast[state.bits & (BIT(INFLATE_FAST_BITS) - 1)];
		/* Four literals leave bits enough for one more symbol. */
		for (int i = 0; i < 4 && (entry & 15) && entry >> 4 < END_OF_BLOCK; i++) {
			fast_take(&state, entry & 15);
			*state.out++ = (uint8_t)(entry >> 4);
			entry = fast[state.bits & (BIT(INFLATE_FAST_BITS) - 1)];
		}
		symbol = entry >> 4;
		if ((entry & 15) == 0 || symbol == END_OF_BLOCK)
			break;
		if (symbol > END_OF_BLOCK) {
			struct fast_state before = state;

			fast_take(&state, entry & 15);
			if (!fast_match(inflate, &state, symbol - FIRST_LENGTH_SYMBOL)) {
				state = before;
				break;
			}
		}
	}
	inflate->at = state.at;
	inflate->bits = state.bits;
	inflate->bit_count = state.bit_count;
	inflate->written += (uint64_t)(state.out - start);
}

static int inflate_codes(struct inflate *inflate)
{
	for (;;) {
		int symbol;
		int error;

		inflate_codes_fast(inflate);
		symbol = code_decode(inflate, &inflate->literal_code);
		if (symbol < 0)
			return symbol;
		if (symbol == END_OF_BLOCK)
			return 0;
		if (symbol < END_OF_BLOCK)
			error = output_byte(inflate, (uint8_t)symbol);
		else
			error = inflate_match(inflate,
					      (unsigned int)symbol - FIRST_LENGTH_SYMBOL);
		if (error)
			return error;
	}
}

/* Put whole bytes that were fetched but not used back, and drop the rest of the current byte. */
static void bits_align(struct inflate *inflate)
{
	inflate->at -= inflate->bit_count / 8;
	inflate->bits = 0;
	inflate->bit_count = 0;
}

/* RFC 1951 3.2.4 */
static int inflate_stored(struct inflate *inflate)
{
	unsigned int length;
	unsigned int check;

	bits_align(inflate);
	if (inflate->end - inflate->at < 4)
		return -EBADMSG;
	length = inflate->at[0] | (unsigned int)inflate->at[1] << 8;
	check = inflate->at[2] | (unsigned int)inflate->at[3] << 8;
	inflate->at += 4;
	if (length != (check ^ 0xffff) || (size_t)(inflate->end - inflate->at) < length)
		return -EBADMSG;
	for (; length; length--) {
		int error = output_byte(inflate, *inflate->at++);

		if (error)
			return error;
	}
	return 0;
}

/* RFC 1951 3.2.6 */
static int inflate_fixed(struct inflate *inflate)
{
	uint8_t *lengths = inflate->lengths;
	int error;

	memset(lengths, 8, 144);
	memset(lengths + 144, 9, 112);
	memset(lengths + 256, 7, 24);
	memset(lengths + 280, 8, 8);
	error = code_build(&inflate->literal_code, lengths, INFLATE_SYMBOLS);
	if (error)
		return error;
	/* Thirty distances are valid, but the fixed code has places for 32. */
	memset(lengths, 5, 32);
	error = code_build(&inflate->distance_code, lengths, 32);
	return error ? error : inflate_codes(inflate);
}

/* How often, and what, a code-length symbol 16, 17 or 18 repeats. */
static int read_repeat(struct inflate *inflate, int symbol, uint8_t before, uint8_t *length)
{
	int extra;

	*length = symbol == 16 ? before : 0;
	if (symbol == 16)
		extra = bits_take(inflate, 2);
	else
		extra = bits_take(inflate, symbol == 17 ? 3 : 7);
	if (extra < 0)
		return extra;
	return extra + (symbol == 18 ? 11 : 3);
}

/* Read `count` code lengths, themselves coded, into inflate->lengths. */
static int read_lengths(struct inflate *inflate, unsigned int count)
{
	unsigned int filled = 0;

	while (filled < count) {
		int symbol = code_decode(inflate, &inflate->literal_code);
		uint8_t length = (uint8_t)symbol;
		int repeat = 1;

		if (symbol < 0)
			return symbol;
		if (symbol == 16 && filled == 0)
			return -EBADMSG;
		if (symbol >= 16)
			repeat = read_repeat(inflate, symbol,
					     filled ? inflate->lengths[filled - 1] : 0, &length);
		if (repeat < 0)
			return repeat;
		if ((unsigned int)repeat > count - filled)
			return -EBADMSG;
		memset(inflate->lengths + filled, length, (size_t)repeat);
		filled += (unsigned int)repeat;
	}
	return 0;
}

/* Read the code that the code lengths are coded in. */
static int read_length_code(struct inflate *inflate, unsigned int count)
{
	uint8_t lengths[ARRAY_SIZE(length_order)] = { 0 };

	for (unsigned int i = 0; i < count; i++) {
		int length = bits_take(inflate, 3);

		if (length < 0)
			return length;
		lengths[length_order[i]] = (uint8_t)length;
	}
	return code_build(&inflate->literal_code, lengths, ARRAY_SIZE(lengths));
}

/* RFC 1951 3.2.7 */
static int inflate_dynamic(struct inflate *inflate)
{
	int header = bits_take(inflate, 14);
	unsigned int literal_count;
	unsigned int distance_count;
	int error;

	if (header < 0)
		return header;
	literal_count = ((unsigned int)header & 31) + 257;
	distance_count = ((unsigned int)header >> 5 & 31) + 1;
	if (literal_count > 286 || distance_count > DISTANCE_SYMBOLS)
		return -EBADMSG;
	error = read_length_code(inflate, ((unsigned int)header >> 10) + 4);
	if (error)
		return error;
	error = read_lengths(inflate, literal_count + distance_count);
	if (error)
		return error;
	if (!inflate->lengths[END_OF_BLOCK])
		return -EBADMSG;
	error = code_build(&inflate->distance_code, inflate->lengths + literal_count,
			   distance_count);
	if (error)
		return error;
	error = code_build(&inflate->literal_code, inflate->lengths, literal_count);
	return error ? error : inflate_codes(inflate);
}

static int inflate_block(struct inflate *inflate, unsigned int type)
{
	switch (type) {
	case 0:
		return inflate_stored(inflate);
	case 1:
		return inflate_fixed(inflate);
	case 2:
		return inflate_dynamic(inflate);
	default:
		return -EBADMSG;
	}
}

int inflate_raw(struct inflate *inflate, const void *input, size_t length, size_t *used,
		struct inflate_sink *sink)
{
	int header;

	inflate->at = input;
	inflate->end = inflate->at + length;
	inflate->bits = 0;
	inflate->bit_count = 0;
	inflate->sink = sink;
	inflate->written = 0;
	inflate->checksum = 0;
	do {
		int error;

		header = bits_take(inflate, 3);
		if (header < 0)
			return header;
		error = inflate_block(inflate, (unsigned int)header >> 1);
		if (error)
			return error;
	} while (!(header & 1));
	bits_align(inflate);
	*used = (size_t)(inflate->at - (const uint8_t *)input);
	return window_flush(inflate, inflate->written & WINDOW_MASK);
}
