/*
 * The device nodes: null, zero, full, random, tty, console, ptmx, kmsg and the
 * links beside them.
 */
#include "support.h"
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>

TEST(numbers_of_the_nodes)
{
	static const struct { const char *name; int major, minor; } nodes[] = {
		{ "/dev/null", 1, 3 }, { "/dev/zero", 1, 5 }, { "/dev/full", 1, 7 },
		{ "/dev/random", 1, 8 }, { "/dev/urandom", 1, 9 }, { "/dev/kmsg", 1, 11 },
		{ "/dev/tty", 5, 0 }, { "/dev/console", 5, 1 }, { "/dev/ptmx", 5, 2 },
	};
	struct stat status;

	for (size_t i = 0; i < COUNT(nodes); i++) {
		CHECK_OK(stat(nodes[i].name, &status));
		CHECK(S_ISCHR(status.st_mode));
		CHECK_EQUAL(major(status.st_rdev), nodes[i].major);
		CHECK_EQUAL(minor(status.st_rdev), nodes[i].minor);
	}
	CHECK_OK(stat("/dev/pts", &status));
	CHECK(S_ISDIR(status.st_mode));
	CHECK_OK(stat("/dev/shm", &status));
	CHECK(S_ISDIR(status.st_mode));
}

TEST(null)
{
	int fd = file_open("/dev/null", O_RDWR);
	char byte = 'x';

	CHECK_EQUAL(read(fd, &byte, 1), 0);
	CHECK_EQUAL(byte, 'x');
	CHECK_EQUAL(write(fd, "abc", 3), 3);
	CHECK_EQUAL(write(fd, bad_addresses[0], 300), 300);
	CHECK_EQUAL(lseek(fd, 100, SEEK_SET), 0);
	CHECK_EQUAL(pread(fd, &byte, 1, 5), 0);
	CHECK_ERRNO(ftruncate(fd, 0), EINVAL);
	CHECK_OK(open("/dev/null", O_WRONLY | O_TRUNC | O_CREAT, 0600));
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0) == MAP_FAILED ? -1 : 0, ENODEV);
}

TEST(zero)
{
	int fd = file_open("/dev/zero", O_RDWR);
	char buffer[10000], *start;

	poison(buffer, sizeof(buffer));
	CHECK_EQUAL(read(fd, buffer, 9000), 9000);
	CHECK_FILLED(buffer, 0, 9000);
	CHECK_UNTOUCHED(buffer + 9000, 1000);
	CHECK_EQUAL(write(fd, "abc", 3), 3);
	CHECK_FAULTS(read(fd, bad, 100));
	start = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(start != MAP_FAILED);
	CHECK_FILLED(start, 0, 2 * PAGE);
	start[0] = 1;
	start = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	REQUIRE(start != MAP_FAILED);
	IN_CHILD {
		start[5] = 9;
	}
	CHECK_EQUAL(start[5], 9);
}

TEST(full)
{
	int fd = file_open("/dev/full", O_RDWR);
	char buffer[100];

	poison(buffer, sizeof(buffer));
	CHECK_EQUAL(read(fd, buffer, 50), 50);
	CHECK_FILLED(buffer, 0, 50);
	CHECK_ERRNO(write(fd, "abc", 3), ENOSPC);
}

TEST(random)
{
	static const char *const names[] = { "/dev/random", "/dev/urandom" };
	unsigned char one[64], two[64];
	struct pollfd file;

	for (int i = 0; i < 2; i++) {
		int fd = file_open(names[i], O_RDWR);

		CHECK_EQUAL(read(fd, one, 64), 64);
		CHECK_EQUAL(read(fd, two, 64), 64);
		CHECK(memcmp(one, two, 64) != 0);
		CHECK_EQUAL(write(fd, one, 64), 64);
		CHECK_FAULTS(read(fd, bad, 64));
		file = (struct pollfd){ fd, POLLIN, 0 };
		CHECK_EQUAL(poll(&file, 1, 0), 1);
	}
}

TEST(random_pool)
{
	struct {
		int bits, bytes;
		unsigned char data[100];
	} pool = { .bits = 8, .bytes = 100 };
	int fd = file_open("/dev/urandom", O_RDWR), bits = -1, less = -1;

	CHECK_OK(ioctl(fd, 0x80045200, &bits));		/* RNDGETENTCNT */
	CHECK(bits > 0);
	CHECK_OK(ioctl(fd, 0x40085203, &pool));		/* RNDADDENTROPY */
	pool.bits = -1;
	CHECK_ERRNO(ioctl(fd, 0x40085203, &pool), EINVAL);
	CHECK_ERRNO(ioctl(fd, 0x40085203, edge_bytes(4)), EFAULT);
	CHECK_OK(ioctl(fd, 0x40045201, &bits));		/* RNDADDTOENTCNT */
	CHECK_ERRNO(ioctl(fd, 0x40045201, &less), EINVAL);
	CHECK_ERRNO(ioctl(fd, 0x40045201, edge_bytes(2)), EFAULT);
	CHECK_OK(ioctl(fd, 0x5207, 0));			/* RNDRESEEDCRNG */
	user_become(NOBODY);
	CHECK_OK(ioctl(fd, 0x80045200, &bits));
	pool.bits = 8;
	CHECK_ERRNO(ioctl(fd, 0x40085203, &pool), EPERM);
	CHECK_ERRNO(ioctl(fd, 0x5207, 0), EPERM);
	CHECK_ERRNO(ioctl(fd, 0x52ff, 0), EINVAL);
}

TEST(standard_links)
{
	char text[64];
	int ends[2];
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		file_write("/dev/stdout", "through");
		_exit(0);
	}
	CHECK_EQUAL(child_wait(pid), 0);
	CHECK_EQUAL(read(ends[0], text, sizeof(text)), 7);
	CHECK_BYTES(text, "through", 7);
	snprintf(text, sizeof(text), "/dev/fd/%d", ends[1]);
	CHECK_OK(open(text, O_WRONLY));
}

TEST(kernel_messages)
{
	int fd = file_open("/dev/kmsg", O_RDWR | O_NONBLOCK);
	char text[2048];
	long got = 0;
	bool is_found = false;

	REQUIRE(write(fd, "abi-test-marker\n", 16) == 16);
	while ((got = read(fd, text, sizeof(text) - 1)) > 0 || errno == EPIPE) {
		int level = -1;
		unsigned long number, micro;

		if (got <= 0)
			continue;
		text[got] = 0;
		REQUIRE(sscanf(text, "%d,%lu,%lu,", &level, &number, &micro) == 3);
		REQUIRE(strchr(text, ';') != NULL);
		if (strstr(text, ";abi-test-marker\n"))
			is_found = true;
	}
	CHECK_EQUAL(errno, EAGAIN);
	CHECK(is_found);
	REQUIRE_OK(lseek(fd, 0, SEEK_SET));
	CHECK_ERRNO(read(fd, text, 3), EINVAL);
}

TEST(kernel_messages_of_programs)
{
	static const struct { const char *written, *priority, *shown; } lines[] = {
		{ "plain words\n", "12,", ";plain words\n" },
		{ "<3>an error\n", "11,", ";an error\n" },
		{ "<30>of a daemon\n", "30,", ";of a daemon\n" },
		{ "tab\tback\\slash\nnext\377\n", "12,",
		  ";tab\\x09back\\x5cslash\\x0anext\\xff\n" },
	};
	int fd = file_open("/dev/kmsg", O_RDWR | O_NONBLOCK);
	char text[2048], longest[1000];
	long got;

	for (size_t i = 0; i < COUNT(lines); i++) {
		REQUIRE_OK(lseek(fd, 0, SEEK_END));
		CHECK_OK(write(fd, lines[i].written, strlen(lines[i].written)));
		got = read(fd, text, sizeof(text) - 1);
		REQUIRE(got > 0);
		text[got] = 0;
		CHECK(strncmp(text, lines[i].priority, strlen(lines[i].priority)) == 0);
		CHECK_TEXT(strchr(text, ';'), lines[i].shown);
	}
	memset(longest, 'l', sizeof(longest));
	longest[979] = '\n';
	CHECK_ERRNO(write(fd, longest, 993), EINVAL);
	REQUIRE_OK(lseek(fd, 0, SEEK_END));
	CHECK_EQUAL(write(fd, longest, 980), 980);
	CHECK_AT_LEAST(read(fd, text, sizeof(text)), 980);
	CHECK_OK(write(fd, "short\n", 6));
	/* Readers may begin behind what was cleared; nothing is lost by that. */
	REQUIRE_OK(syscall(SYS_syslog, 5, NULL, 0));
	REQUIRE_OK(lseek(fd, 0, SEEK_DATA));
	CHECK_ERRNO(read(fd, text, sizeof(text)), EAGAIN);
	CHECK_OK(write(fd, "anew\n", 5));
	got = read(fd, text, sizeof(text) - 1);
	REQUIRE(got > 0);
	text[got] = 0;
	CHECK_TEXT(strchr(text, ';'), ";anew\n");
	REQUIRE_OK(lseek(fd, 0, SEEK_SET));
	CHECK(read(fd, text, sizeof(text)) > 0);
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(open("/dev/kmsg", O_RDONLY), EPERM);
		CHECK_ERRNO(open("/dev/kmsg", O_WRONLY), EACCES);
	}
}

TEST(nodes_made_elsewhere_work)
{
	char byte = 1;

	REQUIRE_OK(mknod("z", S_IFCHR | 0600, makedev(1, 5)));
	CHECK_EQUAL(read(file_open("z", O_RDONLY), &byte, 1), 1);
	CHECK_EQUAL(byte, 0);
	REQUIRE_OK(mknod("none", S_IFCHR | 0600, makedev(4000, 200)));
	CHECK_ERRNO(open("none", O_RDONLY), ENXIO);
	REQUIRE_OK(mknod("block", S_IFBLK | 0600, makedev(4000, 200)));
	CHECK_ERRNO(open("block", O_RDONLY), ENXIO);
}
