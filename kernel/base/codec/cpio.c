/*
 * A newc member is a header of "070701" and thirteen numbers of eight hex digits, the name, and the
 * contents; name and contents each end at a multiple of four bytes. "TRAILER!!!" ends an archive.
 */
#include "base/codec/cpio.h"

#include "base/arithmetic.h"
#include "base/string.h"

#define CPIO_MAGIC_SIZE 6
#define CPIO_DIGITS 8
#define CPIO_ALIGNMENT 4

enum cpio_field {
	CPIO_INODE,
	CPIO_MODE,
	CPIO_UID,
	CPIO_GID,
	CPIO_LINK_COUNT,
	CPIO_MODIFIED,
	CPIO_FILE_SIZE,
	CPIO_DEVICE_MAJOR,
	CPIO_DEVICE_MINOR,
	CPIO_NODE_MAJOR,
	CPIO_NODE_MINOR,
	CPIO_NAME_SIZE,
	CPIO_CHECKSUM,
	CPIO_FIELD_COUNT,
};

#define CPIO_HEADER_SIZE (CPIO_MAGIC_SIZE + CPIO_FIELD_COUNT * CPIO_DIGITS)

void cpio_init(struct cpio *cpio, const void *bytes, size_t size)
{
	*cpio = (struct cpio){ .bytes = bytes, .size = size };
}

static int parse_field(const uint8_t *digits, uint32_t *value)
{
	*value = 0;
	for (int i = 0; i < CPIO_DIGITS; i++) {
		uint8_t digit = digits[i];

		if (digit >= '0' && digit <= '9')
			digit = (uint8_t)(digit - '0');
		else if (digit >= 'a' && digit <= 'f')
			digit = (uint8_t)(digit - 'a' + 10);
		else if (digit >= 'A' && digit <= 'F')
			digit = (uint8_t)(digit - 'A' + 10);
		else
			return -EBADMSG;
		*value = *value << 4 | digit;
	}
	return 0;
}

static int parse_header(const struct cpio *cpio, size_t offset, uint32_t fields[CPIO_FIELD_COUNT])
{
	const uint8_t *header = cpio->bytes + offset;

	if (!range_is_within(offset, CPIO_HEADER_SIZE, cpio->size))
		return -EBADMSG;
	if (memcmp(header, "070701", CPIO_MAGIC_SIZE) != 0 &&
	    memcmp(header, "070702", CPIO_MAGIC_SIZE) != 0)
		return -EBADMSG;
	for (int i = 0; i < CPIO_FIELD_COUNT; i++) {
		int error = parse_field(header + CPIO_MAGIC_SIZE + i * CPIO_DIGITS, &fields[i]);

		if (error)
			return error;
	}
	return 0;
}

static void fill_entry(struct cpio_entry *entry, const uint32_t fields[CPIO_FIELD_COUNT])
{
	*entry = (struct cpio_entry){
		.size = fields[CPIO_FILE_SIZE],
		.mode = fields[CPIO_MODE],
		.uid = fields[CPIO_UID],
		.gid = fields[CPIO_GID],
		.modified_s = fields[CPIO_MODIFIED],
		.link_count = fields[CPIO_LINK_COUNT],
		.inode = fields[CPIO_INODE],
		.device_major = fields[CPIO_DEVICE_MAJOR],
		.device_minor = fields[CPIO_DEVICE_MINOR],
		.node_major = fields[CPIO_NODE_MAJOR],
		.node_minor = fields[CPIO_NODE_MINOR],
		.name_length = fields[CPIO_NAME_SIZE],
	};
}

/* Find name and contents behind the header at `offset`; *next is the offset behind the member. */
static int place_entry(const struct cpio *cpio, size_t offset, struct cpio_entry *entry,
		       size_t *next)
{
	uint64_t name = offset + CPIO_HEADER_SIZE;
	uint64_t name_size = entry->name_length;
	uint64_t data;

	/* Sizes have 32 bits: sums in 64 bits do not wrap, the offset being inside the memory. */
	if (name_size < 2 || !range_is_within(name, name_size, cpio->size))
		return -EBADMSG;
	data = align_up(name + name_size, CPIO_ALIGNMENT);
	if (!range_is_within(data, entry->size, cpio->size))
		return -EBADMSG;
	entry->name = (const char *)cpio->bytes + name;
	entry->name_length = name_size - 1;
	entry->data = cpio->bytes + data;
	if (memchr(entry->name, 0, name_size) != entry->name + entry->name_length)
		return -EBADMSG;
	*next = min(align_up(data + entry->size, CPIO_ALIGNMENT), (uint64_t)cpio->size);
	return 0;
}

static void skip_zeros(struct cpio *cpio)
{
	while (cpio->offset < cpio->size && cpio->bytes[cpio->offset] == 0)
		cpio->offset++;
}

int cpio_next(struct cpio *cpio, struct cpio_entry *entry)
{
	for (;;) {
		uint32_t fields[CPIO_FIELD_COUNT];
		size_t next;
		int error;

		skip_zeros(cpio);
		if (cpio->offset == cpio->size)
			return 0;
		error = parse_header(cpio, cpio->offset, fields);
		if (error)
			return error;
		fill_entry(entry, fields);
		error = place_entry(cpio, cpio->offset, entry, &next);
		if (error)
			return error;
		entry->archive = cpio->archive;
		cpio->offset = next;
		if (strcmp(entry->name, "TRAILER!!!") != 0)
			return 1;
		cpio->archive++;
	}
}
