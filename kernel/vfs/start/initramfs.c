/*
 * Fills the first file system from the archive that the loader brought: cpio archives one after
 * another, each plain or in gzip. Memory that was read is given back on the way, so that a small
 * machine never holds the archive and its contents at the same time.
 */
#include "arch/mmu.h"
#include "base/codec/inflate.h"
#include "base/errno.h"
#include "base/string.h"
#include "base/table/hash.h"
#include "device/node.h"
#include "file/file.h"
#include "log/errno_name.h"
#include "log/log.h"
#include "memory/heap.h"
#include "vfs/start/cpio_stream.h"
#include "vfs/vfs.h"
#include <abi/fcntl.h>

#define LINK_BUCKETS 64
/* How much of a plain archive is read before its memory is given back. */
#define PIECE_BYTES ((size_t)256 << 10)

/* A file with several names: later members of the same number are links to the first. */
struct known_link {
	struct known_link *next;
	uint32_t inode, device_major, device_minor;
	char name[];
};

struct unpacking {
	struct inflate_sink inflate_sink;
	struct cpio_stream_handler handler;
	struct cpio_stream stream;
	struct inflate *inflate;
	const uint8_t *start, *released;	/* of the archive; before: given back */
	void (*release)(physical_t start, uint64_t length_bytes);
	struct known_link *links[LINK_BUCKETS];
	struct file *file;			/* being written */
	bool is_link;				/* the data is a symbolic link's target */
	bool is_skipped;			/* the member could not be made */
	struct cpio_member member;
	uint64_t files, bytes;
};

static struct unpacking *unpacking_of(struct cpio_stream_handler *handler)
{
	return container_of(handler, struct unpacking, handler);
}

static void links_forget(struct cpio_stream_handler *handler)
{
	struct unpacking *unpacking = unpacking_of(handler);

	for (unsigned i = 0; i < LINK_BUCKETS; i++) {
		while (unpacking->links[i]) {
			struct known_link *link = unpacking->links[i];

			unpacking->links[i] = link->next;
			heap_free(link);
		}
	}
}

/* The first name of the member's file, or NULL: then this one is noted. */
static int link_find(struct unpacking *unpacking, const struct cpio_member *member,
		     const char **first)
{
	uint64_t key = hash_combine(hash_u64(member->inode),
				    (uint64_t)member->device_major << 32 | member->device_minor);
	struct known_link **bucket = &unpacking->links[key % LINK_BUCKETS], *link;
	size_t length = strlen(member->name) + 1;

	*first = NULL;
	for (link = *bucket; link; link = link->next) {
		if (link->inode == member->inode && link->device_major == member->device_major &&
		    link->device_minor == member->device_minor) {
			*first = link->name;
			return 0;
		}
	}
	link = heap_allocate(sizeof(*link) + length, HEAP_PATIENT);
	if (!link)
		return -ENOMEM;
	link->inode = member->inode;
	link->device_major = member->device_major;
	link->device_minor = member->device_minor;
	memcpy(link->name, member->name, length);
	link->next = *bucket;
	*bucket = link;
	return 0;
}

/* Owner, bits and time as the archive says, whoever unpacks. */
static void attributes_apply(struct inode *inode, const struct cpio_member *member)
{
	struct attribute_change change = {
		.mask = CHANGE_MODE | CHANGE_UID | CHANGE_GID | CHANGE_MODIFIED,
		.mode = (uint16_t)(member->mode & 07777),
		.uid = member->uid,
		.gid = member->gid,
		.modified_ns = (int64_t)member->modified_s * 1000000000,
	};

	inode_change_apply(inode, &change);
}

static int path_apply(const struct cpio_member *member)
{
	struct path path;
	int error = walk(AT_FDCWD, member->name, 0, &path);

	if (error)
		return error;
	attributes_apply(path.name->inode, member);
	path_put(&path);
	return 0;
}

/*
 * What stands at the member's name makes room, unless it is of the kind `spared` (0: none): nothing
 * is to be written into a device, or to wait for the reader of a pipe.
 */
static int make_room(const struct cpio_member *member, uint32_t spared)
{
	struct path path;
	uint32_t kind;
	int error = walk(AT_FDCWD, member->name, 0, &path);

	if (error)
		return error == -ENOENT ? 0 : error;
	kind = path.name->inode->attributes.mode & S_IFMT;
	path_put(&path);
	if (kind == spared)
		return 0;
	return kind == S_IFDIR ? vfs_remove_directory(AT_FDCWD, member->name) :
		vfs_unlink(AT_FDCWD, member->name);
}

static int file_open(struct unpacking *unpacking, const struct cpio_member *member)
{
	struct open_request request = { .flags = O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW,
					.mode = 0600 };
	const char *first = NULL;
	int error;

	if (member->link_count > 1) {
		error = link_find(unpacking, member, &first);
		if (error)
			return error;
	}
	if (first && strcmp(first, member->name) != 0) {
		error = make_room(member, 0);
		if (error == 0)
			error = vfs_link(AT_FDCWD, first, AT_FDCWD, member->name, 0);
		if (error || member->size == 0)
			return error;
	}
	error = make_room(member, S_IFREG);
	return error ? error : vfs_open(AT_FDCWD, member->name, &request, &unpacking->file);
}

static int directory_make(const struct cpio_member *member)
{
	int error = make_room(member, S_IFDIR);

	if (error == 0)
		error = vfs_make_directory(AT_FDCWD, member->name, 0700);
	/* "." is the root itself. */
	if (error == -EEXIST)
		error = 0;
	return error ? error : path_apply(member);
}

static int node_make(const struct cpio_member *member)
{
	int error = make_room(member, 0);

	if (error == 0)
		error = vfs_make_node(AT_FDCWD, member->name, (uint16_t)member->mode,
				      DEVICE_NUMBER(member->node_major, member->node_minor));
	return error ? error : path_apply(member);
}

/* One member that cannot be made (its folder is a file) does not cost the others; memory that is
 * full does. */
static int skip_or_fail(struct unpacking *unpacking, int error)
{
	if (error == 0 || error == -ENOMEM || error == -ENOSPC || unpacking->stream.problem)
		return error;
	log_limited(LOG_ERROR, "[INITRAMFS] FAIL: %s is left out (%s)\n", unpacking->member.name,
		    errno_name(-error));
	unpacking->is_skipped = true;
	return 0;
}

static int member_make(struct unpacking *unpacking, const struct cpio_member *member)
{
	switch (member->mode & S_IFMT) {
	case S_IFREG:
		return file_open(unpacking, member);
	case S_IFDIR:
		return directory_make(member);
	case S_IFLNK:
		unpacking->is_link = true;
		return make_room(member, 0);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
	case S_IFSOCK:
		return node_make(member);
	}
	unpacking->stream.problem = "a member is of no known kind";
	return -EBADMSG;
}

static int member_begin(struct cpio_stream_handler *handler, const struct cpio_member *member)
{
	struct unpacking *unpacking = unpacking_of(handler);

	unpacking->member = *member;
	unpacking->files++;
	unpacking->is_link = unpacking->is_skipped = false;
	return skip_or_fail(unpacking, member_make(unpacking, member));
}

static int link_make(struct unpacking *unpacking, const char *target)
{
	int error = vfs_make_symlink(target, AT_FDCWD, unpacking->member.name);

	return error ? error : path_apply(&unpacking->member);
}

static int member_data(struct cpio_stream_handler *handler, const uint8_t *bytes, size_t length)
{
	struct unpacking *unpacking = unpacking_of(handler);
	struct file *file = unpacking->file;
	struct transfer from;
	struct io io = { .offset = 0 };
	long moved;

	if (unpacking->is_skipped)
		return 0;
	if (unpacking->is_link)
		return skip_or_fail(unpacking, link_make(unpacking, (const char *)bytes));
	if (!file)
		return 0;
	io.offset = file->position;
	transfer_init_kernel(&from, true, (void *)(uintptr_t)bytes, length);
	moved = file->operations->write(file, &from, &io);
	if (moved < 0)
		return (int)moved;
	file->position = io.offset;
	unpacking->bytes += length;
	return (size_t)moved == length ? 0 : -ENOSPC;
}

static int member_end(struct cpio_stream_handler *handler)
{
	struct unpacking *unpacking = unpacking_of(handler);

	if (!unpacking->file)
		return 0;
	attributes_apply(unpacking->file->inode, &unpacking->member);
	file_put_now(unpacking->file);
	unpacking->file = NULL;
	return 0;
}

/* Gives back the whole pages of the archive before `end`. */
static void release_until(struct unpacking *unpacking, const uint8_t *end)
{
	uintptr_t first = align_up((uintptr_t)unpacking->released, PAGE_SIZE);
	uintptr_t last = align_down((uintptr_t)end, PAGE_SIZE);

	if (!unpacking->release || last <= first)
		return;
	unpacking->release(virtual_to_physical((const void *)first), last - first);
	unpacking->released = (const uint8_t *)last;
}

static int inflated(struct inflate_sink *sink, const uint8_t *bytes, size_t length)
{
	struct unpacking *unpacking = container_of(sink, struct unpacking, inflate_sink);
	size_t taken;
	int error = cpio_stream_feed(&unpacking->stream, bytes, length, &taken);

	if (error == 0 && taken < length) {
		unpacking->stream.problem = "unknown bytes follow an archive";
		error = -EBADMSG;
	}
	release_until(unpacking, unpacking->inflate->at);
	return error;
}

static int unpack_gzip(struct unpacking *unpacking, const uint8_t *at, size_t length)
{
	int error;

	unpacking->inflate = heap_allocate(sizeof(*unpacking->inflate), HEAP_RAW);
	if (!unpacking->inflate)
		return -ENOMEM;
	error = inflate_gzip(unpacking->inflate, at, length, &unpacking->inflate_sink);
	if (error == -EBADMSG && !unpacking->stream.problem)
		unpacking->stream.problem = "the gzip data is damaged or cut off";
	heap_free(unpacking->inflate);
	unpacking->inflate = NULL;
	return error;
}

/* Archives follow each other, perhaps with zeros between; a compressed one is the last. */
static int unpack_all(struct unpacking *unpacking, const uint8_t *at, size_t length)
{
	const uint8_t *end = at + length;

	while (at < end) {
		size_t taken, piece = min((size_t)(end - at), PIECE_BYTES);
		int error;

		if (unpacking->stream.state == CPIO_STREAM_BETWEEN && *at != 0 &&
		    inflate_is_gzip(at, (size_t)(end - at))) {
			error = unpack_gzip(unpacking, at, (size_t)(end - at));
			return error ? error : cpio_stream_finish(&unpacking->stream);
		}
		error = cpio_stream_feed(&unpacking->stream, at, piece, &taken);
		if (error)
			return error;
		at += taken;
		release_until(unpacking, at);
		if (taken < piece && !inflate_is_gzip(at, (size_t)(end - at))) {
			unpacking->stream.problem = "neither cpio nor gzip (other compressions "
						    "are not understood)";
			return -EBADMSG;
		}
	}
	return cpio_stream_finish(&unpacking->stream);
}

static void complain(const struct unpacking *unpacking, int error)
{
	const char *member = unpacking->files ? unpacking->member.name : "";
	const char *problem = unpacking->stream.problem;

	if (!problem)
		problem = error == -ENOSPC || error == -ENOMEM ? "memory is full" :
			"the file system refused it";
	log_fail("INITRAMFS", "%s; member %llu%s%s, byte %llu of the unpacked archive (%s)",
		 problem, (unsigned long long)unpacking->files, *member ? ", near " : "", member,
		 (unsigned long long)unpacking->stream.offset, errno_name(-error));
}

int initramfs_unpack(const void *archive, size_t length_bytes,
		     void (*release)(physical_t start, uint64_t length_bytes))
{
	struct unpacking *unpacking = heap_allocate(sizeof(*unpacking), HEAP_PATIENT);
	int error;

	if (!unpacking)
		return -ENOMEM;
	unpacking->inflate_sink.write = inflated;
	unpacking->handler = (struct cpio_stream_handler){
		.begin = member_begin, .data = member_data, .end = member_end,
		.trailer = links_forget,
	};
	cpio_stream_init(&unpacking->stream, &unpacking->handler);
	unpacking->start = unpacking->released = archive;
	unpacking->release = release;
	error = unpack_all(unpacking, archive, length_bytes);
	unpacking->member.name = unpacking->stream.name;
	if (error)
		complain(unpacking, error);
	else
		log_ok("INITRAMFS", "%llu files, %llu KB",
		       (unsigned long long)unpacking->files,
		       (unsigned long long)unpacking->bytes >> 10);
	if (unpacking->file)
		file_put_now(unpacking->file);
	links_forget(&unpacking->handler);
	release_until(unpacking, (const uint8_t *)archive + length_bytes);
	heap_free(unpacking);
	return error;
}
