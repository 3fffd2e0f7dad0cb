/*
 * What the files of the pthread torture share: a check is a function in a process of its own
 * with a time limit, and ends that process at the first thing that is not as it must be.
 */
#ifndef TORTURE_H
#define TORTURE_H

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>

struct check {
	const char *name;
	void (*run)(void);
	/* The status with which the check's process has to end: as wait(2) gives it. */
	int status;
};

struct check_table {
	const struct check *checks;
	size_t count;
};

#define CHECK_COUNT(checks) (sizeof(checks) / sizeof((checks)[0]))

extern const struct check_table lock_table;
extern const struct check_table life_table;
extern const struct check_table signal_table;

/* The path of this program, for the check that executes it. */
extern const char *torture_program;

/* Ends the check as failed. */
_Noreturn void torture_fail(const char *file, int line, const char *what, long value);

#define EXPECT(condition) \
	do { \
		if (!(condition)) \
			torture_fail(__FILE__, __LINE__, #condition, 0); \
	} while (0)

/* Two integers have to be equal; the one found is reported. */
#define EXPECT_EQUAL(found, wanted) \
	do { \
		long found_ = (long)(found); \
		if (found_ != (long)(wanted)) \
			torture_fail(__FILE__, __LINE__, #found " is not " #wanted, found_); \
	} while (0)

pthread_t torture_start(void *(*run)(void *argument), void *argument);

/* Joins and returns the thread's result. */
void *torture_join(pthread_t thread);

/*
 * Starts count threads (at most 256) with their index as the argument, lets them begin together,
 * and joins them.
 */
void torture_run(int count, void *(*run)(void *argument));

/* Zeroed memory that stays shared with forked processes. */
void *torture_share(size_t size);

/* The monotonic clock, or another one, as nanoseconds. */
uint64_t torture_now(int clock);

/* A time of the clock so many milliseconds ahead. */
struct timespec torture_ahead(int clock, long milliseconds);

void torture_sleep(long milliseconds);

#endif
