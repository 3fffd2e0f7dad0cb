/* The code that programs have mapped, built on its own as a shared object. */
#include "arch/x86_64/vdso/vdso.h"

#include "machine/layout.h"

int __vdso_clock_gettime(int clock, struct vdso_timespec *time)
{
	return get_time(clock, time);
}

int __vdso_clock_getres(int clock, struct vdso_timespec *resolution)
{
	return get_resolution(clock, resolution);
}

int __vdso_gettimeofday(struct vdso_timeval *time, struct vdso_timezone *zone)
{
	return get_time_of_day(time, zone);
}

int64_t __vdso_time(int64_t *store)
{
	struct vdso_timespec now;

	if (unlikely(!clock_read(CLOCK_REALTIME, &now)))
		return call(CALL_TIME, (uint64_t)store, 0);
	if (store)
		*store = now.seconds;
	return now.seconds;
}

/* The kernel keeps each CPU's number as the limit of a segment. */
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
	unsigned number;

	(void)unused;
	__asm__("lsl %1, %0" : "=r"(number) : "r"(SELECTOR_CPU_NUMBER) : "cc");
	if (cpu)
		*cpu = number;
	if (node)
		*node = 0;
	return 0;
}

VDSO_ALIAS(clock_gettime);
VDSO_ALIAS(clock_getres);
VDSO_ALIAS(gettimeofday);
VDSO_ALIAS(time);
VDSO_ALIAS(getcpu);
