/* String helpers that the C library of the host may not have. */
#include "base/string.h"

size_t strlcpy(char *restrict to, const char *restrict from, size_t size)
{
	size_t length = strlen(from);

	if (size) {
		size_t copied = min(length, size - 1);

		memcpy(to, from, copied);
		to[copied] = 0;
	}
	return length;
}

size_t strlcat(char *restrict to, const char *restrict from, size_t size)
{
	size_t used = strnlen(to, size);

	if (used == size)
		return size + strlen(from);
	return used + strlcpy(to + used, from, size - used);
}

bool string_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool memory_is_equal_secret(const void *a, const void *b, size_t length)
{
	const volatile unsigned char *left = a;
	const volatile unsigned char *right = b;
	unsigned char difference = 0;

	for (size_t i = 0; i < length; i++)
		difference |= (unsigned char)(left[i] ^ right[i]);
	return difference == 0;
}
