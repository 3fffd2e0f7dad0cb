/*
 * /proc of a process, field by field, against what the process knows of
 * itself; and the files about the system.
 */
#include "support.h"
#include <dirent.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysinfo.h>

static char text[65536];

/* A link's text as a string. */
static const char *link_text(const char *name)
{
	static char target[4096];
	ssize_t length = readlink(name, target, sizeof(target) - 1);

	target[length < 0 ? 0 : length] = 0;
	return target;
}

TEST(self_and_thread_self)
{
	char want[64];

	snprintf(want, sizeof(want), "%d", (int)getpid());
	CHECK_TEXT(link_text("/proc/self"), want);
	snprintf(want, sizeof(want), "%d/task/%d", (int)getpid(), (int)getpid());
	CHECK_TEXT(link_text("/proc/thread-self"), want);
	CHECK_ERRNO(open("/proc/999999999/stat", O_RDONLY), ENOENT);
	CHECK_ERRNO(open("/proc/new", O_RDWR | O_CREAT, 0600), ENOENT);
	CHECK_ERRNO(mkdir("/proc/new", 0700), ENOENT);
}

TEST(links_of_a_process)
{
	char here[512];

	REQUIRE_OK(mkdir("d", 0755));
	REQUIRE_OK(chdir("d"));
	REQUIRE(getcwd(here, sizeof(here)) != NULL);
	CHECK_TEXT(link_text("/proc/self/cwd"), here);
	CHECK_TEXT(link_text("/proc/self/root"), "/");
	CHECK_TEXT(link_text("/proc/self/exe"), check_program);
	CHECK_OK(open("/proc/self/exe", O_RDONLY));
	REQUIRE_OK(rmdir(here));
	strcat(here, " (deleted)");
	CHECK_TEXT(link_text("/proc/self/cwd"), here);
}

TEST(stat_fields)
{
	long long field[60];
	char state = 0, *at;
	int count = 3, pid = 0;

	REQUIRE_OK(prctl(PR_SET_NAME, "a) (b"));
	REQUIRE(file_read("/proc/self/stat", text, sizeof(text)) > 0);
	REQUIRE(sscanf(text, "%d (a) (b) %c", &pid, &state) == 2);
	CHECK_EQUAL(pid, getpid());
	CHECK_EQUAL(state, 'R');
	at = strrchr(text, ')') + 3;
	while (count < 52 && *at)
		field[++count] = (long long)strtoull(at, &at, 10);
	CHECK_EQUAL(count, 52);
	CHECK_EQUAL(field[4], getppid());
	CHECK_EQUAL(field[5], getpgrp());
	CHECK_EQUAL(field[6], getsid(0));
	CHECK_EQUAL(field[18], 20);
	CHECK_EQUAL(field[19], 0);
	CHECK_EQUAL(field[20], 1);
	CHECK(field[22] > 0);
	/* Reading allocates a little. */
	CHECK(llabs(field[23] / 1024 - field_number("/proc/self/status", "VmSize", 10)) < 128);
	CHECK(field[24] > 0);
	CHECK(field[28] > (long long)(uintptr_t)&state);
	CHECK_EQUAL(field[38], SIGCHLD);
	CHECK(field[39] >= 0 && field[39] < 64);
	CHECK_EQUAL(*at, '\n');
}

TEST(status_fields)
{
	char want[64], got[64];
	uint64_t mask = SIGNAL_BIT(SIGUSR1);

	REQUIRE_OK(prctl(PR_SET_NAME, "status-test"));
	REQUIRE_OK(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &mask, NULL, 8));
	REQUIRE_OK(raise(SIGUSR1));
	signal_ignore(SIGUSR2);
	signal_counted(SIGHUP, 0);
	CHECK(field_text("/proc/self/status", "Name", got, sizeof(got)));
	CHECK_TEXT(got, "status-test");
	CHECK(field_text("/proc/self/status", "Umask", got, sizeof(got)));
	CHECK_TEXT(got, "0022");
	CHECK(field_text("/proc/self/status", "State", got, sizeof(got)));
	CHECK_TEXT(got, "R (running)");
	CHECK_EQUAL(field_number("/proc/self/status", "Tgid", 10), getpid());
	CHECK_EQUAL(field_number("/proc/self/status", "Pid", 10), getpid());
	CHECK_EQUAL(field_number("/proc/self/status", "PPid", 10), getppid());
	CHECK_EQUAL(field_number("/proc/self/status", "TracerPid", 10), 0);
	CHECK(field_text("/proc/self/status", "Gid", got, sizeof(got)));
	CHECK_TEXT(got, "0\t0\t0\t0");
	CHECK_EQUAL(field_number("/proc/self/status", "Threads", 10), 1);
	CHECK_EQUAL(field_number("/proc/self/status", "SigPnd", 16) |
		    field_number("/proc/self/status", "ShdPnd", 16), mask);
	snprintf(want, sizeof(want), "%016llx", (unsigned long long)mask);
	CHECK(field_text("/proc/self/status", "SigBlk", got, sizeof(got)));
	CHECK_TEXT(got, want);
	CHECK_EQUAL(field_number("/proc/self/status", "SigIgn", 16) & SIGNAL_BIT(SIGUSR2),
		    SIGNAL_BIT(SIGUSR2));
	CHECK_EQUAL(field_number("/proc/self/status", "SigCgt", 16) & SIGNAL_BIT(SIGHUP),
		    SIGNAL_BIT(SIGHUP));
	CHECK_EQUAL(field_number("/proc/self/status", "NoNewPrivs", 10), 0);
	CHECK_AT_LEAST(field_number("/proc/self/status", "VmPeak", 10),
		       field_number("/proc/self/status", "VmSize", 10));
	CHECK_AT_LEAST(field_number("/proc/self/status", "voluntary_ctxt_switches", 10), 0);
	CHECK_AT_LEAST(field_number("/proc/self/status", "nonvoluntary_ctxt_switches", 10), 0);
	CHECK(field_text("/proc/self/status", "Cpus_allowed_list", got, sizeof(got)));
}

TEST(memory_numbers)
{
	long long size, resident, shared, before;
	char *start;

	REQUIRE(file_read("/proc/self/statm", text, sizeof(text)) > 0);
	REQUIRE(sscanf(text, "%lld %lld %lld", &size, &resident, &shared) == 3);
	CHECK(llabs(size * 4 - field_number("/proc/self/status", "VmSize", 10)) < 128);
	before = field_number("/proc/self/status", "VmRSS", 10);
	start = pages_private(500);
	memset(start, 1, 500 * PAGE);
	CHECK_AT_LEAST(field_number("/proc/self/status", "VmRSS", 10) - before, 1800);
	CHECK_AT_LEAST(field_number("/proc/self/status", "RssAnon", 10), 1800);
}

TEST(command_line_and_environment)
{
	long length = file_read("/proc/self/cmdline", text, sizeof(text));

	REQUIRE(length > 0);
	CHECK_EQUAL(text[length - 1], 0);
	CHECK(strstr(text, "system_proc") != NULL);
	CHECK(file_read("/proc/self/environ", text, sizeof(text)) > 0);
	CHECK(strchr(text, '=') != NULL);
	file_read("/proc/self/comm", text, sizeof(text));
	CHECK_TEXT(text, "system_proc\n");
}

TEST(descriptors_listed)
{
	char name[64], flags[64], want[64];
	struct dirent *entry;
	int fd, found = 0, count = 0;
	DIR *list;

	fd = file_open("/dev/null", O_WRONLY | O_APPEND | O_CLOEXEC);
	list = opendir("/proc/self/fd");
	REQUIRE(list != NULL);
	while ((entry = readdir(list)) != NULL) {
		count += entry->d_name[0] != '.';
		found += atoi(entry->d_name) == fd && entry->d_name[0] != '.';
	}
	CHECK_EQUAL(found, 1);
	CHECK_EQUAL(count, descriptor_count());
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	CHECK_TEXT(link_text(name), "/dev/null");
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	CHECK(field_text(name, "flags", flags, sizeof(flags)));
	snprintf(want, sizeof(want), "0%o", O_WRONLY | O_APPEND | O_CLOEXEC | O_LARGEFILE);
	CHECK_TEXT(flags, want);
	CHECK_EQUAL(field_number(name, "pos", 10), 0);
	close(fd);
	CHECK_ERRNO(open(name, O_RDONLY), ENOENT);
}

TEST(descriptors_of_unnamed_things)
{
	char name[64], want[64];
	struct stat status;
	int ends[2];

	REQUIRE_OK(pipe(ends));
	REQUIRE_OK(fstat(ends[0], &status));
	snprintf(name, sizeof(name), "/proc/self/fd/%d", ends[0]);
	snprintf(want, sizeof(want), "pipe:[%lu]", (unsigned long)status.st_ino);
	CHECK_TEXT(link_text(name), want);
	snprintf(name, sizeof(name), "/proc/self/fd/%d", (int)syscall(SYS_eventfd2, 0, 0));
	CHECK_TEXT(link_text(name), "anon_inode:[eventfd]");
	snprintf(name, sizeof(name), "/proc/self/fd/%d", (int)syscall(SYS_epoll_create1, 0));
	CHECK_TEXT(link_text(name), "anon_inode:[eventpoll]");
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", ends[0]);
	file_write("f", "abcdef");
	int fd = file_open("f", O_RDONLY);

	REQUIRE_OK(lseek(fd, 4, SEEK_SET));
	snprintf(name, sizeof(name), "/proc/self/fdinfo/%d", fd);
	CHECK_EQUAL(field_number(name, "pos", 10), 4);
}

TEST(maps_match_mappings)
{
	char want[512], here[300], *shared, *hidden;
	struct stat status;
	int fd;

	file_make("mapped", 3 * PAGE);
	fd = file_open("mapped", O_RDONLY);
	REQUIRE_OK(fstat(fd, &status));
	shared = mmap(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, PAGE);
	hidden = pages_private(3);
	REQUIRE_OK(mprotect(hidden + PAGE, PAGE, PROT_NONE));
	REQUIRE(file_read("/proc/self/maps", text, sizeof(text)) > 0);
	REQUIRE(getcwd(here, sizeof(here)) != NULL);
	snprintf(want, sizeof(want), "%08lx-%08lx r--s 00001000 ", (unsigned long)shared,
		 (unsigned long)shared + 2 * PAGE);
	CHECK(strstr(text, want) != NULL);
	snprintf(want, sizeof(want), " %lu ", (unsigned long)status.st_ino);
	CHECK(strstr(strstr(text, "r--s 00001000"), want) != NULL);
	snprintf(want, sizeof(want), " %s/mapped\n", here);
	CHECK(strstr(text, want) != NULL);
	snprintf(want, sizeof(want), "%08lx-%08lx ---p 00000000 00:00 0 ",
		 (unsigned long)hidden + PAGE, (unsigned long)hidden + 2 * PAGE);
	CHECK(strstr(text, want) != NULL);
	CHECK(strstr(text, "[stack]") != NULL);
	CHECK(strstr(text, "[vdso]") != NULL);
}

TEST(maps_are_sorted_and_apart)
{
	unsigned long low, high, before = 0;
	int lines = 0;
	FILE *maps;

	sbrk(PAGE);
	maps = fopen("/proc/self/maps", "r");
	REQUIRE(maps != NULL);
	while (fgets(text, sizeof(text), maps)) {
		char flags[5], offset[20], device[20], inode[20];

		REQUIRE(sscanf(text, "%lx-%lx %4s %19s %19s %19s", &low, &high, flags, offset,
			device,
			       inode) == 6);
		REQUIRE(low >= before && high > low && low % PAGE == 0 && high % PAGE == 0);
		before = high;
		lines++;
	}
	CHECK_AT_LEAST(lines, 6);
	fclose(maps);
}

TEST(smaps_add_up)
{
	char *start = pages_private(100);
	char head[64];
	const char *at;
	long size = -1, resident = -1, locked = -1;

	memset(start, 1, 60 * PAGE);
	REQUIRE_OK(mprotect(start + 99 * PAGE, PAGE, PROT_NONE));
	REQUIRE(file_read("/proc/self/smaps", text, sizeof(text)) > 0);
	snprintf(head, sizeof(head), "-%lx rw-p", (unsigned long)start + 99 * PAGE);
	at = strstr(text, head);
	REQUIRE(at != NULL);
	sscanf(strstr(at, "Size:"), "Size: %ld kB", &size);
	sscanf(strstr(at, "Rss:"), "Rss: %ld kB", &resident);
	sscanf(strstr(at, "Locked:"), "Locked: %ld kB", &locked);
	CHECK_AT_LEAST(size, 99 * 4);
	CHECK_AT_LEAST(resident, 240);
	CHECK_EQUAL(locked, 0);
}

TEST(limits_file)
{
	struct rlimit limit = { 77, 99 };

	REQUIRE_OK(setrlimit(RLIMIT_NOFILE, &limit));
	REQUIRE(file_read("/proc/self/limits", text, sizeof(text)) > 0);
	CHECK(strncmp(text, "Limit                     Soft Limit           Hard Limit           "
		      "Units     \n", 78) == 0);
	CHECK(strstr(text, "Max open files            77                   99                   "
		     "files     \n") != NULL);
	CHECK(strstr(text, "Max cpu time              unlimited            unlimited            "
		     "seconds   \n") != NULL);
}

TEST(other_files_of_a_process)
{
	static const char *const names[] = {
		"io", "wchan", "oom_score_adj", "oom_score", "mounts", "mountinfo", "auxv",
	};
	char name[64];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(name, sizeof(name), "/proc/self/%s", names[i]);
		if (!check_true(PLACE("readable"), file_read(name, text, sizeof(text)) > 0))
			printf("# %s\n", names[i]);
	}
	file_write("/proc/self/oom_score_adj", "500");
	file_read("/proc/self/oom_score_adj", text, sizeof(text));
	CHECK_TEXT(text, "500\n");
	CHECK_ERRNO(write(file_open("/proc/self/oom_score_adj", O_WRONLY), "1001", 4), EINVAL);
	CHECK_AT_LEAST(field_number("/proc/self/io", "rchar", 10), 1);
	CHECK_AT_LEAST(field_number("/proc/self/io", "syscr", 10), 1);
}

TEST(io_counts_transfers)
{
	long long before = field_number("/proc/self/io", "wchar", 10);
	int fd = file_open("f", O_RDWR | O_CREAT);

	for (int i = 0; i < 10; i++)
		REQUIRE(write(fd, text, 1000) == 1000);
	CHECK_AT_LEAST(field_number("/proc/self/io", "wchar", 10) - before, 10000);
}

TEST(system_files_parse)
{
	double up = 0, idle = 0, load[3];
	int running, total, last;
	struct sysinfo info;

	REQUIRE(file_read("/proc/uptime", text, sizeof(text)) > 0);
	CHECK_EQUAL(sscanf(text, "%lf %lf\n", &up, &idle), 2);
	REQUIRE_OK(sysinfo(&info));
	CHECK(up > 0 && llabs((long long)up - (long long)info.uptime) < 20);
	REQUIRE(file_read("/proc/loadavg", text, sizeof(text)) > 0);
	CHECK_EQUAL(sscanf(text, "%lf %lf %lf %d/%d %d\n", &load[0], &load[1], &load[2], &running,
			   &total, &last), 6);
	CHECK(running >= 1 && total >= running && last >= getpid());
	REQUIRE(file_read("/proc/version", text, sizeof(text)) > 0);
	CHECK(strncmp(text, "Linux version ", 14) == 0);
	CHECK_AT_LEAST(field_number("/proc/meminfo", "MemTotal", 10),
		       field_number("/proc/meminfo", "MemFree", 10));
	CHECK(field_number("/proc/meminfo", "MemAvailable", 10) > 0);
	CHECK(field_number("/proc/meminfo", "Cached", 10) >= 0);
	CHECK(field_number("/proc/meminfo", "SwapTotal", 10) >= 0);
}

TEST(system_lists)
{
	REQUIRE(file_read("/proc/filesystems", text, sizeof(text)) > 0);
	CHECK(strstr(text, "nodev\ttmpfs\n") != NULL);
	CHECK(strstr(text, "nodev\tproc\n") != NULL);
	REQUIRE(file_read("/proc/mounts", text, sizeof(text)) > 0);
	CHECK(strstr(text, " /proc proc rw") != NULL);
	REQUIRE(file_read("/proc/devices", text, sizeof(text)) > 0);
	CHECK(strncmp(text, "Character devices:\n", 19) == 0);
	CHECK(strstr(text, "  1 mem\n") != NULL);
	CHECK(strstr(text, "\nBlock devices:\n") != NULL);
	CHECK(file_read("/proc/cmdline", text, sizeof(text)) >= 0);
	REQUIRE(file_read("/proc/interrupts", text, sizeof(text)) > 0);
	CHECK(strstr(text, "CPU0") != NULL);
	REQUIRE(file_read("/proc/cpuinfo", text, sizeof(text)) > 0);
	CHECK(strstr(text, "processor\t: 0\n") != NULL);
}

/* The first numbers of the line of all CPUs in /proc/stat: user, nice, system. */
static void processor_times_read(unsigned long long times[3])
{
	REQUIRE(file_read("/proc/stat", text, sizeof(text)) > 0);
	REQUIRE(sscanf(text, "cpu  %llu %llu %llu", &times[0], &times[1], &times[2]) == 3);
}

TEST(processor_times)
{
	unsigned long long first[3], before[3], now[3];
	int64_t start = clock_now(CLOCK_PROCESS_CPUTIME_ID), passed;

	processor_times_read(first);
	CHECK(strstr(text, "\ncpu0 ") != NULL);
	CHECK(strstr(text, "\nintr ") != NULL && strstr(text, "\nctxt ") != NULL);
	CHECK(strstr(text, "\nbtime ") != NULL && strstr(text, "\nprocesses ") != NULL);
	memcpy(before, first, sizeof(before));
	/* Whoever counts by ticks may miss most of them where many share a CPU. */
	do {
		processor_times_read(now);
		for (int i = 0; i < 3; i++)
			REQUIRE(now[i] >= before[i]);
		memcpy(before, now, sizeof(before));
		passed = clock_now(CLOCK_PROCESS_CPUTIME_ID) - start;
	} while (passed < NANOSECONDS / 5 ||
		 (now[0] + now[2] < first[0] + first[2] + 3 && passed < 5 * NANOSECONDS));
	CHECK_AT_LEAST(now[0] + now[2], first[0] + first[2] + 3);
}

/* A power of two, a page at least. */
TEST(largest_pipe_is_rounded)
{
	static const struct { const char *written, *kept; } sizes[] = {
		{ "1", "4096\n" }, { "5000", "8192\n" }, { "0", "4096\n" },
		{ " 65536 ", "65536\n" },
	};
	char before[32], now[32];
	int fd = file_open("/proc/sys/fs/pipe-max-size", O_RDWR);

	REQUIRE(file_read("/proc/sys/fs/pipe-max-size", before, sizeof(before)) > 0);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		CHECK_OK(pwrite(fd, sizes[i].written, strlen(sizes[i].written), 0));
		file_read("/proc/sys/fs/pipe-max-size", now, sizeof(now));
		CHECK_TEXT(now, sizes[i].kept);
	}
	CHECK_ERRNO(pwrite(fd, "x", 1, 0), EINVAL);
	CHECK_ERRNO(pwrite(fd, "-5", 2, 0), EINVAL);
	CHECK_ERRNO(pwrite(fd, "99999999999", 11, 0), EINVAL);
	CHECK_OK(pwrite(fd, before, strlen(before), 0));
}

TEST(caches_are_dropped_when_asked)
{
	static const char name[] = "/proc/sys/vm/drop_caches";
	int fd = file_open(name, O_WRONLY);

	file_write("kept", "abc");
	CHECK_EQUAL(pwrite(fd, "3\n", 2, 0), 2);
	CHECK_EQUAL(pwrite(fd, "1", 1, 0), 1);
	CHECK_EQUAL(pwrite(fd, " 2 ", 3, 0), 3);
	file_read("kept", text, sizeof(text));
	CHECK_TEXT(text, "abc");
	CHECK_ERRNO(pwrite(fd, "0", 1, 0), EINVAL);
	CHECK_ERRNO(pwrite(fd, "5", 1, 0), EINVAL);
	CHECK_ERRNO(pwrite(fd, "-1", 2, 0), EINVAL);
	CHECK_ERRNO(pwrite(fd, "x", 1, 0), EINVAL);
	CHECK_ERRNO(open(name, O_RDONLY), EACCES);
	CHECK_ERRNO(open(name, O_RDWR), EACCES);
}

TEST(settings_of_the_system)
{
	static const char *const numbers[] = {
		"kernel/pid_max", "kernel/threads-max", "vm/overcommit_memory", "vm/max_map_count",
		"fs/file-max", "fs/pipe-max-size", "kernel/random/entropy_avail",
	};
	char name[64], again[64];

	for (size_t i = 0; i < COUNT(numbers); i++) {
		snprintf(name, sizeof(name), "/proc/sys/%s", numbers[i]);
		CHECK(file_read(name, text, sizeof(text)) > 0);
		CHECK(text[0] >= '0' && text[0] <= '9');
		CHECK_EQUAL(text[strlen(text) - 1], '\n');
	}
	file_read("/proc/sys/kernel/ostype", text, sizeof(text));
	CHECK_TEXT(text, "Linux\n");
	CHECK_EQUAL(file_read("/proc/sys/kernel/random/boot_id", text, sizeof(text)), 37);
	file_read("/proc/sys/kernel/random/boot_id", again, sizeof(again));
	CHECK_TEXT(again, text);
	CHECK_EQUAL(file_read("/proc/sys/kernel/random/uuid", text, sizeof(text)), 37);
	file_read("/proc/sys/kernel/random/uuid", again, sizeof(again));
	CHECK(strcmp(text, again) != 0);
	CHECK_EQUAL(text[14], '4');
}

TEST(reading_in_small_pieces)
{
	char piece, whole[4096];
	long length = file_read("/proc/self/limits", whole, sizeof(whole));
	int fd = file_open("/proc/self/limits", O_RDONLY);

	for (long i = 0; i < length; i++) {
		REQUIRE(read(fd, &piece, 1) == 1);
		REQUIRE(piece == whole[i]);
	}
	CHECK_EQUAL(read(fd, &piece, 1), 0);
	CHECK_EQUAL(pread(fd, &piece, 1, 5), 1);
	CHECK_EQUAL(piece, whole[5]);
	CHECK_FAULTS(pread(fd, bad, 10, 0));
	CHECK_EQUAL(file_size("/proc/self/limits"), 0);
}

TEST(processes_are_listed)
{
	struct dirent *entry;
	int found = 0;
	pid_t pid = fork();
	DIR *list;

	if (pid == 0)
		for (;;)
			pause();
	list = opendir("/proc");
	REQUIRE(list != NULL);
	while ((entry = readdir(list)) != NULL)
		found += atoi(entry->d_name) == pid || atoi(entry->d_name) == getpid();
	CHECK_EQUAL(found, 2);
	closedir(list);
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
}

TEST(other_users_files_are_closed)
{
	char name[64];
	int parent = getpid();

	IN_CHILD {
		user_become(NOBODY);
		snprintf(name, sizeof(name), "/proc/%d/environ", parent);
		CHECK_ERRNO(open(name, O_RDONLY), EACCES);
		snprintf(name, sizeof(name), "/proc/%d/fd", parent);
		CHECK_ERRNO(open(name, O_RDONLY), EACCES);
		snprintf(name, sizeof(name), "/proc/%d/cwd", parent);
		CHECK_ERRNO(readlink(name, text, 10), EACCES);
		snprintf(name, sizeof(name), "/proc/%d/status", parent);
		CHECK_OK(open(name, O_RDONLY));
	}
}
