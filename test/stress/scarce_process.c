/*
 * Processes and threads with scarce memory: fork, exec, threads, signals, futexes, timers.
 */
#define _GNU_SOURCE
#include "scarce.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	/* futex(2). */
	FUTEX_WAIT_PRIVATE = 0 | 128,
	FUTEX_WAKE_PRIVATE = 1 | 128,
	FUTEX_LOCK_PI_PRIVATE = 6 | 128,
	FUTEX_UNLOCK_PI_PRIVATE = 7 | 128,
};
#define FUTEX_WAITERS 0x80000000u

static int child_expect(pid_t pid, int wanted)
{
	int status;

	MUST_BE(waitpid(pid, &status, 0), pid);
	MUST_BE(status, wanted);
	return 0;
}

static int forks(void)
{
	pid_t pid;

	TRY(pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	if (pid == 0)
		_exit(3);
	child_expect(pid, 3 << 8);
	TRY(pid = (pid_t)syscall(SYS_clone, CLONE_PARENT_SETTID | SIGCHLD, 0, &(int){ 0 }, 0, 0));
	if (pid == 0)
		_exit(4);
	return child_expect(pid, 4 << 8);
}

/*
 * The failures are planned in the child that executes: the parent's plan says which. After the
 * point of no return a refusal kills, as it does on Linux.
 */
static unsigned exec_at, exec_count;

static int exec_in_child(char *const *arguments)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return scarce_refused("fork", __FILE__, __LINE__);
	if (pid == 0) {
		char *const variables[] = { "SCARCE=1", NULL };

		if (exec_at)
			scarce_plan(exec_at, exec_count);
		execve(arguments[0], arguments, variables);
		status = errno;
		scarce_plan(0, 0);
		_exit(status);
	}
	MUST_BE(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && exec_at)
		return WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGSEGV ? 1 : -status;
	MUST(WIFEXITED(status));
	if (WEXITSTATUS(status) == ENOMEM || WEXITSTATUS(status) == EAGAIN)
		return 1;
	return WEXITSTATUS(status) == 40 ? 1 : WEXITSTATUS(status) == 41 ? 0 : -status;
}

/* A sweep of its own inside one run: the plan of the outer process does not reach the child. */
static int execs_with(char *const *arguments)
{
	for (exec_count = 1; exec_count < 50; exec_count += 24) {
		for (exec_at = 1;; exec_at += exec_at < 150 ? 1 : 7) {
			int result = exec_in_child(arguments);

			MUST_BE(result < 0 ? result : 0, 0);
			if (result == 0)
				break;
		}
	}
	exec_at = 0;
	return exec_in_child(arguments);
}

static int execs(void)
{
	char *const arguments[] = { (char *)scarce_program, "--report", NULL };

	MUST_BE(execs_with(arguments), 0);
	return 0;
}

/* With a script, and with arguments that fill hundreds of pages. */
static int execs_large(void)
{
	static char large[120000];
	char *arguments[13] = { "./scarce-script", NULL };
	char text[256];
	int fd = open("scarce-script", O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0700);

	snprintf(text, sizeof(text), "#!%s --report\n", scarce_program);
	MUST(fd >= 0);
	MUST_BE(write(fd, text, strlen(text)), strlen(text));
	MUST_BE(close(fd), 0);
	memset(large, 'a', sizeof(large) - 1);
	MUST_BE(execs_with(arguments), 0);
	MUST_BE(unlink("scarce-script"), 0);
	arguments[0] = (char *)scarce_program;
	arguments[1] = "--report";
	for (int i = 2; i < 12; i++)
		arguments[i] = large;
	MUST_BE(execs_with(arguments), 0);
	return 0;
}

static int vforks(void)
{
	pid_t pid = vfork();

	if (pid < 0)
		return scarce_refused("vfork", __FILE__, __LINE__);
	if (pid == 0) {
		execl(scarce_program, "scarce", "--report", NULL);
		_exit(41);
	}
	return child_expect(pid, 41 << 8);
}

static void *thread_idle(void *argument)
{
	return argument;
}

static int threads(void)
{
	pthread_t list[4];
	int made = 0, error = 0;

	while (made < 4 && !error) {
		error = pthread_create(&list[made], NULL, thread_idle, NULL);
		made += !error;
	}
	for (int i = 0; i < made; i++)
		MUST_BE(pthread_join(list[i], NULL), 0);
	errno = error;
	return error ? scarce_refused("pthread_create", __FILE__, __LINE__) : 0;
}

static void handler(int number)
{
	(void)number;
}

static int signals(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_ONSTACK };
	static char other[32768];
	stack_t alternate = { .ss_sp = other, .ss_size = sizeof(other) };
	sigset_t set;
	siginfo_t information;

	MUST_BE(sigaction(SIGUSR1, &action, NULL), 0);
	MUST_BE(sigaltstack(&alternate, NULL), 0);
	TRY(raise(SIGUSR1));
	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	sigaddset(&set, SIGUSR2);
	MUST_BE(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	/* What an earlier run left. */
	while (sigtimedwait(&set, NULL, &(struct timespec){ 0, 0 }) > 0)
		;
	for (int i = 0; i < 10; i++)
		TRY(sigqueue(getpid(), SIGRTMIN, (union sigval){ i }));
	/* An ordinary signal is never lost. */
	MUST_BE(kill(getpid(), SIGUSR2), 0);
	MUST_BE(sigwaitinfo(&set, &information), SIGUSR2);
	for (int i = 0; i < 10; i++) {
		MUST_BE(sigwaitinfo(&set, &information), SIGRTMIN);
		MUST_BE(information.si_value.sival_int, i);
	}
	return 0;
}

static int timers(void)
{
	struct sigevent event = { .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGRTMIN };
	struct itimerspec soon = { { 0, 0 }, { 0, 1000000 } };
	struct itimerval once = { { 0, 0 }, { 100, 0 } };
	timer_t timer;
	sigset_t set;
	uint64_t count;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGRTMIN);
	MUST_BE(sigprocmask(SIG_BLOCK, &set, NULL), 0);
	TRY(timer_create(CLOCK_MONOTONIC, &event, &timer));
	TRY(timer_settime(timer, 0, &soon, NULL));
	MUST_BE(sigwaitinfo(&set, NULL), SIGRTMIN);
	MUST_BE(timer_delete(timer), 0);
	TRY(timer_create(CLOCK_PROCESS_CPUTIME_ID, &event, &timer));
	TRY(timer_settime(timer, 0, &soon, NULL));
	TRY(setitimer(ITIMER_REAL, &once, NULL));
	TRY(fd = timerfd_create(CLOCK_MONOTONIC, 0));
	TRY(timerfd_settime(fd, 0, &soon, NULL));
	MUST_BE(read(fd, &count, sizeof(count)), sizeof(count));
	return 0;
}

static unsigned pi_word;

static long pi_call(int operation)
{
	return syscall(SYS_futex, &pi_word, operation, 0, NULL, NULL, 0);
}

/* Giving a lock back may be refused, but not for ever. */
static void pi_give(void)
{
	while (pi_call(FUTEX_UNLOCK_PI_PRIVATE) < 0)
		MUST(errno == ENOMEM || errno == EAGAIN);
}

static void *pi_take(void *argument)
{
	if (pi_call(FUTEX_LOCK_PI_PRIVATE) == 0)
		pi_give();
	return argument;
}

/* The contended PI lock: this thread is the one whose requests fail. */
static int futexes(void)
{
	const struct timespec soon = { 0, 1000 };
	unsigned word = 0;
	pthread_t waiter;

	pi_word = 0;
	if (syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 0, &soon, NULL, 0) < 0 &&
	    errno != ETIMEDOUT)
		return scarce_refused("FUTEX_WAIT", __FILE__, __LINE__);
	MUST_BE(syscall(SYS_futex, &word, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0), 0);
	TRY(pi_call(FUTEX_LOCK_PI_PRIVATE));
	errno = pthread_create(&waiter, NULL, pi_take, NULL);
	if (errno)
		return scarce_refused("pthread_create", __FILE__, __LINE__);
	while (!(*(volatile unsigned *)&pi_word & FUTEX_WAITERS))
		sched_yield();
	pi_give();
	if (pi_call(FUTEX_LOCK_PI_PRIVATE) == 0)
		pi_give();
	else
		MUST(errno == ENOMEM || errno == EAGAIN);
	MUST_BE(pthread_join(waiter, NULL), 0);
	return 0;
}

static int identities(void)
{
	gid_t groups[500];
	struct rlimit64 limit;
	cpu_set_t cpus;

	for (int i = 0; i < 500; i++)
		groups[i] = (gid_t)i;
	TRY(syscall(SYS_setgroups, 500, groups));
	TRY_ALL(syscall(SYS_getgroups, 500, groups), 500);
	TRY(syscall(SYS_setresgid, 5, 0, 7));
	TRY(syscall(SYS_setresuid, 5, 0, 7));
	TRY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, NULL, &limit));
	TRY(syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, &limit, NULL));
	TRY(sched_getaffinity(0, sizeof(cpus), &cpus));
	TRY(sched_setaffinity(0, sizeof(cpus), &cpus));
	TRY(setpriority(PRIO_PROCESS, 0, 3));
	return 0;
}

static int sessions(void)
{
	pid_t pid;

	TRY(pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		if (setsid() < 0)
			_exit(5);
		_exit(4);
	}
	child_expect(pid, 4 << 8);
	TRY(pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	if (pid == 0) {
		pause();
		_exit(4);
	}
	if (setpgid(pid, pid) < 0) {
		kill(pid, SIGKILL);
		child_expect(pid, SIGKILL);
		return scarce_refused("setpgid", __FILE__, __LINE__);
	}
	MUST_BE(kill(-pid, SIGKILL), 0);
	return child_expect(pid, SIGKILL);
}

static int handles(void)
{
	siginfo_t information;
	pid_t pid;
	int fd;

	TRY(pid = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
	if (pid == 0)
		_exit(6);
	fd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (fd >= 0)
		MUST_BE(waitid(P_PIDFD, (id_t)fd, &information, WEXITED), 0);
	else
		child_expect(pid, 6 << 8);
	return fd < 0 ? scarce_refused("pidfd_open", __FILE__, __LINE__) : 0;
}

static const struct scenario scenarios[] = {
	{ "fork", forks, NULL, 0, 0 },
	{ "exec", execs, NULL, 0, 1 },
	{ "exec_large", execs_large, NULL, 0, 1 },
	{ "vfork", vforks, NULL, 0, 0 },
	{ "threads", threads, NULL, 0, 0 },
	{ "signals", signals, NULL, SIGSEGV, 0 },
	{ "timers", timers, NULL, 0, 0 },
	{ "futexes", futexes, NULL, 0, 0 },
	{ "identities", identities, NULL, 0, 0 },
	{ "sessions", sessions, NULL, 0, 0 },
	{ "handles", handles, NULL, 0, 0 },
};

const struct scenario_table process_scenarios = SCENARIO_TABLE(scenarios);
