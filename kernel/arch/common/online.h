/* How many CPUs there are, and which of them run. */
#ifndef ARCH_COMMON_ONLINE_H
#define ARCH_COMMON_ONLINE_H

#include "base/compiler.h"
#include "base/types.h"

/* While CPUs are found, by the first: the number of one more. False: there are CPU_LIMIT, and it
 * only counts as present. */
bool cpu_number_take(unsigned *cpu) MUST_CHECK;

/* Counts a CPU in or out of those that run. Any context. */
void cpu_mark_online(unsigned cpu, bool is_online);

#endif
