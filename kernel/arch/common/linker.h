/* Marks that each kernel.lds puts into the image: addresses without contents of their own. */
#ifndef ARCH_COMMON_LINKER_H
#define ARCH_COMMON_LINKER_H

#include "base/types.h"

extern const uint8_t __kernel_start[], __text_end[], __rodata_start[], __rodata_end[];
extern const uint8_t __data_start[];

/* The initial values of per-CPU data. */
extern const uint8_t __percpu_start[], __percpu_end[];

/* Around the memory that only booting needs. */
extern const uint8_t __boot_bss_start[], __boot_bss_end[];

/* context/vdso_image.S */
extern const uint8_t vdso_image_start[], vdso_image_end[];

#endif
