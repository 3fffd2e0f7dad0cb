/* The generic timer of each CPU (Arm ARM D12). */
#ifndef ARCH_AARCH64_CLOCK_CLOCK_H
#define ARCH_AARCH64_CLOCK_CLOCK_H

#include "base/types.h"

/* On the boot CPU: how fast the counter runs and which interrupt the virtual timer has. */
void clock_start(void);
/* On every CPU. */
void clock_alarm_start(void);
uint32_t clock_alarm_number(void);
/* The interrupt is level-triggered: it goes on until the timer is told to stop. */
void clock_alarm_quiet(void);

#endif
