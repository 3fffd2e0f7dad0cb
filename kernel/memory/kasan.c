/* Placeholder for the shadow of the address sanitizer: the allocators' reports go nowhere. */
#include "memory/kasan.h"

#include "memory/page.h"

void kasan_poison(const void *address, size_t length, uint8_t value)
{
	(void)address;
	(void)length;
	(void)value;
}

void kasan_unpoison(const void *address, size_t length)
{
	(void)address;
	(void)length;
}

void kasan_pages_allocated(struct page *page, unsigned order)
{
	if (DEBUG_BUILD)
		kasan_unpoison(page_address(page), PAGE_SIZE << order);
}

void kasan_pages_freed(struct page *page, unsigned order)
{
	if (DEBUG_BUILD)
		kasan_poison(page_address(page), PAGE_SIZE << order, KASAN_FREE_PAGE);
}
