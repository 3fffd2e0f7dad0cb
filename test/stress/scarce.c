/*
 * Every request for memory fails once: `scarce [SECONDS [NAME...]]` runs each scenario with the
 * first, the second, the third... request failing (/proc/aegis/fail of a debug kernel), until it is
 * through before the failure is reached. Each run must end well or with an error that says so, the
 * next run without failures must succeed, and after all of them nothing may be left behind.
 */
#define _GNU_SOURCE
#include "scarce.h"

#include "leaks.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	/* How the process of one run ends. */
	RUN_FAILED_REQUESTS = 40,	/* the failure was reached */
	RUN_IS_THROUGH = 41,		/* it was not: the scenario needs fewer requests */
	RUN_IS_WRONG = 99,
	/* A run that takes longer than this hangs. */
	RUN_SECONDS = 60,
	/* What grows in each of so many sweeps leaks. The first one fills caches. */
	SWEEPS = 6,
	/* From here on only every STRIDE-th request fails in a sweep, another one in each. */
	DENSE_REQUESTS = 150,
	STRIDE = 11,
};

static const struct scenario_table *const tables[] = {
	&file_scenarios, &memory_scenarios, &process_scenarios, &event_scenarios,
};

/* Requests that fail in a row; one, then more than fall-backs can be met with. */
static const unsigned failure_counts[] = { 1, 2, 40 };

const char *scarce_program;

static int control = -1;
static int is_planned;
static int is_dense;

long scarce_plan(unsigned n, unsigned count)
{
	char text[64];
	unsigned requests, failed = 0;
	ssize_t length;

	if (control < 0)
		return 0;
	snprintf(text, sizeof(text), "%u %u\n", n, count ? count : 1);
	/* Ending a plan is itself a request that may fail. */
	while (write(control, text, strlen(text)) < 0) {
		if (errno != ENOMEM)
			scarce_wrong("plan", __FILE__, __LINE__, errno);
	}
	is_planned = n > 0;
	if (n)
		return 0;
	length = pread(control, text, sizeof(text) - 1, 0);
	text[length > 0 ? length : 0] = 0;
	if (sscanf(text, "requests %u failed %u", &requests, &failed) != 2)
		scarce_wrong("report", __FILE__, __LINE__, length);
	return failed;
}

void scarce_wrong(const char *what, const char *file, int line, long value)
{
	int error = errno;

	if (is_planned) {
		is_planned = 0;
		scarce_plan(0, 0);
	}
	dprintf(1, "# %s:%d: %s (%ld, errno %d)\n", file, line, what, value, error);
	_exit(RUN_IS_WRONG);
}

int scarce_refused(const char *what, const char *file, int line)
{
	/* ENOLCK: no memory for a lock (fcntl(2)). */
	if (is_planned && (errno == ENOMEM || errno == EAGAIN || errno == ENOLCK))
		return -1;
	scarce_wrong(what, file, line, -1);
}

int scarce_short(const char *what, const char *file, int line, long done)
{
	if (is_planned)
		return -1;
	scarce_wrong(what, file, line, done);
}

static void clean(const struct scenario *scenario)
{
	if (scenario->clean)
		scenario->clean();
}

/* One run in this process: how it ended. */
static int run_once(const struct scenario *scenario, unsigned n, unsigned count)
{
	long failed;
	int result;

	/* What the program itself touches is there: only the kernel asks for memory. */
	if (mlockall(MCL_CURRENT))
		scarce_wrong("mlockall", __FILE__, __LINE__, -1);
	clean(scenario);
	if (n)
		scarce_plan(n, count);
	result = scenario->run();
	failed = n ? scarce_plan(0, 0) : 0;
	clean(scenario);
	if (result && !failed)
		scarce_wrong("refused without a failure", __FILE__, __LINE__, result);
	if (!failed)
		return RUN_IS_THROUGH;
	/* And all is well again. */
	if (scenario->run())
		scarce_wrong("refused after a failure", __FILE__, __LINE__, -1);
	clean(scenario);
	return RUN_FAILED_REQUESTS;
}

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec + (double)time.tv_nsec / 1e9;
}

/* Waits for a run's process; one that hangs is killed, and -1 its status. */
static int run_reap(pid_t pid)
{
	sigset_t set;
	int status;
	const struct timespec limit = { RUN_SECONDS, 0 };

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	while (waitpid(pid, &status, WNOHANG) == 0) {
		if (sigtimedwait(&set, NULL, &limit) < 0 && errno == EAGAIN) {
			kill(pid, SIGKILL);
			return -1;
		}
	}
	return status;
}

/* Runs the scenario in a process of its own: RUN_..., after a complaint if it is wrong. */
static int run(const struct scenario *scenario, unsigned n, unsigned count)
{
	int status;
	pid_t pid = fork();

	if (pid < 0)
		return RUN_IS_WRONG;
	if (pid == 0) {
		setsid();
		_exit(run_once(scenario, n, count));
	}
	status = run_reap(pid);
	kill(-pid, SIGKILL);
	if (WIFEXITED(status) && (WEXITSTATUS(status) == RUN_FAILED_REQUESTS ||
				  WEXITSTATUS(status) == RUN_IS_THROUGH))
		return WEXITSTATUS(status);
	if (n && scenario->deadly_signal && WIFSIGNALED(status) &&
	    WTERMSIG(status) == scenario->deadly_signal) {
		clean(scenario);
		return RUN_FAILED_REQUESTS;
	}
	printf("# %s: %s with request %u of %u failing, status %#x\n", scenario->name,
	       status == -1 ? "hangs" : "ends wrongly", n, count, (unsigned)status);
	return RUN_IS_WRONG;
}

/* Lets each request fail in turn; the number of the last one that was reached, -1 if wrong. */
static long sweep(const struct scenario *scenario, unsigned count, unsigned round)
{
	unsigned n = 1, last = 0;

	if (scenario->plans_itself)
		return run(scenario, 0, 0) == RUN_IS_WRONG ? -1 : 0;
	for (;;) {
		int result = run(scenario, n, count);

		if (result == RUN_IS_WRONG)
			return -1;
		if (result == RUN_IS_THROUGH)
			return last;
		last = n;
		if (is_dense || n < DENSE_REQUESTS)
			n++;
		else
			n += n == DENSE_REQUESTS ? STRIDE - round : STRIDE;
	}
}

/* Sweeps until nothing grows; what grows each time leaks. */
static int scenario_pass(const struct scenario *scenario, long *requests, unsigned *sweeps)
{
	unsigned char grown[LEVEL_VALUES], *was_grown = NULL;
	struct level before, after;

	if (run(scenario, 0, 0) == RUN_IS_WRONG)
		return 0;
	for (unsigned round = 0; round < SWEEPS; round++) {
		size_t kinds = sizeof(failure_counts) / sizeof(failure_counts[0]);
		long reached = sweep(scenario, failure_counts[round % kinds], round);

		if (reached < 0)
			return 0;
		if (reached > *requests)
			*requests = reached;
		*sweeps = round + 1;
		level_read(&after);
		/* All kinds of failures are tried, even if nothing grows. */
		if (round > 0 && !level_compare(&before, &after, was_grown, grown) &&
		    round + 1 >= kinds)
			return 1;
		if (round > 0)
			was_grown = grown;
		if (round + 1 < SWEEPS)
			before = after;
	}
	printf("# %s: leaks\n", scenario->name);
	level_print(&before, &after, grown);
	return 0;
}

static int is_selected(const struct scenario *scenario, int count, char **names)
{
	for (int i = 0; i < count; i++) {
		if (!strcmp(names[i], scenario->name))
			return 1;
	}
	return count == 0;
}

static int all_run(int count, char **names)
{
	int failed = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (size_t j = 0; j < tables[i]->count; j++) {
			const struct scenario *scenario = &tables[i]->scenarios[j];
			unsigned sweeps = 0;
			long requests = 0;
			double started = now();
			int good;

			if (!is_selected(scenario, count, names))
				continue;
			good = scenario_pass(scenario, &requests, &sweeps);
			failed += !good;
			printf("%s %s\n# %s: %ld requests failed, %u sweeps, %.1f s\n",
			       good ? "ok" : "not ok", scenario->name, scenario->name, requests,
			       sweeps, now() - started);
			fflush(stdout);
		}
	}
	return failed;
}

int main(int argc, char **argv)
{
	sigset_t set;

	/* Executed by scenarios: whether the plan of this thread was reached. */
	control = open("/proc/aegis/fail", O_RDWR | O_CLOEXEC);
	if (argc >= 2 && !strcmp(argv[1], "--report"))
		return scarce_plan(0, 0) ? RUN_FAILED_REQUESTS : RUN_IS_THROUGH;
	if (control < 0 && errno != ENOENT) {
		perror("/proc/aegis/fail");
		return 1;
	}
	if (control < 0)
		printf("# no /proc/aegis/fail: each scenario runs once, without failures\n");
	scarce_program = argv[0];
	is_dense = argc > 1 && atof(argv[1]) > 600;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	return all_run(argc > 2 ? argc - 2 : 0, argv + 2) != 0;
}
