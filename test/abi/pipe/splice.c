/*
 * splice and tee: moving and copying between pipes and files.
 */
#include "support.h"

#define NONBLOCK 2

static long raw_splice(int from, void *from_at, int to, void *to_at, size_t length, int flags)
{
	return syscall(SYS_splice, from, from_at, to, to_at, length, flags);
}

TEST(file_to_pipe_to_file)
{
	int64_t at = 3;
	char text[16];
	int ends[2], from, to;

	file_write("a", "abcdefgh");
	from = file_open("a", O_RDONLY);
	to = file_open("b", O_RDWR | O_CREAT);
	REQUIRE_OK(pipe(ends));
	CHECK_EQUAL(raw_splice(from, NULL, ends[1], NULL, 2, 0), 2);
	CHECK_EQUAL(lseek(from, 0, SEEK_CUR), 2);
	CHECK_EQUAL(raw_splice(from, &at, ends[1], NULL, 100, 0), 5);
	CHECK_EQUAL(at, 8);
	CHECK_EQUAL(lseek(from, 0, SEEK_CUR), 2);
	at = 1;
	CHECK_EQUAL(raw_splice(ends[0], NULL, to, &at, 100, 0), 7);
	CHECK_EQUAL(at, 8);
	CHECK_EQUAL(file_read("b", text, sizeof(text)), 8);
	CHECK_BYTES(text, "\0abdefgh", 8);
	CHECK_EQUAL(raw_splice(from, &at, ends[1], NULL, 100, 0), 0);
}

TEST(large_splice)
{
	static char buffer[65536];
	int ends[2], from;

	file_make("a", 200000);
	from = file_open("a", O_RDONLY);
	REQUIRE_OK(pipe(ends));
	CHECK_EQUAL(raw_splice(from, NULL, ends[1], NULL, 200000, 0), 65536);
	CHECK_ERRNO(raw_splice(from, NULL, ends[1], NULL, 1, NONBLOCK), EAGAIN);
	CHECK_EQUAL(read(ends[0], buffer, sizeof(buffer)), 65536);
	for (int i = 0; i < 65536; i++)
		REQUIRE((unsigned char)buffer[i] == file_byte(i));
}

TEST(later_writes_do_not_reach_copied_bytes_twice)
{
	char buffer[8];
	int ends[2], from;

	file_write("a", "abcdefgh");
	from = file_open("a", O_RDWR);
	REQUIRE_OK(pipe(ends));
	CHECK_EQUAL(raw_splice(from, NULL, ends[1], NULL, 4, 0), 4);
	CHECK_EQUAL(write(ends[1], "XY", 2), 2);
	CHECK_EQUAL(pread(from, buffer, 8, 0), 8);
	CHECK_BYTES(buffer, "abcdefgh", 8);
	CHECK_EQUAL(read(ends[0], buffer, 8), 6);
	CHECK_BYTES(buffer, "abcdXY", 6);
}

TEST(pipe_to_pipe)
{
	char buffer[8];
	int one[2], two[2];

	REQUIRE_OK(pipe(one));
	REQUIRE_OK(pipe(two));
	CHECK_EQUAL(write(one[1], "abcdef", 6), 6);
	CHECK_EQUAL(raw_splice(one[0], NULL, two[1], NULL, 4, 0), 4);
	CHECK_EQUAL(read(two[0], buffer, 8), 4);
	CHECK_BYTES(buffer, "abcd", 4);
	CHECK_EQUAL(read(one[0], buffer, 8), 2);
	CHECK_BYTES(buffer, "ef", 2);
}

TEST(tee_copies_without_taking)
{
	char buffer[8];
	int one[2], two[2];

	REQUIRE_OK(pipe(one));
	REQUIRE_OK(pipe(two));
	CHECK_EQUAL(write(one[1], "abcdef", 6), 6);
	CHECK_EQUAL(syscall(SYS_tee, one[0], two[1], 4, 0), 4);
	CHECK_EQUAL(read(two[0], buffer, 8), 4);
	CHECK_BYTES(buffer, "abcd", 4);
	CHECK_EQUAL(read(one[0], buffer, 8), 6);
	CHECK_BYTES(buffer, "abcdef", 6);
	CHECK_ERRNO(syscall(SYS_tee, one[0], two[1], 4, NONBLOCK), EAGAIN);
	CHECK_EQUAL(syscall(SYS_tee, one[0], two[1], 0, 0), 0);
	close(one[1]);
	CHECK_EQUAL(syscall(SYS_tee, one[0], two[1], 4, 0), 0);
}

TEST(splice_refusals)
{
	int64_t at = 0;
	int ends[2], fd, zero = file_open("/dev/zero", O_RDWR);

	file_write("a", "abcdefgh");
	fd = file_open("a", O_RDWR);
	REQUIRE_OK(pipe(ends));
	CHECK_ERRNO(raw_splice(fd, NULL, fd, NULL, 10, 0), EINVAL);
	CHECK_ERRNO(raw_splice(999, NULL, ends[1], NULL, 10, 0), EBADF);
	CHECK_ERRNO(raw_splice(fd, NULL, 999, NULL, 10, 0), EBADF);
	CHECK_ERRNO(raw_splice(fd, NULL, ends[0], NULL, 10, 0), EBADF);
	CHECK_ERRNO(raw_splice(ends[1], NULL, fd, NULL, 10, 0), EBADF);
	CHECK_ERRNO(raw_splice(fd, NULL, ends[1], &at, 10, 0), ESPIPE);
	CHECK_ERRNO(raw_splice(ends[0], &at, fd, NULL, 10, 0), ESPIPE);
	CHECK_ERRNO(raw_splice(fd, NULL, ends[1], NULL, 10, 0x100), EINVAL);
	CHECK_ERRNO(raw_splice(ends[0], NULL, ends[1], NULL, 10, 0), EINVAL);
	CHECK_FAULTS(raw_splice(fd, bad, ends[1], NULL, 10, 0));
	CHECK_EQUAL(raw_splice(fd, NULL, ends[1], NULL, 0, 0), 0);
	at = -1;
	CHECK_ERRNO(raw_splice(fd, &at, ends[1], NULL, 10, 0), EINVAL);
	at = INT64_MAX - 5;
	CHECK_ERRNO(raw_splice(zero, &at, ends[1], NULL, 10, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_sendfile, fd, zero, &at, 10), EINVAL);
	CHECK_EQUAL(write(ends[1], "x", 1), 1);
	CHECK_ERRNO(raw_splice(ends[0], NULL, file_open("a", O_WRONLY | O_APPEND), NULL, 1, 0),
		    EINVAL);
	CHECK_ERRNO(syscall(SYS_tee, ends[0], ends[1], 1, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_tee, fd, ends[1], 1, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_tee, 999, ends[1], 1, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_tee, ends[0], 999, 1, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_tee, ends[0], ends[1], 1, 0x100), EINVAL);
}

TEST(splice_waits_and_is_interrupted)
{
	int one[2], two[2];

	REQUIRE_OK(pipe(one));
	REQUIRE_OK(pipe(two));
	CHECK_INTERRUPTED(raw_splice(one[0], NULL, two[1], NULL, 10, 0));
	CHECK_INTERRUPTED(syscall(SYS_tee, one[0], two[1], 10, 0));
}
