/* Walks the registered tests. */
#include "base/test.h"

#include <stdarg.h>

#include "base/format.h"
#include "base/string.h"

/* The run in progress. */
static struct {
	test_print_function print;
	int failed_checks;
} current;

void test_fail(const char *file, int line, const char *format, ...)
{
	char text[200];
	va_list arguments;

	va_start(arguments, format);
	format_vprint(text, sizeof(text), format, arguments);
	va_end(arguments);
	current.failed_checks++;
	current.print("  %s:%d: %s\n", file, line, text);
}

int test_failures(void)
{
	return current.failed_checks;
}

bool test_expect_string(const char *file, int line, const char *actual, const char *expected)
{
	if (strcmp(actual, expected) == 0)
		return true;
	test_fail(file, line, "is \"%s\", not \"%s\"", actual, expected);
	return false;
}

int test_run(const char *filter, test_print_function print)
{
	int passed = 0;
	int failed = 0;

	current.print = print;
	for (const struct test_case *const *entry = __start_tests; entry != __stop_tests; entry++) {
		const struct test_case *test = *entry;

		if (filter && !strstr(test->name, filter))
			continue;
		current.failed_checks = 0;
		test->run();
		if (current.failed_checks) {
			failed++;
			print("not ok %s\n", test->name);
		} else {
			passed++;
			print("ok %s\n", test->name);
		}
	}
	if (filter && passed + failed == 0) {
		failed++;
		print("not ok %s: no test's name contains it\n", filter);
	}
	print("%d passed, %d failed\n", passed, failed);
	return failed;
}

int test_run_all(test_print_function print)
{
	return test_run(NULL, print);
}

size_t test_count(void)
{
	return (size_t)(__stop_tests - __start_tests);
}
