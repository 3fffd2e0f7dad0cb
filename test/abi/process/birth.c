/*
 * fork, vfork, clone and clone3: what the child gets, what is shared under
 * each flag, identifiers and descriptors of processes, refusals.
 */
#include "support.h"
#include <poll.h>
#include <sched.h>

static long raw_clone3(struct kernel_clone_args *arguments)
{
	return syscall(SYS_clone3, arguments, sizeof(*arguments));
}

/* clone as a fork with these flags; argument order differs by CPU, here only zeros follow. */
static long raw_fork(unsigned long flags)
{
	return syscall(SYS_clone, flags, 0, 0, 0, 0);
}

TEST(child_and_parent_know_each_other)
{
	int parent = getpid();
	pid_t pid = raw_fork(SIGCHLD);

	if (pid == 0) {
		CHECK_EQUAL(syscall(SYS_getppid), parent);
		CHECK_EQUAL(syscall(SYS_gettid), syscall(SYS_getpid));
		CHECK(syscall(SYS_getpid) != parent);
		check_child_end();
	}
	CHECK(pid > 0);
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(registers_and_stack_survive_fork)
{
	int numbers[64];

	for (int i = 0; i < 64; i++)
		numbers[i] = i * i;
	IN_CHILD {
		for (int i = 0; i < 64; i++)
			CHECK_EQUAL(numbers[i], i * i);
		CHECK_EQUAL((int)(1.5 * numbers[2]), 6);
	}
}

TEST(state_of_a_new_child)
{
	uint64_t pending = 1;
	struct timespec cpu;

	signal_counted(SIGUSR1, 0);
	alarm(100);
	umask(077);
	REQUIRE_OK(chdir("/"));
	sigset_t block;

	sigemptyset(&block);
	sigaddset(&block, SIGUSR1);
	REQUIRE_OK(sigprocmask(SIG_BLOCK, &block, NULL));
	REQUIRE_OK(raise(SIGUSR1));
	IN_CHILD {
		char here[8];
		struct sigaction action;
		sigset_t mask;

		CHECK_EQUAL(alarm(0), 0);
		CHECK_OK(syscall(SYS_rt_sigpending, &pending, 8));
		CHECK_EQUAL(pending, 0);
		REQUIRE_OK(sigprocmask(SIG_BLOCK, NULL, &mask));
		CHECK_EQUAL(sigismember(&mask, SIGUSR1), 1);
		REQUIRE_OK(sigaction(SIGUSR1, NULL, &action));
		CHECK(action.sa_handler != SIG_DFL);
		CHECK_EQUAL(umask(0), 077);
		CHECK_TEXT(getcwd(here, 8), "/");
		REQUIRE_OK(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu));
		CHECK(cpu.tv_sec < 2);
	}
	CHECK(alarm(0) > 10);
}

TEST(vfork_waits_for_the_child)
{
	volatile int *seen = pages_shared(1);
	pid_t pid = vfork();

	if (pid == 0) {
		sleep_milliseconds(50);
		*seen = 1;
		_exit(3);
	}
	CHECK_EQUAL(*seen, 1);
	CHECK_EQUAL(child_exit_code(pid), 3);
}

TEST(vfork_shares_memory)
{
	volatile int value = 1;
	pid_t pid = vfork();

	if (pid == 0) {
		value = 2;
		_exit(0);
	}
	CHECK_EQUAL(value, 2);
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(vfork_and_exec)
{
	pid_t pid = vfork();

	if (pid == 0) {
		execl("/none", "none", NULL);
		_exit(errno == ENOENT ? 7 : 8);
	}
	CHECK_EQUAL(child_exit_code(pid), 7);
}

TEST(shared_files)
{
	int fd = file_open(".", O_RDONLY);
	pid_t pid = raw_fork(SIGCHLD | CLONE_FILES);

	if (pid == 0) {
		dup2(fd, 100);
		close(fd);
		_exit(0);
	}
	CHECK_EQUAL(child_wait(pid), 0);
	CHECK_EQUAL(fcntl(100, F_GETFD), 0);
	CHECK_ERRNO(fcntl(fd, F_GETFD), EBADF);
}

TEST(shared_directories)
{
	pid_t pid;
	char here[512];

	REQUIRE_OK(mkdir("d", 0755));
	pid = raw_fork(SIGCHLD | CLONE_FS);
	if (pid == 0) {
		chdir("d");
		umask(0111);
		_exit(0);
	}
	CHECK_EQUAL(child_wait(pid), 0);
	REQUIRE(getcwd(here, sizeof(here)) != NULL);
	CHECK_TEXT(strrchr(here, '/'), "/d");
	CHECK_EQUAL(umask(022), 0111);
}

TEST(exit_signal_is_chosen)
{
	pid_t pid;
	int status;

	signal_counted(SIGCHLD, 0);
	signal_counted(SIGUSR1, 0);
	pid = raw_fork(SIGUSR1);
	if (pid == 0)
		_exit(4);
	CHECK_ERRNO(waitpid(pid, &status, 0), ECHILD);
	CHECK_EQUAL(waitpid(pid, &status, __WCLONE), pid);
	CHECK_EQUAL(status, 4 << 8);
	CHECK_EQUAL(signal_count(SIGUSR1), 1);
	CHECK_EQUAL(signal_count(SIGCHLD), 0);
	pid = raw_fork(0);
	if (pid == 0)
		_exit(5);
	CHECK_EQUAL(waitpid(pid, &status, __WALL), pid);
	CHECK_EQUAL(signal_count(SIGCHLD), 0);
}

TEST(parent_of_the_parent)
{
	int grandparent = getpid();

	IN_CHILD {
		pid_t pid = raw_fork(SIGCHLD | CLONE_PARENT);

		if (pid == 0)
			_exit(getppid() == grandparent ? 9 : 1);
		CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD);
	}
	int status;

	CHECK(waitpid(-1, &status, 0) > 0);
	CHECK_EQUAL(status, 9 << 8);
}

TEST(identifier_written_to_both_sides)
{
	int *ids = pages_shared(1);
	struct kernel_clone_args arguments = {
		.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, .exit_signal = SIGCHLD,
		.parent_tid = (uintptr_t)&ids[0], .child_tid = (uintptr_t)&ids[2],
	};
	pid_t pid = raw_clone3(&arguments);

	if (pid == 0)
		_exit(ids[2] == getpid() ? 0 : 1);
	CHECK_EQUAL(ids[0], pid);
	CHECK_EQUAL(ids[1], 0);
	CHECK_EQUAL(child_wait(pid), 0);
	CHECK_EQUAL(ids[2], pid);
}

TEST(identifiers_that_cannot_be_written_are_passed_over)
{
	struct kernel_clone_args arguments = {
		.flags = CLONE_PARENT_SETTID | CLONE_CHILD_SETTID, .exit_signal = SIGCHLD,
	};

	for (size_t i = 0; i < bad_count; i++) {
		pid_t pid;

		arguments.parent_tid = arguments.child_tid = (uintptr_t)bad_addresses[i];
		pid = REQUIRE_OK(raw_clone3(&arguments));
		if (pid == 0)
			_exit(5);
		CHECK_EQUAL(child_wait(pid), 5 << 8);
	}
}

TEST(clone3_structure)
{
	struct { struct kernel_clone_args known; uint64_t more; } large = { { 0 }, 0 };
	pid_t pid;

	large.known.exit_signal = SIGCHLD;
	pid = syscall(SYS_clone3, &large, sizeof(large));
	if (pid == 0)
		_exit(0);
	CHECK_EQUAL(child_wait(pid), 0);
	pid = syscall(SYS_clone3, &large, 64);
	if (pid == 0)
		_exit(0);
	CHECK_EQUAL(child_wait(pid), 0);
	large.more = 1;
	CHECK_ERRNO(syscall(SYS_clone3, &large, sizeof(large)), E2BIG);
	CHECK_ERRNO(syscall(SYS_clone3, &large, 63), EINVAL);
	CHECK_ERRNO(syscall(SYS_clone3, &large, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_clone3, &large, 5000), E2BIG);
	CHECK_FAULTS(syscall(SYS_clone3, bad, 88));
}

TEST(clone3_refusals)
{
	static const struct kernel_clone_args refused[] = {
		{ .exit_signal = 65 },
		{ .exit_signal = 256 },
		{ .exit_signal = SIGCHLD, .flags = 0xff },
		{ .exit_signal = SIGCHLD, .flags = 1ull << 50 },
		{ .exit_signal = SIGCHLD, .stack_size = 4096 },
		{ .exit_signal = SIGCHLD, .stack = 4096 },
		{ .flags = CLONE_THREAD },
		{ .flags = CLONE_SIGHAND },
		{ .flags = CLONE_THREAD | CLONE_SIGHAND },
		{ .flags = CLONE_THREAD | CLONE_SIGHAND | CLONE_VM, .exit_signal = SIGCHLD },
		{ .flags = CLONE_SIGHAND | CLONE_VM | CLONE_CLEAR_SIGHAND },
		{ .flags = CLONE_FS | CLONE_NEWNS },
		{ .exit_signal = SIGCHLD, .set_tid_size = 1 },
		{ .exit_signal = SIGCHLD, .set_tid = 8 },
	};

	for (size_t i = 0; i < COUNT(refused); i++) {
		struct kernel_clone_args arguments = refused[i];
		long pid = raw_clone3(&arguments);

		if (pid == 0)
			_exit(0);
		if (!check_errno(PLACE("raw_clone3(refused[i])"), pid, EINVAL))
			printf("# case %zu\n", i);
	}
	CHECK_ERRNO(raw_fork(CLONE_THREAD | SIGCHLD), EINVAL);
	CHECK_ERRNO(raw_fork(CLONE_SIGHAND | SIGCHLD), EINVAL);
}

TEST(clone3_clears_handlers)
{
	struct kernel_clone_args arguments = {
		.flags = CLONE_CLEAR_SIGHAND, .exit_signal = SIGCHLD,
	};
	struct sigaction action;
	pid_t pid;

	signal_counted(SIGUSR1, 0);
	signal_ignore(SIGUSR2);
	pid = raw_clone3(&arguments);
	if (pid == 0) {
		CHECK_OK(sigaction(SIGUSR1, NULL, &action));
		CHECK(action.sa_handler == SIG_DFL);
		CHECK_OK(sigaction(SIGUSR2, NULL, &action));
		CHECK(action.sa_handler == SIG_IGN);
		check_child_end();
	}
	CHECK_EQUAL(child_wait(pid), 0);
}

TEST(pidfd_of_a_new_child)
{
	int pidfd = -1;
	struct kernel_clone_args arguments = {
		.flags = CLONE_PIDFD, .exit_signal = SIGCHLD, .pidfd = (uintptr_t)&pidfd,
	};
	struct pollfd file;
	pid_t pid = raw_clone3(&arguments);
	siginfo_t info;

	if (pid == 0) {
		pause();
		_exit(0);
	}
	CHECK(pidfd > 2);
	CHECK_EQUAL(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	file = (struct pollfd){ pidfd, POLLIN, 0 };
	CHECK_EQUAL(poll(&file, 1, 0), 0);
	CHECK_OK(syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0));
	CHECK_EQUAL(poll(&file, 1, -1), 1);
	CHECK_EQUAL(file.revents, POLLIN);
	CHECK_OK(syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED, NULL));
	CHECK_EQUAL(info.si_pid, pid);
	CHECK_EQUAL(info.si_status, SIGKILL);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0), ESRCH);
}

TEST(pidfd_open_and_refusals)
{
	int pidfd = REQUIRE_OK(syscall(SYS_pidfd_open, getpid(), 0));
	siginfo_t info = { 0 };

	CHECK_EQUAL(fcntl(pidfd, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(fcntl(pidfd, F_GETFL), O_RDWR);
	CHECK_ERRNO(syscall(SYS_pidfd_open, 0, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_pidfd_open, -1, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_pidfd_open, 0x7ffffff0, 0), ESRCH);
	CHECK_ERRNO(syscall(SYS_pidfd_open, getpid(), 1), EINVAL);
	CHECK_EQUAL(fcntl(syscall(SYS_pidfd_open, getpid(), O_NONBLOCK), F_GETFL),
		    O_RDWR | O_NONBLOCK);
	signal_counted(SIGUSR1, 0);
	CHECK_OK(syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, NULL, 0));
	CHECK_EQUAL(signal_count(SIGUSR1), 1);
	CHECK_OK(syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0));
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, NULL, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, pidfd, 65, NULL, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, 999, SIGUSR1, NULL, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, 0, SIGUSR1, NULL, 0), EBADF);
	CHECK_FAULTS(syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, bad, 0));
	info.si_signo = SIGUSR2;
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, pidfd, SIGUSR1, &info, 0), EINVAL);
}

static int opened(const char *form, int id, int flags)
{
	char name[64];

	snprintf(name, sizeof(name), form, id, id);
	return REQUIRE_OK(open(name, flags));
}

/* The directory of a process is as good as a pidfd, for signals only. */
TEST(signal_through_a_directory_of_proc)
{
	int mine = opened("/proc/%d", getpid(), O_RDONLY | O_DIRECTORY), other;
	int unopened = opened("/proc/%d", getpid(), O_PATH);
	int task = opened("/proc/%d/task/%d", getpid(), O_RDONLY | O_DIRECTORY);
	int file = opened("/proc/%d/stat", getpid(), O_RDONLY);
	siginfo_t info;
	pid_t pid;

	signal_counted(SIGUSR1, 0);
	CHECK_OK(syscall(SYS_pidfd_send_signal, mine, SIGUSR1, NULL, 0));
	CHECK_EQUAL(signal_count(SIGUSR1), 1);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, unopened, SIGUSR1, NULL, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, task, SIGUSR1, NULL, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, file, SIGUSR1, NULL, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_waitid, P_PIDFD, mine, &info, WEXITED, NULL), EBADF);
	CHECK_ERRNO(syscall(SYS_pidfd_getfd, mine, 0, 0), EBADF);
	CHECK_EQUAL(signal_count(SIGUSR1), 1);

	pid = fork();
	if (pid == 0) {
		pause();
		_exit(0);
	}
	other = opened("/proc/%d", pid, O_RDONLY | O_DIRECTORY);
	CHECK_OK(syscall(SYS_pidfd_send_signal, other, SIGKILL, NULL, 0));
	CHECK_OK(waitid(P_PID, pid, &info, WEXITED | WNOWAIT));
	CHECK_EQUAL(info.si_status, SIGKILL);
	/* It has ended and is still known. */
	CHECK_OK(syscall(SYS_pidfd_send_signal, other, SIGUSR1, NULL, 0));
	CHECK_OK(syscall(SYS_pidfd_send_signal, other, 0, NULL, 0));
	child_wait(pid);
	CHECK_ERRNO(syscall(SYS_pidfd_send_signal, other, SIGUSR1, NULL, 0), ESRCH);
}

TEST(pidfd_getfd_copies_a_descriptor)
{
	int ends[2], pidfd, copy;
	pid_t pid;
	char byte;

	REQUIRE_OK(pipe(ends));
	pid = fork();
	if (pid == 0) {
		int inner[2];

		if (pipe(inner) != 0 || dup2(inner[0], 100) != 100)
			_exit(1);
		write(inner[1], "g", 1);
		write(ends[1], "r", 1);
		pause();
	}
	REQUIRE(read(ends[0], &byte, 1) == 1);
	pidfd = REQUIRE_OK(syscall(SYS_pidfd_open, pid, 0));
	copy = REQUIRE_OK(syscall(SYS_pidfd_getfd, pidfd, 100, 0));
	CHECK_EQUAL(fcntl(copy, F_GETFD), FD_CLOEXEC);
	CHECK_EQUAL(read(copy, &byte, 1), 1);
	CHECK_EQUAL(byte, 'g');
	CHECK_ERRNO(syscall(SYS_pidfd_getfd, pidfd, 500, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_pidfd_getfd, pidfd, 100, 1), EINVAL);
	CHECK_ERRNO(syscall(SYS_pidfd_getfd, 999, 100, 0), EBADF);
	CHECK_ERRNO(syscall(SYS_pidfd_getfd, 0, 100, 0), EBADF);
	REQUIRE_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), SIGKILL);
	CHECK_ERRNO(syscall(SYS_pidfd_getfd, pidfd, 100, 0), ESRCH);
}

TEST(many_children)
{
	enum { CHILDREN = 200 };
	pid_t pids[CHILDREN];
	int sum = 0, status;

	for (int i = 0; i < CHILDREN; i++) {
		pids[i] = REQUIRE_OK(fork());
		if (pids[i] == 0)
			_exit(i & 0x7f);
	}
	for (int i = 0; i < CHILDREN; i++) {
		REQUIRE(waitpid(pids[i], &status, 0) == pids[i]);
		REQUIRE(WEXITSTATUS(status) == (i & 0x7f));
		sum++;
	}
	CHECK_EQUAL(sum, CHILDREN);
	CHECK_ERRNO(waitpid(-1, &status, 0), ECHILD);
}
