/* The generic timer's virtual counter. */
#ifndef MACHINE_CLOCK_H
#define MACHINE_CLOCK_H

#include "base/compiler.h"
#include "base/types.h"

/* Not ordered against other instructions. */
static ALWAYS_INLINE uint64_t clock_cycles(void)
{
	uint64_t count;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(count));
	return count;
}

/* Not read before what came earlier in the program is done. */
static ALWAYS_INLINE uint64_t clock_cycles_ordered(void)
{
	uint64_t count;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
	return count;
}

#endif
