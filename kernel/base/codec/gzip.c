/* The gzip wrapper of RFC 1952 around DEFLATE streams: header, stream, CRC-32, length. */
#include "base/codec/inflate.h"

#include "base/arithmetic.h"
#include "base/errno.h"
#include "base/string.h"

#define GZIP_HEADER_SIZE 10
#define GZIP_TRAILER_SIZE 8

/* RFC 1952 2.3.1 */
#define GZIP_METHOD_DEFLATE 8
#define FHCRC 2
#define FEXTRA 4
#define FNAME 8
#define FCOMMENT 16
#define FLAGS_RESERVED 0xe0

static uint32_t load_little(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

bool inflate_is_gzip(const void *input, size_t length)
{
	const uint8_t *bytes = input;

	return length >= GZIP_HEADER_SIZE && bytes[0] == 0x1f && bytes[1] == 0x8b &&
	       bytes[2] == GZIP_METHOD_DEFLATE;
}

/* Skip a text that ends with a zero byte. */
static int skip_text(const uint8_t *bytes, size_t length, size_t *offset)
{
	const uint8_t *end = memchr(bytes + *offset, 0, length - *offset);

	if (!end)
		return -EBADMSG;
	*offset = (size_t)(end - bytes) + 1;
	return 0;
}

static int skip_bytes(size_t count, size_t length, size_t *offset)
{
	if (count > length - *offset)
		return -EBADMSG;
	*offset += count;
	return 0;
}

/* *offset becomes that of the DEFLATE stream. It never exceeds `length`. */
static int parse_header(const uint8_t *bytes, size_t length, size_t *offset)
{
	uint8_t flags;
	int error = 0;

	if (!inflate_is_gzip(bytes, length) || (bytes[3] & FLAGS_RESERVED))
		return -EBADMSG;
	flags = bytes[3];
	*offset = GZIP_HEADER_SIZE;
	if (flags & FEXTRA) {
		error = skip_bytes(2, length, offset);
		if (!error)
			error = skip_bytes(bytes[*offset - 2] | (size_t)bytes[*offset - 1] << 8,
					   length, offset);
	}
	if (!error && (flags & FNAME))
		error = skip_text(bytes, length, offset);
	if (!error && (flags & FCOMMENT))
		error = skip_text(bytes, length, offset);
	if (!error && (flags & FHCRC))
		error = skip_bytes(2, length, offset);
	return error;
}

/* One member; *used is its size. */
static int inflate_member(struct inflate *inflate, const uint8_t *bytes, size_t length,
			  size_t *used, struct inflate_sink *sink)
{
	size_t offset;
	size_t stream_size;
	int error = parse_header(bytes, length, &offset);

	if (error)
		return error;
	error = inflate_raw(inflate, bytes + offset, length - offset, &stream_size, sink);
	if (error)
		return error;
	offset += stream_size;
	if (!range_is_within(offset, GZIP_TRAILER_SIZE, length))
		return -EBADMSG;
	if (load_little(bytes + offset) != inflate->checksum ||
	    load_little(bytes + offset + 4) != (uint32_t)inflate->written)
		return -EBADMSG;
	*used = offset + GZIP_TRAILER_SIZE;
	return 0;
}

int inflate_gzip(struct inflate *inflate, const void *input, size_t length,
		 struct inflate_sink *sink)
{
	const uint8_t *bytes = input;

	do {
		size_t used;
		int error = inflate_member(inflate, bytes, length, &used, sink);

		if (error)
			return error;
		bytes += used;
		length -= used;
		while (length && *bytes == 0) {
			bytes++;
			length--;
		}
	} while (length);
	return 0;
}
