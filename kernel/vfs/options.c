/*
 * Splits mount options.
 */
#include "vfs/options.h"
#include "base/errno.h"
#include "base/string.h"
#include "memory/heap.h"

int options_read(const char *options, option_reader reader, void *argument)
{
	char *copy = heap_copy_string(options ? options : "", HEAP_ACCOUNT), *at = copy;
	int error = 0;

	if (!copy)
		return -ENOMEM;
	while (error == 0 && *at) {
		char *end = strchr(at, ','), *value, *next;

		next = end ? end + 1 : at + strlen(at);
		if (end)
			*end = '\0';
		value = strchr(at, '=');
		if (value)
			*value++ = '\0';
		if (*at)
			error = reader(argument, at, value);
		at = next;
	}
	heap_free(copy);
	return error;
}
