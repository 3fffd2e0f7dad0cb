/*
 * The harness of the ABI tests. A program is a list of checks; each runs in a
 * child of its own, in an empty directory of its own, under a time limit, so
 * that a crash or a hang is one failed check and not the end of the program.
 */
#ifndef TEST_ABI_CHECK_H
#define TEST_ABI_CHECK_H

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#include "linux.h"

#define POISON 0xa5
#define PAGE ((size_t)4096)
#define NOBODY 65534
#define NANOSECONDS 1000000000ll
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* One named check, registered by TEST; or one named role that a check executes this program in. */
struct check {
	const char *name;
	void (*run)(void);
	struct check *next;
};

struct check_helper {
	const char *name;
	int (*run)(int argc, char **argv);
	struct check_helper *next;
};

/* Where a comparison stands, for the report. */
struct check_place {
	const char *file;
	int line;
	const char *text;
};

#define TEST(name)                                                                 \
	static void test_##name(void);                                             \
	static struct check check_##name = { #name, test_##name, NULL };           \
	__attribute__((constructor)) static void register_##name(void)             \
	{                                                                          \
		check_add(&check_##name);                                          \
	}                                                                          \
	static void test_##name(void)

/* A role: `check_program --helper name argument...` ends with the function's result. */
#define HELPER(name)                                                               \
	static int helper_##name(int argc, char **argv);                           \
	static struct check_helper entry_##name = { #name, helper_##name, NULL };  \
	__attribute__((constructor)) static void register_helper_##name(void)      \
	{                                                                          \
		check_add_helper(&entry_##name);                                   \
	}                                                                          \
	static int helper_##name(int argc, char **argv)

#define PLACE(expression) (&(struct check_place){ __FILE__, __LINE__, expression })

/* Comparisons: record a failure and go on. */
#define CHECK(condition) check_true(PLACE(#condition), !!(condition))
#define CHECK_EQUAL(actual, expected) \
	check_equal(PLACE(#actual), (long long)(actual), (long long)(expected))
#define CHECK_AT_LEAST(actual, least) \
	check_at_least(PLACE(#actual), (long long)(actual), (long long)(least))
#define CHECK_OK(call) check_ok(PLACE(#call), (errno = 0, (long)(call)))
#define CHECK_ERRNO(call, expected) check_errno(PLACE(#call), (errno = 0, (long)(call)), expected)
#define CHECK_TEXT(actual, expected) check_text(PLACE(#actual), actual, expected)
#define CHECK_BYTES(actual, expected, length) \
	check_bytes(PLACE(#actual), actual, expected, length)
#define CHECK_FILLED(start, byte, length) check_filled(PLACE(#start), start, byte, length)
#define CHECK_UNTOUCHED(start, length) check_filled(PLACE(#start), start, POISON, length)

/* The call is tried with `bad` set to each kind of bad address; each must fail with EFAULT. */
#define CHECK_FAULTS(call)                                                         \
	do {                                                                       \
		for (size_t bad_index = 0; bad_index < bad_count; bad_index++) {   \
			void *bad = bad_addresses[bad_index];                      \
			errno = 0;                                                 \
			check_fault(PLACE(#call), (long)(call), bad_index);        \
		}                                                                  \
	} while (0)

/* As CHECK_OK, but a failure ends the check; the value is the call's result. */
#define REQUIRE_OK(call) check_require_ok(PLACE(#call), (errno = 0, (long)(call)))
#define REQUIRE(condition)                                                         \
	do {                                                                       \
		if (!CHECK(condition))                                             \
			check_give_up();                                           \
	} while (0)

/* The block runs in a child; the parent waits and expects a clean end. */
#define IN_CHILD for (; child_enter(PLACE("child")); child_leave())

extern void *const bad_addresses[];
extern const char *const bad_names[];
extern const size_t bad_count;
/* An absolute name of the running program. */
extern char check_program[4096];

void check_add(struct check *check);
void check_add_helper(struct check_helper *helper);
bool check_true(const struct check_place *place, bool value);
bool check_equal(const struct check_place *place, long long actual, long long expected);
bool check_at_least(const struct check_place *place, long long actual, long long least);
bool check_ok(const struct check_place *place, long result);
bool check_errno(const struct check_place *place, long result, int expected);
bool check_fault(const struct check_place *place, long result, size_t bad_index);
bool check_text(const struct check_place *place, const char *actual, const char *expected);
bool check_bytes(const struct check_place *place, const void *actual, const void *expected,
		 size_t length);
bool check_filled(const struct check_place *place, const void *start, int byte, size_t length);
long check_require_ok(const struct check_place *place, long result);
/* Record a failure with a text of its own. */
void check_fail(const struct check_place *place, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* End the running check; what was recorded stands. */
void check_give_up(void) __attribute__((noreturn));
/* End the running check as passed, for want of something outside the kernel's contract. */
void check_skip(const char *reason) __attribute__((noreturn));
/* End a child forked by hand: status 0 unless a comparison in it failed. */
void check_child_end(void) __attribute__((noreturn));

int child_enter(const struct check_place *place);
void child_leave(void) __attribute__((noreturn));

#endif
