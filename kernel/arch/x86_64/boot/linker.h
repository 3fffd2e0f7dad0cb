/* Marks in the image that this CPU has more than others. */
#ifndef ARCH_X86_64_BOOT_LINKER_H
#define ARCH_X86_64_BOOT_LINKER_H

#include "arch/common/linker.h"
#include "base/types.h"

extern const uint8_t __entry_text_start[], __entry_text_end[];

/* Instructions to write where only some CPUs have them; `where` is relative to itself. */
struct patch {
	int32_t where;
	uint32_t kind;
};
extern const struct patch __start_patches[], __stop_patches[];

/* entry/thunks.S: one for each register, in the order of their numbers. */
extern const uint8_t indirect_thunks[];

#endif
