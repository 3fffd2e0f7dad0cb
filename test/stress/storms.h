/*
 * What the storms share: a storm is work that a number of processes do until the time is up,
 * counting operations and ending with a message at the first thing that is not as it must be.
 */
#ifndef STORMS_H
#define STORMS_H

#include <stddef.h>
#include <stdint.h>

struct storm {
	const char *name;
	/* What one of the storm's processes does; index tells them apart. */
	void (*run)(int index);
	/* Processes at most; 0 for as many as asked. */
	int processes;
};

struct storm_table {
	const struct storm *storms;
	size_t count;
};

#define STORM_COUNT(storms) (sizeof(storms) / sizeof((storms)[0]))

extern const struct storm_table process_storms, exec_storms, schedule_storms;
extern const struct storm_table memory_storms, space_storms, store_storms, scarcity_storms;
extern const struct storm_table file_storms, walk_storms, close_storms, event_storms;
extern const struct storm_table terminal_storms;

/* Of names that storms make. */
#define PATH_BYTES 512

/* The path of this program, executed by the exec storm. */
extern const char *storm_program;

/* 1 until the storm's time is up. */
int storm_goes_on(void);

/* Counts operations of this process; any thread may call it. */
void storm_count(long operations);

/* Ends the process with a message; the storm has failed. */
_Noreturn void storm_fail(const char *file, int line, const char *what, long value);

#define EXPECT(condition) \
	do { \
		if (!(condition)) \
			storm_fail(__FILE__, __LINE__, #condition, 0); \
	} while (0)

#define EXPECT_EQUAL(found, wanted) \
	do { \
		long found_ = (long)(found); \
		if (found_ != (long)(wanted)) \
			storm_fail(__FILE__, __LINE__, #found " is not " #wanted, found_); \
	} while (0)

/* Waits for the child and expects this wait status. */
void storm_reap(int pid, int status);

/* Executes this program, which ends with 21 if it finds the value as argument and variable. */
_Noreturn void storm_execute(const char *value);

/* An open file of this process's own, empty and without a name. */
int storm_file(const char *name, int index);

/* A seed that no other thread has. */
uint64_t storm_seed(void);

/* A generator of its own per thread: xorshift, seeded by the caller, never 0. */
uint64_t storm_random(uint64_t *state);

uint64_t storm_now(void);

void storm_sleep(long microseconds);

/* Runs count threads (at most 16) of the same function and joins them. */
void storm_threads(int count, void *(*run)(void *argument), void *argument);

#endif
