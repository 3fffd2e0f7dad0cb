/*
 * Unit tests. TEST(list, splice_moves_all) { EXPECT(...); } registers itself in the linker section
 * `tests` (a pointer each), which the host runner (test_main.c) and the kernel both walk.
 * EXPECT_x notes a failure and goes on; ASSERT_x notes it and leaves the test function.
 */
#ifndef BASE_TEST_H
#define BASE_TEST_H

#include "base/compiler.h"
#include "base/types.h"

struct test_case {
	const char *name; /* subject.name */
	void (*run)(void);
};

/* The linker names both ends of the section after it; a kernel linked without tests has none. */
extern const struct test_case *const __start_tests[] WEAK;
extern const struct test_case *const __stop_tests[] WEAK;

typedef void (*test_print_function)(const char *format, ...) PRINTF_LIKE(1, 2);

/*
 * Run the tests whose name contains `filter` (all if NULL) and report each through `print`, one
 * line per call, then "N passed, N failed". The result is the number of failures; a filter that no
 * name contains is one. One caller at a time; sleeps if a test does.
 */
int test_run(const char *filter, test_print_function print);
int test_run_all(test_print_function print);
/* Tests that this program was linked with. */
size_t test_count(void);

/* Note a failure of the running test. The EXPECT macros call these. */
COLD PRINTF_LIKE(3, 4) void test_fail(const char *file, int line, const char *format, ...);
/* Failed checks of the running test so far. */
int test_failures(void);
bool test_expect_string(const char *file, int line, const char *actual, const char *expected);

#define TEST(subject, test_name) \
	static void test_##subject##_##test_name(void); \
	static const struct test_case test_case_##subject##_##test_name = { \
		.name = #subject "." #test_name, \
		.run = test_##subject##_##test_name, \
	}; \
	static const struct test_case *const test_entry_##subject##_##test_name USED \
		SECTION("tests") = &test_case_##subject##_##test_name; \
	static void test_##subject##_##test_name(void)

#define TEST_CHECK(condition, text) \
	({ \
		bool test_holds = (condition); \
		if (!test_holds) \
			test_fail(__FILE__, __LINE__, "%s", text); \
		test_holds; \
	})

/* Both sides are compared in their own types and shown as 64-bit numbers. */
#define TEST_CHECK_EQUAL(actual, expected, text) \
	({ \
		__auto_type test_actual = (actual); \
		__auto_type test_expected = (expected); \
		bool test_holds = test_actual == (__typeof__(test_actual))test_expected; \
		if (!test_holds) \
			test_fail(__FILE__, __LINE__, "%s: is %lld (0x%llx), not %lld (0x%llx)", \
				  text, (long long)test_actual, (long long)test_actual, \
				  (long long)test_expected, (long long)test_expected); \
		test_holds; \
	})

#define EXPECT(condition) ((void)TEST_CHECK(condition, #condition))
#define EXPECT_EQUAL(actual, expected) \
	((void)TEST_CHECK_EQUAL(actual, expected, #actual " == " #expected))
#define EXPECT_STRING_EQUAL(actual, expected) \
	((void)test_expect_string(__FILE__, __LINE__, actual, expected))

#define ASSERT_TRUE(condition) \
	do { \
		if (!TEST_CHECK(condition, #condition)) \
			return; \
	} while (0)
#define ASSERT_EQUAL(actual, expected) \
	do { \
		if (!TEST_CHECK_EQUAL(actual, expected, #actual " == " #expected)) \
			return; \
	} while (0)
#define ASSERT_STRING_EQUAL(actual, expected) \
	do { \
		if (!test_expect_string(__FILE__, __LINE__, actual, expected)) \
			return; \
	} while (0)

#endif
