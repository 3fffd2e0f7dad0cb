/* Clocks of known rate against which the others are measured. */
#ifndef ARCH_X86_64_CLOCK_REFERENCE_H
#define ARCH_X86_64_CLOCK_REFERENCE_H

#include "base/compiler.h"
#include "base/types.h"

struct clock_reference {
	const char *name;
	uint64_t (*read)(void);
	uint64_t frequency_hz;
	uint64_t mask;		/* where it wraps */
	uint32_t duration_us;	/* how long to measure for a few parts per million */
};

/* The best that this machine has; false: none. Makes it run. */
bool clock_reference_find(struct clock_reference *reference) MUST_CHECK;

#endif
