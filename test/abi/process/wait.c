/*
 * exit, wait4 and waitid: statuses, every byte of siginfo, usage, stops and
 * continues, orphans, sub-reapers, refusals.
 */
#include "support.h"
#include <sys/prctl.h>
#include <sys/resource.h>

static long raw_waitid(int type, long id, void *info, int options, void *usage)
{
	return syscall(SYS_waitid, type, id, info, options, usage);
}

TEST(exit_statuses)
{
	static const int codes[] = { 0, 1, 127, 255, 256, 0x1234, -1 };
	int status[2];

	for (size_t i = 0; i < COUNT(codes); i++) {
		pid_t pid = fork();

		if (pid == 0)
			syscall(i % 2 ? SYS_exit : SYS_exit_group, codes[i]);
		poison(status, sizeof(status));
		CHECK_EQUAL(syscall(SYS_wait4, pid, status, 0, NULL), pid);
		CHECK_EQUAL(status[0], (codes[i] & 0xff) << 8);
		CHECK_UNTOUCHED(&status[1], 4);
	}
}

TEST(killed_statuses)
{
	static const int signals[] = { SIGKILL, SIGTERM, SIGHUP, SIGUSR1, SIGALRM, SIGPIPE, 34 };
	int status;

	for (size_t i = 0; i < COUNT(signals); i++) {
		pid_t pid = fork();

		if (pid == 0)
			for (;;)
				pause();
		REQUIRE_OK(kill(pid, signals[i]));
		CHECK_EQUAL(syscall(SYS_wait4, pid, &status, 0, NULL), pid);
		CHECK_EQUAL(status, signals[i]);
	}
}

TEST(waiting_for_whom)
{
	pid_t one = fork(), two;
	int status;

	if (one == 0)
		_exit(1);
	two = fork();
	if (two == 0) {
		setpgid(0, 0);
		_exit(2);
	}
	setpgid(two, two);
	CHECK_EQUAL(syscall(SYS_wait4, -two, &status, 0, NULL), two);
	CHECK_EQUAL(status, 2 << 8);
	CHECK_ERRNO(syscall(SYS_wait4, -two, &status, 0, NULL), ECHILD);
	CHECK_ERRNO(syscall(SYS_wait4, two, &status, 0, NULL), ECHILD);
	CHECK_ERRNO(syscall(SYS_wait4, getpid(), &status, 0, NULL), ECHILD);
	CHECK_EQUAL(syscall(SYS_wait4, 0, &status, 0, NULL), one);
	CHECK_EQUAL(status, 1 << 8);
	CHECK_ERRNO(syscall(SYS_wait4, -1, &status, 0, NULL), ECHILD);
}

TEST(wait4_without_waiting)
{
	int ends[2], status = 77;
	pid_t pid;

	REQUIRE_OK(pipe(ends));
	pid = fork();
	if (pid == 0) {
		char byte;

		close(ends[1]);
		read(ends[0], &byte, 1);
		_exit(0);
	}
	CHECK_EQUAL(syscall(SYS_wait4, pid, &status, WNOHANG, NULL), 0);
	CHECK_EQUAL(status, 77);
	CHECK_INTERRUPTED(syscall(SYS_wait4, pid, &status, 0, NULL));
	close(ends[1]);
	CHECK_EQUAL(syscall(SYS_wait4, pid, &status, 0, NULL), pid);
}

TEST(wait4_refusals)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	CHECK_ERRNO(syscall(SYS_wait4, pid, NULL, 0x100, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_wait4, pid, NULL, WEXITED, NULL), EINVAL);
	CHECK_ERRNO(syscall(SYS_wait4, 0x80000000, NULL, 0, NULL), ESRCH);
	CHECK_EQUAL(syscall(SYS_wait4, pid, NULL, 0, NULL), pid);
	pid = fork();
	if (pid == 0)
		_exit(0);
	CHECK_ERRNO(syscall(SYS_wait4, pid, bad_addresses[0], 0, NULL), EFAULT);
	CHECK_ERRNO(syscall(SYS_wait4, pid, NULL, 0, NULL), ECHILD);
}

TEST(wait4_usage)
{
	struct rusage usage[2];
	pid_t pid = fork();

	if (pid == 0) {
		int64_t start = clock_now(CLOCK_PROCESS_CPUTIME_ID);

		while (clock_now(CLOCK_PROCESS_CPUTIME_ID) - start < 60000000)
			continue;
		memset(pages_private(1000), 1, 1000 * PAGE);
		_exit(0);
	}
	poison(usage, sizeof(usage));
	CHECK_EQUAL(syscall(SYS_wait4, pid, NULL, 0, usage), pid);
	CHECK_UNTOUCHED((char *)usage + 144, sizeof(usage) - 144);
	CHECK_AT_LEAST(usage[0].ru_utime.tv_sec * 1000000 + usage[0].ru_utime.tv_usec +
		       usage[0].ru_stime.tv_sec * 1000000 + usage[0].ru_stime.tv_usec, 50000);
	CHECK_AT_LEAST(usage[0].ru_maxrss, 4000);
	CHECK_AT_LEAST(usage[0].ru_minflt, 100);
	CHECK_EQUAL(usage[0].ru_ixrss, 0);
	REQUIRE_OK(syscall(SYS_getrusage, RUSAGE_CHILDREN, usage));
	CHECK_AT_LEAST(usage[0].ru_utime.tv_sec * 1000000 + usage[0].ru_utime.tv_usec +
		       usage[0].ru_stime.tv_sec * 1000000 + usage[0].ru_stime.tv_usec, 50000);
}

static int64_t nanoseconds_of(struct timeval time)
{
	return time.tv_sec * NANOSECONDS + time.tv_usec * 1000;
}

/* The parts are estimates, but what was told is not taken back. */
TEST(getrusage_never_falls)
{
	struct rusage told[2] = { 0 }, now;
	int64_t start = clock_now(CLOCK_PROCESS_CPUTIME_ID);

	for (unsigned i = 0; clock_now(CLOCK_PROCESS_CPUTIME_ID) - start < NANOSECONDS / 4; i++) {
		struct rusage *before = &told[i % 2];
		volatile unsigned long computed = i;

		/* Some time in the program, some in the kernel. */
		for (unsigned j = 0; j < i % 4096; j++)
			computed = computed * 3 + j;
		REQUIRE_OK(getrusage(i % 2 ? RUSAGE_SELF : RUSAGE_THREAD, &now));
		REQUIRE(nanoseconds_of(now.ru_utime) >= nanoseconds_of(before->ru_utime));
		REQUIRE(nanoseconds_of(now.ru_stime) >= nanoseconds_of(before->ru_stime));
		*before = now;
	}
}

TEST(getrusage_refusals)
{
	struct rusage usage;

	CHECK_OK(syscall(SYS_getrusage, RUSAGE_SELF, &usage));
	CHECK_OK(syscall(SYS_getrusage, RUSAGE_THREAD, &usage));
	CHECK_ERRNO(syscall(SYS_getrusage, 5, &usage), EINVAL);
	CHECK_FAULTS(syscall(SYS_getrusage, RUSAGE_SELF, bad));
}

/* A siginfo as waitid must leave it. */
static void check_info(const siginfo_t *info, int code, pid_t pid, int value)
{
	siginfo_t want;

	memset(&want, 0, sizeof(want));
	want.si_signo = SIGCHLD;
	want.si_code = code;
	want.si_pid = pid;
	want.si_uid = getuid();
	want.si_status = value;
	/* Linux writes these six words; the rest stays the caller's. */
	CHECK_BYTES(info, &want, 12);
	CHECK_UNTOUCHED((const char *)info + 12, 4);
	CHECK_BYTES(&info->si_pid, &want.si_pid, 12);
	CHECK_UNTOUCHED((const char *)info + 28, 100);
}

TEST(waitid_every_byte)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		_exit(300);
	poison(&info, sizeof(info));
	CHECK_EQUAL(raw_waitid(P_PID, pid, &info, WEXITED | WNOWAIT, NULL), 0);
	check_info(&info, CLD_EXITED, pid, 300 & 0xff);
	poison(&info, sizeof(info));
	CHECK_EQUAL(raw_waitid(P_ALL, 0, &info, WEXITED, NULL), 0);
	check_info(&info, CLD_EXITED, pid, 300 & 0xff);
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	REQUIRE_OK(kill(pid, SIGKILL));
	poison(&info, sizeof(info));
	CHECK_EQUAL(raw_waitid(P_PID, pid, &info, WEXITED, NULL), 0);
	check_info(&info, CLD_KILLED, pid, SIGKILL);
}

TEST(waitid_stop_and_continue)
{
	siginfo_t info;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		for (;;)
			pause();
	REQUIRE_OK(kill(pid, SIGSTOP));
	poison(&info, sizeof(info));
	CHECK_EQUAL(raw_waitid(P_PID, pid, &info, WSTOPPED, NULL), 0);
	check_info(&info, CLD_STOPPED, pid, SIGSTOP);
	CHECK_EQUAL(process_state(pid), 'T');
	CHECK_EQUAL(raw_waitid(P_PID, pid, &info, WSTOPPED | WNOHANG, NULL), 0);
	CHECK_EQUAL(info.si_pid, 0);
	REQUIRE_OK(kill(pid, SIGCONT));
	poison(&info, sizeof(info));
	CHECK_EQUAL(raw_waitid(P_PID, pid, &info, WCONTINUED, NULL), 0);
	check_info(&info, CLD_CONTINUED, pid, SIGCONT);
	REQUIRE_OK(kill(pid, SIGTSTP));
	CHECK_EQUAL(syscall(SYS_wait4, pid, &status, WUNTRACED, NULL), pid);
	CHECK_EQUAL(status, SIGTSTP << 8 | 0x7f);
	REQUIRE_OK(kill(pid, SIGCONT));
	CHECK_EQUAL(syscall(SYS_wait4, pid, &status, WCONTINUED, NULL), pid);
	CHECK_EQUAL(status, 0xffff);
	REQUIRE_OK(kill(pid, SIGSTOP));
	REQUIRE_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(syscall(SYS_wait4, pid, &status, 0, NULL), pid);
	CHECK_EQUAL(status, SIGKILL);
}

TEST(waitid_nothing_yet)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	poison(&info, sizeof(info));
	CHECK_EQUAL(raw_waitid(P_PID, pid, &info, WEXITED | WNOHANG, NULL), 0);
	CHECK_FILLED(&info, 0, 12);
	CHECK_EQUAL(info.si_pid, 0);
	CHECK_INTERRUPTED(raw_waitid(P_PID, pid, &info, WEXITED, NULL));
	REQUIRE_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(raw_waitid(P_PID, pid, NULL, WEXITED, NULL), 0);
}

TEST(waitid_refusals)
{
	siginfo_t info;
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	CHECK_ERRNO(raw_waitid(P_PID, pid, &info, 0, NULL), EINVAL);
	CHECK_ERRNO(raw_waitid(P_PID, pid, &info, WNOHANG, NULL), EINVAL);
	CHECK_ERRNO(raw_waitid(P_PID, pid, &info, WEXITED | 0x100, NULL), EINVAL);
	CHECK_ERRNO(raw_waitid(9, pid, &info, WEXITED, NULL), EINVAL);
	CHECK_ERRNO(raw_waitid(P_PID, 0, &info, WEXITED, NULL), EINVAL);
	CHECK_ERRNO(raw_waitid(P_PID, -1, &info, WEXITED, NULL), EINVAL);
	CHECK_ERRNO(raw_waitid(P_PID, getpid(), &info, WEXITED, NULL), ECHILD);
	CHECK_ERRNO(raw_waitid(P_PGID, -1, &info, WEXITED, NULL), EINVAL);
	CHECK_ERRNO(raw_waitid(P_PIDFD, -1, &info, WEXITED, NULL), EINVAL);
	CHECK_ERRNO(raw_waitid(P_PIDFD, 999, &info, WEXITED, NULL), EBADF);
	CHECK_FAULTS(raw_waitid(P_PID, pid, bad, WEXITED | WNOHANG, NULL));
	CHECK_EQUAL(raw_waitid(P_PGID, 0, &info, WEXITED | WNOHANG, NULL), 0);
	REQUIRE_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), SIGKILL);
}

static siginfo_t volatile seen;

static void keep(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)context;
	seen = *info;
}

TEST(child_signal_information)
{
	struct sigaction action = { .sa_sigaction = keep, .sa_flags = SA_SIGINFO };
	pid_t pid;

	REQUIRE_OK(sigaction(SIGCHLD, &action, NULL));
	pid = fork();
	if (pid == 0)
		_exit(17);
	CHECK_EQUAL(child_wait(pid), 17 << 8);
	while (seen.si_signo == 0)
		sleep_milliseconds(1);
	CHECK_EQUAL(seen.si_signo, SIGCHLD);
	CHECK_EQUAL(seen.si_code, CLD_EXITED);
	CHECK_EQUAL(seen.si_pid, pid);
	CHECK_EQUAL(seen.si_status, 17);
	CHECK_EQUAL(seen.si_uid, 0);
}

TEST(stopping_children_signal_unless_asked_not_to)
{
	struct sigaction action = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDSTOP };
	pid_t pid;
	int status;

	signal_counted(SIGCHLD, 0);
	pid = fork();
	if (pid == 0)
		for (;;)
			pause();
	REQUIRE_OK(kill(pid, SIGSTOP));
	while (syscall(SYS_wait4, pid, &status, WUNTRACED, NULL) < 0)
		continue;
	/* A stop shows before its signal comes, on Linux as well. */
	while (signal_count(SIGCHLD) == 0)
		sleep_milliseconds(1);
	CHECK_EQUAL(signal_count(SIGCHLD), 1);
	signal_counted(SIGCHLD, SA_NOCLDSTOP);
	REQUIRE_OK(kill(pid, SIGCONT));
	while (syscall(SYS_wait4, pid, &status, WCONTINUED, NULL) < 0)
		continue;
	CHECK_EQUAL(signal_count(SIGCHLD), 0);
	REQUIRE_OK(sigaction(SIGCHLD, &action, NULL));
	REQUIRE_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), SIGKILL);
}

/* A child that stops itself: past fork(), inside which musl blocks all signals. */
static pid_t child_stop(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		syscall(SYS_kill, getpid(), SIGSTOP);
		for (;;)
			pause();
	}
	return pid;
}

TEST(stopped_children_end_by_sigkill_only)
{
	pid_t pid = child_stop();
	int status;

	CHECK_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
	REQUIRE_OK(kill(pid, SIGTERM));
	REQUIRE_OK(syscall(SYS_tgkill, pid, pid, SIGHUP));
	sleep_milliseconds(20);
	CHECK_EQUAL(waitpid(pid, &status, WNOHANG), 0);
	REQUIRE_OK(kill(pid, SIGCONT));
	CHECK_EQUAL(child_wait(pid), SIGHUP);

	pid = child_stop();
	CHECK_EQUAL(waitpid(pid, &status, WUNTRACED), pid);
	REQUIRE_OK(kill(pid, SIGINT));
	REQUIRE_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), SIGKILL);
}

TEST(ignored_children_leave_no_zombie)
{
	pid_t pid;

	signal_ignore(SIGCHLD);
	pid = fork();
	if (pid == 0)
		_exit(0);
	CHECK_ERRNO(waitpid(pid, NULL, 0), ECHILD);
	CHECK(process_await(pid, 0));
	signal_counted(SIGCHLD, SA_NOCLDWAIT);
	pid = fork();
	if (pid == 0)
		_exit(0);
	while (waitpid(pid, NULL, 0) >= 0 || errno == EINTR)
		continue;
	CHECK_EQUAL(errno, ECHILD);
	CHECK_EQUAL(signal_count(SIGCHLD), 1);
}

TEST(zombie_until_waited_for)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	CHECK(process_await(pid, 'Z'));
	CHECK_OK(kill(pid, 0));
	CHECK_OK(kill(pid, SIGKILL));
	CHECK_EQUAL(child_wait(pid), 0);
	CHECK_ERRNO(kill(pid, 0), ESRCH);
}

TEST(orphans_go_to_the_sub_reaper)
{
	int ends[2], grandchild = 0, status;

	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	REQUIRE_OK(pipe(ends));
	IN_CHILD {
		int middle = getpid();
		pid_t pid = fork();

		if (pid == 0) {
			while (getppid() == middle)
				sleep_milliseconds(1);
			_exit(33);
		}
		write(ends[1], &pid, 4);
	}
	REQUIRE(read(ends[0], &grandchild, 4) == 4);
	CHECK_EQUAL(waitpid(grandchild, &status, 0), grandchild);
	CHECK_EQUAL(status, 33 << 8);
}

TEST(parent_death_signal)
{
	int *state = pages_shared(1);
	int ends[2];
	char byte;

	REQUIRE_OK(pipe(ends));
	CHECK_OK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0));
	IN_CHILD {
		pid_t pid = fork();

		if (pid == 0) {
			int number = 0;

			prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
			prctl(PR_GET_PDEATHSIG, &number, 0, 0, 0);
			state[1] = number;
			write(ends[1], "r", 1);
			for (;;)
				pause();
		}
		state[0] = pid;
		REQUIRE(read(ends[0], &byte, 1) == 1);
	}
	CHECK_EQUAL(state[1], SIGTERM);
	CHECK_EQUAL(child_wait(state[0]), SIGTERM);
}
