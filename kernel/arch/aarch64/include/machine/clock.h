/* The generic timer's virtual counter. */
#ifndef MACHINE_CLOCK_H
#define MACHINE_CLOCK_H

#include "base/compiler.h"
#include "base/types.h"

/* The barrier keeps it from being read early; the architecture allows that otherwise. */
static ALWAYS_INLINE uint64_t clock_cycles(void)
{
	uint64_t count;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(count) : : "memory");
	return count;
}

#endif
