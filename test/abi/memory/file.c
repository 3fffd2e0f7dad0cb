/*
 * Mapped files: coherence with read and write, private copies, ends of files,
 * msync, mappings that outlive the descriptor, memfd and its seals.
 */
#include "support.h"
#include <setjmp.h>

#define SHRINK 2
#define GROW 4
#define WRITE 8
#define SEAL 1
#define FUTURE_WRITE 16
#define ADD_SEALS 1033
#define GET_SEALS 1034

static sigjmp_buf fault_return;
static volatile int fault_code;

static void fault(int number, siginfo_t *info, void *context)
{
	(void)context;
	fault_code = info->si_code;
	siglongjmp(fault_return, number);
}

static int touch(volatile char *at, bool is_write)
{
	struct sigaction action = { .sa_sigaction = fault, .sa_flags = SA_SIGINFO };
	int number;

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	number = sigsetjmp(fault_return, 1);
	if (number != 0)
		return number;
	if (is_write)
		*at = 1;
	else
		(void)*at;
	return 0;
}

static char *map(int fd, size_t length, int protection, int flags, off_t offset)
{
	char *start = (char *)syscall(SYS_mmap, NULL, length, protection, flags, fd, offset);

	REQUIRE(start != MAP_FAILED);
	return start;
}

TEST(shared_mapping_is_the_file)
{
	char buffer[8], *start;
	int fd;

	file_make("f", 2 * PAGE);
	fd = file_open("f", O_RDWR);
	start = map(fd, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	for (size_t i = 0; i < 2 * PAGE; i += 97)
		CHECK_EQUAL((unsigned char)start[i], file_byte(i));
	memcpy(start + PAGE - 2, "wxyz", 4);
	CHECK_EQUAL(pread(fd, buffer, 4, PAGE - 2), 4);
	CHECK_BYTES(buffer, "wxyz", 4);
	CHECK_EQUAL(pwrite(fd, "ABCD", 4, 100), 4);
	CHECK_BYTES(start + 100, "ABCD", 4);
	REQUIRE_OK(close(fd));
	REQUIRE_OK(unlink("f"));
	CHECK_BYTES(start + 100, "ABCD", 4);
	start[5] = 5;
	CHECK_EQUAL(start[5], 5);
}

TEST(two_mappings_are_one_memory)
{
	char *one, *two;
	int fd;

	file_make("f", 2 * PAGE);
	fd = file_open("f", O_RDWR);
	one = map(fd, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	two = map(file_open("f", O_RDONLY), PAGE, PROT_READ, MAP_SHARED, PAGE);
	one[PAGE + 3] = 'm';
	CHECK_EQUAL(two[3], 'm');
	IN_CHILD {
		one[PAGE + 4] = 'n';
	}
	CHECK_EQUAL(two[4], 'n');
}

TEST(private_mapping_keeps_its_writes)
{
	char buffer[8], *start;
	int fd;

	file_make("f", PAGE);
	fd = file_open("f", O_RDONLY);
	start = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	memcpy(start, "private", 7);
	CHECK_EQUAL(pread(fd, buffer, 8, 0), 8);
	CHECK_EQUAL((unsigned char)buffer[0], file_byte(0));
	fd = file_open("f", O_WRONLY);
	REQUIRE(pwrite(fd, "PUBLIC!", 7, 0) == 7);
	CHECK_BYTES(start, "private", 7);
}

TEST(bytes_past_the_end_are_zero)
{
	char *start;

	file_make("f", 100);
	start = map(file_open("f", O_RDWR), PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	CHECK_FILLED(start + 100, 0, PAGE - 100);
	start[200] = 'x';
	CHECK_EQUAL(file_size("f"), 100);
}

TEST(pages_past_the_end_raise_sigbus)
{
	char *start;

	file_make("f", 100);
	start = map(file_open("f", O_RDWR), 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	CHECK_EQUAL(touch(start + PAGE - 1, false), 0);
	CHECK_EQUAL(touch(start + PAGE, false), SIGBUS);
	CHECK_EQUAL(fault_code, BUS_ADRERR);
	CHECK_EQUAL(touch(start + 2 * PAGE, true), SIGBUS);
	REQUIRE_OK(truncate("f", 2 * PAGE));
	CHECK_EQUAL(touch(start + PAGE, false), 0);
	CHECK_EQUAL(touch(start + 2 * PAGE, false), SIGBUS);
}

TEST(truncation_takes_pages_away)
{
	char *shared, *copy;
	int fd;

	file_make("f", 3 * PAGE);
	fd = file_open("f", O_RDWR);
	shared = map(fd, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	copy = map(fd, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, 0);
	shared[2 * PAGE] = 1;
	copy[2 * PAGE] = 2;
	REQUIRE_OK(ftruncate(fd, 10));
	CHECK_EQUAL(touch(shared + 2 * PAGE, false), SIGBUS);
	CHECK_EQUAL(touch(copy + 2 * PAGE, false), SIGBUS);
	CHECK_EQUAL(touch(shared, false), 0);
	REQUIRE_OK(ftruncate(fd, 3 * PAGE));
	CHECK_EQUAL(shared[2 * PAGE], 0);
	CHECK_EQUAL(shared[10], 0);
	CHECK_EQUAL(shared[9] & 0xff, file_byte(9));
}

TEST(system_call_on_a_page_past_the_end)
{
	char *start;
	int ends[2];

	file_make("f", 100);
	REQUIRE_OK(pipe(ends));
	start = map(file_open("f", O_RDWR), 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	CHECK_ERRNO(write(ends[1], start + PAGE, 10), EFAULT);
	REQUIRE(write(ends[1], "abc", 3) == 3);
	CHECK_ERRNO(read(ends[0], start + PAGE, 3), EFAULT);
}

TEST(writing_a_file_from_its_own_mapping)
{
	char *start;
	int fd;

	file_make("f", 4 * PAGE);
	fd = file_open("f", O_RDWR);
	start = map(fd, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	CHECK_EQUAL(pwrite(fd, start + PAGE, 2 * PAGE, PAGE), 2 * PAGE);
	CHECK_EQUAL(pread(fd, start, PAGE, 3 * PAGE), PAGE);
	CHECK_EQUAL((unsigned char)start[5], file_byte(3 * PAGE + 5));
}

TEST(msync_and_its_refusals)
{
	char *start;

	file_make("f", 2 * PAGE);
	start = map(file_open("f", O_RDWR), 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	start[0] = 'm';
	CHECK_OK(syscall(SYS_msync, start, 2 * PAGE, MS_SYNC));
	CHECK_OK(syscall(SYS_msync, start, 2 * PAGE, MS_ASYNC));
	CHECK_OK(syscall(SYS_msync, start, 2 * PAGE, MS_SYNC | MS_INVALIDATE));
	CHECK_OK(syscall(SYS_msync, start, 0, MS_SYNC));
	CHECK_ERRNO(syscall(SYS_msync, start, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	CHECK_ERRNO(syscall(SYS_msync, start, PAGE, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_msync, start + 1, PAGE, MS_SYNC), EINVAL);
	CHECK_OK(syscall(SYS_msync, start, -1ul, MS_SYNC));
	REQUIRE_OK(munmap(start + PAGE, PAGE));
	CHECK_ERRNO(syscall(SYS_msync, start, 2 * PAGE, MS_SYNC), ENOMEM);
}

TEST(shared_writes_move_the_time)
{
	struct timespec past[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat status;
	char *start;
	int fd;

	file_make("f", PAGE);
	fd = file_open("f", O_RDWR);
	REQUIRE_OK(futimens(fd, past));
	start = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	REQUIRE_OK(fstat(fd, &status));
	CHECK_EQUAL(status.st_mtim.tv_sec, 1000);
	start[0] = 'x';
	CHECK_EQUAL(pread(fd, start + 1, 1, 0), 1);
	CHECK_EQUAL(start[1], 'x');
}

TEST(memfd_is_a_file)
{
	char link[64], text[64];
	struct stat status;
	int fd = REQUIRE_OK(syscall(SYS_memfd_create, "name", MFD_CLOEXEC));
	ssize_t length;

	CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(fd, F_GETFL), O_RDWR | O_LARGEFILE);
	REQUIRE_OK(fstat(fd, &status));
	CHECK_EQUAL(status.st_mode, 0100777);
	CHECK_EQUAL(status.st_nlink, 0);
	CHECK_EQUAL(write(fd, "hello", 5), 5);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	length = REQUIRE_OK(readlink(link, text, sizeof(text) - 1));
	text[length] = 0;
	CHECK_TEXT(text, "/memfd:name (deleted)");
	char *start = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);

	CHECK_BYTES(start, "hello", 5);
	CHECK_EQUAL(syscall(SYS_fcntl, fd, GET_SEALS), SEAL);
	CHECK_ERRNO(syscall(SYS_fcntl, fd, ADD_SEALS, WRITE), EPERM);
}

TEST(memfd_refusals)
{
	char name[300];

	memset(name, 'n', sizeof(name));
	name[249] = 0;
	CHECK_OK(syscall(SYS_memfd_create, name, 0));
	name[249] = 'n';
	name[250] = 0;
	CHECK_ERRNO(syscall(SYS_memfd_create, name, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_memfd_create, "n", 0x100), EINVAL);
	CHECK_FAULTS(syscall(SYS_memfd_create, bad, 0));
	CHECK_OK(syscall(SYS_memfd_create, "", 0));
}

TEST(seals_hold)
{
	int fd = REQUIRE_OK(syscall(SYS_memfd_create, "s", MFD_ALLOW_SEALING));

	CHECK_EQUAL(syscall(SYS_fcntl, fd, GET_SEALS), 0);
	REQUIRE(write(fd, "hello", 5) == 5);
	CHECK_OK(syscall(SYS_fcntl, fd, ADD_SEALS, SHRINK));
	CHECK_ERRNO(ftruncate(fd, 3), EPERM);
	CHECK_OK(ftruncate(fd, 10));
	CHECK_OK(syscall(SYS_fcntl, fd, ADD_SEALS, GROW));
	CHECK_EQUAL(syscall(SYS_fcntl, fd, GET_SEALS), SHRINK | GROW);
	CHECK_ERRNO(ftruncate(fd, 20), EPERM);
	CHECK_ERRNO(pwrite(fd, "x", 1, 20), EPERM);
	CHECK_EQUAL(pwrite(fd, "x", 1, 9), 1);
	CHECK_OK(syscall(SYS_fcntl, fd, ADD_SEALS, WRITE));
	CHECK_ERRNO(pwrite(fd, "x", 1, 0), EPERM);
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	CHECK_EQUAL(errno, EPERM);
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	CHECK_OK(syscall(SYS_fcntl, fd, ADD_SEALS, SEAL));
	CHECK_ERRNO(syscall(SYS_fcntl, fd, ADD_SEALS, SHRINK), EPERM);
	CHECK_ERRNO(syscall(SYS_fcntl, fd, ADD_SEALS, 0x1000), EINVAL);
	CHECK_ERRNO(syscall(SYS_fcntl, file_open(".", O_RDONLY), GET_SEALS), EINVAL);
}

TEST(seals_and_existing_mappings)
{
	int fd = REQUIRE_OK(syscall(SYS_memfd_create, "s", MFD_ALLOW_SEALING));
	char *start;

	REQUIRE_OK(ftruncate(fd, PAGE));
	start = map(fd, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, 0);
	CHECK_ERRNO(syscall(SYS_fcntl, fd, ADD_SEALS, WRITE), EBUSY);
	CHECK_OK(syscall(SYS_fcntl, fd, ADD_SEALS, FUTURE_WRITE));
	start[0] = 'x';
	CHECK_EQUAL(start[0], 'x');
	CHECK_ERRNO(pwrite(fd, "x", 1, 0), EPERM);
	CHECK(mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0) == MAP_FAILED);
	REQUIRE_OK(munmap(start, PAGE));
	CHECK_OK(syscall(SYS_fcntl, fd, ADD_SEALS, WRITE));
	start = map(fd, PAGE, PROT_READ, MAP_SHARED, 0);
	CHECK_EQUAL(start[0], 'x');
	CHECK_ERRNO(mprotect(start, PAGE, PROT_READ | PROT_WRITE), EACCES);
}
