/*
 * The world of one fuzz program: a small file system of its own to which it is confined, the
 * descriptors it starts with; and afterwards the questions whether its mounts can be undone and
 * whether it got hold of what it had given up.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

enum {
	PATH_BYTES = 4096 + 64,	/* the longest path in the longest of ours */
	MOUNTS_BYTES = 1 << 20,
	UNMOUNT_PATIENCE_MS = 20000,
	DESCRIPTOR_SOURCES = 10,
	SMALL_FILE = 3 * FUZZ_PAGE,
};

static const struct {
	const char *name;
	unsigned major, minor;
} devices[] = {
	{ "dev/null", 1, 3 }, { "dev/zero", 1, 5 }, { "dev/full", 1, 7 }, { "dev/random", 1, 8 },
	{ "dev/urandom", 1, 9 }, { "dev/tty", 5, 0 },
};

static void file_make(const char *name, const char *text, size_t length)
{
	int fd = open(name, O_CREAT | O_WRONLY | O_TRUNC, 0777);

	if (fd < 0 || write(fd, text, strlen(text)) < 0 || ftruncate(fd, (off_t)length) < 0)
		perror(name);
	close(fd);
}

static int world_fill(void)
{
	static const char *const folders[] = {
		"dev", "dev/pts", "proc", "sys", "d0", "d0/d1", "m0",
	};

	umask(0);
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
		mkdir(folders[i], 0777);
	for (size_t i = 0; i < sizeof(devices) / sizeof(devices[0]); i++)
		mknod(devices[i].name, S_IFCHR | 0666, makedev(devices[i].major, devices[i].minor));
	file_make("f0", "zero", SMALL_FILE);
	file_make("f1", "one\n", 100);
	file_make("d0/f0", "", 0);
	file_make("x0", "#!/proc/self/exe --executed\n", 28);
	mkfifo("p0", 0666);
	if (symlink("f0", "l0") < 0 || symlink("d0", "l1") < 0 || symlink("loop", "loop") < 0 ||
	    symlink("pts/ptmx", "dev/ptmx") < 0)
		return -1;
	return mount("devpts", "dev/pts", "devpts", 0, "ptmxmode=666") < 0 ||
		mount("proc", "proc", "proc", 0, NULL) < 0 ||
		mount("sysfs", "sys", "sysfs", 0, NULL) < 0 ? -1 : 0;
}

int fuzz_world_make(const char *path)
{
	int back = open(".", O_DIRECTORY | O_CLOEXEC), result;

	mkdir(path, 0755);
	if (mount("fuzz", path, "tmpfs", 0, "size=8m,nr_inodes=300,mode=777") < 0 ||
	    chdir(path) < 0) {
		close(back);
		return -1;
	}
	result = world_fill();
	if (fchdir(back) < 0)
		result = -1;
	close(back);
	return result;
}

static void limits_set(void)
{
	static const struct {
		int resource;
		rlim_t limit;
	} limits[] = {
		{ RLIMIT_AS, 48 << 20 }, { RLIMIT_FSIZE, 4 << 20 }, { RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, 256 }, { RLIMIT_NPROC, 2 * FUZZ_CHILDREN },
		{ RLIMIT_MEMLOCK, 4 << 20 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct rlimit limit = { limits[i].limit, limits[i].limit };

		setrlimit(limits[i].resource, &limit);
	}
}

/* Gives up rights, remembering what is left, and its user. */
static void authority_narrow(void)
{
	struct fuzz_program *program = fuzz_program;
	struct fuzz_thread chooser = { .random = program->seed ^ 0xcab };
	uint64_t keep = fuzz_random(&chooser) | fuzz_random(&chooser);
	int fd = open("/proc/self/capabilities", O_RDONLY);

	if (!program->keeps_rights)
		syscall(1024, &keep, sizeof(keep));
	if (fd >= 0) {
		ssize_t length = read(fd, program->rights, sizeof(program->rights) - 1);

		program->rights[length > 0 ? length : 0] = '\0';
		close(fd);
	}
}

void fuzz_world_enter(const char *path)
{
	int null = open("/dev/null", O_RDWR);
	uint32_t user = fuzz_program->user;

	setsid();
	for (int fd = 0; fd < 3 && !(fuzz_program->is_shown && fd == 2); fd++)
		dup2(null, fd);
	if (!fuzz_program->is_shown)
		syscall(SYS_close_range, 3, ~0u, 0);
	if (chdir(path) < 0 || chroot(".") < 0)
		_exit(96);
	limits_set();
	if (!fuzz_program->is_root &&
	    (syscall(SYS_setgroups, 0, NULL) < 0 || syscall(SYS_setresgid, user, user, user) < 0 ||
	     syscall(SYS_setresuid, user, user, user) < 0))
		_exit(96);
	authority_narrow();
}

/* A path as /proc/mounts shows it, in which odd characters stand as \ooo; up to the next space. */
static void path_read(const char *shown, char path[PATH_BYTES])
{
	size_t length = 0;

	while (*shown && *shown != ' ' && length < PATH_BYTES - 1) {
		bool is_octal = *shown == '\\';

		char octal[] = { shown[1], is_octal ? shown[2] : 0, is_octal ? shown[3] : 0, 0 };

		path[length++] = is_octal ? (char)strtol(octal, NULL, 8) : *shown;
		shown += is_octal ? 4 : 1;
	}
	path[length] = '\0';
}

/*
 * Undoes mounts below a directory, the last of /proc/mounts first; returns how many were. Why the
 * others stay is noted when that is asked for.
 */
static int mounts_undo(const char *prefix, int flags, int *left, bool is_told)
{
	static char text[MOUNTS_BYTES];
	static char paths[64][PATH_BYTES];
	int fd = open("/proc/self/mounts", O_RDONLY | O_CLOEXEC), count = 0, undone = 0;
	size_t length = 0;
	ssize_t got;

	while (fd >= 0 && (got = read(fd, text + length, sizeof(text) - 1 - length)) > 0)
		length += (size_t)got;
	close(fd);
	text[length] = '\0';
	for (char *line = text; *line && count < 64; line = strchr(line, '\n') + 1) {
		char *point = strchr(line, ' ');

		if (!point || !strchr(line, '\n'))
			break;
		if (strncmp(point + 1, prefix, strlen(prefix)))
			continue;
		path_read(point + 1, paths[count++]);
	}
	for (int i = count; i-- > 0;) {
		if (umount2(paths[i], flags) == 0)
			undone++;
		else if (is_told)
			fuzz_note("%.160s stays: %s", paths[i], strerror(errno));
	}
	*left = count - undone;
	return undone;
}

void fuzz_world_remove(const char *path)
{
	char prefix[PATH_BYTES];
	struct timespec tick = { 0, 10000000 };
	int left = 1;

	if (!getcwd(prefix, sizeof(prefix) / 2))
		return;
	strcat(prefix, "/");
	strcat(prefix, path);
	for (int waited_ms = 0; waited_ms < UNMOUNT_PATIENCE_MS; waited_ms += 10) {
		if (mounts_undo(prefix, UMOUNT_NOFOLLOW, &left, false) == 0 && left == 0)
			return;
		if (left)
			nanosleep(&tick, NULL);
	}
	fuzz_finding(FUZZ_MOUNT_STAYS);
	mounts_undo(prefix, UMOUNT_NOFOLLOW, &left, true);
	while (mounts_undo(prefix, MNT_DETACH, &left, true) > 0)
		;
}

static void descriptor_keep(int fd)
{
	if (fd >= 0)
		fuzz_slot_add(&fuzz_resources.descriptors, (uint64_t)fd);
}

static void pipe_keep(int flags)
{
	int pair[2];

	if (pipe2(pair, flags) < 0)
		return;
	descriptor_keep(pair[0]);
	descriptor_keep(pair[1]);
}

static void terminal_keep(void)
{
	int number = -1, unlocked = 0, master = open("/dev/pts/ptmx", O_RDWR | O_NONBLOCK);
	char name[32];

	descriptor_keep(master);
	if (fuzz_raw(SYS_ioctl, master, 0x80045430, &number) < 0)
		return;
	fuzz_raw(SYS_ioctl, master, 0x40045431, &unlocked);
	snprintf(name, sizeof(name), "/dev/pts/%d", number);
	descriptor_keep(open(name, O_RDWR | O_NONBLOCK));
}

static void source_open(unsigned source)
{
	static const struct {
		const char *name;
		int flags;
	} files[] = {
		{ "f0", O_RDWR }, { "f1", O_RDONLY }, { "d0/f0", O_WRONLY | O_APPEND },
		{ "d0", O_DIRECTORY }, { ".", O_DIRECTORY }, { "f0", O_PATH }, { "p0", O_RDWR },
		{ "/dev/zero", O_RDWR }, { "/dev/full", O_RDWR }, { "/proc/self/maps", O_RDONLY },
		{ "/proc/self", O_DIRECTORY }, { ".", O_TMPFILE | O_RDWR },
		{ "l0", O_PATH | O_NOFOLLOW }, { "/proc/self/mem", O_RDWR },
		{ "/dev/random", O_RDONLY }, { "/proc/kmsg", O_RDONLY },
	};
	enum { FILE_COUNT = sizeof(files) / sizeof(files[0]) };

	if (source < FILE_COUNT) {
		descriptor_keep(open(files[source].name, files[source].flags | O_NONBLOCK, 0666));
		return;
	}
	switch (source - FILE_COUNT) {
	case 0: case 1:
		pipe_keep(source & 1 ? O_NONBLOCK : 0);
		break;
	case 2: case 3:
		terminal_keep();
		break;
	case 4:
		descriptor_keep(epoll_create1(0));
		break;
	case 5:
		descriptor_keep(eventfd(1, source & 1 ? EFD_NONBLOCK : 0));
		break;
	case 6:
		descriptor_keep(timerfd_create(CLOCK_MONOTONIC, 0));
		break;
	case 7:
		descriptor_keep(inotify_init1(IN_NONBLOCK));
		break;
	case 8:
		descriptor_keep((int)syscall(SYS_memfd_create, "fuzz", MFD_ALLOW_SEALING));
		break;
	case 9:
		descriptor_keep((int)syscall(SYS_pidfd_open, getpid(), 0));
		break;
	default:
		descriptor_keep((int)syscall(SYS_signalfd4, -1, &(uint64_t){ UINT64_MAX }, 8, 0));
		break;
	}
}

void fuzz_descriptors_open(struct fuzz_thread *thread)
{
	enum { SOURCES = 27 };

	for (unsigned i = 0; i < DESCRIPTOR_SOURCES; i++)
		source_open((unsigned)fuzz_below(thread, SOURCES));
}

/* Whether each word of one line of `now` stands in the same line of `before`. */
static bool line_is_within(const char *line, const char *before, const char *now)
{
	const char *old = strstr(before, line), *new = strstr(now, line);
	char word[64], *line_end;
	char allowed[sizeof(fuzz_program->rights)];

	if (!old || !new)
		return true;
	snprintf(allowed, sizeof(allowed), "%s", old);
	line_end = strchr(allowed, '\n');
	if (!line_end)
		return true;
	line_end[0] = ' ';
	line_end[1] = '\0';
	for (new += strlen(line); *new == ' '; new += strcspn(new, " \n")) {
		new++;
		snprintf(word, sizeof(word), " %.*s ", (int)strcspn(new, " \n"), new);
		if (!strstr(allowed, word)) {
			printf("# right came back:%s\n", word);
			return false;
		}
	}
	return true;
}

static size_t text_read(int pid, const char *name, char *text, size_t capacity)
{
	char path[64];
	int fd;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? 0 : read(fd, text, capacity - 1);
	close(fd);
	text[length > 0 ? length : 0] = '\0';
	return length > 0 ? (size_t)length : 0;
}

void fuzz_authority_check(int pid)
{
	static char text[4096];
	const char *line;

	/* Without a text, the program narrowed its rights but was not able to say to what. */
	if (text_read(pid, "capabilities", text, sizeof(text)) && fuzz_program->rights[0] &&
	    (!line_is_within("table", fuzz_program->rights, text) ||
	     !line_is_within("bound", fuzz_program->rights, text)))
		fuzz_finding(FUZZ_AUTHORITY_CAME_BACK);
	if (fuzz_program->is_root || !text_read(pid, "status", text, sizeof(text)))
		return;
	line = strstr(text, "\nUid:");
	for (int i = 0; line && i < 4; i++) {
		char *end;

		if (strtoul(line + (i ? 0 : 5), &end, 10) != fuzz_program->user)
			fuzz_finding(FUZZ_USER_CAME_BACK);
		line = end;
	}
	line = strstr(text, "\nCapEff:");
	if (line && strtoull(line + 8, NULL, 16) != 0)
		fuzz_finding(FUZZ_USER_CAME_BACK);
}
