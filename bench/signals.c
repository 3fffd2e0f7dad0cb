/*
 * Rows of signals: installing a handler, catching a signal that the program sends itself, and
 * catching a store to a page that may only be read.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine.h"

static volatile long caught;
static void *read_only;

static void signal_note(int number)
{
	(void)number;
	caught++;
}

static void fault_skip(int number, siginfo_t *info, void *context)
{
	(void)number;
	(void)info;
	caught++;
	machine_skip_store(context);
}

static int caught_prepare(void)
{
	struct sigaction action = { .sa_handler = signal_note };

	return sigaction(SIGUSR1, &action, NULL) ? -errno : 0;
}

static int fault_prepare(void)
{
	struct sigaction action = { .sa_sigaction = fault_skip, .sa_flags = SA_SIGINFO };

	read_only = mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (read_only == MAP_FAILED)
		return -errno;
	return sigaction(SIGSEGV, &action, NULL) ? -errno : 0;
}

static void install_operate(long count)
{
	struct sigaction action = { .sa_handler = signal_note };

	while (count--)
		bench_check(sigaction(SIGUSR1, &action, NULL), "sigaction");
}

static void caught_operate(long count)
{
	long pid = syscall(SYS_getpid), expected = caught + count;

	while (count--)
		bench_check(syscall(SYS_kill, pid, SIGUSR1), "kill");
	if (caught != expected)
		bench_fail("signals were lost");
}

static void fault_operate(long count)
{
	long expected = caught + count;

	while (count--)
		machine_store(read_only);
	if (caught != expected)
		bench_fail("faults were lost");
}

static const struct row rows[] = {
	{ .name = "signal_install", .meaning = "sigaction", .operations = 5000,
	  .operate = install_operate },
	{ .name = "signal_caught", .meaning = "kill oneself, run the handler, return",
	  .operations = 3000, .prepare = caught_prepare, .operate = caught_operate },
	{ .name = "fault_caught", .meaning = "store to a read-only page, run the handler, return",
	  .operations = 3000, .prepare = fault_prepare, .operate = fault_operate },
};

const struct row_table signals_table = { rows, ROW_COUNT(rows) };
