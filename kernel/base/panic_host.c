/* panic() and warn() for programs of the host. Weak: log/ replaces them where it is linked. */
#include "base/panic.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static void complain(const char *what, const char *format, va_list arguments)
{
	fputs(what, stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
}

WEAK void panic(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain("panic: ", format, arguments);
	va_end(arguments);
	abort();
}

WEAK void panic_at(const struct frame *frame, const char *format, ...)
{
	va_list arguments;

	(void)frame;
	va_start(arguments, format);
	complain("panic: ", format, arguments);
	va_end(arguments);
	abort();
}

WEAK void warn(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	complain("warning: ", format, arguments);
	va_end(arguments);
}
