/*
 * The system-call fuzzer: `fuzz SECONDS` runs random programs of calls from the generated grammar,
 * each in a small world of its own, and says its seed before it runs; `fuzz --seed N [--times M]`
 * runs one again, and `--show` prints its calls. What the kernel says (KASAN, locks, panic) is for
 * whoever reads the console; what can be seen from here is checked after each program.
 */
#define _GNU_SOURCE
#include "fuzz.h"
#include "leaks.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	WORKERS = 4,
	KINDS = 6,
	FIRST_USER = 60000,
	POLL_NS = 2000000,
	/* Until a program is ended, and until its end counts as a hang. */
	PROGRAM_MS = 3000, END_MS = 60000,
	LEAST_FOR_REACH = 1000,
	LEAK_ROUND_MS = 15000,
};

/* No power of two: calls are given those as addresses, and write there. */
#define SHARED_ADDRESS 0x1a5a5a5a5000
#define SHARED_DISTANCE 0x10000000000

struct fuzz_shared *fuzz_shared;
struct fuzz_program *fuzz_program;

static bool is_shown;
static int only_kind = -1;

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Shared memory far from where programs map: calls with lengths that are far too large write on
 * from their buffers to whatever is above them. */
static void *shared_map(size_t bytes)
{
	static uintptr_t address = SHARED_ADDRESS;
	void *shared = mmap((void *)address, bytes, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	if (shared == MAP_FAILED) {
		perror("mmap");
		exit(1);
	}
	address += SHARED_DISTANCE;
	return shared;
}

void fuzz_show(const struct fuzz_call *call, const uint64_t *arguments)
{
	dprintf(2, "# [%d] %s(%#llx, %#llx, %#llx, %#llx, %#llx, %#llx)\n",
		(int)fuzz_raw(SYS_gettid), call->name, (unsigned long long)arguments[0],
		(unsigned long long)arguments[1], (unsigned long long)arguments[2],
		(unsigned long long)arguments[3], (unsigned long long)arguments[4],
		(unsigned long long)arguments[5]);
}

/* All that a program is follows from its seed. */
static void program_plan(uint64_t seed, unsigned worker)
{
	struct fuzz_thread chooser = { .random = seed };
	struct fuzz_program *program = fuzz_program;
	static const uint8_t hostilities[] = { 3, 3, 10, 10, 20, 40 };

	memset(program, 0, sizeof(*program));
	program->seed = seed;
	program->user = FIRST_USER + worker;
	program->is_root = fuzz_percent(&chooser, 50);
	program->kind = fuzz_percent(&chooser, 70) ? 0 :
		(uint8_t)(1 + fuzz_below(&chooser, KINDS - 1));
	if (only_kind >= 0)
		program->kind = (uint8_t)only_kind;
	program->thread_count = (uint8_t)(fuzz_percent(&chooser, 40) ? 1 : 2);
	program->step_count = (uint8_t)(2 + fuzz_below(&chooser, 19));
	program->is_mirrored = fuzz_percent(&chooser, 30);
	program->has_poker = fuzz_percent(&chooser, 25);
	program->hostility = hostilities[fuzz_below(&chooser, sizeof(hostilities))];
	program->keeps_rights = fuzz_percent(&chooser, 75);
	program->is_shown = is_shown;
}

/* Calls `visit` for each process whose parent is this one. */
static int children_visit(void (*visit)(int pid))
{
	struct dirent *entry;
	DIR *directory = opendir("/proc");
	int count = 0, own = getpid();

	while (directory && (entry = readdir(directory))) {
		char path[300], text[512], *after;
		int pid = atoi(entry->d_name), parent = 0;
		FILE *file;

		snprintf(path, sizeof(path), "/proc/%s/stat", entry->d_name);
		if (pid <= 0 || !(file = fopen(path, "r")))
			continue;
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
		after = strrchr(text, ')');
		if (!after || sscanf(after, ") %*c %d", &parent) != 1 || parent != own)
			continue;
		visit(pid);
		count++;
	}
	if (directory)
		closedir(directory);
	return count;
}

static void child_kill(int pid)
{
	kill(pid, SIGKILL);
}

static void child_report(int pid)
{
	char command[200];

	printf("# %d does not end:\n", pid);
	fflush(stdout);
	snprintf(command, sizeof(command), "/proc/%d/stat", pid);
	for (int i = 0; i < 3; i++) {
		static const char *const files[] = { "stat", "wchan", "status" };
		char text[1024];
		FILE *file;

		snprintf(command, sizeof(command), "/proc/%d/%s", pid, files[i]);
		file = fopen(command, "r");
		if (!file)
			continue;
		text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
		fclose(file);
		printf("# %s: %s\n", files[i], text);
	}
}

/* Ends all that the program left: orphans of it come to this worker. */
static void program_end(int pid)
{
	uint64_t limit = now_ms() + END_MS;
	struct timespec tick = { 0, POLL_NS };
	unsigned rounds = 0;

	kill(pid, SIGKILL);
	for (;;) {
		int reaped = waitpid(-1, NULL, WNOHANG | __WALL);

		if (reaped < 0)
			return;
		if (reaped > 0)
			continue;
		if (rounds++ % 32 == 0)
			children_visit(child_kill);
		if (now_ms() > limit) {
			children_visit(child_report);
			fuzz_finding(FUZZ_NEVER_ENDS);
			return;
		}
		nanosleep(&tick, NULL);
	}
}

static void program_watch(int pid)
{
	uint64_t limit = now_ms() + PROGRAM_MS;
	struct timespec tick = { 0, POLL_NS };

	while (!fuzz_program->is_done && now_ms() < limit) {
		siginfo_t information = { .si_pid = 0 };

		if (waitid(P_PID, (id_t)pid, &information, WEXITED | WNOHANG | WNOWAIT) < 0 ||
		    information.si_pid) {
			if (is_shown)
				printf("# the program ended: code %d, status %d\n",
				       information.si_code, information.si_status);
			break;
		}
		nanosleep(&tick, NULL);
	}
	fuzz_shared->killed += !fuzz_program->is_done;
}

/* Who reads it can tell a register that the kernel changed from an invocation that was. */
static void changed_show(void)
{
	static const char *const invocation[FUZZ_CHANGED_WORDS - FUZZ_CHANGED_REGISTERS] = {
		"number", "argument 0", "argument 1", "argument 2", "argument 3", "argument 4",
		"argument 5",
	};

	for (unsigned i = 0; i < FUZZ_CHANGED_WORDS; i++)
		printf("# %s %#llx\n", i < FUZZ_CHANGED_REGISTERS ? fuzz_changed_names[i] :
		       invocation[i - FUZZ_CHANGED_REGISTERS],
		       (unsigned long long)fuzz_shared->changed[i]);
}

static void program_try(uint64_t seed, unsigned worker)
{
	char path[32];
	uint32_t before = fuzz_shared->findings;
	int pid;

	printf("# seed %#llx\n", (unsigned long long)seed);
	fflush(stdout);
	program_plan(seed, worker);
	snprintf(path, sizeof(path), "world%u", worker);
	if (fuzz_world_make(path) < 0) {
		fuzz_note("%s is not made: %s", path, strerror(errno));
		fuzz_finding(FUZZ_MOUNT_STAYS);
		fuzz_world_remove(path);
		return;
	}
	pid = fork();
	if (pid == 0) {
		fuzz_world_enter(path);
		fuzz_program_run();
	}
	program_watch(pid);
	fuzz_authority_check(pid);
	children_visit(fuzz_authority_check);
	program_end(pid);
	fuzz_world_remove(path);
	fuzz_shared->programs++;
	if (fuzz_shared->findings & ~before)
		fuzz_note("findings %#x around seed %#llx", fuzz_shared->findings & ~before,
			  (unsigned long long)seed);
	if (fuzz_shared->findings & ~before & FUZZ_REGISTERS_CHANGED)
		changed_show();
}

static _Noreturn void worker_run(unsigned worker, uint64_t seed, uint64_t end_ms)
{
	struct fuzz_thread seeds = { .random = seed + worker };
	struct sched_param priority = { .sched_priority = 99 };

	/* Programs may spin at any priority but this one. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (syscall(SYS_sched_setscheduler, 0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) < 0)
		perror("sched_setscheduler");
	fuzz_program = shared_map(sizeof(*fuzz_program));
	while (now_ms() < end_ms)
		program_try(fuzz_random(&seeds), worker);
	exit(0);
}

static int workers_run(unsigned count, uint64_t seed, uint64_t length_ms)
{
	uint64_t end_ms = now_ms() + length_ms;
	int bad = 0, status;

	fflush(stdout);
	for (unsigned i = 0; i < count; i++) {
		if (fork() == 0)
			worker_run(i, seed, end_ms);
	}
	for (unsigned i = 0; i < count; i++)
		bad += wait(&status) < 0 || status != 0;
	return bad;
}

static int verdict(const char *name, bool is_good)
{
	for (unsigned i = 0; !is_good && i < FUZZ_NOTES && fuzz_shared->notes[i][0]; i++)
		printf("# %s\n", fuzz_shared->notes[i]);
	printf("%s %s\n", is_good ? "ok" : "not ok", name);
	return !is_good;
}

/* Which calls were never made, and which never did anything. */
static int reach_report(void)
{
	unsigned never = 0;
	uint64_t made = 0;

	printf("# never succeeded:");
	for (unsigned i = 0; i < fuzz_call_count; i++) {
		unsigned number = fuzz_calls[i].number % FUZZ_CALL_LIMIT;

		made += fuzz_shared->made[number];
		never += fuzz_shared->made[number] == 0;
		if (fuzz_shared->made[number] && !fuzz_shared->succeeded[number])
			printf(" %s", fuzz_calls[i].name);
	}
	printf("\n# programs %u, ended by force %u, calls %llu, calls never made %u\n",
	       fuzz_shared->programs, fuzz_shared->killed, (unsigned long long)made, never);
	return verdict("reach", never == 0 || fuzz_shared->programs < LEAST_FOR_REACH);
}

static int findings_report(void)
{
	uint32_t findings = fuzz_shared->findings;
	int bad = 0;

	bad += verdict("registers", !(findings & (FUZZ_REGISTERS_CHANGED | FUZZ_VECTORS_CHANGED)));
	bad += verdict("authority", !(findings & (FUZZ_AUTHORITY_CAME_BACK | FUZZ_USER_CAME_BACK)));
	bad += verdict("ends", !(findings & FUZZ_NEVER_ENDS));
	bad += verdict("unmounts", !(findings & FUZZ_MOUNT_STAYS));
	return bad;
}

static uint64_t seed_fresh(void)
{
	uint64_t seed = 1;

	syscall(SYS_getrandom, &seed, sizeof(seed), 0);
	return seed;
}

static void workers_again(void *seed)
{
	*(uint64_t *)seed += WORKERS;
	workers_run(WORKERS, *(uint64_t *)seed, LEAK_ROUND_MS);
}

static int storm(double seconds, uint64_t seed)
{
	static struct level before;
	uint64_t length_ms = (uint64_t)(seconds * 1000);
	int bad = 0;

	printf("# first seed %#llx\n", (unsigned long long)seed);
	bad += workers_run(WORKERS, ~seed, length_ms / 8);
	level_read(&before);
	bad += workers_run(WORKERS, seed, length_ms - length_ms / 8);
	bad = verdict("workers", bad == 0);
	bad += findings_report() + reach_report();
	bad += leaks_find(&before, workers_again, &seed);
	return bad != 0;
}

static int replay(uint64_t seed, int times)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	fuzz_program = shared_map(sizeof(*fuzz_program));
	for (int i = 0; i < times; i++)
		program_try(seed, 0);
	return findings_report() != 0;
}

/* It acts as root on whatever machine it is on: only on one that was made for it. */
static bool is_test_machine(void)
{
	struct utsname name;

	return getenv("FUZZ_ANYWHERE") || (uname(&name) == 0 && strstr(name.release, "aegis"));
}

int main(int argc, char **argv)
{
	double seconds = 20;
	uint64_t seed = 0;
	int times = 1;
	bool has_seed = false;

	/* A fuzz program executed this image; with odd arguments it must not start a storm. */
	if (argc > 1 && !strcmp(argv[1], "--executed"))
		fuzz_executed(argv[argc - 1]);
	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--seed") && i + 1 < argc) {
			seed = strtoull(argv[++i], NULL, 0);
			has_seed = true;
		} else if (!strcmp(argv[i], "--times") && i + 1 < argc) {
			times = atoi(argv[++i]);
		} else if (!strcmp(argv[i], "--kind") && i + 1 < argc) {
			only_kind = atoi(argv[++i]) % KINDS;
		} else if (!strcmp(argv[i], "--show")) {
			is_shown = true;
		} else {
			seconds = atof(argv[i]);
		}
	}
	if (argc < 2 || seconds <= 0 || !is_test_machine()) {
		fprintf(stderr, "usage: fuzz SECONDS [--kind N] | --seed N [--times N] [--show]\n");
		return 2;
	}
	fuzz_shared = shared_map(sizeof(*fuzz_shared));
	if (has_seed)
		return replay(seed, times);
	return storm(seconds, seed_fresh());
}
