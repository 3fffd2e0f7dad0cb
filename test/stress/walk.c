/*
 * Walks against change: paths are opened while their parts are renamed, covered by mounts, removed
 * and watched; and /proc is read while what it shows ends.
 */
#define _GNU_SOURCE
#include "storms.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WALKERS = 3, DEPTH = 4, SHOWN = 40 };

/*
 * Where the walks of the storm begin: so deep that ".." does not lead out of the tree, whether it
 * stands in a path or at the start of what a link holds.
 */
#define WALK_INNER "/in/in/in/in/in/in/in/in"

static char walk_top[64];

static void walk_path(uint64_t *seed, char *path, size_t size)
{
	static const char *const parts[] = { "a", "b", "l", "..", "." };
	size_t length = (size_t)snprintf(path, size, "%s" WALK_INNER, walk_top);

	for (int i = 0; i < DEPTH; i++)
		length += (size_t)snprintf(path + length, size - length, "/%s",
					   parts[storm_random(seed) % 5]);
}

static void *walk_look(void *argument)
{
	uint64_t seed = storm_seed();

	while (storm_goes_on()) {
		char path[256], text[4096];
		struct stat status;
		int fd;

		walk_path(&seed, path, sizeof(path));
		fd = open(path, O_RDONLY | (storm_random(&seed) & 1 ? O_DIRECTORY : 0));
		if (fd < 0) {
			EXPECT(errno == ENOENT || errno == ENOTDIR || errno == ELOOP);
			continue;
		}
		EXPECT_EQUAL(fstat(fd, &status), 0);
		/* A directory that was opened stays one, wherever it is by now. */
		if (S_ISDIR(status.st_mode)) {
			syscall(SYS_getdents64, fd, text, sizeof(text));
			if (fstatat(fd, "..", &status, 0))
				EXPECT_EQUAL(errno, ENOENT);
		}
		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		EXPECT(readlink(path, text, sizeof(text)) > 0);
		close(fd);
		storm_count(4);
	}
	return argument;
}

static void *walk_change(void *argument)
{
	uint64_t seed = storm_seed();
	char from[256], to[256];

	while (storm_goes_on()) {
		walk_path(&seed, from, sizeof(from));
		walk_path(&seed, to, sizeof(to));
		switch (storm_random(&seed) % 8) {
		case 0:
		case 1:
			mkdir(from, 0700);
			break;
		case 2:
			syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 2 /* EXCHANGE */);
			break;
		case 3:
			rename(from, to);
			break;
		case 4:
			symlink("../a/b", from);
			break;
		case 5:
			close(open(from, O_CREAT | O_RDWR, 0600));
			link(from, to);
			break;
		case 6:
			rmdir(from);
			break;
		default:
			unlink(from);
			break;
		}
		storm_count(1);
	}
	return argument;
}

/* Takes a tree away, whatever is in it. */
static void tree_remove(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory && (entry = readdir(directory))) {
		char name[PATH_BYTES];

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_DIR)
			tree_remove(name);
		else
			unlink(name);
	}
	if (directory)
		closedir(directory);
	rmdir(path);
}

static void inner_make(void)
{
	char path[sizeof(walk_top) + sizeof(WALK_INNER)];
	char *part = path + strlen(walk_top);

	snprintf(path, sizeof(path), "%s" WALK_INNER, walk_top);
	for (; part; part = strchr(part + 1, '/')) {
		char kept = *part;

		*part = '\0';
		mkdir(path, 0700);
		*part = kept;
	}
	mkdir(path, 0700);
}

static void *walk_both(void *argument)
{
	static _Atomic int number;

	return number++ % 2 ? walk_look(argument) : walk_change(argument);
}

static void walk_storm(int index)
{
	/* Two processes share each tree: every second one works elsewhere. */
	snprintf(walk_top, sizeof(walk_top), "storm-walk-%d", index / 4);
	inner_make();
	storm_threads(WALKERS, walk_both, NULL);
	tree_remove(walk_top);
}

/* Mounts come and go above those who walk through them and stand in them. */
static void *mount_walk(void *argument)
{
	while (storm_goes_on()) {
		char path[128];
		int fd, other;

		snprintf(path, sizeof(path), "%s/in/file", walk_top);
		fd = open(path, O_CREAT | O_RDWR, 0600);
		/* What is below /proc is not made. */
		EXPECT(fd >= 0 || errno == ENOENT || errno == EACCES);
		snprintf(path, sizeof(path), "%s/in", walk_top);
		other = open(path, O_DIRECTORY | O_RDONLY);
		EXPECT(other >= 0);
		if (fd >= 0)
			EXPECT_EQUAL(write(fd, "some", 4), 4);
		faccessat(other, "../in/file", F_OK, 0);
		close(other);
		close(fd);
		storm_count(4);
	}
	return argument;
}

static void *mount_change(void *argument)
{
	uint64_t seed = storm_seed();
	char inner[128];

	snprintf(inner, sizeof(inner), "%s/in", walk_top);
	while (storm_goes_on()) {
		switch (storm_random(&seed) % 4) {
		case 0:
			mount("storm", inner, "tmpfs", 0, "size=100k");
			break;
		case 1:
			mount("/proc", inner, NULL, MS_BIND, NULL);
			break;
		case 2:
			if (umount(inner))
				EXPECT(errno == EBUSY || errno == EINVAL);
			break;
		default:
			umount2(inner, MNT_DETACH);
			break;
		}
		storm_count(1);
	}
	return argument;
}

static void *mount_either(void *argument)
{
	static _Atomic int number;

	return number++ % 2 ? mount_walk(argument) : mount_change(argument);
}

static void cover_storm(int index)
{
	char inner[128];

	if (getuid())
		return;
	snprintf(walk_top, sizeof(walk_top), "storm-cover-%d", index);
	snprintf(inner, sizeof(inner), "%s/in", walk_top);
	EXPECT_EQUAL(mkdir(walk_top, 0700), 0);
	EXPECT_EQUAL(mkdir(inner, 0777), 0);
	storm_threads(4, mount_either, NULL);
	while (umount2(inner, MNT_DETACH) == 0)
		;
	tree_remove(walk_top);
}

/* Watches on files and directories that are made, changed, moved and removed meanwhile. */
static int watch_fd;

static void *watch_change(void *argument)
{
	uint64_t seed = storm_seed();

	while (storm_goes_on()) {
		char path[128], other[128];
		int fd;

		snprintf(path, sizeof(path), "%s/f%d", walk_top, (int)(storm_random(&seed) % 6));
		snprintf(other, sizeof(other), "%s/f%d", walk_top, (int)(storm_random(&seed) % 6));
		fd = open(path, O_CREAT | O_RDWR, 0600);
		EXPECT(fd >= 0);
		EXPECT_EQUAL(write(fd, "x", 1), 1);
		close(fd);
		rename(path, other);
		if (storm_random(&seed) & 1)
			unlink(other);
		storm_count(4);
	}
	return argument;
}

static void *watch_look(void *argument)
{
	uint64_t seed = storm_seed();
	char events[2048];

	while (storm_goes_on()) {
		char path[128];
		int watch;

		snprintf(path, sizeof(path), "%s/f%d", walk_top, (int)(storm_random(&seed) % 6));
		watch = inotify_add_watch(watch_fd, storm_random(&seed) & 1 ? path : walk_top,
					  IN_ALL_EVENTS);
		if (storm_random(&seed) % 3 == 0)
			inotify_rm_watch(watch_fd, watch);
		if (read(watch_fd, events, sizeof(events)) < 0)
			EXPECT_EQUAL(errno, EAGAIN);
		storm_count(2);
	}
	return argument;
}

static void *watch_either(void *argument)
{
	static _Atomic int number;

	return number++ % 2 ? watch_look(argument) : watch_change(argument);
}

static void watch_storm(int index)
{
	snprintf(walk_top, sizeof(walk_top), "storm-watch-%d", index / 2);
	mkdir(walk_top, 0700);
	watch_fd = inotify_init1(IN_NONBLOCK);
	EXPECT(watch_fd >= 0);
	storm_threads(4, watch_either, NULL);
	close(watch_fd);
	tree_remove(walk_top);
}

static void file_show(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		return;
	for (int i = 0; i < 20 && read(fd, text, sizeof(text)) > 0; i++)
		;
	close(fd);
}

/* Reads what a directory of a process shows; anything may be gone by then. */
static void process_show(int top, const char *path, int depth)
{
	DIR *directory = opendir(path);
	struct dirent *entry;

	while (directory && storm_goes_on() && (entry = readdir(directory))) {
		char name[PATH_BYTES], text[256];

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		if (entry->d_type == DT_LNK)
			(void)!readlink(name, text, sizeof(text));
		else if (entry->d_type == DT_DIR && depth < 3)
			process_show(top, name, depth + 1);
		else
			file_show(name);
		storm_count(1);
	}
	if (directory)
		closedir(directory);
}

/* /proc/<pid> of children that fork, execute, map and die. */
static void show_storm(int index)
{
	uint64_t seed = storm_seed();

	while (storm_goes_on()) {
		pid_t pid = fork();
		char path[64];

		EXPECT(pid >= 0);
		if (pid == 0) {
			if (storm_random(&seed) % 2)
				storm_execute("shown");
			close(open("/dev/null", O_RDONLY));
			storm_sleep((long)(storm_random(&seed) % 2000));
			_exit(0);
		}
		snprintf(path, sizeof(path), "/proc/%d", storm_random(&seed) % 4 ? pid : getppid());
		process_show(index, path, 0);
		waitpid(pid, NULL, 0);
	}
}

/* File systems go while their unused names do: half of the processes drop what caches hold. */
static void drop_storm(int index)
{
	char top[64], path[128];

	if (index % 2 == 0) {
		int fd = open("/proc/sys/vm/drop_caches", O_WRONLY);

		EXPECT(fd >= 0);
		for (; storm_goes_on(); storm_count(1))
			EXPECT_EQUAL(pwrite(fd, "2", 1, 0), 1);
		close(fd);
		return;
	}
	snprintf(top, sizeof(top), "storm-drop-%d", index);
	EXPECT_EQUAL(mkdir(top, 0700), 0);
	for (; storm_goes_on(); storm_count(1)) {
		EXPECT_EQUAL(mount("storm", top, "tmpfs", 0, "size=1m"), 0);
		for (int i = 0; i < 20; i++) {
			snprintf(path, sizeof(path), "%s/%d", top, i);
			EXPECT_EQUAL(mkdir(path, 0700), 0);
			strcat(path, "/inner");
			EXPECT_EQUAL(mkdir(path, 0700), 0);
		}
		EXPECT_EQUAL(umount(top), 0);
	}
	EXPECT_EQUAL(rmdir(top), 0);
}

/* What an open file is called, while it is renamed: one of its two names, and all of it. */
#define LONG_NAME "a-name-that-is-too-long-to-stand-in-the-structure-itself-0123456789"

static int described_fd;

static void *described_rename(void *argument)
{
	char one[sizeof(walk_top) + 8], other[sizeof(walk_top) + sizeof(LONG_NAME) + 1];

	snprintf(one, sizeof(one), "%s/one", walk_top);
	snprintf(other, sizeof(other), "%s/%s", walk_top, LONG_NAME);
	while (storm_goes_on()) {
		EXPECT_EQUAL(rename(one, other), 0);
		EXPECT_EQUAL(rename(other, one), 0);
		storm_count(2);
	}
	return argument;
}

static void *described_look(void *argument)
{
	char path[64], text[PATH_BYTES];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", described_fd);
	while (storm_goes_on()) {
		ssize_t length = readlink(path, text, sizeof(text) - 1);
		char *last;

		EXPECT(length > 0);
		text[length] = '\0';
		last = strrchr(text, '/');
		EXPECT(last && (!strcmp(last, "/one") || !strcmp(last, "/" LONG_NAME)));
		storm_count(1);
	}
	return argument;
}

static void *described_either(void *argument)
{
	static _Atomic int number;

	return number++ % 4 ? described_look(argument) : described_rename(argument);
}

static void described_storm(int index)
{
	char path[128];

	snprintf(walk_top, sizeof(walk_top), "storm-described-%d", index);
	snprintf(path, sizeof(path), "%s/one", walk_top);
	EXPECT_EQUAL(mkdir(walk_top, 0700), 0);
	described_fd = open(path, O_CREAT | O_RDWR, 0600);
	EXPECT(described_fd >= 0);
	storm_threads(4, described_either, NULL);
	close(described_fd);
	tree_remove(walk_top);
}

/* A mount that is in use stays: nobody sees through it while others ask for its end. */
static void *busy_look(void *argument)
{
	char path[sizeof(walk_top) + 8];

	snprintf(path, sizeof(path), "%s/inner", walk_top);
	while (storm_goes_on()) {
		EXPECT_EQUAL(access(path, F_OK), 0);
		storm_count(1);
	}
	return argument;
}

static void *busy_change(void *argument)
{
	while (storm_goes_on()) {
		EXPECT(umount(walk_top) == -1 && errno == EBUSY);
		storm_count(1);
	}
	return argument;
}

static void *busy_either(void *argument)
{
	static _Atomic int number;

	return number++ % 2 ? busy_look(argument) : busy_change(argument);
}

static void busy_storm(int index)
{
	char path[sizeof(walk_top) + 8];
	int fd;

	if (getuid())
		return;
	snprintf(walk_top, sizeof(walk_top), "storm-busy-%d", index);
	snprintf(path, sizeof(path), "%s/inner", walk_top);
	EXPECT_EQUAL(mkdir(walk_top, 0700), 0);
	EXPECT_EQUAL(mount("storm", walk_top, "tmpfs", 0, "size=100k"), 0);
	EXPECT_EQUAL(mkdir(path, 0700), 0);
	fd = open(path, O_RDONLY);
	EXPECT(fd >= 0);
	storm_threads(4, busy_either, NULL);
	close(fd);
	EXPECT_EQUAL(umount(walk_top), 0);
	EXPECT_EQUAL(rmdir(walk_top), 0);
}

static const struct storm storms[] = {
	{ "walk", walk_storm, 0 },   { "cover", cover_storm, 0 }, { "watch", watch_storm, 0 },
	{ "show", show_storm, 0 },   { "drop", drop_storm, 0 },
	{ "described", described_storm, 0 }, { "busy", busy_storm, 0 },
};

const struct storm_table walk_storms = { storms, STORM_COUNT(storms) };
