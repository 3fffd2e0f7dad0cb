/* The functions that programs find in the vDSO, by names of their own. */
#ifndef ARCH_AARCH64_VDSO_VDSO_H
#define ARCH_AARCH64_VDSO_VDSO_H

#include "arch/vdso.h"
#include "base/types.h"

struct vdso_timespec {
	int64_t seconds, nanoseconds;
};

struct vdso_timeval {
	int64_t seconds, microseconds;
};

struct vdso_timezone {
	int32_t minutes_west, dst;
};

/* The page below the code, placed by vdso.lds. */
extern const struct vdso_data vdso_data __attribute__((visibility("hidden")));

int __kernel_clock_gettime(int clock, struct vdso_timespec *time);
int __kernel_clock_getres(int clock, struct vdso_timespec *resolution);
int __kernel_gettimeofday(struct vdso_timeval *time, struct vdso_timezone *zone);

#endif
