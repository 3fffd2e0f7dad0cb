/*
 * The old spellings of calls on files, which x86_64 alone has: each does what
 * its modern form does, and refuses what that refuses.
 */
#include "support.h"
#include <sys/sysmacros.h>
#include <sys/time.h>

struct old_utimbuf {
	long accessed, modified;
};

static struct stat status_of(const char *name)
{
	struct stat status = { 0 };

	REQUIRE_OK(lstat(name, &status));
	return status;
}

TEST(open_and_creat)
{
	int fd = REQUIRE_OK(syscall(SYS_open, "f", O_CREAT | O_RDWR, 0640));
	char byte;

	CHECK_EQUAL(write(fd, "abc", 3), 3);
	CHECK_EQUAL(status_of("f").st_mode, 0100640);
	fd = REQUIRE_OK(syscall(SYS_creat, "f", 0600));
	CHECK_EQUAL(file_size("f"), 0);
	CHECK_EQUAL(fcntl(fd, F_GETFL), O_WRONLY | O_LARGEFILE);
	CHECK_ERRNO(read(fd, &byte, 1), EBADF);
	CHECK_ERRNO(syscall(SYS_open, "none", O_RDONLY), ENOENT);
	CHECK_FAULTS(syscall(SYS_open, bad, O_RDONLY));
	CHECK_FAULTS(syscall(SYS_creat, bad, 0600));
	CHECK_ERRNO(syscall(SYS_creat, ".", 0600), EISDIR);
}

TEST(stat_family)
{
	struct stat modern, old;

	file_write("f", "abc");
	REQUIRE_OK(symlink("f", "s"));
	modern = status_of("f");
	CHECK_OK(syscall(SYS_stat, "s", &old));
	CHECK_BYTES(&old, &modern, sizeof(old));
	modern = status_of("s");
	CHECK_OK(syscall(SYS_lstat, "s", &old));
	CHECK_BYTES(&old, &modern, sizeof(old));
	CHECK_ERRNO(syscall(SYS_stat, "none", &old), ENOENT);
	CHECK_ERRNO(syscall(SYS_lstat, "none", &old), ENOENT);
	CHECK_FAULTS(syscall(SYS_stat, "f", bad));
	CHECK_FAULTS(syscall(SYS_stat, bad, &old));
	CHECK_FAULTS(syscall(SYS_lstat, "f", bad));
	CHECK_FAULTS(syscall(SYS_lstat, bad, &old));
}

TEST(access_and_modes)
{
	file_write("f", "abc");
	CHECK_OK(syscall(SYS_access, "f", R_OK | W_OK));
	CHECK_ERRNO(syscall(SYS_access, "f", X_OK), EACCES);
	CHECK_ERRNO(syscall(SYS_access, "none", F_OK), ENOENT);
	CHECK_ERRNO(syscall(SYS_access, "f", 64), EINVAL);
	CHECK_FAULTS(syscall(SYS_access, bad, F_OK));
	CHECK_OK(syscall(SYS_chmod, "f", 0751));
	CHECK_EQUAL(status_of("f").st_mode, 0100751);
	CHECK_ERRNO(syscall(SYS_chmod, "none", 0751), ENOENT);
	CHECK_FAULTS(syscall(SYS_chmod, bad, 0751));
}

TEST(owners)
{
	file_write("f", "abc");
	REQUIRE_OK(symlink("f", "s"));
	CHECK_OK(syscall(SYS_chown, "s", 5, 6));
	CHECK_EQUAL(status_of("f").st_uid, 5);
	CHECK_EQUAL(status_of("f").st_gid, 6);
	CHECK_OK(syscall(SYS_lchown, "s", 7, -1));
	CHECK_EQUAL(status_of("s").st_uid, 7);
	CHECK_EQUAL(status_of("s").st_gid, 0);
	CHECK_EQUAL(status_of("f").st_uid, 5);
	CHECK_ERRNO(syscall(SYS_chown, "none", 1, 1), ENOENT);
	CHECK_ERRNO(syscall(SYS_lchown, "none", 1, 1), ENOENT);
	CHECK_FAULTS(syscall(SYS_chown, bad, 1, 1));
	CHECK_FAULTS(syscall(SYS_lchown, bad, 1, 1));
}

TEST(names)
{
	char text[8];

	CHECK_OK(syscall(SYS_mkdir, "d", 0755));
	CHECK_ERRNO(syscall(SYS_mkdir, "d", 0755), EEXIST);
	file_write("d/f", "abc");
	CHECK_OK(syscall(SYS_link, "d/f", "d/g"));
	CHECK_EQUAL(status_of("d/f").st_nlink, 2);
	CHECK_ERRNO(syscall(SYS_link, "d/f", "d/g"), EEXIST);
	CHECK_OK(syscall(SYS_rename, "d/g", "h"));
	CHECK(file_exists("h") && !file_exists("d/g"));
	CHECK_ERRNO(syscall(SYS_rename, "none", "h"), ENOENT);
	CHECK_OK(syscall(SYS_symlink, "h", "s"));
	CHECK_EQUAL(syscall(SYS_readlink, "s", text, 8), 1);
	CHECK_ERRNO(syscall(SYS_readlink, "s", text, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_readlink, "h", text, 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_rmdir, "d"), ENOTEMPTY);
	CHECK_OK(syscall(SYS_unlink, "d/f"));
	CHECK_ERRNO(syscall(SYS_unlink, "d"), EISDIR);
	CHECK_OK(syscall(SYS_rmdir, "d"));
	CHECK_ERRNO(syscall(SYS_rmdir, "h"), ENOTDIR);
	CHECK_ERRNO(syscall(SYS_rmdir, "."), EINVAL);
}

TEST(names_with_bad_pointers)
{
	char text[8];

	file_write("f", "");
	CHECK_FAULTS(syscall(SYS_mkdir, bad, 0755));
	CHECK_FAULTS(syscall(SYS_rmdir, bad));
	CHECK_FAULTS(syscall(SYS_unlink, bad));
	CHECK_FAULTS(syscall(SYS_link, bad, "g"));
	CHECK_FAULTS(syscall(SYS_link, "f", bad));
	CHECK_FAULTS(syscall(SYS_rename, bad, "g"));
	CHECK_FAULTS(syscall(SYS_rename, "f", bad));
	CHECK_FAULTS(syscall(SYS_symlink, bad, "g"));
	CHECK_FAULTS(syscall(SYS_symlink, "f", bad));
	CHECK_FAULTS(syscall(SYS_readlink, bad, text, 8));
	CHECK_FAULTS(syscall(SYS_mknod, bad, 0600, 0));
}

TEST(nodes)
{
	CHECK_OK(syscall(SYS_mknod, "p", S_IFIFO | 0600, 0));
	CHECK_EQUAL(status_of("p").st_mode, 0010600);
	CHECK_OK(syscall(SYS_mknod, "n", S_IFCHR | 0600, makedev(1, 5)));
	CHECK_EQUAL(status_of("n").st_rdev, makedev(1, 5));
	CHECK_ERRNO(syscall(SYS_mknod, "p", S_IFIFO | 0600, 0), EEXIST);
}

TEST(times)
{
	struct old_utimbuf seconds = { 11, 22 };
	struct timeval micro[2] = { { 33, 44 }, { 55, 66 } };

	file_write("f", "");
	CHECK_OK(syscall(SYS_utime, "f", &seconds));
	CHECK_EQUAL(status_of("f").st_atim.tv_sec, 11);
	CHECK_EQUAL(status_of("f").st_mtim.tv_sec, 22);
	CHECK_OK(syscall(SYS_utimes, "f", micro));
	CHECK_EQUAL(status_of("f").st_atim.tv_nsec, 44000);
	CHECK_EQUAL(status_of("f").st_mtim.tv_sec, 55);
	micro[0].tv_sec = 77;
	CHECK_OK(syscall(SYS_futimesat, AT_FDCWD, "f", micro));
	CHECK_EQUAL(status_of("f").st_atim.tv_sec, 77);
	CHECK_OK(syscall(SYS_utime, "f", NULL));
	CHECK(status_of("f").st_mtim.tv_sec > 1000);
	micro[1].tv_usec = 1000000;
	CHECK_ERRNO(syscall(SYS_utimes, "f", micro), EINVAL);
	CHECK_ERRNO(syscall(SYS_futimesat, AT_FDCWD, "f", micro), EINVAL);
	CHECK_ERRNO(syscall(SYS_utime, "none", NULL), ENOENT);
	CHECK_ERRNO(syscall(SYS_futimesat, 999, "f", NULL), EBADF);
	CHECK_FAULTS(syscall(SYS_utime, "f", bad));
	CHECK_FAULTS(syscall(SYS_utimes, "f", bad));
	CHECK_FAULTS(syscall(SYS_utimes, bad, NULL));
	CHECK_FAULTS(syscall(SYS_futimesat, AT_FDCWD, "f", bad));
}

TEST(times_far_away)
{
	static const int64_t wrong[] = { INT64_MAX, INT64_MIN, INT64_MAX / 1000 + 1, -1, 1000000 };
	const long far = 1l << 62;
	struct timeval parts[2] = { { INT64_MIN, 0 }, { INT64_MAX, 999999 } };
	struct old_utimbuf whole = { far, far };

	file_write("f", "");
	CHECK_OK(syscall(SYS_utime, "f", &whole));
	CHECK_AT_LEAST(status_of("f").st_mtim.tv_sec, 1ll << 32);
	CHECK_OK(syscall(SYS_utimes, "f", parts));
	CHECK(status_of("f").st_atim.tv_sec < 0);
	CHECK_AT_LEAST(status_of("f").st_mtim.tv_sec, 1ll << 32);
	CHECK_OK(syscall(SYS_futimesat, AT_FDCWD, "f", parts));
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct timeval times[2] = { { 1, 0 }, { 1, wrong[i] } };

		CHECK_ERRNO(syscall(SYS_utimes, "f", times), EINVAL);
	}
}

TEST(old_directory_entries)
{
	char buffer[512];
	int fd, found = 0;
	long got;

	file_write("file", "");
	REQUIRE_OK(mkdir("sub", 0755));
	fd = file_open(".", O_RDONLY);
	poison(buffer, sizeof(buffer));
	got = REQUIRE_OK(syscall(SYS_getdents, fd, buffer, sizeof(buffer)));
	CHECK_UNTOUCHED(buffer + got, sizeof(buffer) - got);
	for (long at = 0; at < got;) {
		struct kernel_dirent *entry = (void *)(buffer + at);
		char type = buffer[at + entry->length - 1];

		REQUIRE(entry->length >= 20 && entry->length % 8 == 0);
		if (strcmp(entry->name, "file") == 0)
			found += type == 8 && entry->inode == status_of("file").st_ino;
		if (strcmp(entry->name, "sub") == 0)
			found += type == 4;
		at += entry->length;
	}
	CHECK_EQUAL(found, 2);
	CHECK_EQUAL(syscall(SYS_getdents, fd, buffer, sizeof(buffer)), 0);
	REQUIRE_OK(lseek(fd, 0, SEEK_SET));
	CHECK_ERRNO(syscall(SYS_getdents, fd, buffer, 10), EINVAL);
	CHECK_FAULTS(syscall(SYS_getdents, fd, bad, 512));
	CHECK_ERRNO(syscall(SYS_getdents, 999, buffer, 512), EBADF);
}

TEST(dup2_replaces)
{
	int fd;

	file_write("a", "A");
	fd = file_open("a", O_RDONLY | O_CLOEXEC);
	CHECK_EQUAL(syscall(SYS_dup2, fd, 100), 100);
	CHECK_EQUAL(fcntl(100, F_GETFD), 0);
	CHECK_EQUAL(syscall(SYS_dup2, fd, fd), fd);
	CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_ERRNO(syscall(SYS_dup2, 999, 100), EBADF);
	CHECK_ERRNO(syscall(SYS_dup2, 999, 999), EBADF);
	CHECK_ERRNO(syscall(SYS_dup2, fd, -1), EBADF);
	CHECK_EQUAL(fcntl(100, F_GETFD), 0);
}
