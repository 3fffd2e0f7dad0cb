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

/* Not read before what comes earlier in the program: what another CPU saw before is not later. */
static ALWAYS_INLINE uint64_t clock_cycles_ordered(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

#endif
