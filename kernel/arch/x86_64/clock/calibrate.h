/* How fast the time-stamp counter and the local APIC's timer run. */
#ifndef ARCH_X86_64_CLOCK_CALIBRATE_H
#define ARCH_X86_64_CLOCK_CALIBRATE_H

#include "base/types.h"

/* Boot CPU, with its APIC on and interrupts masked. Takes at most 10 ms. */
void clock_calibrate(void);
/* Cycles of the APIC timer per second. */
uint64_t clock_apic_frequency_hz(void);
/* Notes that another CPU's counter was seen to disagree. */
void clock_mark_unreliable(void);
/* Readies this CPU's alarm. */
void clock_alarm_start(void);

#endif
