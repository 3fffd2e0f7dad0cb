/*
 * The run-time part of the address sanitizer: shadow bytes, checks and reports.
 */
#include "memory/kasan.h"

#include "arch/mmu.h"
#include "base/panic.h"
#include "base/string.h"

#define GRANULE 8
/* A defect in a loop must not bury everything else. */
#define REPORTS_MAXIMUM 10

static uint64_t report_count;

static int8_t *shadow_of(uintptr_t address)
{
	return (int8_t *)(address / GRANULE + KASAN_SHADOW_OFFSET);
}

void kasan_poison(const void *address, size_t length, uint8_t value)
{
	if (KASAN_SHADOW_OFFSET)
		memset(shadow_of((uintptr_t)address), value, length / GRANULE);
}

void kasan_unpoison(const void *address, size_t length)
{
	int8_t *shadow = shadow_of((uintptr_t)address);

	if (!KASAN_SHADOW_OFFSET)
		return;
	memset(shadow, 0, length / GRANULE);
	if (length % GRANULE)
		shadow[length / GRANULE] = (int8_t)(length % GRANULE);
}

static const char *poison_name(uint8_t value)
{
	switch (value) {
	case KASAN_STACK_LEFT:
	case KASAN_STACK_MIDDLE:
	case KASAN_STACK_RIGHT:
		return "out of bounds of a stack object";
	case KASAN_STACK_SCOPE:
		return "use of a stack object after its scope";
	case KASAN_FREED:
		return "use after free";
	case KASAN_REDZONE:
		return "out of bounds of a heap object";
	case KASAN_FREE_PAGE:
		return "use of a free page";
	default:
		return "out of bounds";
	}
}

static COLD NOINLINE void report(uintptr_t address, size_t length, bool is_write, uintptr_t caller)
{
	uint8_t value = (uint8_t)*shadow_of(address);

	/* A partly usable granule says with its neighbour what lies behind. */
	if (value < GRANULE)
		value = (uint8_t)shadow_of(address)[1];
	if (__atomic_add_fetch(&report_count, 1, __ATOMIC_RELAXED) > REPORTS_MAXIMUM)
		return;
	warn("KASAN: %s: %s of %zu bytes at %p by %p (shadow %02x)", poison_name(value),
	     is_write ? "write" : "read", length, (void *)address, (void *)caller, value);
}

/* Whether the granule of `address` lets its bytes up to and with that one be touched. */
static inline bool byte_is_open(uintptr_t address)
{
	int8_t shadow = *shadow_of(address);

	return likely(shadow == 0) || (int8_t)(address % GRANULE) < shadow;
}

void kasan_check_from(uintptr_t address, size_t length, bool is_write, uintptr_t caller)
{
	uintptr_t last = address + length - 1;

	/* What lies below all of the kernel's faults by itself. */
	if (unlikely(address < DIRECT_MAP_BASE) || unlikely(last < address) || !KASAN_SHADOW_OFFSET)
		return;
	for (uintptr_t at = address | (GRANULE - 1); at < last; at += GRANULE) {
		if (unlikely(*shadow_of(at) != 0)) {
			report(at - (GRANULE - 1), length, is_write, caller);
			return;
		}
	}
	if (unlikely(!byte_is_open(last)))
		report(address, length, is_write, caller);
}

void kasan_check(const void *address, size_t length, bool is_write)
{
	if (length > 0)
		kasan_check_from((uintptr_t)address, length, is_write,
				 (uintptr_t)__builtin_return_address(0));
}
