/* cpio: archives built here, concatenated, cut at every byte, and with hostile numbers. */
#include "base/codec/cpio.h"

#include "base/errno.h"
#include "base/format.h"
#include "base/string.h"
#include "base/test.h"

static uint8_t archive[2048];
static size_t archive_size;

static void archive_pad(void)
{
	while (archive_size % 4)
		archive[archive_size++] = 0;
}

static void archive_add_sized(const char *name, const char *data, size_t name_size, size_t size)
{
	archive_size += format_print((char *)archive + archive_size, sizeof(archive) - archive_size,
				     "070701%08x%08x%08x%08x%08x%08x%08zx%08x%08x%08x%08x%08zx%08x",
				     7, 0100644, 1, 2, 3, 4, size, 5, 6, 8, 9, name_size, 0);
	memcpy(archive + archive_size, name, strlen(name) + 1);
	archive_size += strlen(name) + 1;
	archive_pad();
	memcpy(archive + archive_size, data, strlen(data));
	archive_size += strlen(data);
	archive_pad();
}

static void archive_add(const char *name, const char *data)
{
	archive_add_sized(name, data, strlen(name) + 1, strlen(data));
}

static void archive_build(void)
{
	archive_size = 0;
	archive_add("bin/hello", "hello world");
	archive_add("TRAILER!!!", "");
	memset(archive + archive_size, 0, 64);
	archive_size += 64;
	archive_add("init", "");
	archive_add("TRAILER!!!", "");
}

TEST(cpio, walks_concatenated_archives)
{
	struct cpio cpio;
	struct cpio_entry entry;

	archive_build();
	cpio_init(&cpio, archive, archive_size);
	ASSERT_EQUAL(cpio_next(&cpio, &entry), 1);
	EXPECT_STRING_EQUAL(entry.name, "bin/hello");
	EXPECT_EQUAL(entry.name_length, 9);
	EXPECT_EQUAL(entry.size, 11);
	EXPECT(memcmp(entry.data, "hello world", 11) == 0);
	EXPECT_EQUAL(entry.mode, 0100644);
	EXPECT_EQUAL(entry.inode, 7);
	EXPECT_EQUAL(entry.gid, 2);
	EXPECT_EQUAL(entry.link_count, 3);
	EXPECT_EQUAL(entry.node_minor, 9);
	EXPECT_EQUAL(entry.archive, 0);
	ASSERT_EQUAL(cpio_next(&cpio, &entry), 1);
	EXPECT_STRING_EQUAL(entry.name, "init");
	EXPECT_EQUAL(entry.archive, 1);
	EXPECT_EQUAL(cpio_next(&cpio, &entry), 0);
	EXPECT_EQUAL(cpio_next(&cpio, &entry), 0);
}

TEST(cpio, survives_any_cut)
{
	struct cpio_entry entry;

	archive_build();
	for (size_t size = 0; size < archive_size; size++) {
		struct cpio cpio;
		int members = 0;
		int result;

		cpio_init(&cpio, archive, size);
		while ((result = cpio_next(&cpio, &entry)) > 0)
			members++;
		EXPECT(result == 0 || result == -EBADMSG);
		EXPECT(members <= 2);
	}
}

static int first_result(void)
{
	struct cpio cpio;
	struct cpio_entry entry;

	cpio_init(&cpio, archive, archive_size);
	return cpio_next(&cpio, &entry);
}

TEST(cpio, refuses_hostile_numbers)
{
	archive_size = 0;
	archive_add_sized("a", "data", 2, 0xffffffff);
	EXPECT_EQUAL(first_result(), -EBADMSG);
	archive_size = 0;
	archive_add_sized("a", "data", 0xfffffffe, 4);
	EXPECT_EQUAL(first_result(), -EBADMSG);
	archive_size = 0;
	archive_add_sized("a", "data", 0, 4);
	EXPECT_EQUAL(first_result(), -EBADMSG);
	archive_size = 0;
	archive_add_sized("", "data", 1, 4);
	EXPECT_EQUAL(first_result(), -EBADMSG);
	archive_size = 0;
	archive_add_sized("abc", "data", 3, 4);
	EXPECT_EQUAL(first_result(), -EBADMSG);
	archive_size = 0;
	archive_add("a", "data");
	archive[10] = 'g';
	EXPECT_EQUAL(first_result(), -EBADMSG);
}
