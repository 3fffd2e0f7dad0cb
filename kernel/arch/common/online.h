/* Which CPUs run. */
#ifndef ARCH_COMMON_ONLINE_H
#define ARCH_COMMON_ONLINE_H

#include "base/types.h"

/* Counts a CPU in or out of those that run. Any context. */
void cpu_mark_online(unsigned cpu, bool is_online);

#endif
