/*
 * The benchmark's own contract: a row is a named operation with a way to prepare it, to do it
 * many times, and to clean up; bench.c measures any row, the other files only do things.
 */
#ifndef BENCH_H
#define BENCH_H

#include <stddef.h>
#include <stdint.h>

struct row {
	const char *name;
	const char *meaning;
	/* Operations in a batch of some million instructions. */
	long operations;
	/* 0, or a negative errno: ENOSYS and its like are reported as `unsupported`. */
	int (*prepare)(void);
	void (*operate)(long operations);
	/* Ends helper processes, removes files. May be null. */
	void (*finish)(void);
	/* Time that an operation has to take and that is not its cost (a sleep). */
	long excused_ns;
	/* 0, or how many processes do the operation at the same time. */
	int processes;
	/* Tells apart rows that share functions; read as bench_row->variant. */
	long variant;
};

struct row_table {
	const struct row *rows;
	size_t count;
};

#define ROW_COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* The tables, one per file. */
extern const struct row_table calls_table;
extern const struct row_table waiting_table;
extern const struct row_table signals_table;
extern const struct row_table memory_table;
extern const struct row_table files_table;
extern const struct row_table process_table;
extern const struct row_table thread_table;
extern const struct row_table scale_table;

/* The row being measured. */
extern const struct row *bench_row;

/* How long a row of scaling runs by the wall. */
extern uint64_t bench_scale_ns;

/* A directory of the benchmark's own, on whatever is mounted at /tmp or named by BENCH_DIR. */
extern char bench_directory[];

/* The path of this very program, for rows that execute something small. */
extern const char *bench_program;

/* Ends the row's process: the row is reported as failed, with this text as a comment. */
_Noreturn void bench_fail(const char *text);

/* Fails the row when result is negative; returns it otherwise. */
long bench_check(long result, const char *text);

/* Writes "directory/name" to path, which holds size bytes; returns path. */
char *bench_path(char *path, size_t size, const char *name);

/* Nanoseconds of the monotonic clock. */
uint64_t bench_clock_ns(void);

/* Ticks of the CPU's counter as instructions under icount (nanoseconds otherwise). */
double bench_ticks_to_instructions(uint64_t ticks);

/*
 * Runs a row that has processes: in counting mode each does row->operations and *value is ticks
 * per operation; by the wall they run for a set time and *value is operations per second in sum.
 */
void scale_measure(const struct row *row, int counting, double *value);

#endif
