/* The host's test runner: each argument is a part of test names; without any, all run. */
#include "base/test.h"

#include <stdarg.h>
#include <stdio.h>

static PRINTF_LIKE(1, 2) void print(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vprintf(format, arguments);
	va_end(arguments);
	fflush(stdout);
}

int main(int argument_count, char **arguments)
{
	int failed = 0;

	if (argument_count < 2)
		return test_run_all(print) ? 1 : 0;
	for (int i = 1; i < argument_count; i++)
		failed += test_run(arguments[i], print);
	return failed ? 1 : 0;
}
