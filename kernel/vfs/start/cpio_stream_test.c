/* The archive reader: the same members however the bytes are cut, and an error for every damage. */
#include "base/errno.h"
#include "base/format.h"
#include "base/string.h"
#include "base/test.h"
#include "vfs/start/cpio_stream.h"

#define ARCHIVE_BYTES 2048

/* What the reader was told, as text. */
struct record {
	struct cpio_stream_handler handler;
	char text[512];
	size_t length;
	int refuse_at;		/* the member at which begin fails; 0: none */
	int members;
};

static void record_add(struct record *record, const char *bytes, size_t length)
{
	length = min(length, sizeof(record->text) - 1 - record->length);
	memcpy(record->text + record->length, bytes, length);
	record->length += length;
	record->text[record->length] = '\0';
}

static int begin(struct cpio_stream_handler *handler, const struct cpio_member *member)
{
	struct record *record = container_of(handler, struct record, handler);

	if (++record->members == record->refuse_at)
		return -ENOSPC;
	record_add(record, member->name, strlen(member->name));
	record_add(record, "=", 1);
	return 0;
}

static int data(struct cpio_stream_handler *handler, const uint8_t *bytes, size_t length)
{
	struct record *record = container_of(handler, struct record, handler);

	/* A link's target comes terminated. */
	record_add(record, (const char *)bytes, strnlen((const char *)bytes, length));
	return 0;
}

static int end(struct cpio_stream_handler *handler)
{
	record_add(container_of(handler, struct record, handler), ";", 1);
	return 0;
}

static void trailer(struct cpio_stream_handler *handler)
{
	record_add(container_of(handler, struct record, handler), "#", 1);
}

static struct record record_of = {
	.handler = { .begin = begin, .data = data, .end = end, .trailer = trailer },
};
static struct cpio_stream stream;
static uint8_t archive[ARCHIVE_BYTES];
static size_t archive_length;

static void pad(void)
{
	while (archive_length % 4)
		archive[archive_length++] = 0;
}

static void member_add(const char *name, uint32_t mode, const char *contents)
{
	size_t size = strlen(contents), name_size = strlen(name) + 1;

	archive_length += format_print((char *)archive + archive_length,
				       sizeof(archive) - archive_length,
				       "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
				       1, mode, 0, 0, 1, 0, (unsigned)size, 0, 0, 0, 0,
				       (unsigned)name_size, 0);
	memcpy(archive + archive_length, name, name_size);
	archive_length += name_size;
	pad();
	memcpy(archive + archive_length, contents, size);
	archive_length += size;
	pad();
}

static void archive_make(void)
{
	memset(archive, 0, sizeof(archive));
	archive_length = 0;
	member_add("dir", 0040755, "");
	member_add("dir/file", 0100644, "contents");
	member_add("link", 0120777, "dir/file");
	member_add("TRAILER!!!", 0, "");
}

/* Feeds the archive in pieces of `step` bytes. */
static int feed(size_t length, size_t step, int refuse_at)
{
	record_of.length = 0;
	record_of.members = 0;
	record_of.refuse_at = refuse_at;
	record_of.text[0] = '\0';
	cpio_stream_init(&stream, &record_of.handler);
	for (size_t at = 0; at < length;) {
		size_t piece = min(step, length - at), taken;
		int error = cpio_stream_feed(&stream, archive + at, piece, &taken);

		if (error)
			return error;
		if (taken < piece)
			return -EINVAL;
		at += taken;
	}
	return cpio_stream_finish(&stream);
}

TEST(cpio_stream, members_in_pieces_of_any_size)
{
	archive_make();
	for (size_t step = 1; step <= archive_length; step++) {
		EXPECT_EQUAL(feed(archive_length, step, 0), 0);
		EXPECT_STRING_EQUAL(record_of.text, "dir=;dir/file=contents;link=dir/file;#");
	}
}

TEST(cpio_stream, archives_follow_each_other_after_zeros)
{
	archive_make();
	archive_length += 100;
	member_add("second", 0100644, "x");
	member_add("TRAILER!!!", 0, "");
	EXPECT_EQUAL(feed(archive_length, 7, 0), 0);
	EXPECT_STRING_EQUAL(record_of.text, "dir=;dir/file=contents;link=dir/file;#second=x;#");
}

TEST(cpio_stream, a_cut_archive_is_noticed)
{
	size_t whole;

	archive_make();
	whole = archive_length;
	/* Inside the first header, its name, the file's contents, and the link's target. */
	EXPECT_EQUAL(feed(50, 50, 0), -EBADMSG);
	EXPECT_EQUAL(feed(112, 112, 0), -EBADMSG);
	for (size_t cut = 1; cut < whole; cut++) {
		int result = feed(cut, cut, 0);

		EXPECT(result == 0 || result == -EBADMSG);
		if (result)
			EXPECT(stream.problem != NULL);
	}
}

TEST(cpio_stream, damage_in_a_header_is_refused)
{
	/* Magic, a digit of the mode, the length of the name (now 0xf0000004). */
	static const size_t places[] = { 2, 20, 94 };
	static const uint8_t bytes[] = { 'x', 'g', 'f' };

	for (size_t i = 0; i < ARRAY_SIZE(places); i++) {
		archive_make();
		archive[places[i]] = bytes[i];
		EXPECT_EQUAL(feed(archive_length, archive_length, 0), -EBADMSG);
		EXPECT(stream.problem != NULL);
	}
}

/* Told as what it is, and not as an archive that ends too soon: the buffer holds 4096 bytes. */
TEST(cpio_stream, a_name_longer_than_the_buffer_is_refused)
{
	archive_make();
	archive[94] = 'f';
	EXPECT_EQUAL(feed(archive_length, archive_length, 0), -EBADMSG);
	EXPECT_STRING_EQUAL(stream.problem, "a name is empty or longer than 4096 bytes");
}

TEST(cpio_stream, the_handlers_error_ends_it)
{
	archive_make();
	EXPECT_EQUAL(feed(archive_length, archive_length, 2), -ENOSPC);
	EXPECT_STRING_EQUAL(record_of.text, "dir=;");
	EXPECT(stream.problem == NULL);
}

TEST(cpio_stream, what_is_no_archive_is_left_alone)
{
	size_t taken;

	cpio_stream_init(&stream, &record_of.handler);
	EXPECT_EQUAL(cpio_stream_feed(&stream, (const uint8_t *)"\0\0\x1f\x8b", 4, &taken), 0);
	EXPECT_EQUAL(taken, (size_t)2);
}
