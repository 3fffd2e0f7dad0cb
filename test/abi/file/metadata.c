/*
 * What stat, statx and statfs say, and what chmod, chown, utimensat and
 * faccessat change or ask.
 */
#include "support.h"
#include <sys/statfs.h>
#include <sys/sysmacros.h>

/* x86_64's and aarch64's struct stat differ; both are this long or less. */
#define STAT_LENGTH sizeof(struct stat)

static struct stat status_of(const char *name)
{
	struct stat status = { 0 };

	REQUIRE_OK(lstat(name, &status));
	return status;
}

static int64_t nanoseconds_of(struct timespec time)
{
	return time.tv_sec * NANOSECONDS + time.tv_nsec;
}

TEST(stat_of_a_file)
{
	char buffer[STAT_LENGTH + 16];
	struct stat *status = (void *)buffer;
	struct timespec now;

	file_make("f", 5000);
	REQUIRE_OK(chown("f", 12, 34));
	poison(buffer, sizeof(buffer));
	CHECK_OK(syscall(SYS_fstatat, AT_FDCWD, "f", buffer, 0));
	CHECK_UNTOUCHED(buffer + STAT_LENGTH, 16);
	CHECK_EQUAL(status->st_mode, 0100644);
	CHECK_EQUAL(status->st_nlink, 1);
	CHECK_EQUAL(status->st_uid, 12);
	CHECK_EQUAL(status->st_gid, 34);
	CHECK_EQUAL(status->st_rdev, 0);
	CHECK_EQUAL(status->st_size, 5000);
	CHECK_EQUAL(status->st_blksize, 4096);
	CHECK_EQUAL(status->st_blocks, 16);
	clock_gettime(CLOCK_REALTIME, &now);
	CHECK(now.tv_sec - status->st_mtim.tv_sec < 30 && status->st_mtim.tv_sec <= now.tv_sec);
	CHECK(status->st_ctim.tv_nsec >= 0 && status->st_ctim.tv_nsec < NANOSECONDS);
	CHECK_FILLED((char *)status + offsetof(struct stat, st_ctim) + 16, 0,
		     STAT_LENGTH - offsetof(struct stat, st_ctim) - 16);
}

TEST(fstat_agrees_with_stat)
{
	char first[STAT_LENGTH], second[STAT_LENGTH + 8];

	file_make("f", 100);
	poison(first, sizeof(first));
	poison(second, sizeof(second));
	CHECK_OK(syscall(SYS_fstatat, AT_FDCWD, "f", first, 0));
	CHECK_OK(syscall(SYS_fstat, file_open("f", O_RDONLY), second));
	CHECK_BYTES(first, second, STAT_LENGTH);
	CHECK_UNTOUCHED(second + STAT_LENGTH, 8);
	CHECK_OK(syscall(SYS_fstatat, file_open("f", O_RDONLY), "", second, AT_EMPTY_PATH));
	CHECK_BYTES(first, second, STAT_LENGTH);
}

TEST(stat_refusals)
{
	char buffer[256];
	int fd;

	file_write("f", "");
	poison(buffer, sizeof(buffer));
	fd = file_open("f", O_RDONLY);
	CHECK_ERRNO(syscall(SYS_fstat, 999, buffer), EBADF);
	CHECK_ERRNO(syscall(SYS_fstatat, AT_FDCWD, "none", buffer, 0), ENOENT);
	CHECK_ERRNO(syscall(SYS_fstatat, AT_FDCWD, "", buffer, 0), ENOENT);
	CHECK_ERRNO(syscall(SYS_fstatat, AT_FDCWD, "f/x", buffer, 0), ENOTDIR);
	CHECK_ERRNO(syscall(SYS_fstatat, fd, "x", buffer, 0), ENOTDIR);
	CHECK_ERRNO(syscall(SYS_fstatat, 999, "f", buffer, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_fstatat, AT_FDCWD, "f", buffer, 1), EINVAL);
	CHECK_UNTOUCHED(buffer, sizeof(buffer));
	CHECK_FAULTS(syscall(SYS_fstat, fd, bad));
	CHECK_FAULTS(syscall(SYS_fstatat, AT_FDCWD, "f", bad, 0));
	CHECK_FAULTS(syscall(SYS_fstatat, AT_FDCWD, bad, buffer, 0));
	CHECK_ERRNO(syscall(SYS_fstat, fd, edge_bytes(STAT_LENGTH - 1)), EFAULT);
	CHECK_OK(syscall(SYS_fstat, fd, edge_bytes(STAT_LENGTH)));
}

TEST(stat_of_links_directories_and_pipes)
{
	struct stat status;
	int ends[2];

	REQUIRE_OK(mkdir("d", 0750));
	REQUIRE_OK(symlink("d", "s"));
	CHECK_OK(syscall(SYS_fstatat, AT_FDCWD, "s", &status, 0));
	CHECK_EQUAL(status.st_mode, 040750);
	CHECK_OK(syscall(SYS_fstatat, AT_FDCWD, "s", &status, AT_SYMLINK_NOFOLLOW));
	CHECK_EQUAL(status.st_mode, 0120777);
	CHECK_EQUAL(status.st_size, 1);
	REQUIRE_OK(pipe(ends));
	CHECK_OK(syscall(SYS_fstat, ends[0], &status));
	CHECK_EQUAL(status.st_mode, 0010600);
	CHECK_EQUAL(status.st_size, 0);
	CHECK_EQUAL(status.st_nlink, 1);
	CHECK_OK(stat("/dev/null", &status));
	CHECK_EQUAL(status.st_mode & S_IFMT, S_IFCHR);
	CHECK_EQUAL(status.st_rdev, makedev(1, 3));
}

struct kernel_statx_time {
	int64_t seconds;
	uint32_t nanoseconds;
	int32_t reserved;
};

struct kernel_statx {
	uint32_t mask, block_size;
	uint64_t attributes;
	uint32_t links, user, group;
	uint16_t mode, spare;
	uint64_t inode, size, blocks, attributes_mask;
	struct kernel_statx_time accessed, born, changed, modified;
	uint32_t device_of_major, device_of_minor, device_major, device_minor;
	uint64_t mount, more[13];
};

TEST(statx_of_a_file)
{
	char buffer[256 + 8];
	struct kernel_statx *all = (void *)buffer;
	struct stat status;

	file_make("f", 5000);
	status = status_of("f");
	poison(buffer, sizeof(buffer));
	CHECK_OK(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x7ff, buffer));
	CHECK_UNTOUCHED(buffer + 256, 8);
	CHECK_EQUAL(all->mask & 0x7ff, 0x7ff);
	CHECK_EQUAL(all->block_size, 4096);
	CHECK_EQUAL(all->links, 1);
	CHECK_EQUAL(all->mode, 0100644);
	CHECK_EQUAL(all->spare, 0);
	CHECK_EQUAL(all->inode, status.st_ino);
	CHECK_EQUAL(all->size, 5000);
	CHECK_EQUAL(all->blocks, 16);
	CHECK_EQUAL(all->modified.seconds, status.st_mtim.tv_sec);
	CHECK_EQUAL(all->modified.nanoseconds, status.st_mtim.tv_nsec);
	CHECK_EQUAL(all->changed.nanoseconds, status.st_ctim.tv_nsec);
	CHECK_EQUAL(all->changed.reserved, 0);
	CHECK_EQUAL(all->device_of_major, 0);
	CHECK_EQUAL(makedev(all->device_major, all->device_minor), status.st_dev);
	CHECK_FILLED(&all->more[3], 0, sizeof(all->more) - 24);
}

TEST(statx_refusals)
{
	char buffer[256];
	int fd;

	file_write("f", "");
	fd = file_open("f", O_RDONLY);
	poison(buffer, sizeof(buffer));
	CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x80000000u, buffer), EINVAL);
	CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "f", 0x6000, 0x7ff, buffer), EINVAL);
	CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "f", 1, 0x7ff, buffer), EINVAL);
	CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "none", 0, 0x7ff, buffer), ENOENT);
	CHECK_ERRNO(syscall(SYS_statx, 999, "f", 0, 0x7ff, buffer), EBADF);
	CHECK_ERRNO(syscall(SYS_statx, AT_FDCWD, "", 0, 0x7ff, buffer), ENOENT);
	CHECK_UNTOUCHED(buffer, sizeof(buffer));
	CHECK_FAULTS(syscall(SYS_statx, AT_FDCWD, "f", 0, 0x7ff, bad));
	CHECK_FAULTS(syscall(SYS_statx, AT_FDCWD, bad, 0, 0x7ff, buffer));
	CHECK_OK(syscall(SYS_statx, fd, "", AT_EMPTY_PATH, 0x7ff, buffer));
}

TEST(chmod_changes_bits_and_time)
{
	struct stat before, after;
	int fd;

	file_write("f", "");
	before = status_of("f");
	sleep_milliseconds(20);
	CHECK_OK(syscall(SYS_fchmodat, AT_FDCWD, "f", 07751));
	after = status_of("f");
	CHECK_EQUAL(after.st_mode, 0107751);
	CHECK(nanoseconds_of(after.st_ctim) > nanoseconds_of(before.st_ctim));
	CHECK_EQUAL(nanoseconds_of(after.st_mtim), nanoseconds_of(before.st_mtim));
	fd = file_open("f", O_RDONLY);
	CHECK_OK(syscall(SYS_fchmod, fd, 0100400));
	CHECK_EQUAL(status_of("f").st_mode, 0100400);
	CHECK_OK(syscall(SYS_fchmodat, AT_FDCWD, "f", -1));
	CHECK_EQUAL(status_of("f").st_mode, 0107777);
}

TEST(chmod_refusals)
{
	file_write("f", "");
	CHECK_ERRNO(syscall(SYS_fchmodat, AT_FDCWD, "none", 0600), ENOENT);
	CHECK_ERRNO(syscall(SYS_fchmodat, 999, "f", 0600), EBADF);
	CHECK_ERRNO(syscall(SYS_fchmodat, AT_FDCWD, "f/x", 0600), ENOTDIR);
	CHECK_FAULTS(syscall(SYS_fchmodat, AT_FDCWD, bad, 0600));
	CHECK_ERRNO(syscall(SYS_fchmod, 999, 0600), EBADF);
	IN_CHILD {
		int fd = file_open("f", O_RDONLY);

		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_fchmodat, AT_FDCWD, "f", 0666), EPERM);
		CHECK_ERRNO(syscall(SYS_fchmod, fd, 0666), EPERM);
	}
	CHECK_EQUAL(status_of("f").st_mode, 0100644);
}

TEST(chmod_by_owner_outside_the_group_drops_set_group_id)
{
	file_write("f", "");
	REQUIRE_OK(chown("f", NOBODY, 5));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_OK(chmod("f", 06755));
	}
	CHECK_EQUAL(status_of("f").st_mode, 0104755);
}

TEST(chown_changes_owners)
{
	file_write("f", "");
	REQUIRE_OK(symlink("f", "s"));
	CHECK_OK(syscall(SYS_fchownat, AT_FDCWD, "f", 5, 6, 0));
	CHECK_EQUAL(status_of("f").st_uid, 5);
	CHECK_EQUAL(status_of("f").st_gid, 6);
	CHECK_OK(syscall(SYS_fchownat, AT_FDCWD, "f", -1, 7, 0));
	CHECK_EQUAL(status_of("f").st_uid, 5);
	CHECK_EQUAL(status_of("f").st_gid, 7);
	CHECK_OK(syscall(SYS_fchownat, AT_FDCWD, "s", 8, -1, AT_SYMLINK_NOFOLLOW));
	CHECK_EQUAL(status_of("s").st_uid, 8);
	CHECK_EQUAL(status_of("f").st_uid, 5);
	CHECK_OK(syscall(SYS_fchownat, AT_FDCWD, "s", 9, -1, 0));
	CHECK_EQUAL(status_of("f").st_uid, 9);
	CHECK_OK(syscall(SYS_fchown, file_open("f", O_RDONLY), 70000, 80000));
	CHECK_EQUAL(status_of("f").st_uid, 70000);
	CHECK_EQUAL(status_of("f").st_gid, 80000);
}

TEST(chown_drops_set_id_bits)
{
	file_write("f", "");
	REQUIRE_OK(chmod("f", 06755));
	CHECK_OK(chown("f", 1, 1));
	CHECK_EQUAL(status_of("f").st_mode, 0100755);
	REQUIRE_OK(chmod("f", 06745));
	CHECK_OK(chown("f", 2, 2));
	CHECK_EQUAL(status_of("f").st_mode, 0102745);
	REQUIRE_OK(mkdir("d", 0755));
	REQUIRE_OK(chmod("d", 06755));
	CHECK_OK(chown("d", 2, 2));
	CHECK_EQUAL(status_of("d").st_mode, 046755);
}

TEST(writing_drops_set_id_bits)
{
	file_write("f", "");
	REQUIRE_OK(chmod("f", 06777));
	IN_CHILD {
		int fd;

		user_become(NOBODY);
		fd = file_open("f", O_WRONLY);
		CHECK_EQUAL(write(fd, "a", 1), 1);
	}
	CHECK_EQUAL(status_of("f").st_mode, 0100777);
}

TEST(chown_refusals)
{
	file_write("f", "");
	CHECK_ERRNO(syscall(SYS_fchownat, AT_FDCWD, "none", 1, 1, 0), ENOENT);
	CHECK_ERRNO(syscall(SYS_fchownat, AT_FDCWD, "f", 1, 1, 2), EINVAL);
	CHECK_ERRNO(syscall(SYS_fchownat, 999, "f", 1, 1, 0), EBADF);
	CHECK_FAULTS(syscall(SYS_fchownat, AT_FDCWD, bad, 1, 1, 0));
	CHECK_ERRNO(syscall(SYS_fchown, 999, 1, 1), EBADF);
	REQUIRE_OK(chown("f", NOBODY, NOBODY));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(chown("f", 1, -1), EPERM);
		CHECK_ERRNO(chown("f", -1, 1), EPERM);
		CHECK_OK(chown("f", NOBODY, NOBODY));
		CHECK_ERRNO(chown(".", NOBODY, -1), EPERM);
	}
}

TEST(times_set_exactly)
{
	struct timespec times[2] = { { 1234567890, 123456789 }, { 987654321, 1 } };
	struct stat status;

	file_write("f", "");
	CHECK_OK(syscall(SYS_utimensat, AT_FDCWD, "f", times, 0));
	status = status_of("f");
	CHECK_EQUAL(nanoseconds_of(status.st_atim), 1234567890123456789);
	CHECK_EQUAL(nanoseconds_of(status.st_mtim), 987654321000000001);
	times[0] = (struct timespec){ 5, UTIME_OMIT };
	times[1] = (struct timespec){ -10, 7 };
	CHECK_OK(syscall(SYS_utimensat, file_open("f", O_RDONLY), NULL, times, 0));
	status = status_of("f");
	CHECK_EQUAL(nanoseconds_of(status.st_atim), 1234567890123456789);
	CHECK_EQUAL(status.st_mtim.tv_sec, -10);
	CHECK_EQUAL(status.st_mtim.tv_nsec, 7);
}

TEST(times_set_to_the_present)
{
	struct timespec times[2] = { { 0, UTIME_NOW }, { 100, 0 } };
	time_t now = time(NULL);

	file_write("f", "");
	CHECK_OK(syscall(SYS_utimensat, AT_FDCWD, "f", times, 0));
	CHECK(status_of("f").st_atim.tv_sec >= now - 2);
	CHECK_EQUAL(status_of("f").st_mtim.tv_sec, 100);
	CHECK_OK(syscall(SYS_utimensat, AT_FDCWD, "f", NULL, 0));
	CHECK(status_of("f").st_mtim.tv_sec >= now - 2);
}

TEST(times_refusals)
{
	struct timespec times[2] = { { 0, NANOSECONDS }, { 0, 0 } };

	file_write("f", "");
	CHECK_ERRNO(syscall(SYS_utimensat, AT_FDCWD, "f", times, 0), EINVAL);
	times[0].tv_nsec = -1;
	CHECK_ERRNO(syscall(SYS_utimensat, AT_FDCWD, "f", times, 0), EINVAL);
	times[0].tv_nsec = 0;
	CHECK_ERRNO(syscall(SYS_utimensat, AT_FDCWD, "f", times, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_utimensat, AT_FDCWD, "none", times, 0), ENOENT);
	CHECK_ERRNO(syscall(SYS_utimensat, 999, "f", times, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_utimensat, 999, NULL, times, 0), EBADF);
	CHECK_FAULTS(syscall(SYS_utimensat, AT_FDCWD, "f", bad, 0));
	CHECK_FAULTS(syscall(SYS_utimensat, AT_FDCWD, bad, times, 0));
	REQUIRE_OK(chmod("f", 0666));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_utimensat, AT_FDCWD, "f", times, 0), EPERM);
		CHECK_OK(syscall(SYS_utimensat, AT_FDCWD, "f", NULL, 0));
	}
	REQUIRE_OK(chmod("f", 0644));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_utimensat, AT_FDCWD, "f", NULL, 0), EACCES);
	}
	times[0].tv_nsec = times[1].tv_nsec = UTIME_OMIT;
	CHECK_OK(syscall(SYS_utimensat, AT_FDCWD, "none", times, 0));
}

TEST(times_of_a_link)
{
	struct timespec times[2] = { { 10, 0 }, { 20, 0 } };

	file_write("f", "");
	REQUIRE_OK(symlink("f", "s"));
	CHECK_OK(syscall(SYS_utimensat, AT_FDCWD, "s", times, AT_SYMLINK_NOFOLLOW));
	CHECK_EQUAL(status_of("s").st_mtim.tv_sec, 20);
	CHECK(status_of("f").st_mtim.tv_sec != 20);
}

TEST(operations_move_times)
{
	struct timespec past[2] = { { 1000, 0 }, { 1000, 0 } };
	struct stat status;
	char byte;
	int fd;

	file_write("f", "abc");
	fd = file_open("f", O_RDWR);
	REQUIRE_OK(futimens(fd, past));
	REQUIRE(read(fd, &byte, 1) == 1);
	status = status_of("f");
	CHECK_EQUAL(status.st_mtim.tv_sec, 1000);
	CHECK(status.st_atim.tv_sec > 1000);
	REQUIRE(write(fd, "x", 1) == 1);
	CHECK(status_of("f").st_mtim.tv_sec > 1000);
	REQUIRE_OK(mkdir("d", 0755));
	REQUIRE_OK(utimensat(AT_FDCWD, "d", past, 0));
	file_write("d/f", "");
	CHECK(status_of("d").st_mtim.tv_sec > 1000);
	REQUIRE_OK(utimensat(AT_FDCWD, "d", past, 0));
	REQUIRE_OK(unlink("d/f"));
	CHECK(status_of("d").st_mtim.tv_sec > 1000);
	REQUIRE_OK(futimens(fd, past));
	REQUIRE_OK(ftruncate(fd, 100));
	CHECK(status_of("f").st_mtim.tv_sec > 1000);
}

TEST(access_asks_with_real_ids)
{
	file_write("f", "abc");
	CHECK_OK(syscall(SYS_faccessat, AT_FDCWD, "f", F_OK));
	CHECK_OK(syscall(SYS_faccessat, AT_FDCWD, "f", R_OK | W_OK));
	CHECK_ERRNO(syscall(SYS_faccessat, AT_FDCWD, "f", X_OK), EACCES);
	REQUIRE_OK(chmod("f", 0100));
	CHECK_OK(syscall(SYS_faccessat, AT_FDCWD, "f", X_OK));
	REQUIRE_OK(chmod("f", 0600));
	IN_CHILD {
		REQUIRE_OK(syscall(SYS_setresuid, NOBODY, 0, 0));
		CHECK_ERRNO(syscall(SYS_faccessat, AT_FDCWD, "f", R_OK), EACCES);
		CHECK_OK(syscall(SYS_faccessat2, AT_FDCWD, "f", R_OK, AT_EACCESS));
		CHECK_OK(open("f", O_RDONLY));
	}
}

TEST(access_refusals)
{
	file_write("f", "abc");
	REQUIRE_OK(symlink("none", "s"));
	CHECK_ERRNO(syscall(SYS_faccessat, AT_FDCWD, "none", F_OK), ENOENT);
	CHECK_ERRNO(syscall(SYS_faccessat, AT_FDCWD, "f/x", F_OK), ENOTDIR);
	CHECK_ERRNO(syscall(SYS_faccessat, AT_FDCWD, "f", 8), EINVAL);
	CHECK_ERRNO(syscall(SYS_faccessat, 999, "f", F_OK), EBADF);
	CHECK_FAULTS(syscall(SYS_faccessat, AT_FDCWD, bad, F_OK));
	CHECK_ERRNO(syscall(SYS_faccessat2, AT_FDCWD, "f", F_OK, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_faccessat2, AT_FDCWD, "s", F_OK, 0), ENOENT);
	CHECK_OK(syscall(SYS_faccessat2, AT_FDCWD, "s", F_OK, AT_SYMLINK_NOFOLLOW));
	CHECK_OK(syscall(SYS_faccessat2, file_open("f", O_PATH), "", F_OK, AT_EMPTY_PATH));
	CHECK_FAULTS(syscall(SYS_faccessat2, AT_FDCWD, bad, F_OK, 0));
}

TEST(statfs_of_file_systems)
{
	static const struct { const char *name; long magic; } cases[] = {
		{ ".", 0x01021994 }, { "/proc", 0x9fa0 }, { "/dev/pts", 0x1cd1 },
	};
	struct statfs status;
	char buffer[120 + 8];

	for (size_t i = 0; i < COUNT(cases); i++) {
		CHECK_OK(syscall(SYS_statfs, cases[i].name, &status));
		CHECK_EQUAL(status.f_type, cases[i].magic);
		CHECK_EQUAL(status.f_namelen, 255);
		CHECK_EQUAL(status.f_bsize, 4096);
	}
	poison(buffer, sizeof(buffer));
	CHECK_OK(syscall(SYS_fstatfs, file_open(".", O_RDONLY), buffer));
	CHECK_UNTOUCHED(buffer + 120, 8);
	CHECK_FILLED(buffer + 88, 0, 32);
	CHECK_ERRNO(syscall(SYS_statfs, "none", &status), ENOENT);
	CHECK_ERRNO(syscall(SYS_fstatfs, 999, &status), EBADF);
	CHECK_FAULTS(syscall(SYS_statfs, ".", bad));
	CHECK_FAULTS(syscall(SYS_statfs, bad, &status));
	CHECK_FAULTS(syscall(SYS_fstatfs, file_open(".", O_RDONLY), bad));
}

TEST(statfs_counts_what_is_used)
{
	struct statfs before, after, root;

	/* The first file system is bounded too. */
	REQUIRE_OK(syscall(SYS_statfs, "/", &root));
	CHECK_AT_LEAST(root.f_blocks, root.f_bfree + 1);
	CHECK_AT_LEAST(root.f_files, root.f_ffree + 1);
	file_write("f", "");
	REQUIRE_OK(syscall(SYS_statfs, ".", &before));
	file_make("f", 256 * PAGE);
	REQUIRE_OK(syscall(SYS_statfs, ".", &after));
	CHECK_AT_LEAST(before.f_bfree - after.f_bfree, 256);
	CHECK_EQUAL(before.f_blocks, after.f_blocks);
	CHECK(after.f_bavail <= after.f_bfree && after.f_bfree <= after.f_blocks);
}
