/* The time-stamp counter. */
#ifndef MACHINE_CLOCK_H
#define MACHINE_CLOCK_H

#include "base/compiler.h"
#include "base/types.h"

/* Not ordered against other instructions: callers that need that have a barrier of their own. */
static ALWAYS_INLINE uint64_t clock_cycles(void)
{
	uint32_t low, high;

	__asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
	return (uint64_t)high << 32 | low;
}

#endif
