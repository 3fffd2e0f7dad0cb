/* The functions that programs find in the vDSO, by names of their own. */
#ifndef ARCH_AARCH64_VDSO_VDSO_H
#define ARCH_AARCH64_VDSO_VDSO_H

#include "arch/common/vdso_clock.h"

int __kernel_clock_gettime(int clock, struct vdso_timespec *time);
int __kernel_clock_getres(int clock, struct vdso_timespec *resolution);
int __kernel_gettimeofday(struct vdso_timeval *time, struct vdso_timezone *zone);

#endif
