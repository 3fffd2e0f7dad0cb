/*
 * Decompression of DEFLATE data (RFC 1951) and gzip files (RFC 1952) from memory into a sink. The
 * input is untrusted: any bytes end in success or an error, in time bound by input and output size.
 */
#ifndef BASE_CODEC_INFLATE_H
#define BASE_CODEC_INFLATE_H

#include "base/compiler.h"
#include "base/types.h"

#define INFLATE_WINDOW_SIZE 32768
#define INFLATE_FAST_BITS 10
#define INFLATE_CODE_BITS 15
#define INFLATE_SYMBOLS 288

/* Receives the output in pieces of at most INFLATE_WINDOW_SIZE. An error ends the decompression. */
struct inflate_sink {
	int (*write)(struct inflate_sink *sink, const uint8_t *bytes, size_t length);
};

/* A Huffman code: a table for codes up to INFLATE_FAST_BITS, counts and symbols for longer ones. */
struct inflate_code {
	uint16_t fast[1 << INFLATE_FAST_BITS]; /* symbol * 16 + length; 0: not in this table */
	uint16_t count[INFLATE_CODE_BITS + 1]; /* codes of each length */
	uint16_t symbols[INFLATE_SYMBOLS];     /* in order of code */
};

/* Work space, about 40 KB: the caller allocates it, any contents, and frees it afterwards. */
struct inflate {
	const uint8_t *at;
	const uint8_t *end;
	uint64_t bits;	    /* fetched, not yet used, the next one lowest */
	uint32_t bit_count;
	struct inflate_sink *sink;
	uint64_t written;   /* bytes of output so far, in this gzip member or stream */
	uint32_t checksum;  /* CRC-32 of the output handed on */
	struct inflate_code literal_code;
	struct inflate_code distance_code;
	uint8_t lengths[INFLATE_SYMBOLS + 32];
	uint8_t window[INFLATE_WINDOW_SIZE];
};

/*
 * Decompress one DEFLATE stream. *used is the number of input bytes it took. 0, -EBADMSG if the
 * data is broken or cut, or the sink's error. May sleep if the sink does.
 */
MUST_CHECK int inflate_raw(struct inflate *inflate, const void *input, size_t length, size_t *used,
			   struct inflate_sink *sink);

/* True if `input` begins like a gzip file. */
bool inflate_is_gzip(const void *input, size_t length);

/*
 * Decompress a gzip file: one member or more, zero bytes allowed behind the last. Checks lengths
 * and checksums. 0, -EBADMSG or the sink's error; the sink may have got data before an error.
 */
MUST_CHECK int inflate_gzip(struct inflate *inflate, const void *input, size_t length,
			    struct inflate_sink *sink);

#endif
