/*
 * Walks a cpio archive in memory, format "newc" (SVR4 without or with checksum), as Linux packs an
 * initramfs. The archive is untrusted: every length is checked. Archives may follow each other.
 */
#ifndef BASE_CODEC_CPIO_H
#define BASE_CODEC_CPIO_H

#include "base/compiler.h"
#include "base/types.h"

struct cpio {
	const uint8_t *bytes;
	size_t size;
	size_t offset;	  /* of the next header */
	uint32_t archive; /* which of the concatenated archives it belongs to */
};

/* One member. Pointers lead into the archive. */
struct cpio_entry {
	const char *name; /* terminated, not empty; slashes and dots as somebody wrote them */
	size_t name_length;
	const uint8_t *data; /* contents of a file, target of a symbolic link (not terminated) */
	uint32_t size;
	uint32_t mode; /* as in struct stat */
	uint32_t uid;
	uint32_t gid;
	uint32_t modified_s; /* seconds since 1970 */
	/*
	 * Hard links: entries of one archive with link_count > 1 and the same inode and device
	 * numbers are one file; usually only the last one has the contents.
	 */
	uint32_t link_count;
	uint32_t inode;
	uint32_t device_major;
	uint32_t device_minor;
	uint32_t archive;
	/* What a device node stands for. */
	uint32_t node_major;
	uint32_t node_minor;
};

void cpio_init(struct cpio *cpio, const void *bytes, size_t size);

/* Fetch the next member: 1, 0 at the end, or -EBADMSG (and then again) if the archive is broken. */
MUST_CHECK int cpio_next(struct cpio *cpio, struct cpio_entry *entry);

#endif
