/*
 * Texts for the fuzzer: file names, words, mount options; and programs that write all sorts of
 * texts into the files of /proc and mount with all sorts of options.
 */
#define _GNU_SOURCE
#include "fuzz.h"

#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>

enum { TEXT_ROUNDS = 24, LONG_NAME = 4200, ENTRY_BYTES = 4096 };

static const char *const names[] = {
	"f0", "f0", "f1", "f2", "d0", "d0/f0", "d0/d1", "d0/d1/f3", "l0", "loop", "p0", "x0", "m0",
	"m0/f0", ".", "..", "/", "", "f0/", "d0/", "d0/../f1", "./d0/./d1/../f2", "l1/f0",
	"/dev/null", "/dev/zero", "/dev/full", "/dev/tty", "/dev/ptmx", "/dev/random", "/dev/pts",
	"/dev/pts/0", "/dev/pts/1", "/dev/pts/ptmx", "/proc/self/exe", "/proc/self/maps",
	"/proc/self/mem", "/proc/self/fd", "/proc/self/fd/3", "/proc/self/fd/5",
	"/proc/self/fdinfo/4", "/proc/self/cwd", "/proc/self/root", "/proc/self/status",
	"/proc/self/task", "/proc/self/environ", "/proc/self/oom_score_adj", "/proc/self/comm",
	"/proc/self/ns", "/proc/self/smaps", "/proc/self/mountinfo", "/proc/thread-self/stat",
	"/proc/self", "/proc", "/proc/meminfo", "/proc/locks", "/proc/sys/kernel/hostname",
	"/proc/sys/fs/pipe-max-size", "/proc/1/stat", "/proc/self/limits", "/sys", "/sys/class",
	"/proc/self/capabilities", "/proc/self/denials", "/proc/self/auxv", "/proc/self/syscall",
	"/proc/self/cmdline", "/proc/filesystems", "/proc/slabinfo", "/proc/kmsg", "nothing",
	"nothing/f0", "\xff\x80", "a\nb", "/proc/self/exe",
};

static const char *const words[] = {
	"", "a", "f0", "--executed", "user.a", "-1", "0", "1", "4294967296", "9223372036854775808",
	"x\n", "%s%n", "tmpfs", "proc", "sysfs", "devpts", "devtmpfs", "ramfs", "none", "overlay",
	"size=1m", "PATH=/", "LD_PRELOAD=/f0", "\t ", "0x7fffffff", "aegis-host", "*", "../..",
};

static const char *const options[] = {
	"size", "nr_inodes", "nr_blocks", "mode", "uid", "gid", "huge", "mpol", "hidepid",
	"newinstance", "ptmxmode", "max", "subset", "noswap", "inode64", "unknown", "ro", "remount",
	"",
};

static const char *const option_values[] = {
	"0", "1", "-1", "4k", "1m", "50%", "101%", "0%", "18446744073709551615", "1g", "1e", "8",
	"18446744073709551616", "9223372036854775807k", "99999999999999999999999", "01777", "",
	"777777", "0x10", "a", "100", "65534", "never", " 1", "1 ", "ptraceable", "pid",
};

/* Files that would silence or drown the reports. */
static const char *const untouched[] = { "trace", "kmsg", "sysrq-trigger" };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *long_name(struct fuzz_thread *thread)
{
	static char name[LONG_NAME + 1];
	static const uint16_t lengths[] = { 254, 255, 256, 4094, 4095, 4096, LONG_NAME };
	size_t length = lengths[fuzz_below(thread, COUNT(lengths))];
	bool has_parts = fuzz_percent(thread, 50);

	for (size_t i = 0; i < length; i++)
		name[i] = has_parts && i % 3 == 1 ? '/' : '.' + (i % 3 == 2);
	name[length] = '\0';
	return name;
}

const char *fuzz_name(struct fuzz_thread *thread)
{
	if (fuzz_percent(thread, 2))
		return long_name(thread);
	return names[fuzz_below(thread, fuzz_percent(thread, 60) ? 24 : COUNT(names))];
}

const char *fuzz_word(struct fuzz_thread *thread)
{
	if (fuzz_percent(thread, 2))
		return long_name(thread);
	return words[fuzz_below(thread, COUNT(words))];
}

size_t fuzz_options(struct fuzz_thread *thread, char *text, size_t capacity)
{
	size_t length = 0;

	for (uint64_t more = fuzz_below(thread, 5); more; more--) {
		const char *parts[] = {
			options[fuzz_below(thread, COUNT(options))],
			fuzz_percent(thread, 85) ? "=" : "",
			option_values[fuzz_below(thread, COUNT(option_values))],
			more > 1 || fuzz_percent(thread, 10) ? "," : "",
		};

		for (size_t i = 0; i < COUNT(parts); i++) {
			size_t part = strlen(parts[i]);

			if (length + part >= capacity)
				break;
			memcpy(text + length, parts[i], part);
			length += part;
		}
	}
	text[length] = '\0';
	return length;
}

static void mount_some(struct fuzz_thread *thread)
{
	static const char *const types[] = {
		"tmpfs", "ramfs", "proc", "devpts", "sysfs", "devtmpfs",
	};
	char text[256];
	uint64_t flags = fuzz_percent(thread, 70) ? 0 : fuzz_random(thread) & 0x1fffff;

	fuzz_options(thread, text, sizeof(text));
	fuzz_raw(SYS_mount, "none", fuzz_percent(thread, 70) ? "m0" : "d0",
		 types[fuzz_below(thread, COUNT(types))], flags, text);
	fuzz_raw(SYS_mkdirat, AT_FDCWD, "m0/d", 0777);
	fuzz_raw(SYS_close, fuzz_raw(SYS_openat, AT_FDCWD, "m0/f0", O_CREAT | O_RDWR, 0666));
	if (fuzz_percent(thread, 60))
		fuzz_raw(SYS_umount2, "m0", fuzz_percent(thread, 50) ? 2 : 0);
}

/* The name of the n-th entry of a directory, over and over; 0 when it has none. */
static size_t entry_choose(struct fuzz_thread *thread, int directory, char *name, size_t capacity)
{
	static char entries[ENTRY_BYTES];
	long length = fuzz_raw(SYS_getdents64, directory, entries, sizeof(entries));
	size_t found = 0;
	unsigned seen = 0;

	for (long at = 0; at < length; at += *(uint16_t *)(entries + at + 16)) {
		const char *entry = entries + at + 19;

		if (entry[0] == '.' || strlen(entry) >= capacity ||
		    fuzz_below(thread, ++seen) != 0)
			continue;
		found = strlen(entry);
		memcpy(name, entry, found + 1);
	}
	return found;
}

static bool is_untouched(const char *name)
{
	for (size_t i = 0; i < COUNT(untouched); i++) {
		if (!strcmp(name, untouched[i]))
			return true;
	}
	return false;
}

static void write_some(struct fuzz_thread *thread, int fd)
{
	uint64_t offset = fuzz_percent(thread, 80) ? 0 : fuzz_number(thread, 8);
	const char *word = fuzz_percent(thread, 50) ? fuzz_word(thread) :
		option_values[fuzz_below(thread, COUNT(option_values))];
	static char read[FUZZ_PAGE];

	fuzz_raw(SYS_pwrite64, fd, word, strlen(word), offset);
	if (fuzz_percent(thread, 10))
		fuzz_raw(SYS_write, fd, fuzz_resources.pool, fuzz_number(thread, 4));
	fuzz_raw(SYS_pread64, fd, read, fuzz_below(thread, sizeof(read)),
		 fuzz_percent(thread, 50) ? 0 : fuzz_number(thread, 8));
}

/* Walks down from a directory of /proc to some file and writes into it. */
static void proc_some(struct fuzz_thread *thread)
{
	static const char *const starts[] = {
		"/proc/self", "/proc/self", "/proc/self/task", "/proc/sys", "/proc/sys/kernel",
		"/proc/sys/fs", "/proc/sys/vm", "/proc/aegis", "/proc", "/sys",
	};
	char name[64];
	long at = fuzz_raw(SYS_openat, AT_FDCWD, starts[fuzz_below(thread, COUNT(starts))],
			   O_DIRECTORY);

	for (unsigned depth = 0; at >= 0 && depth < 4; depth++) {
		long next;

		/* Other processes are looked at, not written to: some of them must go on. */
		if (!entry_choose(thread, (int)at, name, sizeof(name)) || is_untouched(name) ||
		    (name[0] >= '0' && name[0] <= '9' && depth == 0))
			break;
		next = fuzz_raw(SYS_openat, at, name, O_RDWR | O_NONBLOCK);
		if (next < 0)
			next = fuzz_raw(SYS_openat, at, name, O_RDONLY | O_NONBLOCK);
		fuzz_raw(SYS_close, at);
		at = next;
		if (at >= 0)
			write_some(thread, (int)at);
	}
	if (at >= 0)
		fuzz_raw(SYS_close, at);
}

void fuzz_texts_run(struct fuzz_thread *thread)
{
	for (unsigned i = 0; i < TEXT_ROUNDS; i++) {
		if (fuzz_percent(thread, 40))
			mount_some(thread);
		else
			proc_some(thread);
		fuzz_program->steps++;
	}
}
