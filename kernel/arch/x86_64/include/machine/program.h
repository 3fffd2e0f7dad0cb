/*
 * What there is to know of this CPU's programs.
 */
#ifndef MACHINE_PROGRAM_H
#define MACHINE_PROGRAM_H

#include "base/types.h"

#define LAYOUT_ELF_MACHINE 62	/* EM_X86_64 */
#define LAYOUT_NAME_32 "i686"
#define LAYOUT_VDSO_ABOVE_STACK true
#define LAYOUT_VDSO_DATA_PAGES 1

#define LAYOUT_ELF_FEATURES 0	/* none */
#define LAYOUT_ELF_GUARDED 0

static inline unsigned long program_protection_guarded(void)
{
	return 0;
}

static inline user_address_t user_address_untag(user_address_t address)
{
	return address;
}

#endif
