/* Between start.c (the boot CPU) and secondary.c (the others). */
#ifndef ARCH_X86_64_CPU_START_H
#define ARCH_X86_64_CPU_START_H

#include "base/compiler.h"
#include "base/types.h"

/* What every CPU does first, on its idle stack. */
void cpu_start_this(unsigned cpu);

/* Takes the memory that starting other CPUs needs, before kernel_main(). */
void secondary_prepare(void);

/* Bytes of the real-mode code and where its parameters are. */
extern const uint8_t trampoline_start[], trampoline_end[];

#endif
