/*
 * mount, umount2, pivot_root and tmpfs's options, read back from
 * /proc/self/mountinfo.
 */
#include "support.h"
#include <sched.h>
#include <sys/mount.h>
#include <sys/statfs.h>

/* The line of mountinfo whose mount point ends with this; false if there is none. */
static bool mount_line(const char *point, char *line, size_t capacity)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "r");
	bool is_found = false;

	while (mounts && fgets(line, capacity, mounts)) {
		char where[256] = "";
		size_t length, wanted = strlen(point);

		sscanf(line, "%*d %*d %*d:%*d %*s %255s", where);
		length = strlen(where);
		if (length >= wanted && strcmp(where + length - wanted, point) == 0) {
			is_found = true;
			break;
		}
	}
	if (mounts)
		fclose(mounts);
	return is_found;
}

static long raw_mount(const char *source, const char *target, const char *type,
		      unsigned long flags, const char *data)
{
	return syscall(SYS_mount, source, target, type, flags, data);
}

TEST(tmpfs_mounts_and_unmounts)
{
	struct stat outer, inner;
	char line[512];

	REQUIRE_OK(mkdir("m", 0755));
	file_write("m/under", "x");
	REQUIRE_OK(stat("m", &outer));
	CHECK_OK(raw_mount("source", "m", "tmpfs", 0, NULL));
	REQUIRE_OK(stat("m", &inner));
	CHECK(inner.st_dev != outer.st_dev);
	CHECK_EQUAL(inner.st_mode, 041777);
	CHECK(!file_exists("m/under"));
	CHECK(mount_line("/m", line, sizeof(line)));
	CHECK(strstr(line, " - tmpfs source rw") != NULL);
	file_write("m/f", "abc");
	REQUIRE_OK(stat("m/..", &inner));
	CHECK_EQUAL(inner.st_dev, outer.st_dev);
	CHECK_ERRNO(rmdir("m"), EBUSY);
	CHECK_ERRNO(rename("m", "n"), EBUSY);
	CHECK_ERRNO(rename("m/f", "f"), EXDEV);
	CHECK_ERRNO(link("m/f", "f"), EXDEV);
	CHECK_OK(syscall(SYS_umount2, "m", 0));
	CHECK(file_exists("m/under"));
	CHECK(!mount_line("/m", line, sizeof(line)));
}

TEST(tmpfs_options)
{
	struct statfs space;
	struct stat status;
	char line[512];
	int fd;

	REQUIRE_OK(mkdir("m", 0755));
	CHECK_OK(raw_mount("t", "m", "tmpfs", 0, "size=64k,mode=0750,uid=5,gid=6,nr_inodes=10"));
	REQUIRE_OK(stat("m", &status));
	CHECK_EQUAL(status.st_mode, 040750);
	CHECK_EQUAL(status.st_uid, 5);
	CHECK_EQUAL(status.st_gid, 6);
	REQUIRE_OK(statfs("m", &space));
	CHECK_EQUAL(space.f_blocks, 16);
	CHECK_EQUAL(space.f_files, 10);
	CHECK(mount_line("/m", line, sizeof(line)));
	CHECK(strstr(line, "size=64k") != NULL);
	fd = file_open("m/f", O_RDWR | O_CREAT);
	for (int i = 0; i < 16; i++)
		REQUIRE(write(fd, line, sizeof(line)) == sizeof(line));
	CHECK_OK(ftruncate(fd, 1 << 20));
	CHECK_ERRNO(syscall(SYS_fallocate, fd, 0, 0l, 1l << 20), ENOSPC);
	for (int i = 0; i < 100; i++)
		if (pwrite(fd, "x", 1, i * 4096) != 1)
			break;
	CHECK_EQUAL(errno, ENOSPC);
	close(fd);
	REQUIRE_OK(unlink("m/f"));
	REQUIRE_OK(statfs("m", &space));
	CHECK_EQUAL(space.f_bfree, 16);
	for (int i = 0; i < 20; i++) {
		snprintf(line, sizeof(line), "m/%d", i);
		fd = open(line, O_RDWR | O_CREAT, 0600);
		if (fd < 0)
			break;
		close(fd);
	}
	CHECK_EQUAL(errno, ENOSPC);
	CHECK_OK(syscall(SYS_umount2, "m", 0));
	CHECK_ERRNO(raw_mount("t", "m", "tmpfs", 0, "nonsense=1"), EINVAL);
	CHECK_ERRNO(raw_mount("t", "m", "tmpfs", 0, "size=nonsense"), EINVAL);
}

/* What is left of nr_inodes. */
static long inodes_left(void)
{
	struct statfs space;

	REQUIRE_OK(statfs("m", &space));
	return (long)space.f_ffree;
}

TEST(names_count_as_inodes)
{
	int fd;

	REQUIRE_OK(mkdir("m", 0755));
	REQUIRE_OK(raw_mount("t", "m", "tmpfs", 0, "nr_inodes=6"));
	CHECK_EQUAL(inodes_left(), 5);
	file_write("m/a", "");
	CHECK_OK(link("m/a", "m/b"));
	CHECK_OK(link("m/a", "m/c"));
	CHECK_EQUAL(inodes_left(), 2);
	CHECK_OK(unlink("m/a"));
	CHECK_EQUAL(inodes_left(), 3);
	file_write("m/d", "");
	CHECK_OK(rename("m/d", "m/c"));
	CHECK_EQUAL(inodes_left(), 3);
	fd = REQUIRE_OK(open("m", O_TMPFILE | O_RDWR, 0600));
	CHECK_EQUAL(inodes_left(), 2);
	CHECK_OK(linkat(fd, "", AT_FDCWD, "m/e", AT_EMPTY_PATH));
	CHECK_EQUAL(inodes_left(), 2);
	CHECK_OK(link("m/e", "m/f"));
	CHECK_OK(link("m/e", "m/g"));
	CHECK_ERRNO(link("m/e", "m/h"), ENOSPC);
	CHECK_ERRNO(mkdir("m/h", 0755), ENOSPC);
	CHECK_OK(unlink("m/e"));
	CHECK_OK(unlink("m/f"));
	CHECK_OK(unlink("m/g"));
	CHECK_EQUAL(inodes_left(), 2);
	close(fd);
	CHECK_EQUAL(inodes_left(), 3);
	CHECK_OK(syscall(SYS_umount2, "m", 0));
}

TEST(busy_mounts)
{
	int fd;

	REQUIRE_OK(mkdir("m", 0755));
	REQUIRE_OK(raw_mount("t", "m", "tmpfs", 0, NULL));
	fd = file_open("m/f", O_RDWR | O_CREAT);
	CHECK_ERRNO(syscall(SYS_umount2, "m", 0), EBUSY);
	CHECK_OK(syscall(SYS_umount2, "m", MNT_DETACH));
	CHECK_EQUAL(write(fd, "abc", 3), 3);
	CHECK(!file_exists("m/f"));
	CHECK_ERRNO(syscall(SYS_umount2, "m", 0), EINVAL);
}

TEST(read_only)
{
	struct statfs space;
	char line[512];

	REQUIRE_OK(mkdir("m", 0755));
	REQUIRE_OK(raw_mount("t", "m", "tmpfs", 0, NULL));
	file_write("m/f", "abc");
	CHECK_OK(raw_mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	CHECK(mount_line("/m", line, sizeof(line)));
	CHECK(strstr(line, " ro,") != NULL || strstr(line, " ro ") != NULL);
	CHECK_ERRNO(open("m/f", O_RDWR), EROFS);
	CHECK_ERRNO(open("m/g", O_RDWR | O_CREAT, 0600), EROFS);
	CHECK_ERRNO(mkdir("m/d", 0700), EROFS);
	CHECK_ERRNO(unlink("m/f"), EROFS);
	CHECK_ERRNO(chmod("m/f", 0600), EROFS);
	CHECK_ERRNO(truncate("m/f", 0), EROFS);
	CHECK_ERRNO(access("m/f", W_OK), EROFS);
	CHECK_OK(open("m/f", O_RDONLY));
	REQUIRE_OK(statfs("m", &space));
	CHECK(space.f_flags & ST_RDONLY);
	CHECK_OK(syscall(SYS_umount2, "m", MNT_DETACH));
}

TEST(remount_refuses_a_busy_writer)
{
	int fd;

	REQUIRE_OK(mkdir("m", 0755));
	REQUIRE_OK(raw_mount("t", "m", "tmpfs", 0, NULL));
	fd = file_open("m/f", O_RDWR | O_CREAT);
	CHECK_ERRNO(raw_mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL), EBUSY);
	close(fd);
	CHECK_OK(raw_mount(NULL, "m", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	CHECK_OK(raw_mount(NULL, "m", NULL, MS_REMOUNT, NULL));
	CHECK_OK(open("m/f", O_RDWR));
	CHECK_OK(syscall(SYS_umount2, "m", MNT_DETACH));
}

static int remount(const char *name, unsigned long flags)
{
	return (int)raw_mount(NULL, name, NULL, MS_REMOUNT | flags, NULL);
}

TEST(remount_looks_for_mappings_and_removed_files)
{
	char *start;
	int fd;

	REQUIRE_OK(mkdir("m", 0755));
	REQUIRE_OK(raw_mount("t", "m", "tmpfs", 0, NULL));
	file_make("m/f", PAGE);
	fd = file_open("m/f", O_RDWR);
	start = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	REQUIRE(start != MAP_FAILED);
	close(fd);
	CHECK_ERRNO(remount("m", MS_RDONLY), EBUSY);
	REQUIRE_OK(munmap(start, PAGE));
	fd = file_open("m/f", O_RDONLY);
	start = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
	REQUIRE(start != MAP_FAILED);
	CHECK_OK(remount("m", MS_RDONLY));
	start[0] = 1;
	CHECK_ERRNO(open("m/f", O_RDONLY | O_TRUNC), EROFS);
	CHECK_ERRNO(open("m/f", O_WRONLY), EROFS);
	CHECK_OK(remount("m", 0));
	CHECK_OK(unlink("m/f"));
	CHECK_ERRNO(remount("m", MS_RDONLY), EBUSY);
	REQUIRE_OK(munmap(start, PAGE));
	CHECK_ERRNO(remount("m", MS_RDONLY), EBUSY);
	close(fd);
	CHECK_OK(remount("m", MS_RDONLY));
	CHECK_OK(remount("m", 0));
	fd = REQUIRE_OK(open("m", O_TMPFILE | O_RDWR, 0600));
	CHECK_ERRNO(remount("m", MS_RDONLY), EBUSY);
	close(fd);
	REQUIRE_OK(mkdir("m/d", 0755));
	fd = file_open("m/d", O_RDONLY);
	REQUIRE_OK(rmdir("m/d"));
	CHECK_ERRNO(remount("m", MS_RDONLY), EBUSY);
	close(fd);
	/* What is not data does not count: a pipe with a name. */
	REQUIRE_OK(mkfifo("m/p", 0600));
	fd = file_open("m/p", O_RDWR);
	CHECK_OK(remount("m", MS_RDONLY));
	CHECK_EQUAL(write(fd, "x", 1), 1);
	CHECK_OK(syscall(SYS_umount2, "m", MNT_DETACH));
}

TEST(remount_of_one_of_two_views)
{
	int fd;

	REQUIRE_OK(mkdir("m", 0755));
	REQUIRE_OK(mkdir("b", 0755));
	REQUIRE_OK(raw_mount("t", "m", "tmpfs", 0, NULL));
	REQUIRE_OK(raw_mount("m", "b", NULL, MS_BIND, NULL));
	fd = file_open("m/f", O_RDWR | O_CREAT);
	CHECK_OK(remount("b", MS_BIND | MS_RDONLY));
	CHECK_ERRNO(open("b/f", O_WRONLY), EROFS);
	CHECK_EQUAL(write(fd, "abc", 3), 3);
	CHECK_ERRNO(remount("m", MS_BIND | MS_RDONLY), EBUSY);
	close(fd);
	CHECK_OK(remount("b", MS_BIND));
	fd = file_open("b/f", O_WRONLY);
	CHECK_ERRNO(remount("b", MS_BIND | MS_RDONLY), EBUSY);
	CHECK_ERRNO(remount("m", MS_RDONLY), EBUSY);
	CHECK_OK(remount("m", MS_BIND | MS_RDONLY));
	/* A view that is gone from the tree still counts while it is in use. */
	CHECK_OK(syscall(SYS_umount2, "b", MNT_DETACH));
	CHECK_ERRNO(remount("m", MS_RDONLY), EBUSY);
	close(fd);
	CHECK_OK(remount("m", MS_RDONLY));
	CHECK_OK(syscall(SYS_umount2, "m", 0));
}

/* Appends to its file until it is killed; only a read-only mount may keep it from that. */
static void append_for_ever(int number)
{
	char name[16];
	int fd;

	snprintf(name, sizeof(name), "m/%d", number);
	for (;;) {
		fd = open(name, O_WRONLY | O_APPEND | O_CREAT, 0600);
		if (fd >= 0)
			CHECK_EQUAL(write(fd, "line", 4), 4);
		else
			CHECK_EQUAL(errno, EROFS);
		close(fd);
		if (mkdir("m/d", 0700) != 0)
			CHECK(errno == EROFS || errno == EEXIST);
		if (rmdir("m/d") != 0)
			CHECK(errno == EROFS || errno == ENOENT);
	}
}

TEST(nothing_changes_once_it_is_read_only)
{
	long sizes[2], rounds = 0;
	pid_t writers[3];

	REQUIRE_OK(mkdir("m", 0755));
	REQUIRE_OK(raw_mount("t", "m", "tmpfs", 0, NULL));
	for (int i = 0; i < 3; i++) {
		writers[i] = fork();
		if (writers[i] == 0)
			append_for_ever(i);
	}
	for (int tries = 0; rounds < 20 && tries < 200000; tries++) {
		if (remount("m", MS_RDONLY) != 0) {
			REQUIRE(errno == EBUSY);
			continue;
		}
		sizes[0] = file_size("m/0") + file_size("m/1") + file_size("m/2");
		sched_yield();
		sleep_milliseconds(1);
		sizes[1] = file_size("m/0") + file_size("m/1") + file_size("m/2");
		CHECK_EQUAL(sizes[1], sizes[0]);
		REQUIRE_OK(remount("m", 0));
		rounds++;
	}
	CHECK_AT_LEAST(rounds, 1);
	for (int i = 0; i < 3; i++) {
		REQUIRE_OK(kill(writers[i], SIGKILL));
		child_wait(writers[i]);
	}
	CHECK_OK(remount("m", MS_RDONLY));
	CHECK_OK(syscall(SYS_umount2, "m", 0));
}

/* Each mount of procfs is an instance of its own. */
TEST(one_proc_made_read_only)
{
	struct stat first, second;
	char comm[32];
	int fd;

	REQUIRE_OK(mkdir("p", 0755));
	CHECK_OK(raw_mount("proc", "p", "proc", 0, NULL));
	REQUIRE_OK(stat("/proc", &first));
	REQUIRE_OK(stat("p", &second));
	CHECK(first.st_dev != second.st_dev);
	CHECK_OK(raw_mount(NULL, "p", NULL, MS_REMOUNT | MS_RDONLY, NULL));
	CHECK_ERRNO(open("p/self/comm", O_WRONLY), EROFS);
	fd = open("/proc/self/comm", O_WRONLY);
	CHECK_OK(fd);
	CHECK_EQUAL(write(fd, "other", 5), 5);
	close(fd);
	file_read("p/self/comm", comm, sizeof(comm));
	CHECK_TEXT(comm, "other\n");
	CHECK_OK(syscall(SYS_umount2, "p", 0));
}

TEST(flags_take_effect)
{
	char *arguments[] = { "x", NULL };

	REQUIRE_OK(mkdir("m", 0755));
	REQUIRE_OK(raw_mount("t", "m", "tmpfs", MS_NOEXEC | MS_NODEV | MS_NOSUID, NULL));
	file_write("m/p", "#!/bin/sh\n");
	REQUIRE_OK(chmod("m/p", 0755));
	CHECK_ERRNO(execve("m/p", arguments, arguments + 1), EACCES);
	CHECK_ERRNO(access("m/p", X_OK), EACCES);
	REQUIRE_OK(mknod("m/null", S_IFCHR | 0600, 0x103));
	CHECK_ERRNO(open("m/null", O_RDWR), EACCES);
	CHECK_ERRNO(mmap(NULL, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE, file_open("m/p", O_RDONLY),
			 0) == MAP_FAILED ? -1 : 0, EPERM);
	CHECK_OK(syscall(SYS_umount2, "m", MNT_DETACH));
}

TEST(binding)
{
	struct stat one, two;

	REQUIRE_OK(mkdir("a", 0755));
	REQUIRE_OK(mkdir("b", 0755));
	file_write("a/f", "abc");
	CHECK_OK(raw_mount("a", "b", NULL, MS_BIND, NULL));
	REQUIRE_OK(stat("a/f", &one));
	REQUIRE_OK(stat("b/f", &two));
	CHECK_EQUAL(one.st_ino, two.st_ino);
	CHECK_EQUAL(one.st_dev, two.st_dev);
	CHECK_ERRNO(rename("a/f", "b/g"), EXDEV);
	file_write("b/h", "new");
	CHECK(file_exists("a/h"));
	CHECK_OK(raw_mount(NULL, "b", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL));
	CHECK_ERRNO(open("b/f", O_RDWR), EROFS);
	CHECK_OK(open("a/f", O_RDWR));
	CHECK_OK(syscall(SYS_umount2, "b", 0));
	file_write("target", "");
	CHECK_OK(raw_mount("a/f", "target", NULL, MS_BIND, NULL));
	CHECK_EQUAL(file_size("target"), 3);
	CHECK_ERRNO(unlink("target"), EBUSY);
	CHECK_OK(syscall(SYS_umount2, "target", 0));
	CHECK_ERRNO(raw_mount("a", "target", NULL, MS_BIND, NULL), ENOTDIR);
}

/* A process that ends takes its names along: no mount may stay where nobody can undo it. */
TEST(mounts_on_names_of_processes)
{
	char path[64], line[512];
	pid_t pid = fork();

	while (pid == 0)
		pause();
	snprintf(path, sizeof(path), "/proc/%d", pid);
	REQUIRE_OK(mkdir("own", 0755));
	if (raw_mount("own", path, NULL, MS_BIND, NULL) == 0) {
		CHECK(mount_line(path, line, sizeof(line)));
		CHECK_OK(syscall(SYS_umount2, path, 0));
		CHECK_OK(raw_mount("own", path, NULL, MS_BIND, NULL));
	} else {
		CHECK_EQUAL(errno, ENOENT);
	}
	kill(pid, SIGKILL);
	child_wait(pid);
	CHECK(!mount_line(path, line, sizeof(line)));
}

/* Twice the same directory in one tree: each copy is made of its own original. */
TEST(binding_a_tree_that_holds_itself)
{
	char here[256], line[512];

	REQUIRE(getcwd(here, sizeof(here)) != NULL);
	REQUIRE_OK(mkdir("m", 0755));
	REQUIRE_OK(mkdir("o", 0755));
	REQUIRE_OK(raw_mount(here, here, NULL, MS_BIND, NULL));
	REQUIRE_OK(chdir(here));
	REQUIRE_OK(raw_mount(here, "m", NULL, MS_BIND, NULL));
	REQUIRE_OK(raw_mount(here, "m/m", NULL, MS_BIND, NULL));
	CHECK_OK(raw_mount(here, "o", NULL, MS_BIND | MS_REC, NULL));
	CHECK(mount_line("/o/m/m", line, sizeof(line)));
	CHECK(!mount_line("/m/m/m", line, sizeof(line)));
	CHECK(!mount_line("/m/m/o", line, sizeof(line)));
	CHECK_OK(syscall(SYS_umount2, here, MNT_DETACH));
	CHECK(!mount_line("/o/m/m", line, sizeof(line)));
}

TEST(moving)
{
	REQUIRE_OK(mkdir("a", 0755));
	REQUIRE_OK(mkdir("b", 0755));
	REQUIRE_OK(raw_mount("t", "a", "tmpfs", 0, NULL));
	file_write("a/f", "abc");
	long result = raw_mount("a", "b", NULL, MS_MOVE, NULL);

	CHECK_EQUAL(result, 0);
	CHECK(file_exists("b/f") && !file_exists("a/f"));
	CHECK_ERRNO(raw_mount("a", "b", NULL, MS_MOVE, NULL), EINVAL);
	CHECK_OK(syscall(SYS_umount2, "b", 0));
}

TEST(stacked_mounts)
{
	REQUIRE_OK(mkdir("m", 0755));
	REQUIRE_OK(raw_mount("one", "m", "tmpfs", 0, NULL));
	file_write("m/1", "");
	REQUIRE_OK(raw_mount("two", "m", "tmpfs", 0, NULL));
	CHECK(!file_exists("m/1"));
	CHECK_OK(syscall(SYS_umount2, "m", 0));
	CHECK(file_exists("m/1"));
	CHECK_OK(syscall(SYS_umount2, "m", 0));
	CHECK_ERRNO(syscall(SYS_umount2, "m", 0), EINVAL);
}

TEST(mount_refusals)
{
	REQUIRE_OK(mkdir("m", 0755));
	file_write("f", "");
	CHECK_ERRNO(raw_mount("t", "none", "tmpfs", 0, NULL), ENOENT);
	CHECK_ERRNO(raw_mount("t", "f", "tmpfs", 0, NULL), ENOTDIR);
	CHECK_ERRNO(raw_mount("t", "m", "no-such-type", 0, NULL), ENODEV);
	CHECK_ERRNO(raw_mount("t", "m", NULL, 0, NULL), EINVAL);
	CHECK_ERRNO(raw_mount(NULL, "m", NULL, MS_REMOUNT, NULL), EINVAL);
	CHECK_ERRNO(raw_mount("none", "m", NULL, MS_BIND, NULL), ENOENT);
	CHECK_FAULTS(raw_mount("t", bad, "tmpfs", 0, NULL));
	CHECK_FAULTS(raw_mount("t", "m", bad, 0, NULL));
	CHECK_FAULTS(raw_mount(bad, "m", "tmpfs", 0, NULL));
	CHECK_FAULTS(raw_mount("t", "m", "tmpfs", 0, bad));
	CHECK_ERRNO(syscall(SYS_umount2, "m", 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_umount2, "none", 0), ENOENT);
	CHECK_ERRNO(syscall(SYS_umount2, "m", 0x100), EINVAL);
	CHECK_FAULTS(syscall(SYS_umount2, bad, 0));
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(raw_mount("t", "m", "tmpfs", 0, NULL), EPERM);
		CHECK_ERRNO(syscall(SYS_umount2, "/proc", 0), EPERM);
	}
}

TEST(umount_not_following_links)
{
	REQUIRE_OK(mkdir("m", 0755));
	REQUIRE_OK(symlink("m", "s"));
	REQUIRE_OK(raw_mount("t", "s", "tmpfs", 0, NULL));
	CHECK_ERRNO(syscall(SYS_umount2, "s", UMOUNT_NOFOLLOW), EINVAL);
	CHECK_OK(syscall(SYS_umount2, "s", 0));
}

TEST(pivoting_the_root)
{
	REQUIRE_OK(mkdir("base", 0755));
	REQUIRE_OK(raw_mount("base", "base", "tmpfs", 0, NULL));
	IN_CHILD {
		REQUIRE_OK(chdir("base"));
		REQUIRE_OK(chroot("."));
		REQUIRE_OK(mkdir("/new", 0755));
		file_write("/old-file", "old");
		CHECK_ERRNO(syscall(SYS_pivot_root, "/new", "/new"), EBUSY);
		REQUIRE_OK(raw_mount("new", "/new", "tmpfs", 0, NULL));
		REQUIRE_OK(mkdir("/new/put", 0755));
		file_write("/new/new-file", "new");
		CHECK_FAULTS(syscall(SYS_pivot_root, bad, "/new/put"));
		CHECK_FAULTS(syscall(SYS_pivot_root, "/new", bad));
		CHECK_ERRNO(syscall(SYS_pivot_root, "/none", "/new/put"), ENOENT);
		CHECK_ERRNO(syscall(SYS_pivot_root, "/new/new-file", "/new/put"), ENOTDIR);
		CHECK_OK(syscall(SYS_pivot_root, "/new", "/new/put"));
		CHECK(file_exists("/new-file"));
		CHECK(file_exists("/put/old-file"));
		CHECK(!file_exists("/old-file"));
		CHECK_OK(syscall(SYS_umount2, "/put", MNT_DETACH));
		CHECK(!file_exists("/put/old-file"));
	}
	syscall(SYS_umount2, "base", MNT_DETACH);
	IN_CHILD {
		user_become(NOBODY);
		CHECK_ERRNO(syscall(SYS_pivot_root, ".", "."), EPERM);
	}
}
