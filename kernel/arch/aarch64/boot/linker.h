/* Marks in the image that this CPU has more than others. */
#ifndef ARCH_AARCH64_BOOT_LINKER_H
#define ARCH_AARCH64_BOOT_LINKER_H

#include "arch/common/linker.h"
#include "base/types.h"

extern const uint8_t __data_end[];

/* boot/head.S: physical entry of another CPU, and where it comes to. */
extern const uint8_t secondary_start[], secondary_linked[];

/* boot/head.S: the page tables until the final ones; in memory that is given back. */
extern uint64_t early_root[];

#endif
