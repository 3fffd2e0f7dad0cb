/*
 * The kernel's address sanitizer: one shadow byte for eight of memory says how many of them may be
 * touched (0: all). Allocators poison and unpoison; instrumented code checks. Debug builds only,
 * so callers ask DEBUG_BUILD; where the machine has no shadow, all of it is nothing.
 */
#ifndef MEMORY_KASAN_H
#define MEMORY_KASAN_H

#include "base/compiler.h"
#include "base/types.h"

/* What lies behind a poisoned byte; the compiler uses the first four itself. */
enum kasan_poison {
	KASAN_STACK_LEFT = 0xf1,
	KASAN_STACK_MIDDLE = 0xf2,
	KASAN_STACK_RIGHT = 0xf3,
	KASAN_STACK_SCOPE = 0xf8,
	KASAN_FREED = 0xfb,
	KASAN_REDZONE = 0xfc,
	KASAN_FREE_PAGE = 0xff,
};

/* Direct-map addresses, aligned to 8. */
void kasan_poison(const void *address, size_t length, uint8_t value);
void kasan_unpoison(const void *address, size_t length);

/* Reports if any byte of a range of kernel memory may not be touched. */
void kasan_check(const void *address, size_t length, bool is_write);

/* The same for a caller that is to be named. */
void kasan_check_from(uintptr_t address, size_t length, bool is_write, uintptr_t caller);

#endif
