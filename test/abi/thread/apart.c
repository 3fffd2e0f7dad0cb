/*
 * Threads that share less than most: descriptors or directories of their own,
 * and what processes that share descriptors do to each other.
 */
#include "support.h"
#include <dirent.h>
#include <sched.h>

#define STACK (16 * PAGE)
#define CLONE_THREAD_ONLY (CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM)
#define CLOSE_RANGE_UNSHARED 2

/* A thread by the bare call: it may not use the library's own data while the first one runs. */
struct apart {
	volatile int tid, stage, told;
	volatile long results[8];
	int files[4];
};

static struct apart *shared;
static volatile int tid_word;

static void stage_reach(int stage)
{
	shared->stage = stage;
}

static void stage_await(int stage)
{
	while (shared->stage < stage)
		usleep(500);
}

static void told_await(int told)
{
	while (shared->told < told)
		syscall(SYS_sched_yield);
}

static int apart_start(int (*run)(void *), int flags)
{
	char *stack = pages_private(STACK / PAGE);

	shared = pages_shared(1);
	tid_word = 1;
	shared->tid = REQUIRE_OK(clone(run, stack + STACK, CLONE_THREAD_ONLY | flags |
				       CLONE_CHILD_CLEARTID, NULL, NULL, NULL, &tid_word));
	return shared->tid;
}

static void apart_end(void)
{
	while (tid_word)
		usleep(500);
}

static int end_thread(void)
{
	syscall(SYS_exit, 0);
	return 0;
}

static int end_late(void *unused)
{
	struct timespec wait = { 0, 50000000 };

	(void)unused;
	syscall(SYS_nanosleep, &wait, NULL);
	stage_reach(1);
	return end_thread();
}

TEST(a_thread_is_waited_for_like_a_child_of_vfork)
{
	apart_start(end_late, CLONE_FILES | CLONE_FS | CLONE_VFORK);
	CHECK_EQUAL(shared->stage, 1);
	apart_end();
}

static bool has_entry(const char *directory, int fd)
{
	char name[80], target[200];

	snprintf(name, sizeof(name), "%s/%d", directory, fd);
	return readlink(name, target, sizeof(target)) > 0;
}

static int change_descriptors(void *unused)
{
	(void)unused;
	told_await(1);
	shared->results[0] = syscall(SYS_fcntl, shared->files[0], F_GETFD);
	shared->results[1] = syscall(SYS_close, shared->files[0]);
	shared->results[2] = syscall(SYS_dup3, shared->files[1], 123, 0);
	/* What the other thread opened after the start is not here. */
	shared->results[3] = syscall(SYS_fcntl, shared->files[2], F_GETFD);
	stage_reach(1);
	told_await(2);
	return end_thread();
}

TEST(descriptors_of_a_thread_alone)
{
	int first = file_open(".", O_RDONLY), second = file_open("/", O_RDONLY), third;
	char own[60];

	apart_start(change_descriptors, CLONE_FS);
	third = file_open("/", O_RDONLY);
	shared->files[0] = first;
	shared->files[1] = second;
	shared->files[2] = third;
	shared->told = 1;
	stage_await(1);
	CHECK_EQUAL(shared->results[0], 0);
	CHECK_EQUAL(shared->results[1], 0);
	CHECK_EQUAL(shared->results[2], 123);
	CHECK_EQUAL(shared->results[3], -1);
	CHECK_EQUAL(fcntl(first, F_GETFD), 0);
	CHECK_ERRNO(fcntl(123, F_GETFD), EBADF);
	snprintf(own, sizeof(own), "/proc/self/task/%d/fd", shared->tid);
	CHECK(has_entry(own, 123));
	CHECK(!has_entry(own, first));
	CHECK(!has_entry(own, third));
	CHECK(has_entry("/proc/self/fd", first));
	CHECK(!has_entry("/proc/self/fd", 123));
	snprintf(own, sizeof(own), "/proc/%d/fd", shared->tid);
	CHECK(has_entry(own, 123));
	shared->told = 2;
	apart_end();
	CHECK_EQUAL(fcntl(second, F_GETFD), 0);
}

static int change_directories(void *unused)
{
	(void)unused;
	shared->results[0] = syscall(SYS_chdir, "/");
	shared->results[1] = syscall(SYS_umask, 0177);
	shared->results[2] = syscall(SYS_umask, 0177);
	shared->results[3] = syscall(SYS_openat, AT_FDCWD, "proc", O_PATH);
	stage_reach(1);
	told_await(1);
	return end_thread();
}

TEST(directories_of_a_thread_alone)
{
	char before[300], after[300], name[60];
	ssize_t length;

	umask(022);
	REQUIRE(getcwd(before, sizeof(before)) != NULL);
	apart_start(change_directories, CLONE_FILES);
	stage_await(1);
	CHECK_EQUAL(shared->results[0], 0);
	CHECK_EQUAL(shared->results[1], 022);
	CHECK_EQUAL(shared->results[2], 0177);
	REQUIRE(getcwd(after, sizeof(after)) != NULL);
	CHECK_TEXT(after, before);
	CHECK_EQUAL(umask(022), 022);
	/* The descriptors are shared. */
	CHECK(shared->results[3] >= 0);
	CHECK_EQUAL(fcntl(shared->results[3], F_GETFD), 0);
	snprintf(name, sizeof(name), "/proc/self/task/%d/cwd", shared->tid);
	length = readlink(name, after, sizeof(after) - 1);
	REQUIRE(length > 0);
	after[length] = '\0';
	CHECK_TEXT(after, "/");
	shared->told = 1;
	apart_end();
}

static int keep_until_told(void *unused)
{
	(void)unused;
	stage_reach(1);
	told_await(1);
	return end_thread();
}

/* The copy of a thread is closed when the thread ends, not when the process does. */
TEST(descriptors_close_with_their_thread)
{
	int ends[2];
	char byte;

	REQUIRE_OK(pipe(ends));
	apart_start(keep_until_told, CLONE_FS);
	stage_await(1);
	close(ends[1]);
	REQUIRE_OK(fcntl(ends[0], F_SETFL, O_NONBLOCK));
	CHECK_ERRNO(read(ends[0], &byte, 1), EAGAIN);
	shared->told = 1;
	apart_end();
	REQUIRE_OK(fcntl(ends[0], F_SETFL, 0));
	CHECK_EQUAL(read(ends[0], &byte, 1), 0);
}

static int unshare_and_close(void *unused)
{
	(void)unused;
	shared->results[0] = syscall(SYS_close_range, 100, ~0u, CLOSE_RANGE_UNSHARED);
	shared->results[1] = syscall(SYS_fcntl, 100, F_GETFD);
	stage_reach(1);
	told_await(1);
	return end_thread();
}

TEST(close_range_unshares_for_the_thread)
{
	REQUIRE_OK(dup2(0, 100));
	apart_start(unshare_and_close, CLONE_FS | CLONE_FILES);
	stage_await(1);
	CHECK_EQUAL(shared->results[0], 0);
	CHECK_EQUAL(shared->results[1], -1);
	CHECK_EQUAL(fcntl(100, F_GETFD), 0);
	shared->told = 1;
	apart_end();
}

static int try_lock(void *unused)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	(void)unused;
	shared->results[0] = syscall(SYS_fcntl, shared->files[0], F_SETLK, &lock);
	stage_reach(1);
	/* Closing here drops nothing of what the other table holds. */
	syscall(SYS_close, shared->files[0]);
	stage_reach(2);
	return end_thread();
}

/* POSIX locks belong to who shares the descriptors. */
TEST(locks_belong_to_the_table)
{
	struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET }, seen;
	int fd = file_open("locked", O_RDWR | O_CREAT);
	pid_t pid;

	REQUIRE_OK(fcntl(fd, F_SETLK, &lock));
	pid = syscall(SYS_clone, SIGCHLD | CLONE_FILES, 0, 0, 0, 0);
	if (pid == 0) {
		seen = lock;
		CHECK_OK(fcntl(fd, F_GETLK, &seen));
		CHECK_EQUAL(seen.l_type, F_UNLCK);
		CHECK_OK(fcntl(fd, F_SETLK, &lock));
		check_child_end();
	}
	CHECK_EQUAL(child_wait(pid), 0);
	IN_CHILD {
		seen = lock;
		CHECK_OK(fcntl(fd, F_GETLK, &seen));
		CHECK_EQUAL(seen.l_type, F_WRLCK);
		CHECK_EQUAL(seen.l_pid, getppid());
	}
	shared = NULL;
	apart_start(try_lock, CLONE_FS);
	shared->files[0] = fd;
	stage_await(2);
	apart_end();
	IN_CHILD {
		CHECK_ERRNO(fcntl(fd, F_SETLK, &lock), EAGAIN);
	}
}

HELPER(sees)
{
	return argc == 2 && fcntl(atoi(argv[0]), F_GETFD) == -1 &&
		fcntl(atoi(argv[1]), F_GETFD) == 0 ? 41 : 1;
}

/* What closes on exec closes for the program alone, even when others share its descriptors. */
TEST(exec_leaves_the_descriptors_of_others)
{
	int closing = open("/", O_RDONLY | O_CLOEXEC), staying = open("/", O_RDONLY);
	char first[12], second[12];
	pid_t pid;

	snprintf(first, sizeof(first), "%d", closing);
	snprintf(second, sizeof(second), "%d", staying);
	pid = syscall(SYS_clone, SIGCHLD | CLONE_FILES, 0, 0, 0, 0);
	if (pid == 0) {
		execl(check_program, "x", "--helper", "sees", first, second, NULL);
		_exit(2);
	}
	CHECK_EQUAL(child_exit_code(pid), 41);
	CHECK_EQUAL(fcntl(closing, F_GETFD), FD_CLOEXEC);
}

static char *execute_words[6];

static int execute_apart(void *unused)
{
	(void)unused;
	syscall(SYS_dup3, 0, 150, 0);
	syscall(SYS_close, 151);
	syscall(SYS_execve, check_program, execute_words, NULL);
	syscall(SYS_exit_group, 3);
	return 0;
}

/* Executing, a thread takes its own descriptors along. */
TEST(exec_by_a_thread_with_its_own_descriptors)
{
	pid_t pid = fork();

	if (pid == 0) {
		char *words[] = { "x", "--helper", "sees", "151", "150", NULL };

		memcpy(execute_words, words, sizeof(words));
		REQUIRE_OK(dup2(0, 151));
		apart_start(execute_apart, CLONE_FS);
		for (;;)
			pause();
	}
	CHECK_EQUAL(child_exit_code(pid), 41);
}

static int entries(const char *name)
{
	DIR *directory = opendir(name);
	int count = 0;

	if (directory == NULL)
		return -errno;
	while (readdir(directory) != NULL)
		count++;
	closedir(directory);
	return count;
}

static int stay(void *unused)
{
	(void)unused;
	stage_reach(1);
	for (;;)
		pause();
	return 0;
}

/* A leader that left has no files any more, though its threads have. */
TEST(files_of_a_leader_that_left)
{
	struct apart *parts = pages_shared(1);
	char name[60], target[100];
	pid_t pid = fork();
	int pidfd;

	if (pid == 0) {
		apart_start(stay, CLONE_FS | CLONE_FILES);
		stage_await(1);
		parts->tid = shared->tid;
		syscall(SYS_exit, 0);
	}
	REQUIRE(process_await(pid, 'Z'));
	snprintf(name, sizeof(name), "/proc/%d/fd", pid);
	CHECK_EQUAL(entries(name), 2);
	snprintf(name, sizeof(name), "/proc/%d/task/%d/fd", pid, parts->tid);
	CHECK(entries(name) > 2);
	snprintf(name, sizeof(name), "/proc/%d/cwd", pid);
	CHECK_ERRNO(readlink(name, target, sizeof(target)), ENOENT);
	snprintf(name, sizeof(name), "/proc/%d/task/%d/cwd", pid, parts->tid);
	CHECK(readlink(name, target, sizeof(target)) > 0);
	pidfd = REQUIRE_OK(syscall(SYS_pidfd_open, pid, 0));
	CHECK_ERRNO(syscall(SYS_pidfd_getfd, pidfd, 0, 0), ESRCH);
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), SIGKILL);
}

static int churn(void *unused)
{
	(void)unused;
	while (!shared->told) {
		int fd = syscall(SYS_openat, AT_FDCWD, "/", O_RDONLY);

		if (fd < 0)
			shared->results[0]++;
		syscall(SYS_dup3, fd, 90, 0);
		syscall(SYS_fchdir, 90);
		syscall(SYS_close, fd);
		shared->results[1]++;
	}
	return end_thread();
}

/* Others look at the files of threads that change and leave all the time. */
TEST(files_looked_at_while_threads_leave)
{
	char name[60];

	for (int round = 0; round < 40; round++) {
		apart_start(churn, round & 1 ? CLONE_FS : CLONE_FILES);
		for (int i = 0; i < 5; i++) {
			snprintf(name, sizeof(name), "/proc/self/task/%d/fd", shared->tid);
			CHECK(entries(name) > 2);
		}
		shared->told = 1;
		while (tid_word)
			entries(name);
		CHECK_EQUAL(shared->results[0], 0);
	}
}
