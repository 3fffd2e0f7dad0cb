/* panic() and warn() for programs of the host. Weak: log/ replaces them where it is linked. */
#include "base/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

WEAK void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("panic: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	abort();
}

WEAK void warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("warning: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}
