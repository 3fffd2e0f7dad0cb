/* Marks that kernel.lds puts into the image: addresses without contents of their own. */
#ifndef ARCH_X86_64_BOOT_LINKER_H
#define ARCH_X86_64_BOOT_LINKER_H

#include "base/types.h"

extern const uint8_t __kernel_start[], __text_end[], __rodata_start[], __rodata_end[];
extern const uint8_t __data_start[], __entry_text_start[], __entry_text_end[];

/* The initial values of per-CPU data. */
extern const uint8_t __percpu_start[], __percpu_end[];

/* Around the memory that only booting needs. */
extern const uint8_t __boot_bss_start[], __boot_bss_end[];

/* Instructions that fault, and where they go on: both relative to where they stand. */
struct exception_entry {
	int32_t fault, resume;
};
extern const struct exception_entry __start___ex_table[], __stop___ex_table[];

/* Instructions to write where only some CPUs have them; `where` is relative to itself. */
struct patch {
	int32_t where;
	uint32_t kind;
};
extern const struct patch __start_patches[], __stop_patches[];

/* entry/thunks.S: one for each register, in the order of their numbers. */
extern const uint8_t indirect_thunks[];

/* context/vdso_image.S */
extern const uint8_t vdso_image_start[], vdso_image_end[];

#endif
