/* How the code that programs have mapped calls the kernel, and waits. */
#ifndef MACHINE_VDSO_H
#define MACHINE_VDSO_H

#include "base/types.h"

enum { CALL_CLOCK_GETTIME = 113, CALL_CLOCK_GETRES = 114, CALL_GETTIMEOFDAY = 169 };

static inline long call(long number, uint64_t first, uint64_t second)
{
	register uint64_t x8 __asm__("x8") = (uint64_t)number;
	register uint64_t x0 __asm__("x0") = first;
	register uint64_t x1 __asm__("x1") = second;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1) : "memory");
	return (long)x0;
}

static inline void wait_a_little(void)
{
	__asm__ volatile("yield");
}

#endif
