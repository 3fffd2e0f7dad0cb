/*
 * The page of code and the page of data that every program has mapped. time/ writes the data under
 * its sequence count; the code (built per CPU) reads it.
 */
#ifndef ARCH_VDSO_H
#define ARCH_VDSO_H

#include "base/types.h"
#include "base/compiler.h"

#define VDSO_SHIFT 48	/* 128-bit products: never too coarse, never too big */

/* What a clock shows at cycle_last. */
struct vdso_moment {
	uint64_t seconds;
	uint64_t ns;		/* below 10^9 */
	uint64_t fraction;	/* of a nanosecond: 2^-VDSO_SHIFT */
};

/* One page, mapped read-only below the code (arch/program.h). Even sequence: stable. */
struct vdso_data {
	uint32_t sequence;
	uint32_t clock_mode;		/* 0: make the system call; 1: cycle counter */
	uint64_t cycle_last;		/* counter at the last update */
	/* ns += (cycles * multiplier + fraction) >> VDSO_SHIFT, 128 bit */
	uint64_t multiplier, raw_multiplier;
	struct vdso_moment monotonic, boottime;
	struct vdso_moment realtime;	/* since 1970 */
	struct vdso_moment raw;		/* CLOCK_MONOTONIC_RAW: raw_multiplier */
	int64_t tai_offset_s;
	uint32_t coarse_resolution_ns;
	int32_t timezone_minutes_west;
	int32_t timezone_dst;
};

/* The code image (ELF shared object), page-aligned, inside the kernel image. */
const void *vdso_image(size_t *length_bytes);
/* Offset in the image of the signal trampoline for CPUs whose libc gives no restorer; 0: none. */
size_t vdso_signal_return_offset(void);

#endif
