/*
 * Rows of processes: making them, executing programs, and talking between them through pipes and
 * sockets, with the switches that it takes.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RING_LIMIT = 8, CHUNK = 65536 };

/* The row's process sends on here_fd[1] and hears on here_fd[0]. */
static int here_fd[2];
static pid_t helpers[RING_LIMIT];
static int helper_count;
static char chunk[CHUNK];

static void helpers_end(void)
{
	while (helper_count) {
		kill(helpers[--helper_count], SIGKILL);
		waitpid(helpers[helper_count], NULL, 0);
	}
}

static void child_wait(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status))
		bench_fail("child");
}

static void fork_operate(long count)
{
	while (count--) {
		pid_t pid = fork();

		if (pid == 0)
			_exit(0);
		bench_check(pid, "fork");
		child_wait(pid);
	}
}

static void program_run(const char *path, char *const *arguments)
{
	char *const environment[] = { NULL };
	pid_t pid = vfork();

	if (pid == 0) {
		execve(path, arguments, environment);
		_exit(127);
	}
	bench_check(pid, "vfork");
	child_wait(pid);
}

static void exec_operate(long count)
{
	char *const arguments[] = { "bench", "--nothing", NULL };

	while (count--)
		program_run(bench_program, arguments);
}

static void shell_operate(long count)
{
	char *const arguments[] = { "sh", "-c", "true", NULL };

	while (count--)
		program_run("/bin/sh", arguments);
}

/* Passes on, byte for byte, until it is killed or the other end goes. */
_Noreturn static void helper_echo(int input, int output)
{
	char byte;

	while (read(input, &byte, 1) == 1 && write(output, &byte, 1) == 1)
		;
	_exit(0);
}

/* A ring of row->variant processes, this one included; each hears its neighbour by a pipe. */
static int ring_prepare(void)
{
	int first[2], input;

	if (pipe(first))
		return -errno;
	input = first[0];
	for (long i = 1; i < bench_row->variant; i++) {
		int next[2];

		if (pipe(next))
			return -errno;

		pid_t pid = fork();

		if (pid < 0)
			return -errno;
		if (pid == 0)
			helper_echo(input, next[1]);
		helpers[helper_count++] = pid;
		close(input);
		close(next[1]);
		input = next[0];
	}
	here_fd[0] = input;
	here_fd[1] = first[1];
	return 0;
}

static int socket_prepare(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return -errno;

	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0)
		helper_echo(pair[1], pair[1]);
	helpers[helper_count++] = pid;
	here_fd[0] = here_fd[1] = pair[0];
	return 0;
}

static void round_operate(long count)
{
	char byte = 'x';

	while (count--) {
		if (write(here_fd[1], &byte, 1) != 1 || read(here_fd[0], &byte, 1) != 1)
			bench_fail("round trip");
	}
}

/* Operations are hops: one process writes, the next one wakes and reads. */
static void ring_operate(long count)
{
	round_operate(count / bench_row->variant);
}

static int flow_prepare(void)
{
	if (pipe(here_fd))
		return -errno;

	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (pid == 0) {
		close(here_fd[0]);
		while (write(here_fd[1], chunk, CHUNK) > 0)
			;
		_exit(0);
	}
	helpers[helper_count++] = pid;
	close(here_fd[1]);
	return 0;
}

/* Operations are KiB. */
static void flow_operate(long count)
{
	for (long left = count * 1024; left > 0;)
		left -= bench_check(read(here_fd[0], chunk, left < CHUNK ? (size_t)left : CHUNK),
				    "read of a pipe");
}

static const struct row rows[] = {
	{ .name = "fork_exit", .meaning = "fork, exit of the child, wait", .operations = 100,
	  .operate = fork_operate },
	{ .name = "vfork_exec", .meaning = "vfork, exec of a small static program, its end, wait",
	  .operations = 100, .operate = exec_operate },
	{ .name = "shell", .meaning = "vfork, exec of /bin/sh -c true, wait", .operations = 30,
	  .operate = shell_operate },
	{ .name = "pipe_round_trip", .meaning = "a byte to another process and back by two pipes",
	  .operations = 1000, .prepare = ring_prepare, .operate = round_operate,
	  .finish = helpers_end, .variant = 2 },
	{ .name = "socket_round_trip", .meaning = "the same by a pair of Unix sockets",
	  .operations = 1000, .prepare = socket_prepare, .operate = round_operate,
	  .finish = helpers_end },
	{ .name = "pipe_kib", .meaning = "a stream through a pipe by 64 KB, per KiB",
	  .operations = 16384, .prepare = flow_prepare, .operate = flow_operate,
	  .finish = helpers_end },
	{ .name = "switch_2", .meaning = "a hop in a ring of 2 processes and pipes",
	  .operations = 2000, .prepare = ring_prepare, .operate = ring_operate,
	  .finish = helpers_end, .variant = 2 },
	{ .name = "switch_8", .meaning = "a hop in a ring of 8 processes and pipes",
	  .operations = 2000, .prepare = ring_prepare, .operate = ring_operate,
	  .finish = helpers_end, .variant = 8 },
};

const struct row_table process_table = { rows, ROW_COUNT(rows) };
