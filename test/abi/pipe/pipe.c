/*
 * Pipes and named pipes: order, capacity, blocking, ends of file, SIGPIPE,
 * packets, sizes, and signals in the middle.
 */
#include "support.h"
#include <sys/ioctl.h>
#include <sys/uio.h>

#define PACKETS O_DIRECT

static int fill(int fd)
{
	char buffer[4096] = { 0 };
	int total = 0;
	ssize_t put;
	int flags = fcntl(fd, F_GETFL);

	REQUIRE_OK(fcntl(fd, F_SETFL, flags | O_NONBLOCK));
	while ((put = write(fd, buffer, sizeof(buffer))) > 0)
		total += put;
	CHECK_EQUAL(errno, EAGAIN);
	REQUIRE_OK(fcntl(fd, F_SETFL, flags));
	return total;
}

TEST(pipe_gives_two_ends)
{
	int ends[4];

	poison(ends, sizeof(ends));
	CHECK_OK(syscall(SYS_pipe2, ends, 0));
	CHECK_UNTOUCHED(&ends[2], 8);
	CHECK_EQUAL(ends[1], ends[0] + 1);
	CHECK_EQUAL(fcntl(ends[0], F_GETFL), O_RDONLY);
	CHECK_EQUAL(fcntl(ends[1], F_GETFL), O_WRONLY);
	CHECK_EQUAL(fcntl(ends[0], F_GETFD), 0);
	CHECK_OK(syscall(SYS_pipe2, ends, O_CLOEXEC | O_NONBLOCK | PACKETS));
	CHECK_EQUAL(fcntl(ends[0], F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(ends[1], F_GETFL), O_WRONLY | O_NONBLOCK | PACKETS);
}

TEST(pipe_refusals)
{
	int ends[2], before = descriptor_count();

	CHECK_FAULTS(syscall(SYS_pipe2, bad, 0));
	CHECK_ERRNO(syscall(SYS_pipe2, edge_bytes(4), 0), EFAULT);
	CHECK_ERRNO(syscall(SYS_pipe2, ends, O_APPEND), EINVAL);
	CHECK_ERRNO(syscall(SYS_pipe2, ends, 1), EINVAL);
	CHECK_EQUAL(descriptor_count(), before);
}

TEST(bytes_in_order)
{
	char buffer[16];
	int ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_EQUAL(write(ends[1], "abc", 3), 3);
	CHECK_EQUAL(write(ends[1], "defg", 4), 4);
	poison(buffer, sizeof(buffer));
	CHECK_EQUAL(read(ends[0], buffer, 5), 5);
	CHECK_BYTES(buffer, "abcde", 5);
	CHECK_UNTOUCHED(buffer + 5, 11);
	CHECK_EQUAL(read(ends[0], buffer, 16), 2);
	CHECK_BYTES(buffer, "fg", 2);
}

TEST(wrong_end)
{
	char byte = 0;
	int ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_ERRNO(write(ends[0], &byte, 1), EBADF);
	CHECK_ERRNO(read(ends[1], &byte, 1), EBADF);
	CHECK_FAULTS(write(ends[1], bad, 5));
	CHECK_EQUAL(write(ends[1], "abc", 3), 3);
	CHECK_FAULTS(read(ends[0], bad, 5));
	CHECK_EQUAL(read(ends[0], &byte, 1), 1);
	CHECK_EQUAL(byte, 'a');
}

TEST(end_of_file_when_all_writers_closed)
{
	int ends[2], copy;
	char byte;

	REQUIRE_OK(pipe(ends));
	copy = dup(ends[1]);
	CHECK_EQUAL(write(copy, "a", 1), 1);
	close(ends[1]);
	close(copy);
	CHECK_EQUAL(read(ends[0], &byte, 1), 1);
	CHECK_EQUAL(read(ends[0], &byte, 1), 0);
	CHECK_EQUAL(read(ends[0], &byte, 1), 0);
}

TEST(no_reader)
{
	int ends[2];

	REQUIRE_OK(pipe(ends));
	close(ends[0]);
	signal_counted(SIGPIPE, 0);
	CHECK_ERRNO(write(ends[1], "a", 1), EPIPE);
	CHECK_EQUAL(signal_count(SIGPIPE), 1);
	signal_ignore(SIGPIPE);
	CHECK_ERRNO(write(ends[1], "a", 1), EPIPE);
	CHECK_EQUAL(write(ends[1], "a", 0), 0);
	signal_default(SIGPIPE);
	pid_t pid = fork();

	if (pid == 0) {
		write(ends[1], "a", 1);
		_exit(0);
	}
	CHECK_EQUAL(child_wait(pid), SIGPIPE);
}

TEST(capacity)
{
	char buffer[4096];
	int ends[2], count;

	REQUIRE_OK(pipe(ends));
	CHECK_EQUAL(syscall(SYS_fcntl, ends[0], F_GETPIPE_SZ), 65536);
	CHECK_EQUAL(fill(ends[1]), 65536);
	REQUIRE_OK(ioctl(ends[0], FIONREAD, &count));
	CHECK_EQUAL(count, 65536);
	CHECK_EQUAL(read(ends[0], buffer, 4096), 4096);
	CHECK_EQUAL(fill(ends[1]), 4096);
}

TEST(changing_capacity)
{
	int ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_EQUAL(syscall(SYS_fcntl, ends[1], F_SETPIPE_SZ, 1), 4096);
	CHECK_EQUAL(fill(ends[1]), 4096);
	CHECK_EQUAL(syscall(SYS_fcntl, ends[1], F_SETPIPE_SZ, 131072), 131072);
	CHECK_EQUAL(syscall(SYS_fcntl, ends[0], F_GETPIPE_SZ), 131072);
	CHECK_EQUAL(fill(ends[1]), 131072 - 4096);
	CHECK_ERRNO(syscall(SYS_fcntl, ends[1], F_SETPIPE_SZ, 4096), EBUSY);
	CHECK_EQUAL(syscall(SYS_fcntl, ends[1], F_SETPIPE_SZ, 70000), 131072);
	CHECK_ERRNO(syscall(SYS_fcntl, ends[1], F_SETPIPE_SZ, 0), EBUSY);
	CHECK_ERRNO(syscall(SYS_fcntl, ends[1], F_SETPIPE_SZ, -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_fcntl, file_open(".", O_RDONLY), F_GETPIPE_SZ), EBADF);
	REQUIRE_OK(pipe(ends));
	CHECK_EQUAL(syscall(SYS_fcntl, ends[1], F_SETPIPE_SZ, 5000), 8192);
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_fcntl, ends[1], F_SETPIPE_SZ, 64 << 20), EPERM);
	}
}

TEST(small_writes_are_whole_or_not_at_all)
{
	char buffer[4096] = { 0 };
	int ends[2];

	REQUIRE_OK(pipe2(ends, O_NONBLOCK));
	REQUIRE_OK(fcntl(ends[1], F_SETPIPE_SZ, 4096));
	CHECK_EQUAL(write(ends[1], buffer, 4000), 4000);
	CHECK_ERRNO(write(ends[1], buffer, 4096), EAGAIN);
	CHECK_ERRNO(write(ends[1], buffer, 97), EAGAIN);
	CHECK_EQUAL(write(ends[1], buffer, 96), 96);
}

TEST(large_writes_are_split)
{
	char *buffer = calloc(1, 200000);
	int ends[2];

	REQUIRE_OK(pipe2(ends, O_NONBLOCK));
	CHECK_EQUAL(write(ends[1], buffer, 200000), 65536);
	CHECK_ERRNO(read(ends[1], buffer, 1), EBADF);
	CHECK_EQUAL(read(ends[0], buffer, 200000), 65536);
	CHECK_ERRNO(read(ends[0], buffer, 1), EAGAIN);
}

TEST(blocking_read_waits)
{
	int ends[2];
	pid_t pid;
	char byte = 0;

	REQUIRE_OK(pipe(ends));
	pid = fork();
	if (pid == 0) {
		CHECK_EQUAL(read(ends[0], &byte, 1), 1);
		CHECK_EQUAL(byte, 'z');
		check_child_end();
	}
	CHECK(process_await(pid, 'S'));
	CHECK_EQUAL(write(ends[1], "z", 1), 1);
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(blocking_write_waits_for_room)
{
	char *buffer = malloc(300000);
	size_t got = 0;
	int ends[2];
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	for (int i = 0; i < 300000; i++)
		buffer[i] = file_byte(i);
	pid = fork();
	if (pid == 0) {
		CHECK_EQUAL(write(ends[1], buffer, 300000), 300000);
		check_child_end();
	}
	close(ends[1]);
	CHECK(process_await(pid, 'S'));
	memset(buffer, 0, 300000);
	for (ssize_t part; (part = read(ends[0], buffer + got, 300000 - got)) > 0;)
		got += part;
	CHECK_EQUAL(got, 300000);
	for (int i = 0; i < 300000; i++)
		REQUIRE((unsigned char)buffer[i] == file_byte(i));
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(reader_leaving_wakes_the_writer)
{
	int ends[2];
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	fill(ends[1]);
	signal_ignore(SIGPIPE);
	pid = fork();
	if (pid == 0) {
		close(ends[0]);
		CHECK_ERRNO(write(ends[1], "x", 1), EPIPE);
		check_child_end();
	}
	CHECK(process_await(pid, 'S'));
	close(ends[0]);
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(interrupted_without_data)
{
	char byte;
	int ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_INTERRUPTED(read(ends[0], &byte, 1));
	fill(ends[1]);
	CHECK_INTERRUPTED(write(ends[1], "x", 1));
}

TEST(interrupted_in_the_middle_of_a_write)
{
	char *buffer = calloc(1, 100000);
	int ends[2];

	REQUIRE_OK(pipe(ends));
	ticks_start(30, 0, 0, NULL);
	CHECK_EQUAL(write(ends[1], buffer, 100000), 65536);
	ticks_stop();
}

static int restart_ends[2];

static void put_byte(void)
{
	write(restart_ends[1], "r", 1);
}

TEST(restarted_when_asked)
{
	char byte = 0;

	REQUIRE_OK(pipe(restart_ends));
	ticks_start(30, SA_RESTART, 3, put_byte);
	CHECK_EQUAL(read(restart_ends[0], &byte, 1), 1);
	CHECK(ticks_seen() >= 3);
	ticks_stop();
	CHECK_EQUAL(byte, 'r');
}

TEST(packets_keep_their_bounds)
{
	char buffer[64];
	int ends[2];

	REQUIRE_OK(pipe2(ends, PACKETS | O_NONBLOCK));
	CHECK_EQUAL(write(ends[1], "abc", 3), 3);
	CHECK_EQUAL(write(ends[1], "defgh", 5), 5);
	poison(buffer, sizeof(buffer));
	CHECK_EQUAL(read(ends[0], buffer, 64), 3);
	CHECK_UNTOUCHED(buffer + 3, 61);
	CHECK_EQUAL(read(ends[0], buffer, 2), 2);
	CHECK_BYTES(buffer, "de", 2);
	CHECK_ERRNO(read(ends[0], buffer, 64), EAGAIN);
}

TEST(vectors_through_a_pipe)
{
	char a[3], b[10];
	struct iovec out[] = { { "ab", 2 }, { "cdef", 4 } }, in[] = { { a, 3 }, { b, 10 } };
	int ends[2];

	REQUIRE_OK(pipe(ends));
	poison(b, sizeof(b));
	CHECK_EQUAL(writev(ends[1], out, 2), 6);
	CHECK_EQUAL(readv(ends[0], in, 2), 6);
	CHECK_BYTES(a, "abc", 3);
	CHECK_BYTES(b, "def", 3);
	CHECK_UNTOUCHED(b + 3, 7);
}

TEST(named_pipe_waits_for_the_other_end)
{
	pid_t pid;
	char byte;
	int fd;

	REQUIRE_OK(mkfifo("p", 0600));
	pid = fork();
	if (pid == 0) {
		fd = open("p", O_WRONLY);
		CHECK_EQUAL(write(fd, "q", 1), 1);
		check_child_end();
	}
	CHECK(process_await(pid, 'S'));
	fd = REQUIRE_OK(open("p", O_RDONLY));
	CHECK_EQUAL(read(fd, &byte, 1), 1);
	CHECK_EQUAL(read(fd, &byte, 1), 0);
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(named_pipe_without_waiting)
{
	char byte;
	int fd, writer;

	REQUIRE_OK(mkfifo("p", 0600));
	CHECK_ERRNO(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
	fd = REQUIRE_OK(open("p", O_RDONLY | O_NONBLOCK));
	CHECK_EQUAL(read(fd, &byte, 1), 0);
	writer = REQUIRE_OK(open("p", O_WRONLY | O_NONBLOCK));
	CHECK_ERRNO(read(fd, &byte, 1), EAGAIN);
	CHECK_EQUAL(write(writer, "a", 1), 1);
	CHECK_EQUAL(read(fd, &byte, 1), 1);
	CHECK_OK(open("p", O_RDWR));
	CHECK_EQUAL(file_size("p"), 0);
}

TEST(named_pipe_opening_is_interrupted)
{
	REQUIRE_OK(mkfifo("p", 0600));
	CHECK_INTERRUPTED(open("p", O_RDONLY));
	CHECK_INTERRUPTED(open("p", O_WRONLY));
	CHECK_ERRNO(open("p", O_WRONLY | O_NONBLOCK), ENXIO);
}
