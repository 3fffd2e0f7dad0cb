/*
 * A newc member is a header of "070701" and thirteen numbers of eight hex digits, the name, and the
 * contents; name and contents each end at a multiple of four bytes.
 */
#include "vfs/start/cpio_stream.h"
#include "base/errno.h"
#include "base/string.h"

#define MODE_TYPE 0170000
#define MODE_LINK 0120000

static const char trailer_name[] = "TRAILER!!!";

void cpio_stream_init(struct cpio_stream *stream, struct cpio_stream_handler *handler)
{
	memset(stream, 0, sizeof(*stream));
	stream->handler = handler;
	stream->state = CPIO_STREAM_BETWEEN;
}

static int fail(struct cpio_stream *stream, const char *problem)
{
	stream->problem = problem;
	return -EBADMSG;
}

static void expect(struct cpio_stream *stream, enum cpio_stream_state state, uint32_t wanted)
{
	stream->state = state;
	stream->wanted = wanted;
	stream->have = 0;
}

static void expect_padding(struct cpio_stream *stream, enum cpio_stream_state state)
{
	expect(stream, state, (uint32_t)(-stream->offset & 3));
}

static bool number_read(const uint8_t *digits, uint32_t *value)
{
	*value = 0;
	for (int i = 0; i < 8; i++) {
		unsigned digit = digits[i];

		if (digit - '0' < 10)
			digit -= '0';
		else if ((digit | 0x20) - 'a' < 6)
			digit = (digit | 0x20) - 'a' + 10;
		else
			return false;
		*value = *value << 4 | digit;
	}
	return true;
}

static int header_take(struct cpio_stream *stream)
{
	struct cpio_member *member = &stream->member;
	uint32_t name_size, checksum;
	uint32_t *const fields[] = {
		&member->inode, &member->mode, &member->uid, &member->gid, &member->link_count,
		&member->modified_s, &member->size, &member->device_major, &member->device_minor,
		&member->node_major, &member->node_minor, &name_size, &checksum,
	};

	if (memcmp(stream->header, "070701", 6) != 0 && memcmp(stream->header, "070702", 6) != 0)
		return fail(stream, "no cpio header (\"070701\") where a member must begin");
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (!number_read(stream->header + 6 + 8 * i, fields[i]))
			return fail(stream, "a header field is not a hexadecimal number");
	if (name_size == 0 || name_size >= sizeof(stream->name))
		return fail(stream, "a name is empty or longer than 4096 bytes");
	expect(stream, CPIO_STREAM_NAME, name_size);
	return 0;
}

static int name_take(struct cpio_stream *stream)
{
	struct cpio_member *member = &stream->member;

	if (stream->name[stream->wanted - 1] != '\0')
		return fail(stream, "a name has no end");
	member->name = stream->name;
	expect_padding(stream, CPIO_STREAM_NAME_PADDING);
	return 0;
}

/* The name's padding is over: the member is known. */
static int member_begin(struct cpio_stream *stream)
{
	struct cpio_member *member = &stream->member;
	int error;

	if (strcmp(member->name, trailer_name) == 0) {
		stream->handler->trailer(stream->handler);
		expect(stream, CPIO_STREAM_BETWEEN, 0);
		return 0;
	}
	if ((member->mode & MODE_TYPE) == MODE_LINK) {
		if (member->size == 0 || member->size >= sizeof(stream->link))
			return fail(stream, "a symbolic link is empty or longer than 4096 bytes");
		expect(stream, CPIO_STREAM_LINK, member->size);
	} else {
		expect(stream, CPIO_STREAM_DATA, member->size);
	}
	error = stream->handler->begin(stream->handler, member);
	return error;
}

static int link_take(struct cpio_stream *stream)
{
	stream->link[stream->wanted] = '\0';
	return stream->handler->data(stream->handler, (const uint8_t *)stream->link,
				     stream->wanted + 1);
}

static int member_end(struct cpio_stream *stream)
{
	expect_padding(stream, CPIO_STREAM_DATA_PADDING);
	return stream->handler->end(stream->handler);
}

/* What is expected is complete: on to the next thing. */
static int step(struct cpio_stream *stream)
{
	int error;

	switch (stream->state) {
	case CPIO_STREAM_HEADER:
		return header_take(stream);
	case CPIO_STREAM_NAME:
		return name_take(stream);
	case CPIO_STREAM_NAME_PADDING:
		return member_begin(stream);
	case CPIO_STREAM_LINK:
		error = link_take(stream);
		return error ? error : member_end(stream);
	case CPIO_STREAM_DATA:
		return member_end(stream);
	case CPIO_STREAM_DATA_PADDING:
	case CPIO_STREAM_BETWEEN:
		break;
	}
	expect(stream, CPIO_STREAM_HEADER, CPIO_HEADER_BYTES);
	return 0;
}

/* Copies, or hands on, what there is of what is wanted. */
static int part_take(struct cpio_stream *stream, const uint8_t *bytes, uint32_t count)
{
	switch (stream->state) {
	case CPIO_STREAM_HEADER:
		memcpy(stream->header + stream->have, bytes, count);
		return 0;
	case CPIO_STREAM_NAME:
		memcpy(stream->name + stream->have, bytes, count);
		return 0;
	case CPIO_STREAM_LINK:
		memcpy(stream->link + stream->have, bytes, count);
		return 0;
	case CPIO_STREAM_DATA:
		return stream->handler->data(stream->handler, bytes, count);
	default:
		return 0;
	}
}

int cpio_stream_feed(struct cpio_stream *stream, const uint8_t *bytes, size_t length,
		     size_t *taken)
{
	*taken = 0;
	for (;;) {
		uint32_t count;
		int error;

		if (stream->state == CPIO_STREAM_BETWEEN) {
			while (*taken < length && bytes[*taken] == 0) {
				(*taken)++;
				stream->offset++;
			}
			if (*taken == length || bytes[*taken] != '0')
				return 0;
			stream->offset = 0;
			expect(stream, CPIO_STREAM_HEADER, CPIO_HEADER_BYTES);
		}
		count = (uint32_t)min((size_t)(stream->wanted - stream->have), length - *taken);
		if (count > 0) {
			error = part_take(stream, bytes + *taken, count);
			if (error)
				return error;
			stream->have += count;
			stream->offset += count;
			*taken += count;
		}
		if (stream->have < stream->wanted)
			return 0;
		error = step(stream);
		if (error)
			return error;
	}
}

int cpio_stream_finish(struct cpio_stream *stream)
{
	if (stream->state == CPIO_STREAM_BETWEEN ||
	    (stream->state == CPIO_STREAM_HEADER && stream->have == 0) ||
	    stream->state == CPIO_STREAM_DATA_PADDING)
		return 0;
	return fail(stream, "the archive is cut off");
}
