/* The local APIC, in xAPIC (memory) or x2APIC (register) mode. Intel SDM volume 3, chapter 11. */
#ifndef ARCH_X86_64_CPU_APIC_H
#define ARCH_X86_64_CPU_APIC_H

#include "base/types.h"

/* Finds the mode and switches this CPU's APIC on; once per CPU. */
void apic_start(void);
uint32_t apic_id(void);
void apic_end(void);

/* Sends an interrupt to one CPU. Any context. */
void apic_send(uint32_t apic_id, uint32_t command);
#define APIC_FIXED 0x4000	/* plus the vector */
#define APIC_NMI 0x4400
#define APIC_INIT 0x4500
#define APIC_STARTUP 0x4600	/* plus the page number */

/* The one-shot timer: counts down from `count` and raises VECTOR_ALARM; 0 stops it. */
void apic_timer_set(uint32_t count);
uint32_t apic_timer_read(void);
/* From here on the timer follows its count, or MSR_TSC_DEADLINE. */
void apic_timer_use_countdown(void);
void apic_timer_use_deadline(void);
/* Counts without raising anything, for calibration. */
void apic_timer_mask(void);

#endif
