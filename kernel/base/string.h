/*
 * Memory and string functions with the meaning the C standard gives them (strlcpy and strlcat: as
 * OpenBSD does). They are the C library's on the host, so nothing here may differ from it.
 */
#ifndef BASE_STRING_H
#define BASE_STRING_H

#include "base/compiler.h"
#include "base/types.h"

void *(memcpy)(void *restrict to, const void *restrict from, size_t length);
void *(memmove)(void *to, const void *from, size_t length);
void *(memset)(void *to, int byte, size_t length);
int(memcmp)(const void *a, const void *b, size_t length);
void *memchr(const void *from, int byte, size_t length);

size_t strlen(const char *text);
size_t strnlen(const char *text, size_t limit);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
char *strchr(const char *text, int character);
char *strrchr(const char *text, int character);
char *strstr(const char *text, const char *wanted);

/*
 * Copy or append as much as fits in `size` bytes, always terminated if size > 0. The result is the
 * length that was wanted: >= size means it was cut.
 */
size_t strlcpy(char *restrict to, const char *restrict from, size_t size);
size_t strlcat(char *restrict to, const char *restrict from, size_t size);

/* True if `text` begins with `prefix`. */
bool string_starts_with(const char *text, const char *prefix);

/* Set secrets to zero where the compiler would drop a memset() before the end of their life. */
static inline void memory_wipe(void *at, size_t length)
{
	memset(at, 0, length);
	barrier();
}

/* Compare secrets in a time that depends on `length` only. True if equal. */
bool memory_is_equal_secret(const void *a, const void *b, size_t length);

#endif
