/*
 * What there is to know of this CPU's programs.
 */
#ifndef MACHINE_PROGRAM_H
#define MACHINE_PROGRAM_H

#include "arch/aarch64/cpu/features.h"
#include "base/types.h"

#define LAYOUT_ELF_MACHINE 183	/* EM_AARCH64 */
#define LAYOUT_NAME_32 NULL	/* as Linux says where the CPU has no AArch32 */
#define LAYOUT_VDSO_ABOVE_STACK false
#define LAYOUT_VDSO_DATA_PAGES 2	/* only the first holds something, as on Linux */

#define LAYOUT_ELF_FEATURES 0xc0000000	/* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
#define LAYOUT_ELF_GUARDED 1		/* GNU_PROPERTY_AARCH64_FEATURE_1_BTI */

/* PROT_BTI */
static inline unsigned long program_protection_guarded(void)
{
	return cpu_has_branch_targets ? 0x10 : 0;
}

/* The top byte is ignored: bit 55 says which half of memory is meant. In the kernel's it stays, as
 * Linux tells it in signals. */
static inline user_address_t user_address_untag(user_address_t address)
{
	return address & (user_address_t)((int64_t)(address << 8) >> 8);
}

#endif
