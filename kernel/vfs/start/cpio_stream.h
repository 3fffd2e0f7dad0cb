/*
 * Reads a cpio archive (format "newc") that comes in pieces of any size, as decompression gives it.
 * The archive is untrusted.
 */
#ifndef VFS_START_CPIO_STREAM_H
#define VFS_START_CPIO_STREAM_H

#include "base/compiler.h"
#include "base/types.h"

#define CPIO_HEADER_BYTES 110

struct cpio_member {
	uint32_t inode, mode, uid, gid, link_count, modified_s, size;
	uint32_t device_major, device_minor, node_major, node_minor;
	const char *name;		/* terminated */
};

/* What the reader does with members; an error ends the reading. All may sleep. */
struct cpio_stream_handler {
	/* Header and name are complete. For links the whole target follows as one call of data. */
	int (*begin)(struct cpio_stream_handler *handler, const struct cpio_member *member);
	int (*data)(struct cpio_stream_handler *handler, const uint8_t *bytes, size_t length);
	int (*end)(struct cpio_stream_handler *handler);
	/* "TRAILER!!!": hard links do not reach across. */
	void (*trailer)(struct cpio_stream_handler *handler);
};

enum cpio_stream_state {
	CPIO_STREAM_HEADER,
	CPIO_STREAM_NAME,
	CPIO_STREAM_NAME_PADDING,
	CPIO_STREAM_DATA,
	CPIO_STREAM_LINK,
	CPIO_STREAM_DATA_PADDING,
	CPIO_STREAM_BETWEEN,		/* zeros, or the next archive */
};

struct cpio_stream {
	struct cpio_stream_handler *handler;
	enum cpio_stream_state state;
	uint64_t offset;		/* bytes taken, for messages and alignment */
	uint32_t wanted, have;		/* of header, name, padding or data */
	struct cpio_member member;
	const char *problem;		/* after an error: what is wrong, or NULL */
	uint8_t header[CPIO_HEADER_BYTES];
	char name[4097];
	char link[4097];
};

void cpio_stream_init(struct cpio_stream *stream, struct cpio_stream_handler *handler);
/*
 * Takes bytes; *taken is less than length only when something that is no archive follows a trailer.
 * 0, -EBADMSG with `problem` set, or the handler's error.
 */
int cpio_stream_feed(struct cpio_stream *stream, const uint8_t *bytes, size_t length,
		     size_t *taken) MUST_CHECK;
/* The input is over: whether it ended where it may. */
int cpio_stream_finish(struct cpio_stream *stream) MUST_CHECK;

#endif
