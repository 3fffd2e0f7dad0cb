/*
 * Files of /proc/<pid> beyond their text: how long they live, whose they are, what may be written,
 * the memory and the namespaces of a process.
 */
#include "support.h"
#include <sys/ioctl.h>
#include <sys/statfs.h>

static char text[65536];

/* A link's text as a string. */
static const char *link_text(const char *name)
{
	static char target[4096];
	ssize_t length = readlink(name, target, sizeof(target) - 1);

	target[length < 0 ? 0 : length] = 0;
	return target;
}

/* What reading a file from its beginning gives: 1 for text, 0 for none, or the errno. */
static int reading(int fd)
{
	REQUIRE_OK(lseek(fd, 0, SEEK_SET));
	long got = read(fd, text, 4000);

	return got < 0 ? errno : got > 0;
}

/* A file opened while the process ran: read as a zombie's, opened anew, read when it is gone. */
static const struct { const char *name; int zombie, anew, gone; } lives[] = {
	{ "stat", 1, 1, ESRCH }, { "statm", 1, 1, ESRCH }, { "status", 1, 1, ESRCH },
	{ "cmdline", 0, 0, ESRCH }, { "comm", 1, 1, ESRCH }, { "environ", 0, 0, 0 },
	{ "auxv", 1, 0, 1 }, { "maps", 0, 0, ESRCH }, { "smaps", 0, 0, ESRCH },
	{ "smaps_rollup", ESRCH, ESRCH, ESRCH }, { "limits", 1, 1, ESRCH }, { "io", 1, 1, ESRCH },
	{ "oom_score", 1, 1, ESRCH }, { "oom_score_adj", 1, 1, ESRCH }, { "wchan", 1, 1, ESRCH },
	{ "personality", 1, 1, ESRCH }, { "schedstat", 1, 1, ESRCH }, { "mounts", 1, -EINVAL, 1 },
	{ "mountinfo", 1, -EINVAL, 1 }, { "fdinfo/0", ENOENT, -ENOENT, ENOENT },
	{ "mem", 0, 0, 0 },
};

TEST(files_of_a_process_that_is_gone)
{
	int fds[COUNT(lives)], directory, tasks, descriptors, fd;
	char name[64], base[32];
	siginfo_t ended;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	snprintf(base, sizeof(base), "/proc/%d", (int)pid);
	directory = file_open(base, O_RDONLY | O_DIRECTORY);
	tasks = REQUIRE_OK(openat(directory, "task", O_RDONLY | O_DIRECTORY));
	descriptors = REQUIRE_OK(openat(directory, "fd", O_RDONLY | O_DIRECTORY));
	for (size_t i = 0; i < COUNT(lives); i++)
		fds[i] = REQUIRE_OK(openat(directory, lives[i].name, O_RDONLY));
	REQUIRE_OK(kill(pid, SIGKILL));
	REQUIRE_OK(waitid(P_PID, pid, &ended, WEXITED | WNOWAIT));
	for (size_t i = 0; i < COUNT(lives); i++) {
		CHECK_EQUAL(reading(fds[i]), lives[i].zombie);
		fd = openat(directory, lives[i].name, O_RDONLY);
		CHECK_EQUAL(fd < 0 ? -errno : reading(fd), lives[i].anew);
		close(fd);
	}
	CHECK_ERRNO(readlinkat(directory, "exe", text, 10), ENOENT);
	CHECK_ERRNO(readlinkat(directory, "cwd", text, 10), ENOENT);
	CHECK_ERRNO(openat(descriptors, "0", O_RDONLY), ENOENT);
	child_wait(pid);
	for (size_t i = 0; i < COUNT(lives); i++)
		CHECK_EQUAL(reading(fds[i]), lives[i].gone);
	CHECK_ERRNO(openat(directory, "status", O_RDONLY), ESRCH);
	CHECK_ERRNO(openat(directory, "task", O_RDONLY), ESRCH);
	snprintf(name, sizeof(name), "%s/status", base);
	CHECK_ERRNO(open(name, O_RDONLY), ENOENT);
	CHECK_ERRNO(syscall(SYS_getdents64, directory, text, sizeof(text)), ENOENT);
	CHECK_ERRNO(syscall(SYS_getdents64, tasks, text, sizeof(text)), ENOENT);
	CHECK_ERRNO(syscall(SYS_getdents64, descriptors, text, sizeof(text)), ENOENT);
	CHECK_ERRNO(openat(descriptors, "0", O_RDONLY), ENOENT);
}

/* The working directory, and how it is told, when it is that of a process. */
TEST(directory_of_a_process_as_working_directory)
{
	char want[64], got[64];
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	REQUIRE_OK(chdir("/proc/self"));
	snprintf(want, sizeof(want), "/proc/%d", (int)getpid());
	REQUIRE(getcwd(got, sizeof(got)) != NULL);
	CHECK_TEXT(got, want);
	REQUIRE_OK(chdir("task"));
	strcat(want, "/task");
	REQUIRE(getcwd(got, sizeof(got)) != NULL);
	CHECK_TEXT(got, want);
	snprintf(want, sizeof(want), "/proc/%d", (int)pid);
	REQUIRE_OK(chdir(want));
	REQUIRE(getcwd(got, sizeof(got)) != NULL);
	CHECK_TEXT(got, want);
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
	CHECK_ERRNO(syscall(SYS_getcwd, got, sizeof(got)), ENOENT);
	strcat(want, " (deleted)");
	CHECK_TEXT(link_text("/proc/self/cwd"), want);
}

/* Who opened what a process runs does not see what it runs next. */
TEST(private_files_hold_to_the_program)
{
	char *arguments[] = { "x", "--helper", "wait", NULL }, name[48], byte;
	int environment, maps, memory, go[2], ready[2];
	pid_t pid;

	REQUIRE_OK(pipe(go));
	REQUIRE_OK(pipe(ready));
	pid = fork();
	if (pid == 0) {
		read(go[0], &byte, 1);
		dup2(ready[1], 1);
		execve(check_program, arguments, environ);
		_exit(1);
	}
	snprintf(name, sizeof(name), "/proc/%d/environ", (int)pid);
	environment = file_open(name, O_RDONLY);
	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	maps = file_open(name, O_RDONLY);
	snprintf(name, sizeof(name), "/proc/%d/mem", (int)pid);
	memory = file_open(name, O_RDWR);
	CHECK_EQUAL(reading(environment), 1);
	CHECK_EQUAL(reading(maps), 1);
	CHECK_EQUAL(pread(memory, text, 100, (off_t)(uintptr_t)check_program), 100);
	CHECK_BYTES(text, check_program, 20);
	REQUIRE(write(go[1], "g", 1) == 1);
	REQUIRE(read(ready[0], &byte, 1) == 1);
	CHECK_EQUAL(reading(environment), 0);
	CHECK_EQUAL(reading(maps), 0);
	CHECK_EQUAL(pread(memory, text, 100, (off_t)(uintptr_t)check_program), 0);
	CHECK_EQUAL(pwrite(memory, text, 100, (off_t)(uintptr_t)check_program), 0);
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
}

HELPER(wait)
{
	(void)argc;
	(void)argv;
	write(1, "r", 1);
	for (;;)
		pause();
	return 0;
}

TEST(memory_as_a_file)
{
	char *page = pages_private(3);
	off_t at = (off_t)(uintptr_t)page;
	int fd = file_open("/proc/self/mem", O_RDWR);

	strcpy(page, "in memory");
	CHECK_EQUAL(pread(fd, text, 10, at), 10);
	CHECK_TEXT(text, "in memory");
	CHECK_EQUAL(pwrite(fd, "IN", 2, at), 2);
	CHECK_TEXT(page, "IN memory");
	/* Even where the program itself may only read. */
	REQUIRE_OK(mprotect(page, PAGE, PROT_READ));
	CHECK_EQUAL(pwrite(fd, "at", 2, at), 2);
	CHECK_TEXT(page, "at memory");
	REQUIRE_OK(mprotect(page + PAGE, PAGE, PROT_NONE));
	CHECK_EQUAL(pread(fd, text, 4, at + PAGE), 4);
	REQUIRE_OK(munmap(page + 2 * PAGE, PAGE));
	CHECK_EQUAL(pread(fd, text, 2 * PAGE, at + PAGE), PAGE);
	CHECK_ERRNO(pread(fd, text, 1, at + 2 * PAGE), EIO);
	CHECK_ERRNO(pwrite(fd, text, 1, at + 2 * PAGE), EIO);
	CHECK_ERRNO(pread(fd, text, 1, 0), EIO);
	CHECK_FAULTS(pread(fd, bad, 10, at));
	CHECK_FAULTS(pwrite(fd, bad, 10, at));
	CHECK_EQUAL(lseek(fd, at, SEEK_SET), at);
	CHECK_EQUAL(lseek(fd, 3, SEEK_CUR), at + 3);
	CHECK_EQUAL(read(fd, text, 6), 6);
	CHECK_BYTES(text, "memory", 6);
	CHECK_ERRNO(lseek(fd, 0, SEEK_END), EINVAL);
}

TEST(namespaces)
{
	static const char *const names[] = {
		"cgroup", "ipc", "mnt", "net", "pid", "pid_for_children", "time",
		"time_for_children", "user", "uts",
	};
	static const int types[] = {
		0x02000000, 0x08000000, 0x00020000, 0x40000000, 0x20000000, 0x20000000, 0x80,
		0x80, 0x10000000, 0x04000000,
	};
	struct stat status, first;
	struct statfs system;
	char name[48], want[48];
	unsigned owner = 1;
	int fd;

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(name, sizeof(name), "/proc/self/ns/%s", names[i]);
		fd = file_open(name, O_RDONLY);
		REQUIRE_OK(fstat(fd, &status));
		CHECK_EQUAL(status.st_mode, S_IFREG | 0444);
		CHECK_EQUAL(status.st_size, 0);
		snprintf(want, sizeof(want), "%.*s:[%lu]", (int)strcspn(names[i], "_"), names[i],
			 (unsigned long)status.st_ino);
		CHECK_TEXT(link_text(name), want);
		snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
		CHECK_TEXT(link_text(name), want);
		CHECK_EQUAL(ioctl(fd, 0xb703), types[i]);
		CHECK_ERRNO(read(fd, want, 1), EINVAL);
		REQUIRE_OK(fstatfs(fd, &system));
		CHECK_EQUAL(system.f_type, 0x6e736673);
		snprintf(name, sizeof(name), "/proc/1/ns/%s", names[i]);
		REQUIRE_OK(stat(name, &first));
		CHECK_EQUAL(first.st_ino, status.st_ino);
		CHECK_EQUAL(first.st_dev, status.st_dev);
	}
	fd = file_open("/proc/self/ns/user", O_RDONLY);
	CHECK_OK(ioctl(fd, 0xb704, &owner));
	CHECK_EQUAL(owner, 0);
	CHECK_FAULTS(ioctl(fd, 0xb704, bad));
	CHECK_ERRNO(ioctl(fd, 0xb701), EPERM);
	CHECK_ERRNO(ioctl(fd, 0xb702), EPERM);
	fd = file_open("/proc/self/ns/uts", O_RDONLY);
	CHECK_ERRNO(ioctl(fd, 0xb704, &owner), EINVAL);
	CHECK_ERRNO(ioctl(fd, 0xb702), EINVAL);
	CHECK_ERRNO(ioctl(fd, TCGETS, text), ENOTTY);
	fd = REQUIRE_OK(ioctl(fd, 0xb701));
	CHECK_EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(ioctl(fd, 0xb703), 0x10000000);
	CHECK_ERRNO(open("/proc/self/ns/none", O_RDONLY), ENOENT);
	IN_CHILD {
		snprintf(name, sizeof(name), "/proc/%d/ns/uts", (int)getppid());
		user_become(NOBODY);
		CHECK_ERRNO(readlink(name, text, 100), EACCES);
		CHECK_ERRNO(open(name, O_RDONLY), EACCES);
	}
}

TEST(writing_where_nothing_is_to_be_written)
{
	CHECK_ERRNO(write(file_open("/proc/version", O_WRONLY), "x", 1), EIO);
	CHECK_ERRNO(write(file_open("/proc/self/status", O_WRONLY), "x", 1), EINVAL);
	CHECK_ERRNO(open("/proc/sys/kernel/ostype", O_WRONLY), EACCES);
	CHECK_ERRNO(open("/proc/sys/kernel/ostype", O_RDWR), EACCES);
	CHECK_ERRNO(access("/proc/sys/kernel/ostype", W_OK), EACCES);
	CHECK_ERRNO(chmod("/proc/sys/kernel/ostype", 0666), EPERM);
	CHECK_ERRNO(open("/proc/sys/kernel/new", O_WRONLY | O_CREAT, 0600), ENOENT);
	CHECK_ERRNO(mkdir("/proc/sys/new", 0700), ENOENT);
	CHECK_ERRNO(read(file_open("/proc/self", O_RDONLY), text, 10), EISDIR);
	CHECK_ERRNO(read(file_open("/proc/sys", O_RDONLY), text, 10), EISDIR);
	CHECK_ERRNO(symlink("x", "/proc/self/new"), ENOENT);
	CHECK_ERRNO(unlink("/proc/version"), EPERM);
	CHECK_ERRNO(rename("/proc/version", "/proc/new"), ENOENT);
}

/* A directory of /proc stands for its process where a signal is sent, and nowhere else. */
TEST(directory_as_process_descriptor)
{
	char name[32];
	siginfo_t info;
	int fd, task, path;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	snprintf(name, sizeof(name), "/proc/%d", (int)pid);
	fd = file_open(name, O_RDONLY | O_DIRECTORY);
	path = file_open(name, O_PATH);
	task = REQUIRE_OK(openat(fd, "task", O_RDONLY));
	CHECK_OK(syscall(SYS_pidfd_send_signal, fd, 0, NULL, 0));
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, path, 0, NULL, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, task, 0, NULL, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, file_open("/proc", O_RDONLY), 0, NULL, 0),
		    EBADF);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, file_open(".", O_RDONLY), 0, NULL, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_waitid, 3, fd, &info, WEXITED | WNOHANG, NULL), EBADF);
	CHECK_ERRNO(syscall(SYS_pidfd_getfd, fd, 0, 0), EBADF);
	CHECK_OK(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0));
	child_wait(pid);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0), ESRCH);
}

/* The field that told where a process waits tells only whether it does. */
TEST(waiting_is_told)
{
	char name[32];
	long long wait = -1;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	REQUIRE(process_await(pid, 'S'));
	snprintf(name, sizeof(name), "/proc/%d/stat", (int)pid);
	for (int i = 0; i < 2; i++) {
		char *at;

		REQUIRE(file_read(i ? "/proc/self/stat" : name, text, sizeof(text)) > 0);
		at = strrchr(text, ')') + 2;
		for (int field = 3; field < 35; field++)
			at = strchr(at, ' ') + 1;
		sscanf(at, "%lld", &wait);
		CHECK_EQUAL(wait, i == 0);
	}
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
}

/* One link for each directory below, processes included. */
TEST(links_count_directories)
{
	struct stat before, after, status;
	pid_t pid = 0;

	/* Threads of the kernel come and go, and are counted too. */
	for (int i = 0; i < 20; i++) {
		if (pid) {
			REQUIRE_OK(kill(pid, SIGKILL));
			child_wait(pid);
		}
		REQUIRE_OK(stat("/proc", &before));
		pid = fork();
		if (pid == 0)
			for (;;)
				pause();
		REQUIRE_OK(stat("/proc", &after));
		if (after.st_nlink == before.st_nlink + 1)
			break;
	}
	CHECK_EQUAL(after.st_nlink, before.st_nlink + 1);
	REQUIRE_OK(stat("/proc/self", &status));
	CHECK_AT_LEAST(status.st_nlink, 6);
	REQUIRE_OK(stat("/proc/self/task", &status));
	CHECK_EQUAL(status.st_nlink, 3);
	REQUIRE_OK(stat("/proc/self/fd", &status));
	CHECK_EQUAL(status.st_nlink, 2);
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
}
