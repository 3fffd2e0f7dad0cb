/*
 * Storms for the kernel: `storms [SECONDS [PROCESSES [NAME...]]]`. Every storm checks itself and
 * is reported as `ok NAME` or `not ok NAME`; at the end memory, processes and descriptors have to
 * be back at the level they had after a first short round, which fills the caches.
 */
#define _GNU_SOURCE
#include "storms.h"

#include "leaks.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	PROCESS_LIMIT = 32,
	THREAD_LIMIT = 16,
	/* How long after its time a storm may take to end. */
	GRACE_SECONDS = 60,
};

#define STORED_FOLDER "storm-stored"

static const struct storm_table *const tables[] = {
	&process_storms, &exec_storms,	&schedule_storms, &memory_storms, &space_storms,
	&store_storms,	 &file_storms,	&walk_storms,	  &close_storms,  &event_storms,
	&terminal_storms, &scarcity_storms,
};

const char *storm_program;

static uint64_t deadline;
static int process_count = 4;
/* Shared with all processes of the storm. */
static _Atomic long *operations;

uint64_t storm_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void storm_sleep(long microseconds)
{
	struct timespec left = { microseconds / 1000000, microseconds % 1000000 * 1000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

int storm_goes_on(void)
{
	return storm_now() < deadline;
}

void storm_count(long done)
{
	atomic_fetch_add(operations, done);
}

void storm_fail(const char *file, int line, const char *what, long value)
{
	dprintf(1, "# %s:%d: %s (%ld, errno %d)\n", file, line, what, value, errno);
	_exit(99);
}

void storm_reap(int pid, int status)
{
	int found = 0;
	pid_t reaped;

	do
		reaped = waitpid(pid, &found, 0);
	while (reaped < 0 && errno == EINTR);
	EXPECT_EQUAL(reaped, pid);
	EXPECT_EQUAL(found & ~128, status);
}

void storm_execute(const char *value)
{
	char variable[PATH_BYTES];
	char *const arguments[] = { "storms", "--executed", (char *)value, NULL };
	char *const variables[] = { variable, NULL };

	snprintf(variable, sizeof(variable), "STORM=%s", value);
	execve(storm_program, arguments, variables);
	storm_fail(__FILE__, __LINE__, "execve", -1);
}

int storm_file(const char *name, int index)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "storm-%s-%d", name, index);
	fd = open(path, O_CREAT | O_TRUNC | O_RDWR, 0600);
	EXPECT(fd >= 0);
	EXPECT_EQUAL(unlink(path), 0);
	return fd;
}

uint64_t storm_seed(void)
{
	static _Atomic uint64_t number;

	return (((uint64_t)getpid() << 20) + ++number) * 0x9e3779b97f4a7c15u | 1;
}

uint64_t storm_random(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

void storm_threads(int count, void *(*run)(void *argument), void *argument)
{
	pthread_t threads[THREAD_LIMIT];

	for (int i = 0; i < count; i++)
		EXPECT_EQUAL(pthread_create(&threads[i], NULL, run, argument), 0);
	for (int i = 0; i < count; i++)
		EXPECT_EQUAL(pthread_join(threads[i], NULL), 0);
}

static void processes_start(const struct storm *storm, pid_t *pids, int count)
{
	for (int i = 0; i < count; i++) {
		pids[i] = fork();
		if (pids[i] < 0)
			dprintf(1, "# %s: fork: %s\n", storm->name, strerror(errno));
		if (pids[i] == 0) {
			setpgid(0, 0);
			/* Every second one works on files that are written back. */
			if (i & 1)
				(void)!chdir(STORED_FOLDER);
			storm->run(i);
			_exit(0);
		}
	}
}

/* Waits for the storm's processes; what does not end in time is a hang and is killed. */
static int processes_end(const struct storm *storm, const pid_t *pids, int count)
{
	int good = 1;

	for (int i = 0; i < count; i++) {
		uint64_t limit = deadline + (uint64_t)GRACE_SECONDS * 1000000000u;
		int status = -1;
		pid_t reaped = 0;

		while (pids[i] > 0 && !(reaped = waitpid(pids[i], &status, WNOHANG))) {
			if (storm_now() > limit) {
				dprintf(1, "# %s: process %d hangs\n", storm->name, i);
				kill(pids[i], SIGKILL);
				limit = UINT64_MAX;
			}
			storm_sleep(2000);
		}
		if (reaped != pids[i] || status) {
			dprintf(1, "# %s: process %d ended with %#x\n", storm->name, i, status);
			kill(-pids[i], SIGKILL);
			good = 0;
		}
	}
	return good;
}

static int storm_run(const struct storm *storm, uint64_t length_ns)
{
	int count = storm->processes && storm->processes < process_count ? storm->processes
									 : process_count;
	pid_t pids[PROCESS_LIMIT];

	*operations = 0;
	deadline = storm_now() + length_ns;
	processes_start(storm, pids, count);
	return processes_end(storm, pids, count);
}

static int storm_is_selected(const struct storm *storm, int count, char **names)
{
	for (int i = 0; i < count; i++) {
		if (!strcmp(names[i], storm->name))
			return 1;
	}
	return count == 0;
}

/* Runs the selected storms; loud ones are reported. Returns how many failed. */
static int storms_run(uint64_t length_ns, int is_loud, int count, char **names)
{
	int failed = 0;

	for (size_t i = 0; i < STORM_COUNT(tables); i++) {
		for (size_t j = 0; j < tables[i]->count; j++) {
			const struct storm *storm = &tables[i]->storms[j];
			int good;

			if (!storm_is_selected(storm, count, names))
				continue;
			good = storm_run(storm, length_ns);
			failed += !good;
			if (is_loud || !good)
				printf("%s %s\n# %s: %ld operations\n", good ? "ok" : "not ok",
				       storm->name, storm->name, (long)*operations);
			fflush(stdout);
		}
	}
	return failed;
}

static int storms_selected(int count, char **names)
{
	int selected = 0;

	for (size_t i = 0; i < STORM_COUNT(tables); i++) {
		for (size_t j = 0; j < tables[i]->count; j++)
			selected += storm_is_selected(&tables[i]->storms[j], count, names);
	}
	return selected;
}

struct selection {
	uint64_t length_ns;
	int count;
	char **names;
};

static void storms_again(void *argument)
{
	const struct selection *selection = argument;

	storms_run(selection->length_ns, 0, selection->count, selection->names);
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 20;
	int selected = argc > 3 ? argc - 3 : 0, failed;
	struct selection again;
	uint64_t each_ns;
	static struct level before;

	/* Executed by the exec storm with what it has to find. */
	if (argc == 3 && !strcmp(argv[1], "--executed"))
		return getenv("STORM") && !strcmp(getenv("STORM"), argv[2]) ? 21 : 22;
	if (argc > 2)
		process_count = atoi(argv[2]);
	if (seconds <= 0 || process_count < 1 || process_count > PROCESS_LIMIT ||
	    !storms_selected(selected, argv + 3)) {
		fprintf(stderr, "usage: storms [SECONDS [PROCESSES [NAME...]]]\n");
		return 2;
	}
	storm_program = argv[0];
	operations = mmap(NULL, sizeof(*operations), PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (operations == MAP_FAILED)
		return 1;
	mkdir(STORED_FOLDER, 0700);
	if (mount("store", STORED_FOLDER, "tmpfs", 0, "store"))
		printf("# no file system with write-back\n");
	each_ns = (uint64_t)(seconds * 1e9 / storms_selected(selected, argv + 3));
	failed = storms_run(each_ns / 8, 0, selected, argv + 3);
	level_read(&before);
	failed += storms_run(each_ns - each_ns / 8, 1, selected, argv + 3);
	again = (struct selection){ each_ns / 8, selected, argv + 3 };
	failed += leaks_find(&before, storms_again, &again);
	umount(STORED_FOLDER);
	rmdir(STORED_FOLDER);
	return failed != 0;
}
