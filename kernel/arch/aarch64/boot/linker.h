/* Marks that kernel.lds puts into the image: addresses without contents of their own. */
#ifndef ARCH_AARCH64_BOOT_LINKER_H
#define ARCH_AARCH64_BOOT_LINKER_H

#include "base/types.h"

extern const uint8_t __kernel_start[], __text_end[], __rodata_start[], __rodata_end[];
extern const uint8_t __data_start[], __data_end[];

/* The initial values of per-CPU data. */
extern const uint8_t __percpu_start[], __percpu_end[];

/* Around the memory that only booting needs. */
extern const uint8_t __boot_bss_start[], __boot_bss_end[];

/* Instructions that fault, and where they go on: both relative to where they stand. */
struct exception_entry {
	int32_t fault, resume;
};
extern const struct exception_entry __start___ex_table[], __stop___ex_table[];

/* context/vdso_image.S */
extern const uint8_t vdso_image_start[], vdso_image_end[];

/* boot/head.S: physical entry of another CPU, and where it comes to. */
extern const uint8_t secondary_start[], secondary_linked[];

/* boot/head.S: the page tables until the final ones; in memory that is given back. */
extern uint64_t early_root[];

#endif
