/* The host's cycle counter: virtual time, which moves only when a test says so. */
#ifndef MACHINE_CLOCK_H
#define MACHINE_CLOCK_H

#include "base/compiler.h"
#include "base/types.h"

#define HOST_CLOCK_HZ UINT64_C(1000000000)

extern uint64_t host_clock_cycles;

/* Moves the time on; alarms whose time has come fire on their CPUs, earliest first. */
void host_clock_advance(uint64_t cycles);

static inline uint64_t clock_cycles(void)
{
	return READ_ONCE(host_clock_cycles);
}

static inline uint64_t clock_cycles_ordered(void)
{
	return clock_cycles();
}

#endif
