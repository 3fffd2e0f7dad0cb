/*
 * Measures what system calls, faults and switches cost, with one static program that runs the
 * same on Linux and on Aegis. Each row runs in a process of its own, so that a row costs the same
 * whichever rows ran before it, and one that crashes or hangs is reported and passed over.
 */
#define _GNU_SOURCE
#include "bench.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "machine.h"

/* COUNT_FACTOR batches are counted as one, so that a timer interrupt weighs little. */
enum {
	COUNT_FACTOR = 4,
	BATCH_COUNT = 5,
	BATCH_NS = 4000000,
	ROW_SECONDS = 60,
	CALIBRATION_ROUNDS = 5000,
};

enum outcome { OUTCOME_FAILED, OUTCOME_UNSUPPORTED, OUTCOME_MEASURED };

/* What a row's process hands to its parent, in shared memory. */
struct result {
	enum outcome outcome;
	double value;
	char text[96];
};

static const struct row_table *const tables[] = {
	&calls_table,  &waiting_table, &signals_table, &memory_table,
	&files_table, &process_table, &thread_table,  &scale_table,
};

const struct row *bench_row;
const char *bench_program = "/bin/bench";
char bench_directory[160];
uint64_t bench_scale_ns = 300000000;

static struct result *result;
static int is_counting;
static double ticks_per_instruction = 1.0;
static uint64_t reading_ticks;

uint64_t bench_clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

double bench_ticks_to_instructions(uint64_t ticks)
{
	return (double)ticks / ticks_per_instruction;
}

void bench_fail(const char *text)
{
	snprintf(result->text, sizeof(result->text), "%s: %s", text, strerror(errno));
	result->outcome = OUTCOME_FAILED;
	if (bench_row->finish)
		bench_row->finish();
	_exit(1);
}

long bench_check(long value, const char *text)
{
	if (value < 0)
		bench_fail(text);
	return value;
}

char *bench_path(char *path, size_t size, const char *name)
{
	snprintf(path, size, "%s/%s", bench_directory, name);
	return path;
}

static uint64_t reading_begin(void)
{
	return is_counting ? machine_counter() : bench_clock_ns();
}

static double reading_end(uint64_t begin)
{
	if (!is_counting)
		return (double)(bench_clock_ns() - begin);

	uint64_t ticks = machine_counter() - begin;

	return bench_ticks_to_instructions(ticks > reading_ticks ? ticks - reading_ticks : 0);
}

/*
 * The loop's length is known, so the smallest of several readings tells how many ticks one
 * instruction takes. A reading hit by a timer interrupt is longer and falls out.
 */
static void counter_calibrate(void)
{
	uint64_t best_loop = UINT64_MAX, best_empty = UINT64_MAX;

	for (int i = 0; i < 32; i++) {
		uint64_t begin = machine_counter();
		uint64_t middle = machine_counter();

		machine_loop(CALIBRATION_ROUNDS);

		uint64_t end = machine_counter();

		if (middle - begin < best_empty)
			best_empty = middle - begin;
		if (end - middle < best_loop)
			best_loop = end - middle;
	}
	reading_ticks = best_empty;
	ticks_per_instruction = (double)(best_loop - best_empty) / (2.0 * CALIBRATION_ROUNDS);
	if (machine_counter_frequency()) {
		ticks_per_instruction = (double)machine_counter_frequency() / 1e9;
		printf("# " MACHINE_COUNTER " at %llu Hz: counted as 1e9 instructions a second,"
		       " which is so under icount shift=0 only\n",
		       (unsigned long long)machine_counter_frequency());
		return;
	}
	/* Under icount shift=0 the counter and the loop agree but for the rounding of a reading. */
	if (fabs(ticks_per_instruction - 1.0) < 0.01)
		ticks_per_instruction = 1.0;
	else
		printf("# warning: " MACHINE_COUNTER " does not tick once per instruction;"
		       " values are estimates (run under icount shift=0)\n");
	printf("# calibration: %.4f " MACHINE_COUNTER
	       " ticks per instruction, reading costs %llu\n",
	       ticks_per_instruction, (unsigned long long)reading_ticks);
}

static double batch_measure(const struct row *row, long operations)
{
	uint64_t begin = reading_begin();

	row->operate(operations);
	return reading_end(begin) / (double)operations - (double)row->excused_ns;
}

static double row_count(const struct row *row)
{
	row->operate(row->operations / 4 + 1);
	return batch_measure(row, row->operations * COUNT_FACTOR);
}

/* By the wall: the best of several batches that are long enough to be read. */
static double row_time(const struct row *row)
{
	long operations = row->operations / 8 + 1;
	double best = INFINITY;

	for (;;) {
		uint64_t begin = bench_clock_ns();

		row->operate(operations);
		if (bench_clock_ns() - begin >= BATCH_NS || operations > 1L << 28)
			break;
		operations *= 2;
	}
	for (int i = 0; i < BATCH_COUNT; i++) {
		double value = batch_measure(row, operations);

		if (value < best)
			best = value;
	}
	return best;
}

static void row_run(const struct row *row)
{
	int error = row->prepare ? row->prepare() : 0;

	if (error < 0) {
		snprintf(result->text, sizeof(result->text), "prepare: %s", strerror(-error));
		result->outcome = OUTCOME_FAILED;
		if (error == -ENOSYS || error == -EAFNOSUPPORT)
			result->outcome = OUTCOME_UNSUPPORTED;
		return;
	}
	if (row->processes)
		scale_measure(row, is_counting, &result->value);
	else
		result->value = is_counting ? row_count(row) : row_time(row);
	result->outcome = OUTCOME_MEASURED;
	if (row->finish)
		row->finish();
}

static const char *row_unit(const struct row *row)
{
	if (is_counting)
		return "instructions";
	return row->processes ? "ops/s" : "ns";
}

/* The process leads a group, so that the helpers of a row that was killed die with it. */
static void row_measure(const struct row *row)
{
	int status = 0;

	memset(result, 0, sizeof(*result));
	bench_row = row;
	fflush(stdout);

	pid_t pid = fork();

	if (pid < 0) {
		printf("row %s failed -\n# %s: fork: %s\n", row->name, row->name, strerror(errno));
		return;
	}
	if (pid == 0) {
		setpgid(0, 0);
		alarm(ROW_SECONDS);
		row_run(row);
		_exit(0);
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status) || WEXITSTATUS(status)) {
		kill(-pid, SIGKILL);
		if (!result->text[0])
			snprintf(result->text, sizeof(result->text), "wait status %#x", status);
		result->outcome = OUTCOME_FAILED;
	}
	if (result->outcome == OUTCOME_MEASURED)
		printf("row %s %.1f %s\n", row->name, result->value, row_unit(row));
	else if (result->outcome == OUTCOME_UNSUPPORTED)
		printf("row %s unsupported -\n", row->name);
	else
		printf("row %s failed -\n# %s: %s\n", row->name, row->name, result->text);
}

/* A name selects the row of that name, and `scale` all rows that begin with `scale_`. */
static int row_is_selected(const struct row *row, int count, char **names)
{
	for (int i = 0; i < count; i++) {
		size_t length = strlen(names[i]);

		if (strncmp(row->name, names[i], length))
			continue;
		if (!row->name[length] || row->name[length] == '_')
			return 1;
	}
	return count == 0;
}

static int rows_visit(int count, char **names, void (*visit)(const struct row *row))
{
	int visited = 0;

	for (size_t i = 0; i < ROW_COUNT(tables); i++) {
		for (size_t j = 0; j < tables[i]->count; j++) {
			const struct row *row = &tables[i]->rows[j];

			if (!row_is_selected(row, count, names))
				continue;
			visit(row);
			visited++;
		}
	}
	return visited;
}

static void row_list(const struct row *row)
{
	printf("%-26s %s\n", row->name, row->meaning);
}

static void directory_create(void)
{
	const char *base = getenv("BENCH_DIR");

	snprintf(bench_directory, sizeof(bench_directory), "%s/bench.d", base ? base : "/tmp");
	if (mkdir(bench_directory, 0700) && errno != EEXIST)
		printf("# warning: %s: %s\n", bench_directory, strerror(errno));
}

static void program_find(const char *name)
{
	static char path[256];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (length > 0)
		bench_program = path;
	else if (strchr(name, '/'))
		bench_program = name;
}

int main(int argc, char **argv)
{
	int first = 1;

	/* The small static program that the exec rows execute is this one, ending at once. */
	if (argc > 1 && !strcmp(argv[1], "--nothing"))
		_exit(0);
	if (argc > 1 && !strcmp(argv[1], "--list"))
		return !rows_visit(argc - 2, argv + 2, row_list);
	if (argc > 1 && (!strcmp(argv[1], "--count") || !strcmp(argv[1], "--wall"))) {
		is_counting = !strcmp(argv[1], "--count");
		first = 2;
	} else if (argc > 2 && !strcmp(argv[1], "--seconds")) {
		bench_scale_ns = strtoul(argv[2], NULL, 10) * 1000000000u;
		first = 3;
	} else if (argc > 1 && argv[1][0] == '-') {
		fprintf(stderr, "usage: bench [--count | --wall | --seconds N | --list] [ROW]\n");
		return 2;
	}
	result = mmap(NULL, sizeof(*result), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		      -1, 0);
	if (result == MAP_FAILED) {
		perror("bench: mmap");
		return 1;
	}
	program_find(argv[0]);
	directory_create();
	if (is_counting)
		counter_calibrate();
	if (!rows_visit(argc - first, argv + first, row_measure)) {
		fprintf(stderr, "bench: no such row\n");
		return 2;
	}
	rmdir(bench_directory);
	printf("# end\n");
	return 0;
}
