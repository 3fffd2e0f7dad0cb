/*
 * The descriptor table: lowest free number, dup and its kin, close-on-exec,
 * close_range, status flags, owners of a file's signals.
 */
#include "support.h"
#include <sys/ioctl.h>
#include <sys/resource.h>

HELPER(is_open)
{
	return argc == 1 && fcntl(atoi(argv[0]), F_GETFD) >= 0 ? 1 : 0;
}

/* Whether descriptor fd is still open in a program that this one executes. */
static bool survives_exec(int fd)
{
	char number[12];
	pid_t pid = fork();

	snprintf(number, sizeof(number), "%d", fd);
	if (pid == 0) {
		execl(check_program, "x", "--helper", "is_open", number, NULL);
		_exit(99);
	}
	return child_exit_code(pid) == 1;
}

TEST(lowest_free_number)
{
	int first = file_open(".", O_RDONLY), second = file_open(".", O_RDONLY);
	int third = file_open(".", O_RDONLY);

	CHECK_EQUAL(second, first + 1);
	CHECK_EQUAL(third, first + 2);
	CHECK_OK(syscall(SYS_close, first));
	CHECK_OK(syscall(SYS_close, second));
	CHECK_EQUAL(open(".", O_RDONLY), first);
	CHECK_EQUAL(syscall(SYS_dup, third), second);
}

TEST(close_refusals)
{
	int fd = file_open(".", O_RDONLY);

	CHECK_OK(syscall(SYS_close, fd));
	CHECK_ERRNO(syscall(SYS_close, fd), EBADF);
	CHECK_ERRNO(syscall(SYS_close, -1), EBADF);
	CHECK_ERRNO(syscall(SYS_close, 0x7fffffff), EBADF);
	CHECK_ERRNO(syscall(SYS_close, 1000000), EBADF);
}

TEST(dup_refusals)
{
	CHECK_ERRNO(syscall(SYS_dup, -1), EBADF);
	CHECK_ERRNO(syscall(SYS_dup, 999), EBADF);
	CHECK_ERRNO(syscall(SYS_dup3, 0, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_dup3, 0, 50, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_dup3, 999, 50, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_dup3, 999, 999, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_dup3, 0, -1, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_dup3, 0, 0x7fffffff, 0), EBADF);
}

TEST(dup3_replaces_and_sets_close_on_exec)
{
	int fd, target;
	char byte = 0;

	file_write("a", "A");
	file_write("b", "B");
	fd = file_open("a", O_RDONLY);
	target = file_open("b", O_RDONLY);
	CHECK_EQUAL(syscall(SYS_dup3, fd, target, O_CLOEXEC), target);
	CHECK_EQUAL(fcntl(target, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(fd, F_GETFD), 0);
	CHECK_EQUAL(read(target, &byte, 1), 1);
	CHECK_EQUAL(byte, 'A');
	CHECK_EQUAL(syscall(SYS_dup3, fd, 500, 0), 500);
	CHECK_EQUAL(fcntl(500, F_GETFD), 0);
}

TEST(dup_does_not_copy_close_on_exec)
{
	int fd = file_open(".", O_RDONLY | O_CLOEXEC), copy;

	CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	copy = REQUIRE_OK(syscall(SYS_dup, fd));
	CHECK_EQUAL(fcntl(copy, F_GETFD), 0);
	CHECK_OK(fcntl(fd, F_SETFD, 0));
	CHECK_EQUAL(fcntl(fd, F_GETFD), 0);
	CHECK_OK(fcntl(fd, F_SETFD, 0xfe));
	CHECK_EQUAL(fcntl(fd, F_GETFD), 0);
	CHECK_OK(fcntl(fd, F_SETFD, 0xff));
	CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
}

TEST(close_on_exec_closes)
{
	int kept = file_open(".", O_RDONLY), closed = file_open(".", O_RDONLY | O_CLOEXEC);

	CHECK(survives_exec(kept));
	CHECK(!survives_exec(closed));
	CHECK_OK(syscall(SYS_ioctl, kept, FIOCLEX));
	CHECK_EQUAL(fcntl(kept, F_GETFD), FD_CLOEXEC);
	CHECK(!survives_exec(kept));
	CHECK_OK(syscall(SYS_ioctl, closed, FIONCLEX));
	CHECK_EQUAL(fcntl(closed, F_GETFD), 0);
	CHECK(survives_exec(closed));
	CHECK_ERRNO(syscall(SYS_ioctl, 999, FIOCLEX), EBADF);
	CHECK_ERRNO(syscall(SYS_ioctl, 999, FIONCLEX), EBADF);
}

TEST(f_dupfd_from_a_number_up)
{
	int fd = file_open(".", O_RDONLY);

	CHECK_EQUAL(syscall(SYS_fcntl, fd, F_DUPFD, 100), 100);
	CHECK_EQUAL(syscall(SYS_fcntl, fd, F_DUPFD, 100), 101);
	CHECK_EQUAL(syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 100), 102);
	CHECK_EQUAL(fcntl(101, F_GETFD), 0);
	CHECK_EQUAL(fcntl(102, F_GETFD), FD_CLOEXEC);
	CHECK_ERRNO(syscall(SYS_fcntl, fd, F_DUPFD, -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_fcntl, fd, F_DUPFD, 0x7fffffff), EINVAL);
	CHECK_ERRNO(syscall(SYS_fcntl, 999, F_DUPFD, 0), EBADF);
}

TEST(descriptor_limit)
{
	struct rlimit limit = { 20, 20 };
	int fd = 0, highest = -1;

	REQUIRE_OK(setrlimit(RLIMIT_NOFILE, &limit));
	while ((fd = dup(0)) >= 0)
		highest = fd;
	CHECK_EQUAL(errno, EMFILE);
	CHECK_EQUAL(highest, 19);
	CHECK_ERRNO(open(".", O_RDONLY), EMFILE);
	CHECK_ERRNO(syscall(SYS_dup3, 0, 20, 0), EBADF);
	CHECK_ERRNO(fcntl(0, F_DUPFD, 20), EINVAL);
	CHECK_ERRNO(fcntl(0, F_DUPFD, 10), EMFILE);
	CHECK_EQUAL(syscall(SYS_dup3, 0, 19, 0), 19);
	CHECK_OK(close(19));
	CHECK_EQUAL(dup(0), 19);
}

TEST(many_descriptors)
{
	struct rlimit limit = { 3000, 4096 };
	int last = 0, before = 0;

	REQUIRE_OK(setrlimit(RLIMIT_NOFILE, &limit));
	while ((last = dup(0)) >= 0)
		before = last;
	CHECK_EQUAL(before, 2999);
	CHECK_OK(close(1500));
	CHECK_EQUAL(dup(0), 1500);
	IN_CHILD {
		CHECK_EQUAL(fcntl(2999, F_GETFD), 0);
		CHECK_OK(syscall(SYS_close_range, 10, 2998, 0));
		CHECK_ERRNO(fcntl(2998, F_GETFD), EBADF);
		CHECK_EQUAL(fcntl(2999, F_GETFD), 0);
		CHECK_EQUAL(dup(0), 10);
	}
	CHECK_EQUAL(fcntl(2998, F_GETFD), 0);
}

TEST(close_range_closes)
{
	for (int fd = 20; fd < 30; fd++)
		REQUIRE_OK(dup2(0, fd));
	CHECK_OK(syscall(SYS_close_range, 22, 25, 0));
	CHECK_EQUAL(fcntl(21, F_GETFD), 0);
	CHECK_ERRNO(fcntl(22, F_GETFD), EBADF);
	CHECK_ERRNO(fcntl(25, F_GETFD), EBADF);
	CHECK_EQUAL(fcntl(26, F_GETFD), 0);
	CHECK_OK(syscall(SYS_close_range, 26, 27, 4));
	CHECK_EQUAL(fcntl(26, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(28, F_GETFD), 0);
	CHECK_OK(syscall(SYS_close_range, 28, ~0u, 0));
	CHECK_ERRNO(fcntl(29, F_GETFD), EBADF);
	CHECK_OK(syscall(SYS_close_range, 5000, 6000, 0));
}

TEST(close_range_refusals)
{
	CHECK_ERRNO(syscall(SYS_close_range, 9, 8, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_close_range, 9, 10, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_close_range, 9, 10, 0x100), EINVAL);
	CHECK_ERRNO(syscall(SYS_close_range, ~0u, 0, 0), EINVAL);
}

TEST(status_flags)
{
	int fd = file_open("f", O_RDWR | O_CREAT | O_APPEND | O_NONBLOCK);
	int copy = REQUIRE_OK(dup(fd));

	CHECK_EQUAL(syscall(SYS_fcntl, fd, F_GETFL), O_RDWR | O_APPEND | O_NONBLOCK | O_LARGEFILE);
	CHECK_OK(syscall(SYS_fcntl, fd, F_SETFL, 0));
	CHECK_EQUAL(syscall(SYS_fcntl, copy, F_GETFL), O_RDWR | O_LARGEFILE);
	CHECK_OK(syscall(SYS_fcntl, fd, F_SETFL, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND));
	CHECK_EQUAL(syscall(SYS_fcntl, fd, F_GETFL), O_RDWR | O_APPEND | O_LARGEFILE);
	CHECK_OK(syscall(SYS_fcntl, fd, F_SETFL, O_NOATIME));
	CHECK_EQUAL(syscall(SYS_fcntl, fd, F_GETFL), O_RDWR | O_NOATIME | O_LARGEFILE);
	CHECK_EQUAL(fcntl(file_open("f", O_RDONLY), F_GETFL), O_RDONLY | O_LARGEFILE);
	CHECK_EQUAL(fcntl(file_open(".", O_RDONLY | O_DIRECTORY), F_GETFL),
		    O_DIRECTORY | O_LARGEFILE);
	CHECK_EQUAL(fcntl(file_open("f", O_PATH), F_GETFL) & ~O_LARGEFILE, O_PATH);
}

TEST(fcntl_refusals)
{
	int fd = file_open("f", O_RDWR | O_CREAT), path = file_open("f", O_PATH);

	CHECK_ERRNO(syscall(SYS_fcntl, 999, F_GETFL), EBADF);
	CHECK_ERRNO(syscall(SYS_fcntl, 999, F_GETFD), EBADF);
	CHECK_ERRNO(syscall(SYS_fcntl, fd, 9999), EINVAL);
	CHECK_ERRNO(syscall(SYS_fcntl, -1, 9999), EBADF);
	CHECK_ERRNO(syscall(SYS_fcntl, path, F_SETFL, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_fcntl, path, F_GETLK, NULL), EBADF);
	CHECK_EQUAL(syscall(SYS_fcntl, path, F_GETFD), 0);
}

TEST(append_only_applies_to_this_opening)
{
	int plain, append;
	char text[16];

	file_write("f", "abc");
	plain = file_open("f", O_WRONLY);
	append = file_open("f", O_WRONLY);
	CHECK_OK(fcntl(append, F_SETFL, O_APPEND));
	CHECK_EQUAL(write(append, "Z", 1), 1);
	CHECK_EQUAL(write(plain, "X", 1), 1);
	file_read("f", text, sizeof(text));
	CHECK_TEXT(text, "XbcZ");
}

TEST(fionbio_sets_the_status_flag)
{
	int on = 1, off = 0, ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_OK(syscall(SYS_ioctl, ends[0], FIONBIO, &on));
	CHECK_EQUAL(fcntl(ends[0], F_GETFL), O_NONBLOCK);
	CHECK_ERRNO(read(ends[0], &on, 1), EAGAIN);
	CHECK_OK(syscall(SYS_ioctl, ends[0], FIONBIO, &off));
	CHECK_EQUAL(fcntl(ends[0], F_GETFL), 0);
	CHECK_FAULTS(syscall(SYS_ioctl, ends[0], FIONBIO, bad));
	CHECK_ERRNO(syscall(SYS_ioctl, 999, FIONBIO, &on), EBADF);
}

/* FIGETBSZ, FIOQSIZE, FIFREEZE and FITHAW: what a file system answers for its files. */
TEST(sizes_and_freezing_by_ioctl)
{
	int64_t bytes = -1;
	int size = -1, fd;

	file_make("f", 5000);
	fd = file_open("f", O_RDONLY);
	CHECK_OK(ioctl(fd, 2, &size));
	CHECK_EQUAL(size, PAGE);
	CHECK_OK(ioctl(fd, 0x5460, &bytes));
	CHECK_EQUAL(bytes, 2 * PAGE);
	CHECK_FAULTS(ioctl(fd, 2, bad));
	CHECK_FAULTS(ioctl(fd, 0x5460, bad));
	CHECK_OK(ioctl(file_open(".", O_RDONLY), 0x5460, &bytes));
	CHECK_ERRNO(ioctl(file_open("/dev/null", O_RDONLY), 0x5460, &bytes), ENOTTY);
	CHECK_ERRNO(ioctl(fd, 0xc0045877, 0), EOPNOTSUPP);
	CHECK_ERRNO(ioctl(fd, 0xc0045878, 0), EINVAL);
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(ioctl(fd, 0xc0045877, 0), EPERM);
		CHECK_ERRNO(ioctl(fd, 0xc0045878, 0), EPERM);
	}
}

TEST(fionread_of_pipe_and_file)
{
	int ends[2], count[2], fd;

	REQUIRE_OK(pipe(ends));
	poison(count, sizeof(count));
	CHECK_OK(syscall(SYS_ioctl, ends[0], FIONREAD, count));
	CHECK_EQUAL(count[0], 0);
	CHECK_UNTOUCHED(&count[1], 4);
	REQUIRE(write(ends[1], "hello", 5) == 5);
	CHECK_OK(syscall(SYS_ioctl, ends[0], FIONREAD, count));
	CHECK_EQUAL(count[0], 5);
	CHECK_FAULTS(syscall(SYS_ioctl, ends[0], FIONREAD, bad));
	file_write("f", "abcdefgh");
	fd = file_open("f", O_RDONLY);
	REQUIRE_OK(lseek(fd, 3, SEEK_SET));
	CHECK_OK(syscall(SYS_ioctl, fd, FIONREAD, count));
	CHECK_EQUAL(count[0], 5);
}

TEST(ioctl_refusals)
{
	int fd = file_open("f", O_RDWR | O_CREAT), path = file_open("f", O_PATH);
	char buffer[100];

	CHECK_ERRNO(syscall(SYS_ioctl, fd, 0x5401, buffer), ENOTTY);
	CHECK_ERRNO(syscall(SYS_ioctl, fd, 0xdeadbeef, buffer), ENOTTY);
	CHECK_ERRNO(syscall(SYS_ioctl, 999, 0x5401, buffer), EBADF);
	CHECK_ERRNO(syscall(SYS_ioctl, path, 0x5401, buffer), EBADF);
}

TEST(owner_of_a_pipe)
{
	int ends[2];

	REQUIRE_OK(pipe(ends));
	CHECK_EQUAL(syscall(SYS_fcntl, ends[0], F_GETOWN), 0);
	CHECK_OK(syscall(SYS_fcntl, ends[0], F_SETOWN, getpid()));
	CHECK_EQUAL(syscall(SYS_fcntl, ends[0], F_GETOWN), getpid());
	CHECK_EQUAL(syscall(SYS_fcntl, ends[0], F_GETSIG), 0);
	CHECK_OK(syscall(SYS_fcntl, ends[0], F_SETSIG, SIGUSR1));
	CHECK_EQUAL(syscall(SYS_fcntl, ends[0], F_GETSIG), SIGUSR1);
	CHECK_ERRNO(syscall(SYS_fcntl, ends[0], F_SETSIG, 65), EINVAL);
	CHECK_ERRNO(syscall(SYS_fcntl, ends[0], F_SETSIG, -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_fcntl, ends[0], F_SETOWN, 0x7ffffff0), ESRCH);
}

TEST(owner_structure)
{
	struct { int type, pid, after; } owner = { 1, 0, 0 };
	int ends[2];

	REQUIRE_OK(pipe(ends));
	owner.pid = getpid();
	CHECK_OK(syscall(SYS_fcntl, ends[0], F_SETOWN_EX, &owner));
	poison(&owner, sizeof(owner));
	CHECK_OK(syscall(SYS_fcntl, ends[0], F_GETOWN_EX, &owner));
	CHECK_EQUAL(owner.type, 1);
	CHECK_EQUAL(owner.pid, getpid());
	CHECK_UNTOUCHED(&owner.after, 4);
	CHECK_FAULTS(syscall(SYS_fcntl, ends[0], F_SETOWN_EX, bad));
	CHECK_FAULTS(syscall(SYS_fcntl, ends[0], F_GETOWN_EX, bad));
	owner.type = 7;
	CHECK_ERRNO(syscall(SYS_fcntl, ends[0], F_SETOWN_EX, &owner), EINVAL);
}

static volatile int told_fd, told_code, told_band;

static void tell(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	told_fd = info->si_fd;
	told_code = info->si_code;
	told_band = info->si_band;
}

TEST(signal_driven_input)
{
	struct sigaction action = { .sa_sigaction = tell, .sa_flags = SA_SIGINFO };
	int ends[2], on = 1;

	REQUIRE_OK(pipe(ends));
	told_fd = -1;
	REQUIRE_OK(sigaction(SIGRTMIN, &action, NULL));
	REQUIRE_OK(fcntl(ends[0], F_SETOWN, getpid()));
	REQUIRE_OK(fcntl(ends[0], F_SETSIG, SIGRTMIN));
	CHECK_OK(syscall(SYS_ioctl, ends[0], FIOASYNC, &on));
	CHECK_EQUAL(fcntl(ends[0], F_GETFL), 020000);
	CHECK_EQUAL(write(ends[1], "a", 1), 1);
	CHECK_EQUAL(told_fd, ends[0]);
	CHECK_EQUAL(told_code, 1);
	CHECK_EQUAL(told_band, 0x41);
	CHECK_FAULTS(syscall(SYS_ioctl, ends[0], FIOASYNC, bad));
}

TEST(o_async_sends_sigio)
{
	int ends[2];

	REQUIRE_OK(pipe(ends));
	signal_counted(SIGIO, 0);
	REQUIRE_OK(fcntl(ends[0], F_SETOWN, getpid()));
	CHECK_EQUAL(write(ends[1], "a", 1), 1);
	CHECK_EQUAL(signal_count(SIGIO), 0);
	REQUIRE_OK(fcntl(ends[0], F_SETFL, 020000));
	CHECK_EQUAL(write(ends[1], "a", 1), 1);
	CHECK_EQUAL(signal_count(SIGIO), 1);
	REQUIRE_OK(fcntl(ends[0], F_SETFL, 0));
	CHECK_EQUAL(write(ends[1], "a", 1), 1);
	CHECK_EQUAL(signal_count(SIGIO), 1);
}

TEST(descriptors_pass_through_fork_but_closing_does_not)
{
	int fd = file_open(".", O_RDONLY);

	IN_CHILD {
		CHECK_EQUAL(fcntl(fd, F_GETFD), 0);
		CHECK_OK(close(fd));
		CHECK_EQUAL(open(".", O_RDONLY | O_CLOEXEC), fd);
	}
	CHECK_EQUAL(fcntl(fd, F_GETFD), 0);
}
