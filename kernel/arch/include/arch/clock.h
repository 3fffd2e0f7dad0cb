/*
 * The CPU's cycle counter and its per-CPU one-shot alarm. time/ turns cycles into nanoseconds.
 * Reads never sleep or take locks. Numbers are those of this machine, measured at boot.
 */
#ifndef ARCH_CLOCK_H
#define ARCH_CLOCK_H

#include "base/types.h"
#include "base/compiler.h"

/* inline uint64_t clock_cycles(void): monotonic on one CPU, not ordered with other instructions;
 * inline uint64_t clock_cycles_ordered(void): never read before what precedes it. */
#include "machine/clock.h"

/* Cycles per second; measured before kernel_main() or read from the CPU. Never 0. */
uint64_t clock_frequency_hz(void);

/* Whether all CPUs' counters agree and never stop; if not, time/ prefers a device clock. */
bool clock_is_reliable(void);

/* For the boot log: "TSC, calibrated against HPET", "generic timer". */
const char *clock_describe(void);

/*
 * Arms this CPU's alarm to fire once, `cycles` from now or a little later (upcall_alarm()).
 * 0 fires as soon as interrupts are enabled. A later call replaces an earlier one. Interrupts
 * masked. Longer than the hardware can wait: fires early, and the caller arms again.
 */
void clock_alarm_arm(uint64_t cycles);
void clock_alarm_cancel(void);

#endif
