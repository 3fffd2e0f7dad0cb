/*
 * Sizes and bulk moves of data: truncate, fallocate, advice, write-back,
 * copy_file_range and sendfile; and the size limit.
 */
#include "support.h"
#include <sys/resource.h>

#define KEEP_SIZE 1
#define PUNCH_HOLE 2

TEST(truncate_shrinks_and_grows_with_zeros)
{
	unsigned char buffer[64];
	int fd;

	file_make("f", 6000);
	CHECK_OK(syscall(SYS_truncate, "f", 10l));
	CHECK_EQUAL(file_size("f"), 10);
	fd = file_open("f", O_RDWR);
	CHECK_OK(syscall(SYS_ftruncate, fd, 5000l));
	CHECK_EQUAL(file_size("f"), 5000);
	CHECK_EQUAL(pread(fd, buffer, 64, 0), 64);
	for (int i = 0; i < 64; i++)
		CHECK_EQUAL(buffer[i], i < 10 ? file_byte(i) : 0);
	CHECK_EQUAL(lseek(fd, 0, SEEK_CUR), 0);
}

TEST(truncate_refusals)
{
	int fd;

	file_write("f", "abc");
	REQUIRE_OK(mkdir("d", 0755));
	fd = file_open("f", O_RDONLY);
	CHECK_ERRNO(syscall(SYS_truncate, "none", 0l), ENOENT);
	CHECK_ERRNO(syscall(SYS_truncate, "d", 0l), EISDIR);
	CHECK_ERRNO(syscall(SYS_truncate, "f", -1l), EINVAL);
	CHECK_ERRNO(syscall(SYS_truncate, "f/x", 0l), ENOTDIR);
	CHECK_FAULTS(syscall(SYS_truncate, bad, 0l));
	CHECK_ERRNO(syscall(SYS_ftruncate, fd, 0l), EINVAL);
	CHECK_ERRNO(syscall(SYS_ftruncate, 999, 0l), EBADF);
	fd = file_open("f", O_RDWR);
	CHECK_ERRNO(syscall(SYS_ftruncate, fd, -1l), EINVAL);
	CHECK_ERRNO(syscall(SYS_ftruncate, file_open("d", O_RDONLY), 0l), EINVAL);
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_truncate, "f", 0l), EACCES);
	}
	CHECK_EQUAL(file_size("f"), 3);
}

TEST(size_limit_stops_writing)
{
	struct rlimit limit = { 10000, 10000 };
	char buffer[8000] = { 0 };
	int fd = file_open("f", O_RDWR | O_CREAT);

	signal_counted(SIGXFSZ, 0);
	REQUIRE_OK(setrlimit(RLIMIT_FSIZE, &limit));
	CHECK_EQUAL(write(fd, buffer, 8000), 8000);
	CHECK_EQUAL(write(fd, buffer, 8000), 2000);
	CHECK_EQUAL(signal_count(SIGXFSZ), 0);
	CHECK_ERRNO(write(fd, buffer, 1), EFBIG);
	CHECK_EQUAL(signal_count(SIGXFSZ), 1);
	CHECK_ERRNO(ftruncate(fd, 10001), EFBIG);
	CHECK_EQUAL(signal_count(SIGXFSZ), 2);
	CHECK_OK(ftruncate(fd, 10000));
	CHECK_EQUAL(file_size("f"), 10000);
}

TEST(size_limit_signal_kills)
{
	struct rlimit limit = { 100, 100 };
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		int fd = open("f", O_RDWR | O_CREAT, 0600);

		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
		setrlimit(RLIMIT_FSIZE, &limit);
		pwrite(fd, "a", 1, 100);
		_exit(0);
	}
	status = child_wait(pid);
	CHECK(WIFSIGNALED(status));
	CHECK_EQUAL(WTERMSIG(status), SIGXFSZ);
}

TEST(fallocate_reserves)
{
	struct stat status;
	int fd = file_open("f", O_RDWR | O_CREAT);

	CHECK_OK(syscall(SYS_fallocate, fd, 0, 0l, 10 * PAGE));
	REQUIRE_OK(fstat(fd, &status));
	CHECK_EQUAL(status.st_size, 10 * PAGE);
	CHECK_EQUAL(status.st_blocks, 80);
	CHECK_OK(syscall(SYS_fallocate, fd, KEEP_SIZE, 10 * PAGE, 2 * PAGE));
	REQUIRE_OK(fstat(fd, &status));
	CHECK_EQUAL(status.st_size, 10 * PAGE);
	CHECK_EQUAL(status.st_blocks, 96);
	CHECK_OK(syscall(SYS_fallocate, fd, 0, 0l, PAGE));
	CHECK_EQUAL(file_size("f"), 10 * PAGE);
}

TEST(fallocate_punches_holes)
{
	struct stat status;
	char buffer[3 * 4096];
	int fd;

	file_make("f", 3 * PAGE);
	fd = file_open("f", O_RDWR);
	CHECK_OK(syscall(SYS_fallocate, fd, PUNCH_HOLE | KEEP_SIZE, PAGE - 6, PAGE + 12));
	REQUIRE_OK(fstat(fd, &status));
	CHECK_EQUAL(status.st_size, 3 * PAGE);
	CHECK_EQUAL(status.st_blocks, 16);
	CHECK_EQUAL(pread(fd, buffer, sizeof(buffer), 0), sizeof(buffer));
	CHECK_FILLED(buffer + PAGE - 6, 0, PAGE + 12);
	CHECK_EQUAL((unsigned char)buffer[PAGE - 7], file_byte(PAGE - 7));
	CHECK_EQUAL((unsigned char)buffer[2 * PAGE + 6], file_byte(2 * PAGE + 6));
}

TEST(fallocate_refusals)
{
	int fd = file_open("f", O_RDWR | O_CREAT), ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_ERRNO(syscall(SYS_fallocate, fd, 0, -1l, 10l), EINVAL);
	CHECK_ERRNO(syscall(SYS_fallocate, fd, 0, 0l, 0l), EINVAL);
	CHECK_ERRNO(syscall(SYS_fallocate, fd, 0, 0l, -1l), EINVAL);
	CHECK_ERRNO(syscall(SYS_fallocate, fd, 0, 0x7fffffffffffffffl, 1l), EFBIG);
	CHECK_ERRNO(syscall(SYS_fallocate, fd, PUNCH_HOLE, 0l, 10l), EOPNOTSUPP);
	CHECK_ERRNO(syscall(SYS_fallocate, fd, 0x400, 0l, 10l), EOPNOTSUPP);
	CHECK_ERRNO(syscall(SYS_fallocate, 999, 0, 0l, 10l), EBADF);
	CHECK_ERRNO(syscall(SYS_fallocate, file_open("f", O_RDONLY), 0, 0l, 10l), EBADF);
	CHECK_ERRNO(syscall(SYS_fallocate, ends[1], 0, 0l, 10l), ESPIPE);
	CHECK_ERRNO(syscall(SYS_fallocate, file_open(".", O_RDONLY), 0, 0l, 10l), EBADF);
	CHECK_EQUAL(file_size("f"), 0);
}

TEST(advice)
{
	int fd, ends[2];

	file_make("f", 10000);
	fd = file_open("f", O_RDONLY);
	REQUIRE_OK(pipe(ends));
	for (int advice = 0; advice <= 5; advice++)
		CHECK_OK(syscall(SYS_fadvise64, fd, 0l, 0l, advice));
	CHECK_ERRNO(syscall(SYS_fadvise64, fd, 0l, 0l, 6), EINVAL);
	CHECK_ERRNO(syscall(SYS_fadvise64, fd, 0l, -1l, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_fadvise64, 999, 0l, 0l, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_fadvise64, ends[0], 0l, 0l, 0), ESPIPE);
}

TEST(write_back_calls)
{
	int fd, ends[2];

	file_write("f", "abc");
	fd = file_open("f", O_RDWR);
	REQUIRE_OK(pipe(ends));
	CHECK_OK(syscall(SYS_fsync, fd));
	CHECK_OK(syscall(SYS_fdatasync, fd));
	CHECK_OK(syscall(SYS_syncfs, fd));
	CHECK_EQUAL(syscall(SYS_sync), 0);
	CHECK_ERRNO(syscall(SYS_fsync, 999), EBADF);
	CHECK_ERRNO(syscall(SYS_fdatasync, 999), EBADF);
	CHECK_ERRNO(syscall(SYS_syncfs, 999), EBADF);
	CHECK_ERRNO(syscall(SYS_fsync, ends[0]), EINVAL);
	CHECK_ERRNO(syscall(SYS_fdatasync, ends[0]), EINVAL);
	CHECK_OK(syscall(SYS_fsync, file_open(".", O_RDONLY)));
}

TEST(copy_between_files)
{
	int64_t from_at = 100, to_at = 7;
	unsigned char buffer[32];
	int from, to;

	file_make("a", 9000);
	from = file_open("a", O_RDONLY);
	to = file_open("b", O_RDWR | O_CREAT);
	CHECK_EQUAL(syscall(SYS_copy_file_range, from, &from_at, to, &to_at, 5000, 0), 5000);
	CHECK_EQUAL(from_at, 5100);
	CHECK_EQUAL(to_at, 5007);
	CHECK_EQUAL(lseek(from, 0, SEEK_CUR), 0);
	CHECK_EQUAL(file_size("b"), 5007);
	CHECK_EQUAL(pread(to, buffer, 32, 0), 32);
	CHECK_FILLED(buffer, 0, 7);
	CHECK_EQUAL(buffer[7], file_byte(100));
	CHECK_EQUAL(syscall(SYS_copy_file_range, from, NULL, to, NULL, 100000, 0), 9000);
	CHECK_EQUAL(lseek(from, 0, SEEK_CUR), 9000);
	CHECK_EQUAL(syscall(SYS_copy_file_range, from, NULL, to, NULL, 100, 0), 0);
}

TEST(copy_refusals)
{
	int64_t at = 0, other = 10;
	int from, to, ends[2];

	file_make("a", 100);
	from = file_open("a", O_RDWR);
	to = file_open("b", O_RDWR | O_CREAT);
	REQUIRE_OK(pipe(ends));
	CHECK_ERRNO(syscall(SYS_copy_file_range, from, NULL, to, NULL, 10, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_copy_file_range, 999, NULL, to, NULL, 10, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_copy_file_range, from, NULL, 999, NULL, 10, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_copy_file_range, to, NULL, file_open("a", O_RDONLY), NULL, 10, 0),
		    EBADF);
	CHECK_ERRNO(syscall(SYS_copy_file_range, from, NULL,
			    file_open("b", O_RDWR | O_APPEND), NULL, 10, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_copy_file_range, from, &at, from, &other, 20, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_copy_file_range, ends[0], NULL, to, NULL, 10, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_copy_file_range, file_open(".", O_RDONLY), NULL, to, NULL, 10, 0),
		    EISDIR);
	CHECK_FAULTS(syscall(SYS_copy_file_range, from, bad, to, NULL, 10, 0));
	CHECK_FAULTS(syscall(SYS_copy_file_range, from, NULL, to, bad, 10, 0));
	at = -1;
	CHECK_ERRNO(syscall(SYS_copy_file_range, from, &at, to, NULL, 10, 0), EOVERFLOW);
	CHECK_EQUAL(file_size("b"), 0);
}

TEST(sendfile_to_file_and_pipe)
{
	char buffer[64];
	int64_t at = 5;
	int from, to, ends[2];

	file_make("a", 3000);
	from = file_open("a", O_RDONLY);
	to = file_open("b", O_RDWR | O_CREAT);
	REQUIRE_OK(pipe(ends));
	CHECK_EQUAL(syscall(SYS_sendfile, to, from, NULL, 2000), 2000);
	CHECK_EQUAL(lseek(from, 0, SEEK_CUR), 2000);
	CHECK_EQUAL(lseek(to, 0, SEEK_CUR), 2000);
	CHECK_EQUAL(syscall(SYS_sendfile, ends[1], from, &at, 20), 20);
	CHECK_EQUAL(at, 25);
	CHECK_EQUAL(lseek(from, 0, SEEK_CUR), 2000);
	CHECK_EQUAL(read(ends[0], buffer, 64), 20);
	CHECK_EQUAL((unsigned char)buffer[0], file_byte(5));
	CHECK_EQUAL(syscall(SYS_sendfile, to, from, NULL, 0x7fffffffl), 1000);
	CHECK_EQUAL(syscall(SYS_sendfile, to, from, NULL, 10), 0);
}

TEST(sendfile_refusals)
{
	int64_t at = -1;
	int from, to, ends[2];

	file_make("a", 3000);
	from = file_open("a", O_RDONLY);
	to = file_open("b", O_RDWR | O_CREAT);
	REQUIRE_OK(pipe(ends));
	CHECK_ERRNO(syscall(SYS_sendfile, 999, from, NULL, 10), EBADF);
	CHECK_ERRNO(syscall(SYS_sendfile, to, 999, NULL, 10), EBADF);
	CHECK_ERRNO(syscall(SYS_sendfile, from, to, NULL, 10), EBADF);
	CHECK_ERRNO(syscall(SYS_sendfile, to, from, &at, 10), EINVAL);
	CHECK_FAULTS(syscall(SYS_sendfile, to, from, bad, 10));
	CHECK_ERRNO(syscall(SYS_sendfile, file_open("b", O_RDWR | O_APPEND), from, NULL, 10),
		    EINVAL);
	at = 0;
	CHECK_ERRNO(syscall(SYS_sendfile, to, ends[0], &at, 10), ESPIPE);
	CHECK_EQUAL(file_size("b"), 0);
}
