/* The code that programs have mapped, built on its own as a shared object. */
#include "arch/aarch64/vdso/vdso.h"

int __kernel_clock_gettime(int clock, struct vdso_timespec *time)
{
	return get_time(clock, time);
}

int __kernel_clock_getres(int clock, struct vdso_timespec *resolution)
{
	return get_resolution(clock, resolution);
}

int __kernel_gettimeofday(struct vdso_timeval *time, struct vdso_timezone *zone)
{
	return get_time_of_day(time, zone);
}
