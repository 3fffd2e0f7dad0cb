/* The functions that programs find in the vDSO, under two names each. */
#ifndef ARCH_X86_64_VDSO_VDSO_H
#define ARCH_X86_64_VDSO_VDSO_H

#include "arch/common/vdso_clock.h"

int __vdso_clock_gettime(int clock, struct vdso_timespec *time);
int __vdso_clock_getres(int clock, struct vdso_timespec *resolution);
int __vdso_gettimeofday(struct vdso_timeval *time, struct vdso_timezone *zone);
int64_t __vdso_time(int64_t *store);
long __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

#define VDSO_ALIAS(name) \
	__typeof__(__vdso_##name) name __attribute__((weak, alias("__vdso_" #name)))

#endif
