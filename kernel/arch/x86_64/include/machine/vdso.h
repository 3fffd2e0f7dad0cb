/* How the code that programs have mapped calls the kernel, and waits. */
#ifndef MACHINE_VDSO_H
#define MACHINE_VDSO_H

#include "base/types.h"

enum { CALL_GETTIMEOFDAY = 96, CALL_TIME = 201, CALL_CLOCK_GETTIME = 228, CALL_CLOCK_GETRES = 229 };

static inline long call(long number, uint64_t first, uint64_t second)
{
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result) : "a"(number), "D"(first), "S"(second)
			 : "rcx", "r11", "memory");
	return result;
}

static inline void wait_a_little(void)
{
	__asm__ volatile("pause");
}

#endif
