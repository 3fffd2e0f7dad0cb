/*
 * What the allocators tell the address sanitizer. Without KASAN (builds that are not debug builds,
 * and the host) all of it is nothing.
 */
#ifndef MEMORY_KASAN_H
#define MEMORY_KASAN_H

#include "base/compiler.h"
#include "base/types.h"

struct page;

void kasan_poison(const void *address, size_t length, uint8_t value);
void kasan_unpoison(const void *address, size_t length);

/* What lies behind a poisoned byte; the values that compilers and reports know. */
enum kasan_poison {
	KASAN_FREE_PAGE = 0xff,
	KASAN_REDZONE = 0xfc,
	KASAN_FREED = 0xfb,
};

void kasan_pages_allocated(struct page *page, unsigned order);
void kasan_pages_freed(struct page *page, unsigned order);

#endif
