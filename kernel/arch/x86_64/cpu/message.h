/* Requests between CPUs. */
#ifndef ARCH_X86_64_CPU_MESSAGE_H
#define ARCH_X86_64_CPU_MESSAGE_H

#include "base/types.h"

/* Runs what another CPU asked this one to run; interrupt level. */
void cpu_call_run(void);

#endif
