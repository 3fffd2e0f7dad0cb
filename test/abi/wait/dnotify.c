/*
 * F_NOTIFY: which calls in a directory signal whom, what the signal says, once or each time, and
 * when it ends.
 */
#include "support.h"
#include <poll.h>

static volatile sig_atomic_t told_count, told_code, told_fd;
static volatile long told_band;

static void told(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	told_count++;
	told_code = info->si_code;
	told_fd = info->si_fd;
	told_band = info->si_band;
}

/* The directory with this name, whose events come as SIGRTMIN with all that they say. */
static int directory(const char *name)
{
	struct sigaction action = { .sa_sigaction = told, .sa_flags = SA_SIGINFO | SA_RESTART };
	int fd = file_open(name, O_RDONLY | O_DIRECTORY);

	REQUIRE_OK(sigaction(SIGRTMIN, &action, NULL));
	REQUIRE_OK(fcntl(fd, F_SETSIG, SIGRTMIN));
	return fd;
}

/* How many signals came since it was asked last. */
static int news(void)
{
	int count = told_count;

	told_count = 0;
	return count;
}

/* What is signalled by a life of a file, one digit for each step. */
static void life(const char *base, char *text)
{
	char name[64], other[64], byte;
	int file, at = 0;

	snprintf(name, sizeof(name), "%s/file", base);
	snprintf(other, sizeof(other), "%s/other", base);
	news();
	file = REQUIRE_OK(open(name, O_RDWR | O_CREAT, 0600));
	text[at++] = '0' + news();
	REQUIRE(write(file, "abc", 3) == 3);
	text[at++] = '0' + news();
	REQUIRE(pread(file, &byte, 1, 0) == 1);
	text[at++] = '0' + news();
	REQUIRE_OK(ftruncate(file, 1));
	text[at++] = '0' + news();
	REQUIRE_OK(fchmod(file, 0644));
	text[at++] = '0' + news();
	REQUIRE_OK(rename(name, other));
	text[at++] = '0' + news();
	REQUIRE_OK(rename(other, "elsewhere"));
	text[at++] = '0' + news();
	REQUIRE_OK(rename("elsewhere", other));
	text[at++] = '0' + news();
	REQUIRE_OK(link(other, name));
	text[at++] = '0' + news();
	REQUIRE_OK(unlink(name));
	text[at++] = '0' + news();
	close(file);
	text[at++] = '0' + news();
	REQUIRE_OK(unlink(other));
	text[at++] = '0' + news();
	text[at] = 0;
}

/* Steps: create, write, read, truncate, chmod, rename, out, in, link, unlink, close, unlink. */
TEST(what_each_wish_tells)
{
	static const struct {
		unsigned wanted;
		const char *signals;
	} cases[] = {
		{ DN_CREATE, "100001011000" },
		{ DN_MODIFY, "010100000000" },
		{ DN_ACCESS, "001000000000" },
		{ DN_ATTRIB, "000010000000" },
		{ DN_RENAME, "000001000000" },
		{ DN_DELETE, "000001100101" },
		{ DN_CREATE | DN_DELETE, "100002111101" },
		{ DN_CREATE | DN_DELETE | DN_RENAME | DN_ACCESS | DN_MODIFY | DN_ATTRIB,
		  "111113111101" },
	};
	char text[16];

	REQUIRE_OK(mkdir("d", 0755));
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = directory("d");

		CHECK_OK(fcntl(fd, F_NOTIFY, cases[i].wanted | DN_MULTISHOT));
		life("d", text);
		CHECK_TEXT(text, cases[i].signals);
		close(fd);
		life("d", text);
		CHECK_TEXT(text, "000000000000");
	}
}

TEST(what_the_signal_says)
{
	int fd = directory("."), copy = REQUIRE_OK(dup(fd));

	CHECK_OK(fcntl(copy, F_NOTIFY, DN_CREATE));
	CHECK_EQUAL(fcntl(fd, F_GETOWN), getpid());
	file_write("a", "");
	CHECK_EQUAL(news(), 1);
	CHECK_EQUAL(told_code, POLL_MSG);
	CHECK_EQUAL(told_fd, copy);
	CHECK_EQUAL(told_band, POLLIN | POLLRDNORM | POLLMSG);
}

TEST(once_unless_many_are_wanted)
{
	int fd = directory(".");

	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE));
	file_write("a", "");
	file_write("b", "");
	CHECK_EQUAL(news(), 1);
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	file_write("c", "");
	file_write("d", "");
	CHECK_EQUAL(news(), 2);
}

TEST(wishes_add_up)
{
	int fd = directory(".");

	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE));
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_DELETE));
	REQUIRE_OK(mkdir("a", 0700));
	CHECK_EQUAL(news(), 1);
	REQUIRE_OK(rmdir("a"));
	CHECK_EQUAL(news(), 0);
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE));
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_DELETE | DN_MULTISHOT));
	REQUIRE_OK(mkdir("a", 0700));
	REQUIRE_OK(rmdir("a"));
	CHECK_EQUAL(news(), 2);
}

TEST(two_files_of_one_directory)
{
	int one = directory("."), two = directory(".");

	CHECK_OK(fcntl(one, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	CHECK_OK(fcntl(two, F_NOTIFY, DN_DELETE | DN_MULTISHOT));
	REQUIRE_OK(mkdir("a", 0700));
	CHECK_EQUAL(news(), 1);
	CHECK_EQUAL(told_fd, one);
	REQUIRE_OK(rmdir("a"));
	CHECK_EQUAL(news(), 1);
	CHECK_EQUAL(told_fd, two);
	close(one);
	REQUIRE_OK(mkdir("a", 0700));
	CHECK_EQUAL(news(), 0);
	REQUIRE_OK(rmdir("a"));
	CHECK_EQUAL(news(), 1);
}

/* Any descriptor of the file ends it when it closes, in the process that asked. */
TEST(ends_at_the_first_close)
{
	int fd = directory("."), copy = REQUIRE_OK(dup(fd));

	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	IN_CHILD
		close(fd);
	news();
	file_write("a", "");
	CHECK_EQUAL(news(), 1);
	close(copy);
	file_write("b", "");
	CHECK_EQUAL(news(), 0);
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	file_write("c", "");
	CHECK_EQUAL(news(), 1);
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_MULTISHOT));
	file_write("d", "");
	CHECK_EQUAL(news(), 0);
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
	CHECK_OK(fcntl(fd, F_NOTIFY, 0));
	file_write("e", "");
	CHECK_EQUAL(news(), 0);
}

TEST(ends_with_the_process)
{
	int fd = directory(".");

	IN_CHILD {
		CHECK_OK(fcntl(fd, F_SETOWN, getppid()));
		CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE | DN_MULTISHOT));
		file_write("a", "");
	}
	CHECK_EQUAL(news(), 1);
	file_write("b", "");
	CHECK_EQUAL(news(), 0);
	CHECK_EQUAL(fcntl(fd, F_GETOWN), getpid());
}

TEST(an_owner_stays)
{
	int fd = directory(".");
	pid_t pid = fork();

	if (pid == 0) {
		pause();
		_exit(0);
	}
	REQUIRE_OK(fcntl(fd, F_SETOWN, pid));
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE));
	CHECK_EQUAL(fcntl(fd, F_GETOWN), pid);
	REQUIRE_OK(fcntl(fd, F_SETSIG, SIGTERM));
	file_write("a", "");
	CHECK_EQUAL(child_wait(pid), SIGTERM);
	CHECK_EQUAL(news(), 0);
}

/* Without F_SETSIG it is a plain SIGIO. */
TEST(sigio_by_default)
{
	int fd = file_open(".", O_RDONLY | O_DIRECTORY);

	signal_counted(SIGIO, 0);
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_CREATE));
	file_write("a", "");
	CHECK_EQUAL(signal_count(SIGIO), 1);
}

/* The directory itself: its attributes, and reading its names. */
TEST(events_of_the_directory)
{
	char buffer[1024];
	int fd = directory("."), list = file_open(".", O_RDONLY | O_DIRECTORY);

	CHECK_OK(fcntl(fd, F_NOTIFY, DN_ATTRIB | DN_MULTISHOT));
	REQUIRE_OK(fchmod(list, 0700));
	CHECK_EQUAL(news(), 1);
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_ACCESS | DN_MULTISHOT));
	REQUIRE_OK(syscall(SYS_getdents64, list, buffer, sizeof(buffer)));
	CHECK_EQUAL(news(), 1);
	REQUIRE_OK(mkdir("a", 0700));
	REQUIRE_OK(rmdir("a"));
	CHECK_EQUAL(news(), 0);
}

TEST(a_directory_that_goes)
{
	int fd;

	REQUIRE_OK(mkdir("d", 0700));
	fd = directory("d");
	CHECK_OK(fcntl(fd, F_NOTIFY, DN_DELETE | DN_CREATE | DN_MULTISHOT));
	REQUIRE_OK(rmdir("d"));
	CHECK_EQUAL(news(), 0);
	CHECK_OK(fcntl(fd, F_NOTIFY, 0));
}

TEST(refusals)
{
	int ends[2], path = REQUIRE_OK(open(".", O_PATH | O_DIRECTORY));

	file_write("a", "");
	REQUIRE_OK(pipe(ends));
	CHECK_ERRNO(fcntl(file_open("a", O_RDONLY), F_NOTIFY, DN_CREATE), ENOTDIR);
	CHECK_OK(fcntl(file_open("a", O_RDONLY), F_NOTIFY, 0));
	CHECK_OK(fcntl(file_open("a", O_RDONLY), F_NOTIFY, DN_MULTISHOT));
	CHECK_ERRNO(fcntl(ends[0], F_NOTIFY, DN_CREATE), ENOTDIR);
	CHECK_OK(fcntl(ends[0], F_NOTIFY, 0));
	CHECK_ERRNO(fcntl(path, F_NOTIFY, DN_CREATE), EBADF);
	CHECK_ERRNO(fcntl(999, F_NOTIFY, DN_CREATE), EBADF);
	/* What no bit names is taken, and tells nothing. */
	CHECK_OK(fcntl(directory("."), F_NOTIFY, 0x40000000));
	file_write("b", "");
	CHECK_EQUAL(news(), 0);
}
