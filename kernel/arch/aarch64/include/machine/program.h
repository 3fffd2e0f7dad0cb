/*
 * What there is to know of this CPU's programs.
 */
#ifndef MACHINE_PROGRAM_H
#define MACHINE_PROGRAM_H

#include "base/types.h"

#define LAYOUT_ELF_MACHINE 183	/* EM_AARCH64 */
#define LAYOUT_NAME_32 "armv8l"
#define LAYOUT_VDSO_ABOVE_STACK false
#define LAYOUT_VDSO_DATA_PAGES 2	/* only the first holds something, as on Linux */

/* The top byte is ignored: bit 55 says which half of memory is meant. */
static inline user_address_t user_address_untag(user_address_t address)
{
	return (user_address_t)((int64_t)(address << 8) >> 8);
}

#endif
