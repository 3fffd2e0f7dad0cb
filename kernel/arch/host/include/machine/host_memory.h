/* The host's made-up machine memory: a window of the process, described by a memory map. */
#ifndef MACHINE_HOST_MEMORY_H
#define MACHINE_HOST_MEMORY_H

#include "arch/boot.h"

/* Makes a zeroed window over the ranges, which boot_information() then reports. Once a process. */
void host_memory_set(const struct boot_memory_range *ranges, unsigned count);

#endif
