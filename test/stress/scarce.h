/*
 * What scenarios of scarce memory share. A scenario does one thing with system calls and ends with
 * 0, or early through TRY() when a call was refused for want of memory. It runs in a process of its
 * own, so it need not give back what belongs to the process.
 */
#ifndef SCARCE_H
#define SCARCE_H

#include <stddef.h>

struct scenario {
	const char *name;
	/* 0, or -1 after scarce_refused(). */
	int (*run)(void);
	/* Takes back what outlives the process (names, mounts); also run before. May be NULL. */
	void (*clean)(void);
	/* A signal that may end the process instead, as it does on Linux; 0: none. */
	int deadly_signal;
	/* It plans failures by itself, for a process that it starts. */
	int plans_itself;
};

struct scenario_table {
	const struct scenario *scenarios;
	size_t count;
};

#define SCENARIO_TABLE(table) { table, sizeof(table) / sizeof((table)[0]) }

extern const struct scenario_table file_scenarios;
extern const struct scenario_table memory_scenarios;
extern const struct scenario_table process_scenarios;
extern const struct scenario_table event_scenarios;

/* The path of this program, for scenarios that execute it with the argument --report. */
extern const char *scarce_program;

/* Plans failures for the current thread; 0 ends the plan and tells how many requests failed. */
long scarce_plan(unsigned n, unsigned count);

/* A call gave an error: says so unless the error is one that want of memory explains. -1. */
int scarce_refused(const char *what, const char *file, int line);

/* Something is not as it must be, memory or not: ends the process. */
_Noreturn void scarce_wrong(const char *what, const char *file, int line, long value);

#define TRY(expression) \
	do { \
		if ((long)(expression) < 0) \
			return scarce_refused(#expression, __FILE__, __LINE__); \
	} while (0)

/* The same for calls that may do a part only. */
#define TRY_ALL(expression, wanted) \
	do { \
		long done_ = (long)(expression); \
		if (done_ < 0) \
			return scarce_refused(#expression, __FILE__, __LINE__); \
		if (done_ < (long)(wanted)) \
			return scarce_short(#expression, __FILE__, __LINE__, done_); \
	} while (0)

int scarce_short(const char *what, const char *file, int line, long done);

#define MUST(condition) \
	do { \
		if (!(condition)) \
			scarce_wrong(#condition, __FILE__, __LINE__, (long)(condition)); \
	} while (0)

#define MUST_BE(expression, wanted) \
	do { \
		long found_ = (long)(expression); \
		if (found_ != (long)(wanted)) \
			scarce_wrong(#expression " is not " #wanted, __FILE__, __LINE__, found_); \
	} while (0)

#endif
