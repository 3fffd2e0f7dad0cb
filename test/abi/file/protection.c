/*
 * What guards names in directories for everybody: /proc/sys/fs/protected_symlinks, _hardlinks,
 * _fifos and _regular (proc(5)). Each check puts the value back that it found.
 */
#include "support.h"

#define USER 1234

static char found[16];

static void setting_name(char *name, size_t capacity, const char *what)
{
	snprintf(name, capacity, "/proc/sys/fs/protected_%s", what);
}

static void setting_set(const char *what, const char *value)
{
	char name[64];
	int fd;

	setting_name(name, sizeof(name), what);
	fd = file_open(name, O_WRONLY);
	REQUIRE(write(fd, value, strlen(value)) == (ssize_t)strlen(value));
	close(fd);
}

static void setting_keep(const char *what)
{
	char name[64];

	setting_name(name, sizeof(name), what);
	REQUIRE(file_read(name, found, sizeof(found)) > 0);
}

/* A directory of root's for everybody, and a file outside of it. */
static void place_make(void)
{
	file_write("target", "text");
	REQUIRE_OK(mkdir("all", 0755));
	REQUIRE_OK(chmod("all", 01777));
	REQUIRE_OK(mkdir("plain", 0755));
	REQUIRE_OK(chmod("plain", 0777));
}

TEST(values)
{
	static const char *const names[] = { "fifos", "hardlinks", "regular", "symlinks" };
	char name[64], text[16];
	int fd;

	for (size_t i = 0; i < COUNT(names); i++) {
		setting_keep(names[i]);
		setting_name(name, sizeof(name), names[i]);
		setting_set(names[i], "0");
		file_read(name, text, sizeof(text));
		CHECK_TEXT(text, "0\n");
		setting_set(names[i], " 1\n");
		file_read(name, text, sizeof(text));
		CHECK_TEXT(text, "1\n");
		fd = file_open(name, O_RDWR);
		CHECK_ERRNO(write(fd, "3", 1), EINVAL);
		CHECK_ERRNO(write(fd, "-1", 2), EINVAL);
		CHECK_ERRNO(write(fd, "x", 1), EINVAL);
		CHECK_ERRNO(write(fd, "99999999999999999999", 20), EINVAL);
		CHECK_FAULTS(write(fd, bad, 2));
		file_read(name, text, sizeof(text));
		CHECK_TEXT(text, "1\n");
		setting_set(names[i], found);
		IN_CHILD {
			user_become(NOBODY);
			CHECK_OK(open(name, O_RDONLY));
			CHECK_ERRNO(open(name, O_WRONLY), EACCES);
		}
	}
}

TEST(symbolic_links)
{
	place_make();
	setting_keep("symlinks");
	setting_set("symlinks", "1");
	REQUIRE_OK(mkdir("inner", 0755));
	file_write("inner/f", "text");
	REQUIRE_OK(symlink("../target", "all/root"));
	IN_CHILD {
		user_become(USER);
		REQUIRE_OK(symlink("../target", "all/user"));
		REQUIRE_OK(symlink("../target", "plain/user"));
		REQUIRE_OK(symlink("../inner", "all/way"));
		CHECK_OK(open("all/user", O_RDONLY));
		CHECK_OK(open("all/root", O_RDONLY));
	}
	CHECK_OK(open("all/root", O_RDONLY));
	CHECK_OK(open("plain/user", O_RDONLY));
	CHECK_ERRNO(open("all/user", O_RDONLY), EACCES);
	CHECK_ERRNO(open("all/user", O_WRONLY | O_CREAT, 0600), EACCES);
	CHECK_ERRNO(open("all/user", O_PATH), EACCES);
	CHECK_OK(open("all/user", O_PATH | O_NOFOLLOW));
	CHECK_ERRNO(access("all/user", F_OK), EACCES);
	CHECK_ERRNO(truncate("all/user", 0), EACCES);
	/* Only what a name ends with is guarded. */
	CHECK_OK(open("all/way/f", O_RDONLY));
	CHECK_ERRNO(open("all/way", O_RDONLY), EACCES);
	CHECK_ERRNO(open("all/way/", O_RDONLY), EACCES);
	setting_set("symlinks", "0");
	CHECK_OK(open("all/user", O_RDONLY));
	CHECK_OK(open("all/way", O_RDONLY));
	setting_set("symlinks", found);
}

TEST(hard_links)
{
	place_make();
	setting_keep("hardlinks");
	setting_set("hardlinks", "1");
	file_write("open", "");
	REQUIRE_OK(chmod("open", 0666));
	file_write("as-user", "");
	REQUIRE_OK(chmod("as-user", 04666));
	file_write("as-group", "");
	REQUIRE_OK(chmod("as-group", 02676));
	file_write("locking", "");
	REQUIRE_OK(chmod("locking", 02666));
	REQUIRE_OK(symlink("open", "link"));
	REQUIRE_OK(mkfifo("fifo", 0666));
	REQUIRE_OK(chmod("fifo", 0666));
	IN_CHILD {
		user_become(USER);
		CHECK_ERRNO(link("target", "all/1"), EPERM);
		CHECK_OK(link("open", "all/2"));
		CHECK_ERRNO(link("as-user", "all/3"), EPERM);
		CHECK_ERRNO(link("as-group", "all/4"), EPERM);
		CHECK_OK(link("locking", "all/5"));
		CHECK_ERRNO(link("link", "all/6"), EPERM);
		CHECK_ERRNO(link("fifo", "all/7"), EPERM);
		file_write("all/own", "");
		REQUIRE_OK(chmod("all/own", 04000));
		CHECK_OK(link("all/own", "all/8"));
		CHECK_ERRNO(link("target", "all/8"), EEXIST);
		CHECK_ERRNO(link("target", "none/9"), ENOENT);
	}
	CHECK_OK(link("as-user", "all/root"));
	setting_set("hardlinks", "0");
	IN_CHILD {
		user_become(USER);
		CHECK_OK(link("target", "all/a"));
		CHECK_OK(link("as-user", "all/b"));
		CHECK_OK(link("fifo", "all/c"));
	}
	setting_set("hardlinks", found);
}

/* Opened with O_CREAT at each level by root: 0 or the errno. */
static void check_opening(const char *setting, const char *name, const int expected[3])
{
	static const char *const levels[] = { "0", "1", "2" };

	for (int i = 0; i < 3; i++) {
		setting_set(setting, levels[i]);
		if (expected[i])
			CHECK_ERRNO(open(name, O_RDWR | O_CREAT, 0600), expected[i]);
		else
			CHECK_OK(open(name, O_RDWR | O_CREAT, 0600));
		CHECK_OK(open(name, O_RDWR));
		CHECK_ERRNO(open(name, O_RDWR | O_CREAT | O_EXCL, 0600), EEXIST);
	}
}

TEST(what_creation_finds)
{
	static const int guarded[] = { 0, EACCES, EACCES }, group[] = { 0, 0, EACCES };
	static const int never[] = { 0, 0, 0 };

	place_make();
	REQUIRE_OK(mkdir("group", 0755));
	REQUIRE_OK(chown("group", 0, USER));
	REQUIRE_OK(chmod("group", 01770));
	IN_CHILD {
		user_become(USER);
		file_write("all/file", "");
		file_write("plain/file", "");
		file_write("group/file", "");
		REQUIRE_OK(mkfifo("all/fifo", 0600));
		REQUIRE_OK(mkfifo("group/fifo", 0600));
		REQUIRE_OK(mkfifo("plain/fifo", 0600));
	}
	file_write("all/root", "");
	setting_keep("regular");
	check_opening("regular", "all/file", guarded);
	check_opening("regular", "group/file", group);
	check_opening("regular", "plain/file", never);
	check_opening("regular", "all/fifo", never);
	check_opening("regular", "all/root", never);
	setting_set("regular", found);
	setting_keep("fifos");
	check_opening("fifos", "all/fifo", guarded);
	check_opening("fifos", "group/fifo", group);
	check_opening("fifos", "plain/fifo", never);
	check_opening("fifos", "all/file", never);
	setting_set("fifos", found);
}
