/*
 * Files with scarce memory: names, contents, attributes, locks, mounts.
 */
#define _GNU_SOURCE
#include "scarce.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { LARGE_BYTES = 1 << 20 };

static char block[65536];

static void names_clean(void)
{
	static const char *const names[] = {
		"scarce-d/sub/deep", "scarce-d/sub", "scarce-d/link", "scarce-d/hard",
		"scarce-d/file", "scarce-d/moved", "scarce-d/fifo", "scarce-d/other",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		unlink(names[i]);
		rmdir(names[i]);
	}
	rmdir("scarce-d");
}

static int names_make(void)
{
	char text[4096];
	int fd;

	TRY(mkdir("scarce-d", 0700));
	TRY(fd = open("scarce-d/file", O_CREAT | O_EXCL | O_RDWR, 0600));
	TRY(link("scarce-d/file", "scarce-d/hard"));
	TRY(symlink("file", "scarce-d/link"));
	TRY(mkdir("scarce-d/sub", 0700));
	TRY(mkdirat(AT_FDCWD, "scarce-d/sub/deep", 0700));
	TRY(mkfifo("scarce-d/fifo", 0600));
	TRY(mknod("scarce-d/other", S_IFCHR | 0600, 0x103));
	TRY(readlink("scarce-d/link", text, sizeof(text)));
	TRY(rename("scarce-d/file", "scarce-d/moved"));
	TRY(chdir("scarce-d/sub/deep"));
	if (!getcwd(text, sizeof(text)))
		fd = -1;
	/* The next run begins where this one did. */
	while (chdir("../../..") < 0)
		scarce_refused("chdir", __FILE__, __LINE__);
	if (fd < 0)
		return -1;
	TRY(rmdir("scarce-d/sub/deep"));
	TRY(access("scarce-d/link", F_OK) < 0 && errno != ENOENT ? -1 : 0);
	return close(fd);
}

/* Names that are not there, in numbers: nothing may be made of them. */
static int names_miss(void)
{
	char name[64];

	for (int i = 0; i < 20; i++) {
		struct stat status;

		snprintf(name, sizeof(name), "scarce-none-%d", i);
		if (stat(name, &status) < 0 && errno != ENOENT)
			return scarce_refused("stat", __FILE__, __LINE__);
	}
	return 0;
}

static void file_clean(void)
{
	unlink("scarce-f");
	unlink("scarce-g");
}

/* Large enough that the tree of its pages has more than one level. */
static int file_fill(void)
{
	int fd;

	TRY(fd = open("scarce-f", O_CREAT | O_TRUNC | O_RDWR, 0600));
	for (size_t done = 0; done < LARGE_BYTES; done += sizeof(block))
		TRY_ALL(write(fd, block, sizeof(block)), sizeof(block));
	TRY(ftruncate(fd, LARGE_BYTES / 2 + 100));
	TRY(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 5000, 100000));
	TRY(fallocate(fd, 0, 0, LARGE_BYTES));
	TRY(fsync(fd));
	return close(fd);
}

static int file_copy(void)
{
	struct iovec vectors[64];
	int from, to, ends[2];
	off_t at = 0;

	for (int i = 0; i < 64; i++)
		vectors[i] = (struct iovec){ block + i * 500, 300 };
	TRY(from = open("scarce-f", O_CREAT | O_TRUNC | O_RDWR, 0600));
	TRY(to = open("scarce-g", O_CREAT | O_TRUNC | O_RDWR, 0600));
	TRY_ALL(writev(from, vectors, 64), 64 * 300);
	TRY_ALL(preadv(from, vectors, 64, 0), 64 * 300);
	TRY_ALL(sendfile(to, from, &at, 10000), 10000);
	MUST_BE(lseek(to, 0, SEEK_SET), 0);
	TRY(pipe(ends));
	at = 0;
	TRY(splice(from, &at, ends[1], NULL, 8192, 0));
	TRY(splice(ends[0], NULL, from, NULL, 4096, SPLICE_F_NONBLOCK));
	return 0;
}

static int file_unnamed(void)
{
	int fd;

	TRY(fd = open(".", O_TMPFILE | O_RDWR, 0600));
	TRY_ALL(write(fd, block, 100), 100);
	TRY(fd = (int)syscall(SYS_memfd_create, "scarce", MFD_ALLOW_SEALING));
	TRY_ALL(write(fd, block, 100), 100);
	TRY(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_SHRINK));
	return 0;
}

static int directory_list(void)
{
	char entries[2048];
	int fd;

	TRY(fd = open("/", O_RDONLY | O_DIRECTORY));
	TRY(syscall(SYS_getdents64, fd, entries, sizeof(entries)));
	TRY(fd = open("/proc/self/task", O_RDONLY | O_DIRECTORY));
	TRY(syscall(SYS_getdents64, fd, entries, sizeof(entries)));
	TRY(fd = open("/proc/self/fd", O_RDONLY | O_DIRECTORY));
	TRY(syscall(SYS_getdents64, fd, entries, sizeof(entries)));
	TRY(fd = open("/dev/pts", O_RDONLY | O_DIRECTORY));
	TRY(syscall(SYS_getdents64, fd, entries, sizeof(entries)));
	TRY(fd = open("/sys", O_RDONLY | O_DIRECTORY));
	TRY(syscall(SYS_getdents64, fd, entries, sizeof(entries)));
	return 0;
}

static int attributes(void)
{
	char value[3000], names[4096];
	int fd;

	memset(value, 'v', sizeof(value));
	TRY(fd = open("scarce-f", O_CREAT | O_TRUNC | O_RDWR, 0600));
	TRY(fsetxattr(fd, "user.small", value, 10, 0));
	TRY(fsetxattr(fd, "user.large", value, sizeof(value), XATTR_CREATE));
	TRY(fsetxattr(fd, "user.small", value, 2000, XATTR_REPLACE));
	TRY_ALL(fgetxattr(fd, "user.large", value, sizeof(value)), sizeof(value));
	TRY(flistxattr(fd, names, sizeof(names)));
	TRY(removexattr("scarce-f", "user.small"));
	TRY(fchmod(fd, 0640));
	TRY(fchown(fd, 1, 2));
	TRY(utimensat(AT_FDCWD, "scarce-f", NULL, 0));
	TRY(truncate("scarce-f", 100));
	return 0;
}

/* Locks that split and merge, of three kinds, and one that waits in vain. */
static int locks(void)
{
	struct flock range = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 100 };
	int fd, other;

	TRY(fd = open("scarce-f", O_CREAT | O_TRUNC | O_RDWR, 0600));
	TRY(other = open("scarce-f", O_RDWR));
	TRY(fcntl(fd, F_SETLK, &range));
	range.l_type = F_UNLCK;
	range.l_start = 40;
	range.l_len = 10;
	TRY(fcntl(fd, F_SETLK, &range));
	range.l_type = F_RDLCK;
	range.l_start = 20;
	range.l_len = 60;
	TRY(fcntl(fd, F_SETLK, &range));
	range.l_start = 200;
	range.l_pid = 0;
	TRY(fcntl(fd, F_OFD_SETLK, &range));
	range.l_type = F_WRLCK;
	if (fcntl(other, F_OFD_SETLK, &range) < 0 && errno != EAGAIN)
		return scarce_refused("F_OFD_SETLK", __FILE__, __LINE__);
	range.l_pid = 0;
	TRY(fcntl(fd, F_GETLK, &range));
	TRY(flock(fd, LOCK_SH));
	TRY(flock(fd, LOCK_EX));
	return 0;
}

static int descriptors(void)
{
	int fd = 0;

	TRY(fd = open("/dev/null", O_RDWR));
	TRY(fcntl(fd, F_DUPFD, 70));
	TRY(fcntl(fd, F_DUPFD_CLOEXEC, 300));
	TRY(dup2(fd, 1000));
	TRY(dup3(fd, 600, O_CLOEXEC));
	return 0;
}

static void mounts_clean(void)
{
	umount2("scarce-m/bound", MNT_DETACH);
	rmdir("scarce-m/bound");
	while (umount2("scarce-m", MNT_DETACH) == 0)
		;
	rmdir("scarce-m");
}

static int mounts(void)
{
	int fd;

	TRY(mkdir("scarce-m", 0700));
	TRY(mount("scarce", "scarce-m", "tmpfs", 0, "size=1m,mode=700"));
	TRY(mkdir("scarce-m/bound", 0700));
	TRY(fd = open("scarce-m/file", O_CREAT | O_RDWR, 0600));
	TRY_ALL(write(fd, block, sizeof(block)), sizeof(block));
	TRY(mount("/proc", "scarce-m/bound", NULL, MS_BIND, NULL));
	TRY(access("scarce-m/bound/self/stat", F_OK));
	TRY(mount(NULL, "scarce-m", NULL, MS_REMOUNT, "size=2m"));
	TRY(umount("scarce-m/bound"));
	MUST_BE(close(fd), 0);
	TRY(umount("scarce-m"));
	return 0;
}

static int watches(void)
{
	char events[4096];
	int watcher, fd;

	TRY(watcher = inotify_init1(IN_NONBLOCK));
	TRY(inotify_add_watch(watcher, ".", IN_ALL_EVENTS));
	TRY(fd = open("scarce-f", O_CREAT | O_TRUNC | O_RDWR, 0600));
	TRY(inotify_add_watch(watcher, "scarce-f", IN_ALL_EVENTS));
	TRY_ALL(write(fd, block, 10), 10);
	TRY(rename("scarce-f", "scarce-g"));
	TRY(unlink("scarce-g"));
	close(fd);
	TRY(read(watcher, events, sizeof(events)));
	return 0;
}

/* Files of /proc and /sys, whose texts are made when they are read. */
static int texts(void)
{
	static const char *const files[] = {
		"/proc/meminfo", "/proc/slabinfo", "/proc/stat", "/proc/mounts", "/proc/cpuinfo",
		"/proc/self/status", "/proc/self/maps", "/proc/self/smaps", "/proc/self/stat",
		"/proc/self/cmdline", "/proc/self/environ", "/proc/self/mountinfo",
		"/proc/self/limits", "/proc/self/auxv", "/proc/thread-self/status", "/proc/locks",
		"/proc/self/fdinfo/0", "/proc/sys/kernel/hostname", "/proc/interrupts",
		"/proc/self/exe", "/proc/tty/drivers", "/proc/self/task/../comm", "/dev/zero",
	};

	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		int fd = open(files[i], O_RDONLY);
		long got;

		if (fd < 0)
			return scarce_refused(files[i], __FILE__, __LINE__);
		do
			got = read(fd, block, sizeof(block));
		while (got > 0 && i + 1 < sizeof(files) / sizeof(files[0]));
		if (got < 0)
			return scarce_refused(files[i], __FILE__, __LINE__);
		close(fd);
	}
	return 0;
}

static int statuses(void)
{
	char extended[256];
	struct statvfs system;
	struct stat status;
	char text[4096];

	TRY(stat("/bin/busybox", &status));
	TRY(lstat("/proc/self/exe", &status));
	TRY(stat("/proc/self/fd/0", &status));
	TRY(readlink("/proc/self/exe", text, sizeof(text)));
	TRY(readlink("/proc/self/cwd", text, sizeof(text)));
	TRY(readlink("/proc/self/fd/1", text, sizeof(text)));
	TRY(syscall(SYS_statx, AT_FDCWD, ".", 0, 0x7ff, extended));
	TRY(statvfs("/tmp", &system));
	TRY(chroot("/"));
	return 0;
}

static const struct scenario scenarios[] = {
	{ "names", names_make, names_clean, 0, 0 },
	{ "missing", names_miss, NULL, 0, 0 },
	{ "fill", file_fill, file_clean, 0, 0 },
	{ "copy", file_copy, file_clean, 0, 0 },
	{ "unnamed", file_unnamed, NULL, 0, 0 },
	{ "list", directory_list, NULL, 0, 0 },
	{ "attributes", attributes, file_clean, 0, 0 },
	{ "locks", locks, file_clean, 0, 0 },
	{ "descriptors", descriptors, NULL, 0, 0 },
	{ "mounts", mounts, mounts_clean, 0, 0 },
	{ "watches", watches, file_clean, 0, 0 },
	{ "texts", texts, NULL, 0, 0 },
	{ "statuses", statuses, NULL, 0, 0 },
};

const struct scenario_table file_scenarios = SCENARIO_TABLE(scenarios);
