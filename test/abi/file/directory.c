/*
 * Reading directories, also large and changing ones, and the working
 * directory: getdents64, getcwd, chdir, fchdir, chroot.
 */
#include "support.h"
#include <dirent.h>

#define EXCHANGE 2	/* RENAME_EXCHANGE */
#define WHITEOUT 4	/* RENAME_WHITEOUT */

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(char *const *)left, *(char *const *)right);
}

/* All names but . and .. of a directory, sorted; the count. */
static int names_read(int fd, char **names, int capacity, size_t step)
{
	char *buffer = malloc(step);
	int count = 0;
	long got;

	while ((got = syscall(SYS_getdents64, fd, buffer, step)) > 0) {
		for (long at = 0; at < got;) {
			struct kernel_dirent64 *entry = (void *)(buffer + at);

			REQUIRE(entry->length >= 24 && entry->length % 8 == 0);
			REQUIRE(at + entry->length <= got);
			if (strcmp(entry->name, ".") != 0 && strcmp(entry->name, "..") != 0) {
				REQUIRE(count < capacity);
				names[count++] = strdup(entry->name);
			}
			at += entry->length;
		}
	}
	CHECK_EQUAL(got, 0);
	qsort(names, count, sizeof(*names), compare_names);
	free(buffer);
	return count;
}

static void files_make(int count)
{
	char name[32];

	for (int i = 0; i < count; i++) {
		snprintf(name, sizeof(name), "file-%05d", i);
		file_write(name, "");
	}
}

TEST(entries_of_each_type)
{
	static const struct { const char *name; int type; } expected[] = {
		{ "directory", DT_DIR }, { "file", DT_REG }, { "link", DT_LNK },
		{ "pipe", DT_FIFO }, { ".", DT_DIR }, { "..", DT_DIR },
	};
	char buffer[1024];
	struct stat status;
	long got;

	file_write("file", "");
	REQUIRE_OK(mkdir("directory", 0755));
	REQUIRE_OK(symlink("file", "link"));
	REQUIRE_OK(mkfifo("pipe", 0600));
	poison(buffer, sizeof(buffer));
	got = REQUIRE_OK(syscall(SYS_getdents64, file_open(".", O_RDONLY), buffer, sizeof(buffer)));
	CHECK_UNTOUCHED(buffer + got, sizeof(buffer) - got);
	for (size_t i = 0; i < COUNT(expected); i++) {
		int found = 0;

		for (long at = 0; at < got;
		     at += ((struct kernel_dirent64 *)(buffer + at))->length) {
			struct kernel_dirent64 *entry = (void *)(buffer + at);

			if (strcmp(entry->name, expected[i].name) != 0)
				continue;
			found++;
			CHECK_EQUAL(entry->type, expected[i].type);
			REQUIRE_OK(lstat(entry->name, &status));
			CHECK_EQUAL(entry->inode, status.st_ino);
		}
		CHECK_EQUAL(found, 1);
	}
}

TEST(buffers_too_small)
{
	char buffer[64];
	int fd;

	files_make(3);
	fd = file_open(".", O_RDONLY);
	poison(buffer, sizeof(buffer));
	CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, 23), EINVAL);
	CHECK_UNTOUCHED(buffer, sizeof(buffer));
	CHECK_EQUAL(syscall(SYS_getdents64, fd, buffer, 24), 24);
	CHECK_UNTOUCHED(buffer + 24, sizeof(buffer) - 24);
}

TEST(getdents_refusals)
{
	char buffer[1024];
	int fd;

	files_make(3);
	fd = file_open(".", O_RDONLY);
	CHECK_FAULTS(syscall(SYS_getdents64, fd, bad, 1024));
	CHECK_ERRNO(syscall(SYS_getdents64, 999, buffer, 1024), EBADF);
	CHECK_ERRNO(syscall(SYS_getdents64, file_open("file-00000", O_RDONLY), buffer, 1024),
		ENOTDIR);
	CHECK(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)) > 0);
}

TEST(large_directory)
{
	static const size_t steps[] = { 64, 280, 4096, 65536 };
	char *names[1500], name[32];

	files_make(1200);
	for (size_t i = 0; i < COUNT(steps); i++) {
		int fd = file_open(".", O_RDONLY), count = names_read(fd, names, 1500, steps[i]);

		CHECK_EQUAL(count, 1200);
		for (int j = 0; j < count; j++) {
			snprintf(name, sizeof(name), "file-%05d", j);
			REQUIRE(strcmp(names[j], name) == 0);
		}
		close(fd);
	}
}

TEST(rewinding)
{
	char *names[50];
	int fd;

	files_make(10);
	fd = file_open(".", O_RDONLY);
	CHECK_EQUAL(names_read(fd, names, 50, 1024), 10);
	CHECK_EQUAL(names_read(fd, names, 50, 1024), 0);
	CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
	files_make(12);
	CHECK_EQUAL(names_read(fd, names, 50, 1024), 12);
	CHECK_EQUAL(lseek(fd, 0, SEEK_SET), 0);
}

TEST(seeking_to_an_entry)
{
	char buffer[64], first[64];
	int fd;

	files_make(20);
	fd = file_open(".", O_RDONLY);
	for (int i = 0; i < 21; i++) {
		struct kernel_dirent64 *entry = (void *)buffer;
		long before = REQUIRE_OK(lseek(fd, 0, SEEK_CUR)), after;

		REQUIRE(syscall(SYS_getdents64, fd, buffer, 40) > 0);
		after = REQUIRE_OK(lseek(fd, 0, SEEK_CUR));
		snprintf(first, sizeof(first), "%s", entry->name);
		REQUIRE_OK(lseek(fd, before, SEEK_SET));
		REQUIRE(syscall(SYS_getdents64, fd, buffer, 40) > 0);
		CHECK_TEXT(entry->name, first);
		REQUIRE_OK(lseek(fd, after, SEEK_SET));
	}
}

TEST(removing_while_reading)
{
	char buffer[256];
	int fd, removed = 0;
	long got;

	files_make(300);
	fd = file_open(".", O_RDONLY);
	while ((got = syscall(SYS_getdents64, fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < got;) {
			struct kernel_dirent64 *entry = (void *)(buffer + at);

			if (entry->name[0] != '.') {
				REQUIRE_OK(unlink(entry->name));
				removed++;
			}
			at += entry->length;
		}
	}
	CHECK_EQUAL(removed, 300);
}

/* The names of the working directory as they are listed, each with a blank behind it. */
static const char *listing(void)
{
	static char names[256];
	DIR *list = opendir(".");
	struct dirent *entry;

	REQUIRE(list != NULL);
	names[0] = 0;
	while ((entry = readdir(list)) != NULL)
		if (entry->d_name[0] != '.')
			strcat(strcat(names, entry->d_name), " ");
	closedir(list);
	return names;
}

TEST(newest_names_come_first)
{
	DIR *list;

	file_write("a", "");
	file_write("b", "");
	REQUIRE_OK(mkdir("c", 0755));
	CHECK_TEXT(listing(), "c b a ");
	REQUIRE_OK(link("a", "d"));
	CHECK_TEXT(listing(), "d c b a ");
	REQUIRE_OK(rename("b", "e"));
	CHECK_TEXT(listing(), "e d c a ");
	file_write("f", "");
	REQUIRE_OK(rename("a", "f"));
	CHECK_TEXT(listing(), "f e d c ");
	REQUIRE_OK(syscall(SYS_renameat2, AT_FDCWD, "c", AT_FDCWD, "e", EXCHANGE));
	CHECK_TEXT(listing(), "e c f d ");
	REQUIRE_OK(syscall(SYS_renameat2, AT_FDCWD, "d", AT_FDCWD, "g", WHITEOUT));
	CHECK_TEXT(listing(), "g d e c f ");
	list = opendir(".");
	REQUIRE(list != NULL && readdir(list) && readdir(list));
	file_write("h", "");
	while (readdir(list))
		continue;
	file_write("i", "");
	CHECK(readdir(list) == NULL);
	rewinddir(list);
	REQUIRE(readdir(list) && readdir(list));
	CHECK_TEXT(readdir(list)->d_name, "i");
	closedir(list);
}

TEST(reading_a_removed_directory)
{
	char buffer[256];
	int fd;

	REQUIRE_OK(mkdir("d", 0755));
	fd = file_open("d", O_RDONLY);
	REQUIRE_OK(rmdir("d"));
	CHECK_ERRNO(syscall(SYS_getdents64, fd, buffer, sizeof(buffer)), ENOENT);
}

TEST(working_directory)
{
	char here[512], text[512];
	long length;
	int fd;

	poison(here, sizeof(here));
	length = REQUIRE_OK(syscall(SYS_getcwd, here, sizeof(here)));
	CHECK_EQUAL(strlen(here), length - 1);
	CHECK_UNTOUCHED(here + length, sizeof(here) - length);
	REQUIRE_OK(mkdir("d", 0755));
	fd = file_open(".", O_RDONLY);
	CHECK_OK(syscall(SYS_chdir, "d"));
	strcat(here, "/d");
	CHECK_EQUAL(syscall(SYS_getcwd, text, sizeof(text)), length + 2);
	CHECK_TEXT(text, here);
	CHECK_OK(rename("../d", "../e"));
	here[length] = 'e';
	CHECK_EQUAL(syscall(SYS_getcwd, text, sizeof(text)), length + 2);
	CHECK_TEXT(text, here);
	CHECK_OK(syscall(SYS_fchdir, fd));
	CHECK_EQUAL(syscall(SYS_getcwd, text, sizeof(text)), length);
	CHECK_OK(syscall(SYS_chdir, "/"));
	CHECK_EQUAL(syscall(SYS_getcwd, text, sizeof(text)), 2);
	CHECK_TEXT(text, "/");
}

TEST(getcwd_refusals)
{
	char text[512];

	CHECK_ERRNO(syscall(SYS_getcwd, text, 2), ERANGE);
	CHECK_ERRNO(syscall(SYS_getcwd, text, 0), ERANGE);
	CHECK_FAULTS(syscall(SYS_getcwd, bad, 512));
}

TEST(chdir_refusals)
{
	file_write("f", "");
	CHECK_ERRNO(syscall(SYS_chdir, "f"), ENOTDIR);
	CHECK_ERRNO(syscall(SYS_chdir, "none"), ENOENT);
	CHECK_ERRNO(syscall(SYS_chdir, ""), ENOENT);
	CHECK_FAULTS(syscall(SYS_chdir, bad));
	CHECK_ERRNO(syscall(SYS_fchdir, 999), EBADF);
	CHECK_ERRNO(syscall(SYS_fchdir, file_open("f", O_RDONLY)), ENOTDIR);
	REQUIRE_OK(mkdir("d", 0600));
	REQUIRE_OK(mkdir("d2", 0755));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_chdir, "d"), EACCES);
		CHECK_OK(syscall(SYS_fchdir, file_open("d2", O_RDONLY)));
	}
}

TEST(chroot_bounds_names)
{
	char text[64];

	REQUIRE_OK(mkdir("d", 0755));
	file_write("d/f", "abc");
	file_write("f", "outside");
	REQUIRE_OK(symlink("/f", "d/link"));
	IN_CHILD {
		CHECK_OK(syscall(SYS_chroot, "d"));
		CHECK_EQUAL(file_read("f", text, sizeof(text)), 7);
		CHECK_EQUAL(file_read("/f", text, sizeof(text)), 3);
		CHECK_OK(chdir("/"));
		CHECK_EQUAL(file_read("../../../f", text, sizeof(text)), 3);
		CHECK_EQUAL(file_read("link", text, sizeof(text)), 3);
		CHECK_EQUAL(syscall(SYS_getcwd, text, sizeof(text)), 2);
		CHECK_TEXT(text, "/");
	}
	CHECK(file_exists("/proc/self"));
}

TEST(chroot_leaves_the_working_directory_unreachable)
{
	char text[512];

	REQUIRE_OK(mkdir("d", 0755));
	IN_CHILD {
		CHECK_OK(syscall(SYS_chroot, "d"));
		CHECK(syscall(SYS_getcwd, text, sizeof(text)) > 0);
		CHECK(strncmp(text, "(unreachable)/", 14) == 0);
	}
}

TEST(chroot_refusals)
{
	file_write("f", "");
	CHECK_ERRNO(syscall(SYS_chroot, "f"), ENOTDIR);
	CHECK_ERRNO(syscall(SYS_chroot, "none"), ENOENT);
	CHECK_FAULTS(syscall(SYS_chroot, bad));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_chroot, "."), EPERM);
	}
}

TEST(deep_directories)
{
	char *text = malloc(8192);
	char component[101];

	memset(component, 'd', 100);
	component[100] = 0;
	for (int i = 0; i < 60; i++) {
		REQUIRE_OK(mkdir(component, 0755));
		REQUIRE_OK(chdir(component));
	}
	file_write("f", "abc");
	CHECK_ERRNO(syscall(SYS_getcwd, text, 8192), ENAMETOOLONG);
	CHECK_EQUAL(file_size("f"), 3);
	REQUIRE_OK(unlink("f"));
	for (int i = 0; i < 60; i++) {
		REQUIRE_OK(chdir(".."));
		REQUIRE_OK(rmdir(component));
	}
}
