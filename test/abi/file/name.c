/*
 * Calls that change names: rename, link, symlink, unlink, mkdir, rmdir, mknod,
 * and readlink; with the link counts and times that follow.
 */
#include "support.h"
#include <sys/sysmacros.h>

#define NOREPLACE 1
#define EXCHANGE 2

static struct stat status_of(const char *name)
{
	struct stat status = { 0 };

	REQUIRE_OK(lstat(name, &status));
	return status;
}

static long raw_rename(const char *from, const char *to, unsigned int flags)
{
	return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, flags);
}

TEST(rename_moves_and_replaces)
{
	char text[8];

	file_write("a", "A");
	file_write("b", "B");
	ino_t inode = status_of("a").st_ino;

	CHECK_OK(syscall(SYS_renameat, AT_FDCWD, "a", AT_FDCWD, "b"));
	CHECK(!file_exists("a"));
	CHECK_EQUAL(status_of("b").st_ino, inode);
	file_read("b", text, sizeof(text));
	CHECK_TEXT(text, "A");
	CHECK_OK(raw_rename("b", "b", 0));
	CHECK(file_exists("b"));
}

TEST(rename_of_two_links_to_one_file_does_nothing)
{
	file_write("a", "A");
	REQUIRE_OK(link("a", "b"));
	CHECK_OK(raw_rename("a", "b", 0));
	CHECK(file_exists("a"));
	CHECK_EQUAL(status_of("b").st_nlink, 2);
}

TEST(rename_of_directories)
{
	REQUIRE_OK(mkdir("p", 0755));
	REQUIRE_OK(mkdir("q", 0755));
	REQUIRE_OK(mkdir("p/d", 0755));
	file_write("p/d/f", "abc");
	CHECK_EQUAL(status_of("p").st_nlink, 3);
	CHECK_OK(raw_rename("p/d", "q/e", 0));
	CHECK_EQUAL(status_of("p").st_nlink, 2);
	CHECK_EQUAL(status_of("q").st_nlink, 3);
	CHECK(file_exists("q/e/f"));
	CHECK_EQUAL(status_of("q/e/..").st_ino, status_of("q").st_ino);
	CHECK_OK(raw_rename("q/e", "p", 0));
	CHECK(file_exists("p/f"));
	CHECK_EQUAL(status_of("q").st_nlink, 2);
}

TEST(rename_refusals)
{
	REQUIRE_OK(mkdir("d", 0755));
	REQUIRE_OK(mkdir("d/e", 0755));
	REQUIRE_OK(mkdir("empty", 0755));
	file_write("f", "abc");
	CHECK_ERRNO(raw_rename("none", "x", 0), ENOENT);
	CHECK_ERRNO(raw_rename("f", "none/x", 0), ENOENT);
	CHECK_ERRNO(raw_rename("f", "d", 0), EISDIR);
	CHECK_ERRNO(raw_rename("d", "f", 0), ENOTDIR);
	CHECK_ERRNO(raw_rename("d", "d/e/x", 0), EINVAL);
	CHECK_ERRNO(raw_rename("d", "d/e", 0), EINVAL);
	CHECK_ERRNO(raw_rename("d/e", "d", 0), ENOTEMPTY);
	CHECK_ERRNO(raw_rename("empty", "d", 0), ENOTEMPTY);
	CHECK_ERRNO(raw_rename("f/x", "y", 0), ENOTDIR);
	CHECK_ERRNO(raw_rename("f/", "y", 0), ENOTDIR);
	CHECK_ERRNO(raw_rename("f", "y/", 0), ENOTDIR);
	CHECK_ERRNO(raw_rename(".", "y", 0), EBUSY);
	CHECK_ERRNO(raw_rename("d/..", "y", 0), EBUSY);
	CHECK_ERRNO(raw_rename("f", "d/.", 0), EBUSY);
	CHECK_ERRNO(raw_rename("f", "", 0), ENOENT);
	CHECK_ERRNO(raw_rename("", "f", 0), ENOENT);
	CHECK_ERRNO(raw_rename("f", "/proc/x", 0), EXDEV);
	CHECK_ERRNO(raw_rename("f", "y", 8), EINVAL);
	CHECK_ERRNO(raw_rename("f", "y", NOREPLACE | EXCHANGE), EINVAL);
	CHECK_FAULTS(raw_rename(bad, "y", 0));
	CHECK_FAULTS(raw_rename("f", bad, 0));
	CHECK_FAULTS(syscall(SYS_renameat, AT_FDCWD, "f", AT_FDCWD, bad));
	CHECK_ERRNO(syscall(SYS_renameat, 999, "f", AT_FDCWD, "y"), EBADF);
	CHECK_ERRNO(syscall(SYS_renameat2, AT_FDCWD, "f", 999, "y", 0), EBADF);
	CHECK(file_exists("f") && file_exists("d/e"));
}

TEST(rename_without_replacing)
{
	file_write("a", "A");
	file_write("b", "B");
	CHECK_ERRNO(raw_rename("a", "b", NOREPLACE), EEXIST);
	CHECK_OK(raw_rename("a", "c", NOREPLACE));
	CHECK(file_exists("c") && !file_exists("a"));
}

TEST(rename_exchanges)
{
	char text[8];

	file_write("a", "A");
	REQUIRE_OK(mkdir("d", 0755));
	file_write("d/f", "F");
	CHECK_OK(raw_rename("a", "d", EXCHANGE));
	CHECK(S_ISREG(status_of("d").st_mode));
	CHECK(S_ISDIR(status_of("a").st_mode));
	file_read("a/f", text, sizeof(text));
	CHECK_TEXT(text, "F");
	CHECK_ERRNO(raw_rename("a", "none", EXCHANGE), ENOENT);
	CHECK_ERRNO(raw_rename("a", "a/f", EXCHANGE), EINVAL);
}

TEST(rename_of_a_symbolic_link_moves_the_link)
{
	file_write("f", "abc");
	REQUIRE_OK(symlink("f", "s"));
	file_write("g", "xyz");
	CHECK_OK(raw_rename("s", "t", 0));
	CHECK(S_ISLNK(status_of("t").st_mode));
	CHECK_OK(raw_rename("g", "t", 0));
	CHECK(S_ISREG(status_of("t").st_mode));
	CHECK_EQUAL(file_size("f"), 3);
}

TEST(rename_keeps_open_files)
{
	char text[8];
	int fd;

	file_write("a", "A");
	file_write("b", "B");
	fd = file_open("b", O_RDONLY);
	CHECK_OK(raw_rename("a", "b", 0));
	CHECK_EQUAL(read(fd, text, 8), 1);
	CHECK_EQUAL(text[0], 'B');
}

TEST(link_counts)
{
	struct timespec before;

	file_write("a", "A");
	before = status_of("a").st_ctim;
	sleep_milliseconds(20);
	CHECK_OK(syscall(SYS_linkat, AT_FDCWD, "a", AT_FDCWD, "b", 0));
	CHECK_EQUAL(status_of("a").st_nlink, 2);
	CHECK_EQUAL(status_of("a").st_ino, status_of("b").st_ino);
	CHECK(status_of("a").st_ctim.tv_nsec != before.tv_nsec);
	CHECK_OK(syscall(SYS_unlinkat, AT_FDCWD, "a", 0));
	CHECK_EQUAL(status_of("b").st_nlink, 1);
	CHECK(!file_exists("a"));
}

TEST(link_refusals)
{
	REQUIRE_OK(mkdir("d", 0755));
	file_write("f", "abc");
	file_write("g", "abc");
	CHECK_ERRNO(syscall(SYS_linkat, AT_FDCWD, "d", AT_FDCWD, "x", 0), EPERM);
	CHECK_ERRNO(syscall(SYS_linkat, AT_FDCWD, "f", AT_FDCWD, "g", 0), EEXIST);
	CHECK_ERRNO(syscall(SYS_linkat, AT_FDCWD, "f", AT_FDCWD, "f", 0), EEXIST);
	CHECK_ERRNO(syscall(SYS_linkat, AT_FDCWD, "none", AT_FDCWD, "x", 0), ENOENT);
	CHECK_ERRNO(syscall(SYS_linkat, AT_FDCWD, "f", AT_FDCWD, "none/x", 0), ENOENT);
	CHECK_ERRNO(syscall(SYS_linkat, AT_FDCWD, "f", AT_FDCWD, "/dev/x", 0), EXDEV);
	CHECK_ERRNO(syscall(SYS_linkat, AT_FDCWD, "f", AT_FDCWD, "x", 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_linkat, 999, "f", AT_FDCWD, "x", 0), EBADF);
	CHECK_ERRNO(syscall(SYS_linkat, AT_FDCWD, "f", 999, "x", 0), EBADF);
	CHECK_FAULTS(syscall(SYS_linkat, AT_FDCWD, bad, AT_FDCWD, "x", 0));
	CHECK_FAULTS(syscall(SYS_linkat, AT_FDCWD, "f", AT_FDCWD, bad, 0));
}

TEST(link_to_a_symbolic_link)
{
	file_write("f", "abc");
	REQUIRE_OK(symlink("f", "s"));
	CHECK_OK(syscall(SYS_linkat, AT_FDCWD, "s", AT_FDCWD, "same", 0));
	CHECK(S_ISLNK(status_of("same").st_mode));
	CHECK_EQUAL(status_of("s").st_nlink, 2);
	CHECK_OK(syscall(SYS_linkat, AT_FDCWD, "s", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW));
	CHECK_EQUAL(status_of("followed").st_ino, status_of("f").st_ino);
}

TEST(link_of_an_open_file)
{
	int fd;

	file_write("f", "abc");
	fd = file_open("f", O_RDONLY);
	CHECK_OK(syscall(SYS_linkat, fd, "", AT_FDCWD, "g", AT_EMPTY_PATH));
	CHECK_EQUAL(status_of("g").st_nlink, 2);
	CHECK_ERRNO(syscall(SYS_linkat, fd, "", AT_FDCWD, "h", 0), ENOENT);
}

TEST(symbolic_link_text)
{
	struct stat status;
	char text[16], *edge = edge_bytes(3);

	CHECK_OK(syscall(SYS_symlinkat, "some/where", AT_FDCWD, "s"));
	status = status_of("s");
	CHECK_EQUAL(status.st_mode, 0120777);
	CHECK_EQUAL(status.st_size, 10);
	poison(text, sizeof(text));
	CHECK_EQUAL(syscall(SYS_readlinkat, AT_FDCWD, "s", text, sizeof(text)), 10);
	CHECK_BYTES(text, "some/where", 10);
	CHECK_UNTOUCHED(text + 10, 6);
	poison(text, sizeof(text));
	CHECK_EQUAL(syscall(SYS_readlinkat, AT_FDCWD, "s", text, 4), 4);
	CHECK_BYTES(text, "some", 4);
	CHECK_UNTOUCHED(text + 4, 12);
	CHECK_EQUAL(syscall(SYS_readlinkat, AT_FDCWD, "s", edge, 3), 3);
	CHECK_ERRNO(syscall(SYS_readlinkat, AT_FDCWD, "s", edge, 10), EFAULT);
}

TEST(symbolic_link_refusals)
{
	char text[8], *huge = malloc(5000);

	file_write("f", "abc");
	memset(huge, 'x', 5000);
	huge[4999] = 0;
	CHECK_ERRNO(syscall(SYS_symlinkat, "a", AT_FDCWD, "f"), EEXIST);
	CHECK_ERRNO(syscall(SYS_symlinkat, "", AT_FDCWD, "s"), ENOENT);
	CHECK_ERRNO(syscall(SYS_symlinkat, "a", AT_FDCWD, ""), ENOENT);
	CHECK_ERRNO(syscall(SYS_symlinkat, "a", AT_FDCWD, "none/s"), ENOENT);
	CHECK_ERRNO(syscall(SYS_symlinkat, huge, AT_FDCWD, "s"), ENAMETOOLONG);
	CHECK_ERRNO(syscall(SYS_symlinkat, "a", 999, "s"), EBADF);
	CHECK_FAULTS(syscall(SYS_symlinkat, bad, AT_FDCWD, "s"));
	CHECK_FAULTS(syscall(SYS_symlinkat, "a", AT_FDCWD, bad));
	CHECK_ERRNO(syscall(SYS_readlinkat, AT_FDCWD, "f", text, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_readlinkat, AT_FDCWD, ".", text, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_readlinkat, AT_FDCWD, "none", text, 8), ENOENT);
	REQUIRE_OK(symlink("f", "s"));
	CHECK_ERRNO(syscall(SYS_readlinkat, AT_FDCWD, "s", text, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_readlinkat, AT_FDCWD, "s", text, -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_readlinkat, 999, "s", text, 8), EBADF);
	CHECK_FAULTS(syscall(SYS_readlinkat, AT_FDCWD, "s", bad, 8));
	CHECK_FAULTS(syscall(SYS_readlinkat, AT_FDCWD, bad, text, 8));
}

TEST(longest_symbolic_link)
{
	char *text = malloc(5000), *back = malloc(5000);

	memset(text, 'x', 5000);
	text[4095] = 0;
	CHECK_OK(syscall(SYS_symlinkat, text, AT_FDCWD, "s"));
	poison(back, 5000);
	CHECK_EQUAL(syscall(SYS_readlinkat, AT_FDCWD, "s", back, 5000), 4095);
	CHECK_BYTES(back, text, 4095);
	CHECK_UNTOUCHED(back + 4095, 905);
}

TEST(unlink_refusals)
{
	REQUIRE_OK(mkdir("d", 0755));
	file_write("f", "abc");
	file_write("d/f", "abc");
	CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, "d", 0), EISDIR);
	CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, "none", 0), ENOENT);
	CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, "f/", 0), ENOTDIR);
	CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, "f/x", 0), ENOTDIR);
	CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, "f", AT_REMOVEDIR), ENOTDIR);
	CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, "d", AT_REMOVEDIR), ENOTEMPTY);
	CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, "f", 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, "", 0), ENOENT);
	CHECK_ERRNO(syscall(SYS_unlinkat, 999, "f", 0), EBADF);
	CHECK_FAULTS(syscall(SYS_unlinkat, AT_FDCWD, bad, 0));
	CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, "d/.", AT_REMOVEDIR), EINVAL);
	CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, "d/..", AT_REMOVEDIR), ENOTEMPTY);
	CHECK_ERRNO(syscall(SYS_unlinkat, AT_FDCWD, "/", AT_REMOVEDIR), EBUSY);
	CHECK_OK(syscall(SYS_unlinkat, file_open("d", O_RDONLY), "f", 0));
	CHECK_OK(syscall(SYS_unlinkat, AT_FDCWD, "d", AT_REMOVEDIR));
	CHECK(!file_exists("d"));
}

TEST(making_directories)
{
	struct stat status;

	CHECK_OK(syscall(SYS_mkdirat, AT_FDCWD, "d", 07777));
	status = status_of("d");
	CHECK_EQUAL(status.st_mode, 041755);
	CHECK_EQUAL(status.st_nlink, 2);
	CHECK_OK(syscall(SYS_mkdirat, AT_FDCWD, "d/e/", 0700));
	CHECK_EQUAL(status_of("d").st_nlink, 3);
	CHECK_EQUAL(status_of("d/e/..").st_ino, status.st_ino);
	CHECK_ERRNO(syscall(SYS_mkdirat, AT_FDCWD, "d", 0700), EEXIST);
	CHECK_ERRNO(syscall(SYS_mkdirat, AT_FDCWD, ".", 0700), EEXIST);
	CHECK_ERRNO(syscall(SYS_mkdirat, AT_FDCWD, "/", 0700), EEXIST);
	CHECK_ERRNO(syscall(SYS_mkdirat, AT_FDCWD, "x/y", 0700), ENOENT);
	CHECK_ERRNO(syscall(SYS_mkdirat, AT_FDCWD, "", 0700), ENOENT);
	CHECK_ERRNO(syscall(SYS_mkdirat, 999, "x", 0700), EBADF);
	CHECK_FAULTS(syscall(SYS_mkdirat, AT_FDCWD, bad, 0700));
	REQUIRE_OK(symlink("target", "dangling"));
	CHECK_ERRNO(syscall(SYS_mkdirat, AT_FDCWD, "dangling", 0700), EEXIST);
	file_write("f", "abc");
	CHECK_ERRNO(syscall(SYS_mkdirat, AT_FDCWD, "f/x", 0700), ENOTDIR);
}

TEST(removed_directory_is_dead)
{
	int fd;

	REQUIRE_OK(mkdir("d", 0755));
	fd = file_open("d", O_RDONLY);
	IN_CHILD {
		struct stat status;
		char text[256];

		REQUIRE_OK(chdir("d"));
		REQUIRE_OK(syscall(SYS_unlinkat, AT_FDCWD, "../d", AT_REMOVEDIR));
		CHECK_ERRNO(open("x", O_CREAT | O_RDWR, 0600), ENOENT);
		CHECK_ERRNO(mkdir("x", 0700), ENOENT);
		CHECK_OK(stat(".", &status));
		CHECK_EQUAL(status.st_nlink, 0);
		CHECK_ERRNO(syscall(SYS_getcwd, text, sizeof(text)), ENOENT);
		CHECK_OK(chdir(".."));
	}
	CHECK_ERRNO(openat(fd, "x", O_CREAT | O_RDWR, 0600), ENOENT);
	CHECK_ERRNO(openat(fd, "x", O_RDONLY), ENOENT);
}

TEST(set_group_id_directories)
{
	REQUIRE_OK(mkdir("d", 0755));
	REQUIRE_OK(chown("d", 0, 77));
	REQUIRE_OK(chmod("d", 02755));
	file_write("d/f", "abc");
	REQUIRE_OK(mkdir("d/e", 0755));
	CHECK_EQUAL(status_of("d/f").st_gid, 77);
	CHECK_EQUAL(status_of("d/e").st_gid, 77);
	CHECK_EQUAL(status_of("d/e").st_mode, 042755);
}

TEST(sticky_directories_protect_names)
{
	REQUIRE_OK(mkdir("d", 0777));
	REQUIRE_OK(chmod("d", 01777));
	file_write("d/mine", "abc");
	file_write("d/theirs", "abc");
	REQUIRE_OK(chown("d/theirs", NOBODY, NOBODY));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(unlink("d/mine"), EPERM);
		CHECK_ERRNO(raw_rename("d/mine", "d/x", 0), EPERM);
		CHECK_ERRNO(raw_rename("d/theirs", "d/mine", 0), EPERM);
		CHECK_OK(raw_rename("d/theirs", "d/x", 0));
		CHECK_OK(unlink("d/x"));
	}
}

TEST(changing_names_needs_a_writable_directory)
{
	REQUIRE_OK(mkdir("d", 0755));
	file_write("d/f", "abc");
	REQUIRE_OK(chmod("d/f", 0666));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(unlink("d/f"), EACCES);
		CHECK_ERRNO(raw_rename("d/f", "d/g", 0), EACCES);
		CHECK_ERRNO(link("d/f", "d/g"), EACCES);
		CHECK_ERRNO(symlink("f", "d/g"), EACCES);
		CHECK_ERRNO(mkdir("d/g", 0700), EACCES);
		CHECK_ERRNO(rmdir("d"), EACCES);
	}
}

TEST(nodes_of_each_type)
{
	CHECK_OK(syscall(SYS_mknodat, AT_FDCWD, "file", S_IFREG | 0666, 0));
	CHECK_EQUAL(status_of("file").st_mode, 0100644);
	CHECK_OK(syscall(SYS_mknodat, AT_FDCWD, "plain", 0600, 0));
	CHECK_EQUAL(status_of("plain").st_mode, 0100600);
	CHECK_OK(syscall(SYS_mknodat, AT_FDCWD, "pipe", S_IFIFO | 0600, 0));
	CHECK_EQUAL(status_of("pipe").st_mode, 0010600);
	CHECK_OK(syscall(SYS_mknodat, AT_FDCWD, "null", S_IFCHR | 0600, makedev(1, 3)));
	CHECK_EQUAL(status_of("null").st_rdev, makedev(1, 3));
	CHECK_EQUAL(status_of("null").st_mode, 0020600);
	CHECK_OK(syscall(SYS_mknodat, AT_FDCWD, "socket", S_IFSOCK | 0600, 0));
	CHECK_EQUAL(status_of("socket").st_mode, 0140600);
	CHECK_ERRNO(open("socket", O_RDONLY), ENXIO);
	CHECK_ERRNO(syscall(SYS_mknodat, AT_FDCWD, "d", S_IFDIR | 0600, 0), EPERM);
	CHECK_ERRNO(syscall(SYS_mknodat, AT_FDCWD, "x", S_IFLNK | 0600, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_mknodat, AT_FDCWD, "file", S_IFREG | 0600, 0), EEXIST);
	CHECK_ERRNO(syscall(SYS_mknodat, 999, "x", S_IFREG | 0600, 0), EBADF);
	CHECK_FAULTS(syscall(SYS_mknodat, AT_FDCWD, bad, S_IFREG | 0600, 0));
	IN_CHILD {
		REQUIRE_OK(chmod(".", 0777));
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_mknodat, AT_FDCWD, "x", S_IFCHR | 0600, makedev(1, 3)),
			    EPERM);
		CHECK_OK(syscall(SYS_mknodat, AT_FDCWD, "y", S_IFIFO | 0600, 0));
	}
}
