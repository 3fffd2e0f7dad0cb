/*
 * read, write and their positioned and vector forms on regular files:
 * contents, positions, limits and refusals.
 */
#include "support.h"
#include <sys/uio.h>

#define RW_LIMIT 0x7ffff000l

static long raw_preadv2(int fd, const struct iovec *vectors, long count, long offset, int flags)
{
	return syscall(SYS_preadv2, fd, vectors, count, offset, 0, flags);
}

static long raw_pwritev2(int fd, const struct iovec *vectors, long count, long offset, int flags)
{
	return syscall(SYS_pwritev2, fd, vectors, count, offset, 0, flags);
}

TEST(read_fills_only_what_was_read)
{
	char buffer[64];
	int fd;

	file_write("f", "hello world");
	fd = file_open("f", O_RDONLY);
	poison(buffer, sizeof(buffer));
	CHECK_EQUAL(syscall(SYS_read, fd, buffer, 5), 5);
	CHECK_BYTES(buffer, "hello", 5);
	CHECK_UNTOUCHED(buffer + 5, sizeof(buffer) - 5);
	CHECK_EQUAL(syscall(SYS_read, fd, buffer, sizeof(buffer)), 6);
	CHECK_BYTES(buffer, " world", 6);
	CHECK_UNTOUCHED(buffer + 6, sizeof(buffer) - 6);
	poison(buffer, sizeof(buffer));
	CHECK_EQUAL(syscall(SYS_read, fd, buffer, sizeof(buffer)), 0);
	CHECK_UNTOUCHED(buffer, sizeof(buffer));
}

TEST(read_zero_bytes)
{
	int fd;

	file_write("f", "abc");
	fd = file_open("f", O_RDONLY);
	CHECK_EQUAL(syscall(SYS_read, fd, NULL, 0), 0);
	CHECK_EQUAL(syscall(SYS_read, fd, bad_addresses[0], 0), 0);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_ERRNO(syscall(SYS_read, -1, NULL, 0), EBADF);
}

TEST(read_bad_pointers)
{
	int fd;

	file_write("f", "abcdefgh");
	fd = file_open("f", O_RDONLY);
	CHECK_FAULTS(syscall(SYS_read, fd, bad, 4));
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 0);
}

TEST(read_stops_at_the_edge_of_memory)
{
	char *edge = edge_bytes(3);
	int fd;

	file_write("f", "abcdefgh");
	fd = file_open("f", O_RDONLY);
	CHECK_EQUAL(syscall(SYS_read, fd, edge, 8), 3);
	CHECK_BYTES(edge, "abc", 3);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 3);
	CHECK_ERRNO(syscall(SYS_read, fd, edge + 3, 8), EFAULT);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 3);
}

TEST(read_into_memory_that_is_read_only)
{
	char *page = pages_private(1);
	int fd;

	file_write("f", "abcdefgh");
	fd = file_open("f", O_RDONLY);
	REQUIRE_OK(mprotect(page, PAGE, PROT_READ));
	CHECK_ERRNO(syscall(SYS_read, fd, page, 4), EFAULT);
	CHECK_FILLED(page, 0, PAGE);
}

TEST(read_huge_counts)
{
	/* Not on the stack: that may lie so high that the address space ends inside the count. */
	static char buffer[16];
	int fd;

	file_write("f", "abc");
	fd = file_open("f", O_RDONLY);
	CHECK_EQUAL(syscall(SYS_read, fd, buffer, RW_LIMIT + 4096), 3);
	CHECK_ERRNO(syscall(SYS_read, fd, buffer, -1l), EFAULT);
	CHECK_ERRNO(syscall(SYS_read, fd, buffer, 1ul << 62), EFAULT);
	CHECK_ERRNO(syscall(SYS_pread64, fd, buffer, -1l, 0l), EFAULT);
}

TEST(read_wrong_descriptors)
{
	char byte;
	int fd;

	CHECK_ERRNO(syscall(SYS_read, -1, &byte, 1), EBADF);
	CHECK_ERRNO(syscall(SYS_read, 1000, &byte, 1), EBADF);
	CHECK_ERRNO(syscall(SYS_read, 0x7fffffff, &byte, 1), EBADF);
	fd = file_open("w", O_WRONLY | O_CREAT);
	CHECK_ERRNO(syscall(SYS_read, fd, &byte, 1), EBADF);
	fd = file_open(".", O_RDONLY);
	CHECK_ERRNO(syscall(SYS_read, fd, &byte, 1), EISDIR);
	CHECK_ERRNO(syscall(SYS_pread64, fd, &byte, 1, 0l), EISDIR);
	fd = file_open("w", O_PATH);
	CHECK_ERRNO(syscall(SYS_read, fd, &byte, 1), EBADF);
	CHECK_ERRNO(syscall(SYS_write, fd, &byte, 1), EBADF);
}

TEST(write_then_read_back)
{
	char text[32];
	int fd = file_open("f", O_RDWR | O_CREAT);

	CHECK_EQUAL(syscall(SYS_write, fd, "hello", 5), 5);
	CHECK_EQUAL(syscall(SYS_write, fd, "XY", 2), 2);
	CHECK_EQUAL(lseek(fd, 1, SEEK_SET), 1);
	CHECK_EQUAL(syscall(SYS_write, fd, "ipp", 3), 3);
	CHECK_EQUAL(file_read("f", text, sizeof(text)), 7);
	CHECK_TEXT(text, "hippoXY");
}

TEST(write_bad_pointers)
{
	int fd = file_open("f", O_RDWR | O_CREAT);
	char *edge = edge_bytes(3);

	CHECK_FAULTS(syscall(SYS_write, fd, bad, 4));
	CHECK_EQUAL(file_size("f"), 0);
	memcpy(edge, "abc", 3);
	CHECK_EQUAL(syscall(SYS_write, fd, edge, 8), 3);
	CHECK_EQUAL(file_size("f"), 3);
	CHECK_ERRNO(syscall(SYS_write, fd, edge, -1l), EFAULT);
	CHECK_EQUAL(syscall(SYS_write, fd, bad_addresses[0], 0), 0);
}

TEST(write_wrong_descriptors)
{
	int fd;

	file_write("f", "abc");
	CHECK_ERRNO(syscall(SYS_write, -1, "a", 1), EBADF);
	fd = file_open("f", O_RDONLY);
	CHECK_ERRNO(syscall(SYS_write, fd, "a", 1), EBADF);
	CHECK_ERRNO(syscall(SYS_pwrite64, fd, "a", 1, 0l), EBADF);
	fd = file_open(".", O_RDONLY);
	CHECK_ERRNO(syscall(SYS_write, fd, "a", 1), EBADF);
}

TEST(write_past_the_end_leaves_zeros)
{
	unsigned char buffer[9000];
	int fd = file_open("f", O_RDWR | O_CREAT);

	CHECK_EQUAL(write(fd, "ab", 2), 2);
	CHECK_EQUAL(lseek(fd, 8000, SEEK_SET), 8000);
	CHECK_EQUAL(file_size("f"), 2);
	CHECK_EQUAL(write(fd, "c", 1), 1);
	CHECK_EQUAL(file_size("f"), 8001);
	poison(buffer, sizeof(buffer));
	CHECK_EQUAL(syscall(SYS_pread64, fd, buffer, sizeof(buffer), 0l), 8001);
	CHECK_BYTES(buffer, "ab", 2);
	CHECK_FILLED(buffer + 2, 0, 7998);
	CHECK_EQUAL(buffer[8000], 'c');
	CHECK_UNTOUCHED(buffer + 8001, sizeof(buffer) - 8001);
}

TEST(append_writes_at_the_end)
{
	char text[32];
	int fd, other;

	file_write("f", "one");
	fd = file_open("f", O_RDWR | O_APPEND);
	other = file_open("f", O_RDWR | O_APPEND);
	CHECK_EQUAL(write(fd, "two", 3), 3);
	CHECK_EQUAL(write(other, "three", 5), 5);
	CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
	CHECK_EQUAL(write(fd, "!", 1), 1);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 12);
	CHECK_EQUAL(syscall(SYS_pwrite64, fd, "?", 1, 0l), 1);
	CHECK_EQUAL(file_read("f", text, sizeof(text)), 13);
	CHECK_TEXT(text, "onetwothree!?");
}

TEST(pread_and_pwrite_keep_the_position)
{
	char buffer[8];
	int fd;

	file_write("f", "abcdefgh");
	fd = file_open("f", O_RDWR);
	CHECK_EQUAL(lseek(fd, 2, SEEK_SET), 2);
	poison(buffer, sizeof(buffer));
	CHECK_EQUAL(syscall(SYS_pread64, fd, buffer, 3, 4l), 3);
	CHECK_BYTES(buffer, "efg", 3);
	CHECK_UNTOUCHED(buffer + 3, 5);
	CHECK_EQUAL(syscall(SYS_pwrite64, fd, "ZZ", 2, 0l), 2);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 2);
	CHECK_EQUAL(syscall(SYS_pread64, fd, buffer, 3, 8l), 0);
	CHECK_EQUAL(syscall(SYS_pread64, fd, buffer, 3, 1l << 40), 0);
}

TEST(pread_refusals)
{
	char buffer[8];
	int fd, ends[2];

	file_write("f", "abcdefgh");
	fd = file_open("f", O_RDWR);
	CHECK_ERRNO(syscall(SYS_pread64, fd, buffer, 3, -1l), EINVAL);
	CHECK_ERRNO(syscall(SYS_pwrite64, fd, buffer, 3, -1l), EINVAL);
	CHECK_ERRNO(syscall(SYS_pread64, 77, buffer, 3, 0l), EBADF);
	CHECK_ERRNO(syscall(SYS_pwrite64, 77, buffer, 3, 0l), EBADF);
	CHECK_ERRNO(syscall(SYS_pread64, -1, buffer, 3, -1l), EINVAL);
	CHECK_FAULTS(syscall(SYS_pread64, fd, bad, 3, 0l));
	CHECK_FAULTS(syscall(SYS_pwrite64, fd, bad, 3, 0l));
	REQUIRE_OK(pipe(ends));
	CHECK_ERRNO(syscall(SYS_pread64, ends[0], buffer, 3, 0l), ESPIPE);
	CHECK_ERRNO(syscall(SYS_pwrite64, ends[1], buffer, 3, 0l), ESPIPE);
}

TEST(readv_scatters)
{
	char a[4], b[4], c[4];
	struct iovec vectors[] = { { a, 2 }, { NULL, 0 }, { b, 3 }, { c, 4 } };
	int fd;

	file_write("f", "abcdefg");
	fd = file_open("f", O_RDONLY);
	poison(a, 4);
	poison(b, 4);
	poison(c, 4);
	CHECK_EQUAL(syscall(SYS_readv, fd, vectors, 4), 7);
	CHECK_BYTES(a, "ab\xa5\xa5", 4);
	CHECK_BYTES(b, "cde\xa5", 4);
	CHECK_BYTES(c, "fg\xa5\xa5", 4);
	CHECK_EQUAL(syscall(SYS_readv, fd, vectors, 0), 0);
	CHECK_EQUAL(syscall(SYS_readv, fd, NULL, 0), 0);
}

TEST(writev_gathers)
{
	struct iovec vectors[] = { { "ab", 2 }, { NULL, 0 }, { "cde", 3 } };
	char text[16];
	int fd = file_open("f", O_RDWR | O_CREAT);

	CHECK_EQUAL(syscall(SYS_writev, fd, vectors, 3), 5);
	CHECK_EQUAL(syscall(SYS_pwritev, fd, vectors, 3, 3l, 0l), 5);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 5);
	CHECK_EQUAL(file_read("f", text, sizeof(text)), 8);
	CHECK_TEXT(text, "abcabcde");
}

TEST(vectors_refused)
{
	char buffer[8];
	struct iovec vectors[2] = { { buffer, 4 }, { buffer, -1ul } };
	int fd = file_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO(syscall(SYS_readv, fd, vectors, 2), EINVAL);
	CHECK_ERRNO(syscall(SYS_writev, fd, vectors, 2), EINVAL);
	CHECK_ERRNO(syscall(SYS_readv, fd, vectors, 1025), EINVAL);
	CHECK_ERRNO(syscall(SYS_writev, fd, vectors, 1025), EINVAL);
	CHECK_ERRNO(syscall(SYS_readv, fd, vectors, -1l), EINVAL);
	CHECK_ERRNO(syscall(SYS_readv, 99, vectors, 1), EBADF);
	CHECK_ERRNO(syscall(SYS_writev, 99, vectors, 1), EBADF);
	CHECK_FAULTS(syscall(SYS_readv, fd, bad, 1));
	CHECK_FAULTS(syscall(SYS_writev, fd, bad, 1));
	CHECK_FAULTS(syscall(SYS_preadv, fd, bad, 1, 0l, 0l));
	CHECK_FAULTS(syscall(SYS_pwritev, fd, bad, 1, 0l, 0l));
	CHECK_EQUAL(file_size("f"), 0);
}

TEST(vector_entries_with_bad_pointers)
{
	struct iovec vectors[2] = { { "abc", 3 }, { NULL, 4 } };
	int fd = file_open("f", O_RDWR | O_CREAT);

	CHECK_EQUAL(syscall(SYS_writev, fd, vectors, 2), 3);
	CHECK_EQUAL(file_size("f"), 3);
	CHECK_FAULTS((vectors[0].iov_base = bad, syscall(SYS_writev, fd, vectors, 1)));
	CHECK_FAULTS((vectors[0].iov_base = bad, syscall(SYS_preadv, fd, vectors, 1, 0l, 0l)));
	CHECK_EQUAL(file_size("f"), 3);
}

TEST(vector_array_across_the_edge)
{
	struct iovec *vectors = edge_bytes(sizeof(struct iovec));
	int fd = file_open("f", O_RDWR | O_CREAT);

	vectors[0].iov_base = "abc";
	vectors[0].iov_len = 3;
	CHECK_EQUAL(syscall(SYS_writev, fd, vectors, 1), 3);
	CHECK_ERRNO(syscall(SYS_writev, fd, vectors, 2), EFAULT);
	CHECK_EQUAL(file_size("f"), 3);
}

TEST(largest_vector_count)
{
	struct iovec *vectors = calloc(1024, sizeof(*vectors));
	int fd = file_open("f", O_RDWR | O_CREAT);
	char bytes[1024];

	for (int i = 0; i < 1024; i++) {
		bytes[i] = i;
		vectors[i] = (struct iovec){ &bytes[i], 1 };
	}
	CHECK_EQUAL(syscall(SYS_writev, fd, vectors, 1024), 1024);
	memset(bytes, 0, sizeof(bytes));
	CHECK_EQUAL(syscall(SYS_preadv, fd, vectors, 1024, 0l, 0l), 1024);
	for (int i = 0; i < 1024; i += 111)
		CHECK_EQUAL((unsigned char)bytes[i], i & 0xff);
}

TEST(preadv_positions)
{
	char a[2], b[3];
	struct iovec vectors[] = { { a, 2 }, { b, 3 } };
	int fd, ends[2];

	file_write("f", "abcdefgh");
	fd = file_open("f", O_RDONLY);
	CHECK_EQUAL(syscall(SYS_preadv, fd, vectors, 2, 1l, 0l), 5);
	CHECK_BYTES(a, "bc", 2);
	CHECK_BYTES(b, "def", 3);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 0);
	CHECK_ERRNO(syscall(SYS_preadv, fd, vectors, 2, -1l, 0l), EINVAL);
	CHECK_ERRNO(syscall(SYS_pwritev, fd, vectors, 2, 0l, 0l), EBADF);
	REQUIRE_OK(pipe(ends));
	CHECK_ERRNO(syscall(SYS_preadv, ends[0], vectors, 2, 0l, 0l), ESPIPE);
	CHECK_ERRNO(syscall(SYS_pwritev, ends[1], vectors, 2, 0l, 0l), ESPIPE);
}

TEST(preadv2_uses_the_position_for_minus_one)
{
	char a[2], b[3];
	struct iovec vectors[] = { { a, 2 }, { b, 3 } };
	int fd;

	file_write("f", "abcdefghij");
	fd = file_open("f", O_RDWR);
	CHECK_EQUAL(raw_preadv2(fd, vectors, 2, -1, 0), 5);
	CHECK_BYTES(b, "cde", 3);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 5);
	CHECK_EQUAL(raw_preadv2(fd, vectors, 2, 0, 0), 5);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 5);
	vectors[0].iov_base = "12";
	CHECK_EQUAL(raw_pwritev2(fd, vectors, 1, -1, 0), 2);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 7);
	CHECK_ERRNO(raw_preadv2(fd, vectors, 2, -2, 0), EINVAL);
}

TEST(preadv2_flags)
{
	char a[4];
	struct iovec vector = { a, 4 };
	int fd;

	file_write("f", "abcdefghij");
	fd = file_open("f", O_RDWR);
	CHECK_ERRNO(raw_preadv2(fd, &vector, 1, 0, 0x40000000), EOPNOTSUPP);
	CHECK_ERRNO(raw_pwritev2(fd, &vector, 1, 0, 0x40000000), EOPNOTSUPP);
	vector.iov_base = "WXYZ";
	CHECK_EQUAL(raw_pwritev2(fd, &vector, 1, 0, RWF_APPEND), 4);
	CHECK_EQUAL(file_size("f"), 14);
	CHECK_EQUAL(raw_pwritev2(fd, &vector, 1, 2, RWF_DSYNC), 4);
	CHECK_EQUAL(raw_pwritev2(fd, &vector, 1, 2, RWF_SYNC), 4);
	CHECK_EQUAL(file_size("f"), 14);
	CHECK_FAULTS(raw_preadv2(fd, bad, 1, 0, 0));
	CHECK_FAULTS(raw_pwritev2(fd, bad, 1, 0, 0));
	CHECK_ERRNO(raw_preadv2(99, &vector, 1, 0, 0), EBADF);
	CHECK_ERRNO(raw_pwritev2(99, &vector, 1, 0, 0), EBADF);
}

TEST(lseek_positions)
{
	int fd;

	file_write("f", "abcdefgh");
	fd = file_open("f", O_RDWR);
	CHECK_EQUAL(syscall(SYS_lseek, fd, 3l, SEEK_SET), 3);
	CHECK_EQUAL(syscall(SYS_lseek, fd, 2l, SEEK_CUR), 5);
	CHECK_EQUAL(syscall(SYS_lseek, fd, -1l, SEEK_END), 7);
	CHECK_EQUAL(syscall(SYS_lseek, fd, 100l, SEEK_END), 108);
	CHECK_EQUAL(file_size("f"), 8);
	CHECK_EQUAL(syscall(SYS_lseek, fd, 1l << 40, SEEK_SET), 1l << 40);
}

TEST(lseek_refusals)
{
	int fd, ends[2];

	file_write("f", "abcdefgh");
	fd = file_open("f", O_RDWR);
	CHECK_EQUAL(syscall(SYS_lseek, fd, 3l, SEEK_SET), 3);
	CHECK_ERRNO(syscall(SYS_lseek, fd, -1l, SEEK_SET), EINVAL);
	CHECK_ERRNO(syscall(SYS_lseek, fd, -4l, SEEK_CUR), EINVAL);
	CHECK_ERRNO(syscall(SYS_lseek, fd, -9l, SEEK_END), EINVAL);
	CHECK_ERRNO(syscall(SYS_lseek, fd, 0l, 5), EINVAL);
	CHECK_ERRNO(syscall(SYS_lseek, fd, 0l, -1), EINVAL);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 3);
	CHECK_ERRNO(syscall(SYS_lseek, 99, 0l, SEEK_SET), EBADF);
	REQUIRE_OK(pipe(ends));
	CHECK_ERRNO(syscall(SYS_lseek, ends[0], 0l, SEEK_SET), ESPIPE);
	CHECK_ERRNO(syscall(SYS_lseek, ends[1], 0l, 7), EINVAL);
}

/* Also of what has no last position. */
TEST(lseek_past_the_last_number)
{
	static const char *const names[] = { ".", "/proc", "/proc/self/fd", "/proc/self/status" };
	int fd;

	for (size_t i = 0; i < COUNT(names); i++) {
		fd = file_open(names[i], O_RDONLY);
		lseek(fd, INT64_MAX, SEEK_SET);
		CHECK_ERRNO(lseek(fd, INT64_MAX, SEEK_CUR), EINVAL);
	}
	fd = file_open("/proc/self/comm", O_RDWR);
	CHECK_EQUAL(lseek(fd, INT64_MAX - 2, SEEK_SET), INT64_MAX - 2);
	CHECK_ERRNO(write(fd, "name", 4), EINVAL);
}

/* Reserved space is no data before something is written to it. */
TEST(lseek_finds_holes_in_reserved_space)
{
	int fd = file_open("f", O_RDWR | O_CREAT);
	char byte = 'x';

	REQUIRE_OK(fallocate(fd, 0, 0, 16 * PAGE));
	CHECK_ERRNO(syscall(SYS_lseek, fd, 0l, SEEK_DATA), ENXIO);
	CHECK_EQUAL(syscall(SYS_lseek, fd, 5l, SEEK_HOLE), 5);
	CHECK_EQUAL(pwrite(fd, &byte, 1, 3 * PAGE + 7), 1);
	CHECK_EQUAL(syscall(SYS_lseek, fd, 0l, SEEK_DATA), 3 * PAGE);
	CHECK_EQUAL(syscall(SYS_lseek, fd, 3 * PAGE, SEEK_HOLE), 4 * PAGE);
	CHECK_ERRNO(syscall(SYS_lseek, fd, 4 * PAGE, SEEK_DATA), ENXIO);
	CHECK_EQUAL(pread(fd, &byte, 1, 3 * PAGE), 1);
	CHECK_EQUAL(byte, 0);
	CHECK_EQUAL(pread(fd, &byte, 1, 9 * PAGE), 1);
	CHECK_EQUAL(byte, 0);
	/* Reserving once more changes nothing of what is there. */
	REQUIRE_OK(fallocate(fd, 0, 0, 16 * PAGE));
	CHECK_EQUAL(pread(fd, &byte, 1, 3 * PAGE + 7), 1);
	CHECK_EQUAL(byte, 'x');
}

TEST(lseek_finds_data_and_holes)
{
	int fd = file_open("f", O_RDWR | O_CREAT);

	REQUIRE(pwrite(fd, "a", 1, 16 * PAGE) == 1);
	REQUIRE_OK(ftruncate(fd, 32 * PAGE));
	CHECK_EQUAL(syscall(SYS_lseek, fd, 0l, SEEK_DATA), 16 * PAGE);
	CHECK_EQUAL(syscall(SYS_lseek, fd, 0l, SEEK_HOLE), 0);
	CHECK_EQUAL(syscall(SYS_lseek, fd, 16 * PAGE + 5, SEEK_DATA), 16 * PAGE + 5);
	CHECK_EQUAL(syscall(SYS_lseek, fd, 16 * PAGE, SEEK_HOLE), 17 * PAGE);
	CHECK_ERRNO(syscall(SYS_lseek, fd, 18 * PAGE, SEEK_DATA), ENXIO);
	CHECK_ERRNO(syscall(SYS_lseek, fd, 32 * PAGE, SEEK_DATA), ENXIO);
	CHECK_ERRNO(syscall(SYS_lseek, fd, 32 * PAGE, SEEK_HOLE), ENXIO);
	CHECK_ERRNO(syscall(SYS_lseek, fd, -1l, SEEK_DATA), ENXIO);
}

TEST(position_is_shared_by_fork_and_dup)
{
	char byte;
	int fd, copy;

	file_write("f", "abcdefgh");
	fd = file_open("f", O_RDONLY);
	copy = REQUIRE_OK(dup(fd));
	CHECK_EQUAL(read(fd, &byte, 1), 1);
	CHECK_EQUAL(lseek(copy, 0, SEEK_CUR), 1);
	IN_CHILD {
		CHECK_EQUAL(lseek(fd, 5, SEEK_SET), 5);
	}
	CHECK_EQUAL(read(copy, &byte, 1), 1);
	CHECK_EQUAL(byte, 'f');
}

TEST(large_file_contents)
{
	static unsigned char buffer[70000];
	size_t length = 300000, at = 0;
	ssize_t got;
	int fd;

	file_make("f", length);
	CHECK_EQUAL(file_size("f"), length);
	fd = file_open("f", O_RDONLY);
	while ((got = read(fd, buffer, 69999)) > 0) {
		for (ssize_t i = 0; i < got; i++)
			REQUIRE(buffer[i] == file_byte(at + i));
		at += got;
	}
	CHECK_EQUAL(at, length);
}

TEST(write_beyond_the_largest_file)
{
	int fd = file_open("f", O_RDWR | O_CREAT);

	CHECK_ERRNO(syscall(SYS_pwrite64, fd, "a", 1, 0x7fffffffffffffffl), EINVAL);
	CHECK_EQUAL(syscall(SYS_pread64, fd, (char[1]){ 0 }, 1, 0x7ffffffffffffffel), 0);
	CHECK_EQUAL(file_size("f"), 0);
}
