/*
 * Prints the cycle counter. In an emulator that counts instructions it tells how many ran since
 * the machine was switched on.
 */
#include <stdio.h>

#ifdef __x86_64__
static unsigned long long counter(void)
{
	return __builtin_ia32_rdtsc();
}
#else
static unsigned long long counter(void)
{
	unsigned long long value;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(value));
	return value;
}
#endif

int main(void)
{
	printf("ticks %llu\n", counter());
	return 0;
}
