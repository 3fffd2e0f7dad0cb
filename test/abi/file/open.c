/*
 * open, openat, openat2 and the walk from name to file: flags, modes,
 * symbolic links, directories to start from, permission, refusals.
 */
#include "support.h"
#include <limits.h>

static long raw_openat2(int at, const char *name, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	struct kernel_open_how how = { flags, mode, resolve };

	return syscall(SYS_openat2, at, name, &how, sizeof(how));
}

static int file_mode(const char *name)
{
	struct stat status;

	return stat(name, &status) == 0 ? (int)status.st_mode : -1;
}

TEST(creation_applies_mode_and_mask)
{
	static const struct { int mask, mode, result; } cases[] = {
		{ 0, 0777, 0100777 }, { 022, 0666, 0100644 }, { 077, 0644, 0100600 },
		{ 0, 07777, 0107777 }, { 0777, 0777, 0100000 }, { 0, 0, 0100000 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		umask(cases[i].mask);
		CHECK_OK(syscall(SYS_openat, AT_FDCWD, "f", O_CREAT | O_RDWR, cases[i].mode));
		CHECK_EQUAL(file_mode("f"), cases[i].result);
		CHECK_OK(unlink("f"));
	}
}

TEST(umask_returns_the_mask_before)
{
	CHECK_EQUAL(syscall(SYS_umask, 027), 022);
	CHECK_EQUAL(syscall(SYS_umask, 07777), 027);
	CHECK_EQUAL(syscall(SYS_umask, -1), 0777);
	CHECK_EQUAL(syscall(SYS_umask, 022), 0777);
	IN_CHILD {
		CHECK_EQUAL(syscall(SYS_umask, 0), 022);
	}
	CHECK_EQUAL(syscall(SYS_umask, 022), 022);
}

TEST(exclusive_creation)
{
	CHECK_OK(syscall(SYS_openat, AT_FDCWD, "f", O_CREAT | O_EXCL | O_RDWR, 0600));
	CHECK_ERRNO(syscall(SYS_openat, AT_FDCWD, "f", O_CREAT | O_EXCL | O_RDWR, 0600), EEXIST);
	REQUIRE_OK(symlink("nowhere", "link"));
	CHECK_ERRNO(syscall(SYS_openat, AT_FDCWD, "link", O_CREAT | O_EXCL | O_RDWR, 0600),
		    EEXIST);
	CHECK(!file_exists("nowhere"));
	CHECK_OK(syscall(SYS_openat, AT_FDCWD, "link", O_CREAT | O_RDWR, 0600));
	CHECK(file_exists("nowhere"));
}

TEST(truncation)
{
	file_write("f", "abcdef");
	CHECK_OK(open("f", O_RDONLY));
	CHECK_EQUAL(file_size("f"), 6);
	CHECK_OK(open("f", O_WRONLY | O_TRUNC));
	CHECK_EQUAL(file_size("f"), 0);
	file_write("f", "abcdef");
	CHECK_OK(open("f", O_RDONLY | O_TRUNC));
	CHECK_EQUAL(file_size("f"), 0);
}

TEST(open_refusals)
{
	REQUIRE_OK(mkdir("d", 0755));
	file_write("f", "abc");
	REQUIRE_OK(symlink("f", "link"));
	REQUIRE_OK(symlink("loop", "loop"));
	CHECK_ERRNO(open("none", O_RDONLY), ENOENT);
	CHECK_ERRNO(open("none/x", O_RDONLY | O_CREAT, 0600), ENOENT);
	CHECK_ERRNO(open("f/x", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(open("f/", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(open("f", O_RDONLY | O_DIRECTORY), ENOTDIR);
	CHECK_ERRNO(open("d", O_WRONLY), EISDIR);
	CHECK_ERRNO(open("d", O_RDWR), EISDIR);
	CHECK_ERRNO(open("d", O_RDONLY | O_CREAT, 0600), EISDIR);
	CHECK_ERRNO(open("d", O_RDONLY | O_TRUNC), EISDIR);
	CHECK_ERRNO(open("link", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERRNO(open("loop", O_RDONLY), ELOOP);
	CHECK_ERRNO(open("loop", O_RDONLY | O_CREAT, 0600), ELOOP);
	CHECK_ERRNO(open("", O_RDONLY), ENOENT);
	CHECK_ERRNO(open("new/", O_RDWR | O_CREAT, 0600), EISDIR);
}

TEST(access_mode_three)
{
	char byte;
	int fd;

	file_write("f", "abc");
	fd = REQUIRE_OK(open("f", 3));
	CHECK_ERRNO(read(fd, &byte, 1), EBADF);
	CHECK_ERRNO(write(fd, "a", 1), EBADF);
	CHECK_EQUAL(fcntl(fd, F_GETFL), 3 | O_LARGEFILE);
}

TEST(bad_names)
{
	CHECK_FAULTS(syscall(SYS_openat, AT_FDCWD, bad, O_RDONLY, 0));
	CHECK_ERRNO(syscall(SYS_openat, AT_FDCWD, NULL, O_RDONLY, 0), EFAULT);
	char *edge = edge_bytes(3);

	memcpy(edge, "abc", 3);
	CHECK_ERRNO(syscall(SYS_openat, AT_FDCWD, edge, O_RDONLY, 0), EFAULT);
	edge[2] = 0;
	CHECK_ERRNO(syscall(SYS_openat, AT_FDCWD, edge, O_RDONLY, 0), ENOENT);
	CHECK_OK(syscall(SYS_openat, AT_FDCWD, edge, O_RDWR | O_CREAT, 0600));
}

TEST(name_lengths)
{
	char *name = malloc(5000);

	memset(name, 'a', 5000);
	name[255] = 0;
	CHECK_OK(open(name, O_RDWR | O_CREAT, 0600));
	CHECK(file_exists(name));
	memset(name, 'a', 256);
	name[256] = 0;
	CHECK_ERRNO(open(name, O_RDWR | O_CREAT, 0600), ENAMETOOLONG);
	CHECK_ERRNO(open(name, O_RDONLY), ENAMETOOLONG);
	for (int i = 0; i < 4094; i += 2)
		memcpy(name + i, "./", 2);
	name[4094] = '.';
	name[4095] = 0;
	CHECK_OK(open(name, O_RDONLY));
	name[4095] = '/';
	name[4096] = 0;
	CHECK_ERRNO(open(name, O_RDONLY), ENAMETOOLONG);
}

TEST(odd_spellings_of_a_name)
{
	REQUIRE_OK(mkdir("d", 0755));
	REQUIRE_OK(mkdir("d/e", 0755));
	file_write("d/f", "abc");
	CHECK_OK(open("d//f", O_RDONLY));
	CHECK_OK(open("./d/./f", O_RDONLY));
	CHECK_OK(open("d/e/../f", O_RDONLY));
	CHECK_OK(open("d/e/../../d/f", O_RDONLY));
	CHECK_OK(open("/../../", O_RDONLY));
	CHECK_OK(open("d/", O_RDONLY));
	CHECK_OK(open("d/.", O_RDONLY));
	CHECK_ERRNO(open("d/f/.", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(open("d/f/..", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(open("d/none/..", O_RDONLY), ENOENT);
}

TEST(symbolic_links_in_a_chain)
{
	char name[16], target[16];

	file_write("f0", "abc");
	for (int i = 1; i <= 41; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		snprintf(target, sizeof(target), "f%d", i - 1);
		REQUIRE_OK(symlink(target, name));
	}
	CHECK_OK(open("f40", O_RDONLY));
	CHECK_ERRNO(open("f41", O_RDONLY), ELOOP);
}

TEST(symbolic_links_in_the_middle)
{
	char here[512];

	REQUIRE_OK(mkdir("d", 0755));
	file_write("d/f", "abc");
	REQUIRE_OK(symlink("d", "relative"));
	REQUIRE(getcwd(here, sizeof(here)) != NULL);
	strcat(here, "/d");
	REQUIRE_OK(symlink(here, "absolute"));
	REQUIRE_OK(symlink("f/", "d/slash"));
	CHECK_OK(open("relative/f", O_RDONLY));
	CHECK_OK(open("absolute/f", O_RDONLY));
	CHECK_OK(open("relative/f", O_RDONLY | O_NOFOLLOW));
	CHECK_OK(open("relative/../relative/f", O_RDONLY));
	CHECK_ERRNO(open("relative", O_RDONLY | O_NOFOLLOW), ELOOP);
	CHECK_ERRNO(open("relative", O_RDONLY | O_NOFOLLOW | O_DIRECTORY), ENOTDIR);
	CHECK_OK(open("relative/", O_RDONLY | O_NOFOLLOW));
	CHECK_ERRNO(open("d/slash", O_RDONLY), ENOTDIR);
}

TEST(starting_directories)
{
	int directory, file;
	char here[512];

	REQUIRE_OK(mkdir("d", 0755));
	file_write("d/f", "abc");
	directory = file_open("d", O_RDONLY);
	file = file_open("d/f", O_RDONLY);
	CHECK_OK(openat(directory, "f", O_RDONLY));
	CHECK_OK(openat(directory, "../d/f", O_RDONLY));
	CHECK_ERRNO(openat(directory, "g", O_RDONLY), ENOENT);
	CHECK_ERRNO(openat(file, "f", O_RDONLY), ENOTDIR);
	CHECK_ERRNO(openat(999, "f", O_RDONLY), EBADF);
	CHECK_ERRNO(openat(-1, "f", O_RDONLY), EBADF);
	REQUIRE(getcwd(here, sizeof(here)) != NULL);
	CHECK_OK(openat(999, here, O_RDONLY));
	CHECK_OK(openat(file_open("d", O_PATH), "f", O_RDONLY));
}

TEST(o_path_gives_a_name_only)
{
	struct stat status;
	char text[8];
	int fd;

	file_write("f", "abc");
	REQUIRE_OK(symlink("f", "link"));
	fd = REQUIRE_OK(open("link", O_PATH | O_NOFOLLOW));
	CHECK_OK(fstat(fd, &status));
	CHECK(S_ISLNK(status.st_mode));
	CHECK_EQUAL(readlinkat(fd, "", text, sizeof(text)), 1);
	fd = REQUIRE_OK(open("f", O_PATH));
	CHECK_OK(fstat(fd, &status));
	CHECK_EQUAL(status.st_size, 3);
	CHECK_ERRNO(ftruncate(fd, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_fchmod, fd, 0600), EBADF);
	CHECK_ERRNO(syscall(SYS_fchown, fd, 0, 0), EBADF);
	CHECK_ERRNO(fsync(fd), EBADF);
	CHECK_ERRNO(syscall(SYS_getdents64, fd, text, 8), EBADF);
	CHECK_OK(dup(fd));
}

TEST(permission_to_open)
{
	static const struct { int mode, flags, result; } cases[] = {
		{ 0444, O_RDONLY, 0 }, { 0444, O_WRONLY, EACCES }, { 0444, O_RDWR, EACCES },
		{ 0222, O_WRONLY, 0 }, { 0222, O_RDONLY, EACCES }, { 0440, O_RDONLY, EACCES },
		{ 0700, O_RDONLY, EACCES }, { 0006, O_RDWR, 0 }, { 0444, O_RDONLY | O_TRUNC,
		EACCES },
	};

	file_write("f", "abc");
	for (size_t i = 0; i < COUNT(cases); i++) {
		REQUIRE_OK(chmod("f", cases[i].mode));
		IN_CHILD {
			user_become(NOBODY);
			if (cases[i].result)
				CHECK_ERRNO(open("f", cases[i].flags), cases[i].result);
			else
				CHECK_OK(open("f", cases[i].flags));
		}
	}
	REQUIRE_OK(chmod("f", 0));
	CHECK_OK(open("f", O_RDWR));
}

TEST(owner_bits_come_before_group_and_other)
{
	file_write("f", "abc");
	REQUIRE_OK(chown("f", NOBODY, 1234));
	REQUIRE_OK(chmod("f", 0077));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(open("f", O_RDONLY), EACCES);
	}
	REQUIRE_OK(chown("f", 1, NOBODY));
	REQUIRE_OK(chmod("f", 0707));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(open("f", O_RDONLY), EACCES);
	}
	REQUIRE_OK(chown("f", 1, 4321));
	REQUIRE_OK(chmod("f", 0040));
	IN_CHILD {
		gid_t groups[] = { 5, 4321 };

		REQUIRE_OK(syscall(SYS_setgroups, 2, groups));
		REQUIRE_OK(syscall(SYS_setresgid, 9, 9, 9));
		REQUIRE_OK(syscall(SYS_setresuid, 9, 9, 9));
		CHECK_OK(open("f", O_RDONLY));
		CHECK_ERRNO(open("f", O_WRONLY), EACCES);
	}
}

TEST(directories_must_be_searchable)
{
	REQUIRE_OK(mkdir("d", 0755));
	file_write("d/f", "abc");
	REQUIRE_OK(chmod("d", 0644));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(open("d/f", O_RDONLY), EACCES);
		CHECK_ERRNO(open("d/none", O_RDONLY), EACCES);
		CHECK_ERRNO(open("d/.", O_RDONLY), EACCES);
		CHECK_ERRNO(open("d/..", O_RDONLY), EACCES);
		CHECK_OK(open("d", O_RDONLY));
	}
	REQUIRE_OK(chmod("d", 0711));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_OK(open("d/f", O_RDONLY));
		CHECK_ERRNO(open("d", O_RDONLY), EACCES);
		CHECK_ERRNO(open("d/new", O_RDWR | O_CREAT, 0600), EACCES);
	}
}

TEST(nameless_temporary_files)
{
	char name[40];
	int fd = REQUIRE_OK(open(".", O_TMPFILE | O_RDWR, 0640));
	struct stat status;

	CHECK_EQUAL(write(fd, "abc", 3), 3);
	CHECK_OK(fstat(fd, &status));
	CHECK_EQUAL(status.st_nlink, 0);
	CHECK_EQUAL(status.st_mode, 0100640);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	CHECK_OK(linkat(AT_FDCWD, name, AT_FDCWD, "named", AT_SYMLINK_FOLLOW));
	CHECK_EQUAL(file_size("named"), 3);
	CHECK_ERRNO(open(".", O_TMPFILE | O_RDONLY, 0600), EINVAL);
	fd = REQUIRE_OK(open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	CHECK_ERRNO(linkat(AT_FDCWD, name, AT_FDCWD, "other", AT_SYMLINK_FOLLOW), ENOENT);
}

TEST(openat2_structure)
{
	struct { struct kernel_open_how how; uint64_t more; } large = { { O_RDONLY, 0, 0 }, 0 };

	file_write("f", "abc");
	CHECK_OK(raw_openat2(AT_FDCWD, "f", O_RDONLY, 0, 0));
	CHECK_OK(syscall(SYS_openat2, AT_FDCWD, "f", &large, sizeof(large)));
	large.more = 1;
	CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "f", &large, sizeof(large)), E2BIG);
	CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "f", &large, 23), EINVAL);
	CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "f", &large, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_openat2, AT_FDCWD, "f", &large, 5000), E2BIG);
	CHECK_FAULTS(syscall(SYS_openat2, AT_FDCWD, "f", bad, 24));
	CHECK_FAULTS(raw_openat2(AT_FDCWD, bad, O_RDONLY, 0, 0));
	CHECK_ERRNO(raw_openat2(999, "f", O_RDONLY, 0, 0), EBADF);
}

TEST(openat2_refuses_what_openat_ignores)
{
	file_write("f", "abc");
	CHECK_ERRNO(raw_openat2(AT_FDCWD, "f", 1ull << 40, 0, 0), EINVAL);
	CHECK_ERRNO(raw_openat2(AT_FDCWD, "f", 1u << 30, 0, 0), EINVAL);
	CHECK_ERRNO(raw_openat2(AT_FDCWD, "f", O_RDONLY, 0600, 0), EINVAL);
	CHECK_ERRNO(raw_openat2(AT_FDCWD, "g", O_CREAT, 0100000, 0), EINVAL);
	CHECK_ERRNO(raw_openat2(AT_FDCWD, "f", O_RDONLY, 0, 1 << 20), EINVAL);
	CHECK_ERRNO(raw_openat2(AT_FDCWD, "f", O_PATH | O_RDWR, 0, 0), EINVAL);
	CHECK_ERRNO(raw_openat2(AT_FDCWD, "f", O_RDONLY, 0,
				KERNEL_RESOLVE_BENEATH | KERNEL_RESOLVE_IN_ROOT), EINVAL);
	CHECK_OK(openat(AT_FDCWD, "f", O_RDONLY | 1 << 30));
}

TEST(openat2_resolve_limits)
{
	int directory;

	REQUIRE_OK(mkdir("d", 0755));
	REQUIRE_OK(mkdir("d/e", 0755));
	file_write("d/f", "abc");
	file_write("out", "abc");
	REQUIRE_OK(symlink("f", "d/inside"));
	REQUIRE_OK(symlink("../out", "d/outside"));
	REQUIRE_OK(symlink("/f", "d/rooted"));
	directory = file_open("d", O_PATH);
	CHECK_OK(raw_openat2(directory, "inside", 0, 0, KERNEL_RESOLVE_BENEATH));
	CHECK_OK(raw_openat2(directory, "e/../f", 0, 0, KERNEL_RESOLVE_BENEATH));
	CHECK_ERRNO(raw_openat2(directory, "outside", 0, 0, KERNEL_RESOLVE_BENEATH), EXDEV);
	CHECK_ERRNO(raw_openat2(directory, "rooted", 0, 0, KERNEL_RESOLVE_BENEATH), EXDEV);
	CHECK_ERRNO(raw_openat2(directory, "../d/f", 0, 0, KERNEL_RESOLVE_BENEATH), EXDEV);
	CHECK_ERRNO(raw_openat2(directory, "/", 0, 0, KERNEL_RESOLVE_BENEATH), EXDEV);
	CHECK_OK(raw_openat2(directory, "rooted", 0, 0, KERNEL_RESOLVE_IN_ROOT));
	CHECK_OK(raw_openat2(directory, "../../f", 0, 0, KERNEL_RESOLVE_IN_ROOT));
	CHECK_ERRNO(raw_openat2(directory, "outside", 0, 0, KERNEL_RESOLVE_IN_ROOT), ENOENT);
	CHECK_ERRNO(raw_openat2(directory, "inside", 0, 0, KERNEL_RESOLVE_NO_SYMLINKS), ELOOP);
	CHECK_OK(raw_openat2(directory, "inside", O_PATH | O_NOFOLLOW, 0,
			     KERNEL_RESOLVE_NO_SYMLINKS));
	CHECK_ERRNO(raw_openat2(AT_FDCWD, "/proc/self/status", 0, 0, KERNEL_RESOLVE_NO_XDEV),
		    EXDEV);
	CHECK_ERRNO(raw_openat2(AT_FDCWD, "/proc/self/root/proc", 0, 0,
				KERNEL_RESOLVE_NO_MAGICLINKS), ELOOP);
}

TEST(reopening_through_proc)
{
	char name[40], text[8];
	int fd;

	file_write("f", "abc");
	fd = file_open("f", O_RDONLY);
	REQUIRE_OK(unlink("f"));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	CHECK_EQUAL(file_read(name, text, sizeof(text)), 3);
	fd = REQUIRE_OK(open(name, O_RDWR));
	CHECK_EQUAL(write(fd, "XY", 2), 2);
	CHECK_EQUAL(file_read(name, text, sizeof(text)), 3);
	CHECK_TEXT(text, "XYc");
}

TEST(unlinked_files_live_while_open)
{
	struct stat status;
	char text[8];
	int fd;

	file_write("f", "abc");
	fd = file_open("f", O_RDWR);
	REQUIRE_OK(unlink("f"));
	CHECK_OK(fstat(fd, &status));
	CHECK_EQUAL(status.st_nlink, 0);
	CHECK_EQUAL(pread(fd, text, 8, 0), 3);
	file_write("f", "new");
	CHECK_EQUAL(pread(fd, text, 8, 0), 3);
	CHECK_BYTES(text, "abc", 3);
}
