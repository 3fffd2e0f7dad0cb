/*
 * The page of code and the page of data that every program has mapped. time/ writes the data under
 * its sequence count; the code (built per CPU) reads it.
 */
#ifndef ARCH_VDSO_H
#define ARCH_VDSO_H

#include "base/types.h"
#include "base/compiler.h"

/* One page, mapped read-only below the code (arch/program.h). Even sequence: stable. */
struct vdso_data {
	uint32_t sequence;
	uint32_t clock_mode;		/* 0: make the system call; 1: cycle counter */
	uint64_t cycle_last;		/* counter at the last update */
	uint64_t multiplier;	/* ns = (cycles * multiplier + fraction) >> shift, 128 bit */
	uint32_t shift;
	uint32_t coarse_resolution_ns;
	uint64_t monotonic_ns;		/* at cycle_last */
	uint64_t realtime_ns;		/* at cycle_last, since 1970 */
	uint64_t boottime_ns;
	uint64_t raw_ns;		/* CLOCK_MONOTONIC_RAW */
	uint64_t raw_multiplier;
	uint64_t monotonic_fraction;	/* of monotonic_ns, realtime_ns, boottime_ns: 2^-shift ns */
	uint64_t raw_fraction;
	int64_t tai_offset_s;
	int32_t timezone_minutes_west;
	int32_t timezone_dst;
};

/* The code image (ELF shared object), page-aligned, inside the kernel image. */
const void *vdso_image(size_t *length_bytes);
/* Offset in the image of the signal trampoline for CPUs whose libc gives no restorer; 0: none. */
size_t vdso_signal_return_offset(void);

#endif
