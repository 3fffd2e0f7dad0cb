/*
 * Process groups and sessions: who may move whom, orphaned groups, signals to
 * groups.
 */
#include "support.h"
#include <sys/prctl.h>

TEST(ids_by_default)
{
	int parent_group = syscall(SYS_getpgid, getppid()), session = syscall(SYS_getsid, 0);

	CHECK_EQUAL(syscall(SYS_getpgid, 0), getpid());
	CHECK_EQUAL(syscall(SYS_getpgid, getpid()), getpid());
	CHECK(parent_group >= 0);
	CHECK_EQUAL(syscall(SYS_getsid, getpid()), session);
	IN_CHILD {
		CHECK_EQUAL(syscall(SYS_getpgid, 0), getppid());
		CHECK_EQUAL(syscall(SYS_getsid, 0), session);
	}
	CHECK_ERRNO(syscall(SYS_getpgid, 0x7ffffff0), ESRCH);
	CHECK_ERRNO(syscall(SYS_getsid, 0x7ffffff0), ESRCH);
	CHECK_ERRNO(syscall(SYS_getpgid, -1), ESRCH);
}

TEST(new_session)
{
	CHECK_ERRNO(syscall(SYS_setsid), EPERM);
	IN_CHILD {
		CHECK_EQUAL(syscall(SYS_setsid), getpid());
		CHECK_EQUAL(syscall(SYS_getsid, 0), getpid());
		CHECK_EQUAL(syscall(SYS_getpgid, 0), getpid());
		CHECK_ERRNO(syscall(SYS_setsid), EPERM);
		CHECK_ERRNO(syscall(SYS_setpgid, 0, 0), EPERM);
		IN_CHILD {
			CHECK_EQUAL(syscall(SYS_getsid, 0), getppid());
			CHECK_OK(syscall(SYS_setpgid, 0, 0));
		}
	}
}

TEST(moving_between_groups)
{
	pid_t one = fork(), two;

	if (one == 0)
		for (;;)
			pause();
	two = fork();
	if (two == 0)
		for (;;)
			pause();
	CHECK_OK(syscall(SYS_setpgid, one, one));
	CHECK_EQUAL(syscall(SYS_getpgid, one), one);
	CHECK_OK(syscall(SYS_setpgid, two, one));
	CHECK_EQUAL(syscall(SYS_getpgid, two), one);
	CHECK_OK(syscall(SYS_setpgid, two, 0));
	CHECK_EQUAL(syscall(SYS_getpgid, two), two);
	CHECK_OK(syscall(SYS_setpgid, two, getpid()));
	CHECK_EQUAL(syscall(SYS_getpgid, two), getpid());
	REQUIRE_OK(kill(one, SIGKILL));
	REQUIRE_OK(kill(two, SIGKILL));
	CHECK_EQUAL(child_wait(one), SIGKILL);
	CHECK_EQUAL(child_wait(two), SIGKILL);
}

TEST(setpgid_refusals)
{
	int ends[2], other[2];
	pid_t pid;
	char byte;

	CHECK_ERRNO(syscall(SYS_setpgid, 0, -1), EINVAL);
	CHECK_ERRNO(syscall(SYS_setpgid, -1, 0), EINVAL);
	CHECK_ERRNO(syscall(SYS_setpgid, 0x7ffffff0, 0), ESRCH);
	CHECK_ERRNO(syscall(SYS_setpgid, getppid(), 0), ESRCH);
	REQUIRE_OK(pipe(ends));
	REQUIRE_OK(pipe(other));
	pid = fork();
	if (pid == 0) {
		setsid();
		write(ends[1], "r", 1);
		for (;;)
			pause();
	}
	REQUIRE(read(ends[0], &byte, 1) == 1);
	CHECK_ERRNO(syscall(SYS_setpgid, pid, getpid()), EPERM);
	CHECK_ERRNO(syscall(SYS_setpgid, 0, pid), EPERM);
	CHECK_ERRNO(syscall(SYS_setpgid, 0, 0x7ffffff0), EPERM);
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
}

HELPER(pause)
{
	(void)argc;
	write(atoi(argv[0]), "r", 1);
	return pause();
}

TEST(setpgid_after_exec)
{
	char number[12], byte;
	int ends[2];
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	snprintf(number, sizeof(number), "%d", ends[1]);
	pid = fork();
	if (pid == 0) {
		execl(check_program, "x", "--helper", "pause", number, NULL);
		_exit(1);
	}
	REQUIRE(read(ends[0], &byte, 1) == 1);
	CHECK_ERRNO(syscall(SYS_setpgid, pid, pid), EACCES);
	REQUIRE_OK(kill(pid, SIGKILL));
	child_wait(pid);
}

TEST(signals_to_groups)
{
	pid_t pids[4];
	int status;

	for (int i = 0; i < 4; i++) {
		pids[i] = REQUIRE_OK(fork());
		if (pids[i] == 0)
			for (;;)
				pause();
		REQUIRE_OK(setpgid(pids[i], pids[i & 2]));
	}
	CHECK_OK(syscall(SYS_kill, -pids[0], SIGTERM));
	for (int i = 0; i < 2; i++) {
		CHECK_EQUAL(waitpid(pids[i], &status, 0), pids[i]);
		CHECK_EQUAL(status, SIGTERM);
	}
	CHECK_EQUAL(waitpid(-1, &status, WNOHANG), 0);
	CHECK_ERRNO(syscall(SYS_kill, -pids[0], 0), ESRCH);
	CHECK_OK(syscall(SYS_kill, -pids[2], 0));
	IN_CHILD {
		REQUIRE_OK(setpgid(0, pids[2]));
		signal_ignore(SIGTERM);
		CHECK_OK(syscall(SYS_kill, 0, SIGTERM));
	}
	CHECK_EQUAL(waitpid(pids[2], &status, 0), pids[2]);
	CHECK_EQUAL(status, SIGTERM);
	CHECK_EQUAL(waitpid(pids[3], &status, 0), pids[3]);
}

TEST(stopped_orphaned_group_is_hung_up_and_continued)
{
	int *counts = pages_shared(1);
	int ends[2];
	char byte;

	REQUIRE_OK(pipe(ends));
	REQUIRE_OK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	IN_CHILD {
		pid_t pid;

		REQUIRE_OK(setsid());
		pid = fork();
		if (pid == 0) {
			setpgid(0, 0);
			signal_counted(SIGHUP, 0);
			signal_counted(SIGCONT, 0);
			counts[0] = getpid();
			write(ends[1], "r", 1);
			raise(SIGSTOP);
			while (signal_count(SIGHUP) == 0 || signal_count(SIGCONT) == 0)
				sleep_milliseconds(5);
			counts[1] = signal_count(SIGHUP);
			counts[2] = signal_count(SIGCONT);
			_exit(0);
		}
		REQUIRE(read(ends[0], &byte, 1) == 1);
		CHECK_EQUAL(waitpid(pid, NULL, WUNTRACED), pid);
	}
	CHECK_EQUAL(child_wait(counts[0]), 0);
	CHECK_EQUAL(counts[1], 1);
	CHECK_EQUAL(counts[2], 1);
}

TEST(orphaned_group_does_not_stop_for_the_keyboard)
{
	IN_CHILD {
		REQUIRE_OK(setsid());
		REQUIRE_OK(raise(SIGTSTP));
		REQUIRE_OK(raise(SIGTTIN));
		REQUIRE_OK(raise(SIGTTOU));
	}
}
