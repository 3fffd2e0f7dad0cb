/*
 * The clock of one CPU: nanoseconds from its cycle counter, never adjusted. Cheap enough to be read
 * at every switch of threads; values of different CPUs may differ where counters do.
 */
#ifndef TIME_LOCAL_CLOCK_H
#define TIME_LOCAL_CLOCK_H

#include "arch/clock.h"
#include "base/types.h"

#define LOCAL_CLOCK_SHIFT 32

/* Nanoseconds per cycle << LOCAL_CLOCK_SHIFT; constant from time_start() on. */
extern uint64_t local_clock_multiplier;

static inline int64_t local_clock_ns(void)
{
	return (int64_t)(((unsigned __int128)clock_cycles() * local_clock_multiplier) >>
			 LOCAL_CLOCK_SHIFT);
}

#endif
