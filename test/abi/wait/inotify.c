/*
 * inotify: which events follow which calls, their bytes, moves and cookies,
 * overflow of the buffer given, removal, refusals.
 */
#include "support.h"
#include <sys/inotify.h>
#include <sys/ioctl.h>

#define ALL_EVENTS IN_ALL_EVENTS

/* Read what is there; each event as "mask:name ". */
static void events_text(int fd, char *text, size_t capacity, uint32_t *cookie)
{
	char buffer[4096] __attribute__((aligned(8)));
	ssize_t got = read(fd, buffer, sizeof(buffer));
	size_t length = 0;

	text[0] = 0;
	for (ssize_t at = 0; at < got;) {
		struct inotify_event *event = (void *)(buffer + at);

		length += snprintf(text + length, capacity - length, "%x:%s ", event->mask,
				   event->len ? event->name : "");
		if (event->cookie && cookie)
			*cookie = event->cookie;
		at += sizeof(*event) + event->len;
	}
}

static int watch(const char *name, uint32_t mask)
{
	int fd = REQUIRE_OK(syscall(SYS_inotify_init1, IN_NONBLOCK));

	REQUIRE_OK(syscall(SYS_inotify_add_watch, fd, name, mask));
	return fd;
}

TEST(life_of_a_file)
{
	char text[512];
	int fd = watch(".", ALL_EVENTS), file;

	file = file_open("a", O_RDWR | O_CREAT);
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "100:a 20:a ");
	REQUIRE(write(file, "abc", 3) == 3);
	REQUIRE(pread(file, text, 3, 0) == 3);
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "2:a 1:a ");
	REQUIRE_OK(fchmod(file, 0600));
	REQUIRE_OK(ftruncate(file, 1));
	close(file);
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "4:a 2:a 8:a ");
	REQUIRE_OK(unlink("a"));
	REQUIRE_OK(mkdir("d", 0755));
	REQUIRE_OK(rmdir("d"));
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "200:a 40000100:d 40000200:d ");
}

/* The directory is told of itself without a name, its parent with one. */
TEST(reading_a_directory)
{
	char text[512], entries[1024];
	int parent = watch(".", IN_ACCESS), self, list;

	REQUIRE_OK(mkdir("d", 0755));
	self = watch("d", IN_ACCESS);
	list = file_open("d", O_RDONLY);
	CHECK_OK(syscall(SYS_getdents64, list, entries, sizeof(entries)));
	events_text(parent, text, sizeof(text), NULL);
	CHECK_TEXT(text, "40000001:d ");
	events_text(self, text, sizeof(text), NULL);
	CHECK_TEXT(text, "40000001: ");
	CHECK_EQUAL(syscall(SYS_getdents64, list, entries, sizeof(entries)), 0);
	events_text(self, text, sizeof(text), NULL);
	CHECK_TEXT(text, "40000001: ");
	REQUIRE_OK(rmdir("d"));
	events_text(parent, text, sizeof(text), NULL);
	CHECK_ERRNO(syscall(SYS_getdents64, list, entries, sizeof(entries)), ENOENT);
	events_text(parent, text, sizeof(text), NULL);
	CHECK_TEXT(text, "");
}

TEST(bytes_of_an_event)
{
	char buffer[64];
	struct inotify_event *event = (void *)buffer;
	int fd = REQUIRE_OK(syscall(SYS_inotify_init1, 0));
	int descriptor = REQUIRE_OK(syscall(SYS_inotify_add_watch, fd, ".", IN_CREATE)), count;

	CHECK_EQUAL(descriptor, 1);
	file_write("abc", "");
	REQUIRE_OK(ioctl(fd, FIONREAD, &count));
	CHECK_EQUAL(count, 32);
	poison(buffer, sizeof(buffer));
	CHECK_EQUAL(read(fd, buffer, sizeof(buffer)), 32);
	CHECK_UNTOUCHED(buffer + 32, 32);
	CHECK_EQUAL(event->wd, descriptor);
	CHECK_EQUAL(event->mask, IN_CREATE);
	CHECK_EQUAL(event->cookie, 0);
	CHECK_EQUAL(event->len, 16);
	CHECK_BYTES(event->name, "abc\0\0\0\0\0\0\0\0\0\0\0\0", 16);
}

TEST(moves_share_a_cookie)
{
	char text[512];
	uint32_t from_cookie = 0, to_cookie = 0;
	int from, to;

	REQUIRE_OK(mkdir("d", 0755));
	REQUIRE_OK(mkdir("e", 0755));
	file_write("d/a", "");
	from = watch("d", IN_MOVE);
	to = watch("e", IN_MOVE);
	REQUIRE_OK(rename("d/a", "e/b"));
	events_text(from, text, sizeof(text), &from_cookie);
	CHECK_TEXT(text, "40:a ");
	events_text(to, text, sizeof(text), &to_cookie);
	CHECK_TEXT(text, "80:b ");
	CHECK(from_cookie != 0);
	CHECK_EQUAL(from_cookie, to_cookie);
}

TEST(watching_the_file_itself)
{
	char text[512];
	int fd;

	file_write("a", "");
	fd = watch("a", ALL_EVENTS);
	REQUIRE_OK(rename("a", "b"));
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "800: ");
	REQUIRE_OK(link("b", "c"));
	REQUIRE_OK(unlink("c"));
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "4: ");
	REQUIRE_OK(unlink("b"));
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "4: 400: 8000: ");
}

TEST(equal_events_merge)
{
	char text[512];
	int fd, file;

	file_write("a", "");
	file = file_open("a", O_WRONLY);
	fd = watch("a", IN_MODIFY);
	for (int i = 0; i < 5; i++)
		REQUIRE(write(file, "x", 1) == 1);
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "2: ");
}

TEST(one_shot_and_masks)
{
	char text[512];
	int fd, descriptor;

	file_write("a", "");
	fd = watch("a", IN_ATTRIB | IN_ONESHOT);
	REQUIRE_OK(chmod("a", 0600));
	REQUIRE_OK(chmod("a", 0644));
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "4: 8000: ");
	descriptor = REQUIRE_OK(syscall(SYS_inotify_add_watch, fd, "a", IN_OPEN));
	CHECK_EQUAL(syscall(SYS_inotify_add_watch, fd, "a", IN_ATTRIB | IN_MASK_ADD), descriptor);
	REQUIRE_OK(chmod("a", 0600));
	close(file_open("a", O_RDONLY));
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "4: 20: ");
	CHECK_EQUAL(syscall(SYS_inotify_add_watch, fd, "a", IN_CLOSE), descriptor);
	close(file_open("a", O_RDONLY));
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "10: ");
	CHECK_ERRNO(syscall(SYS_inotify_add_watch, fd, "a", IN_OPEN | IN_MASK_CREATE), EEXIST);
}

TEST(removing_a_watch)
{
	char text[512];
	int fd = REQUIRE_OK(syscall(SYS_inotify_init1, IN_NONBLOCK)), descriptor;

	descriptor = REQUIRE_OK(syscall(SYS_inotify_add_watch, fd, ".", IN_CREATE));
	CHECK_OK(syscall(SYS_inotify_rm_watch, fd, descriptor));
	file_write("a", "");
	events_text(fd, text, sizeof(text), NULL);
	CHECK_TEXT(text, "8000: ");
	CHECK_ERRNO(syscall(SYS_inotify_rm_watch, fd, descriptor), EINVAL);
	CHECK_ERRNO(syscall(SYS_inotify_rm_watch, fd, 500), EINVAL);
	CHECK_ERRNO(syscall(SYS_inotify_rm_watch, 999, 1), EBADF);
	CHECK_ERRNO(syscall(SYS_inotify_rm_watch, file_open(".", O_RDONLY), 1), EINVAL);
}

TEST(inotify_refusals)
{
	char buffer[64];
	int fd = REQUIRE_OK(syscall(SYS_inotify_init1, IN_CLOEXEC));

	CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(fd, F_GETFL), O_RDONLY);
	CHECK_ERRNO(syscall(SYS_inotify_init1, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_inotify_add_watch, fd, "none", IN_CREATE), ENOENT);
	CHECK_ERRNO(syscall(SYS_inotify_add_watch, fd, ".", 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_inotify_add_watch, 999, ".", IN_CREATE), EBADF);
	CHECK_ERRNO(syscall(SYS_inotify_add_watch, file_open(".", O_RDONLY), ".", IN_CREATE),
		EINVAL);
	CHECK_FAULTS(syscall(SYS_inotify_add_watch, fd, bad, IN_CREATE));
	file_write("f", "");
	CHECK_ERRNO(syscall(SYS_inotify_add_watch, fd, "f", IN_CREATE | IN_ONLYDIR), ENOTDIR);
	REQUIRE_OK(syscall(SYS_inotify_add_watch, fd, ".", IN_CREATE));
	CHECK_INTERRUPTED(read(fd, buffer, sizeof(buffer)));
	file_write("g", "");
	CHECK_ERRNO(read(fd, buffer, 31), EINVAL);
	REQUIRE(read(fd, buffer, 64) == 32);
	REQUIRE_OK(syscall(SYS_inotify_add_watch, fd, ".", IN_ATTRIB));
	CHECK_FAULTS((chmod(".", 0755), read(fd, bad, 64)));
	CHECK_ERRNO(write(fd, buffer, 8), EBADF);
}
