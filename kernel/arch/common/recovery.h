/* The table of instructions of the kernel that may fault, in their section of kernel.lds. */
#ifndef ARCH_COMMON_RECOVERY_H
#define ARCH_COMMON_RECOVERY_H

#ifdef __ASSEMBLER__

/* A fault at `fault` goes on at `resume`. */
.macro EXCEPTION_RECOVER fault, resume
	.pushsection __ex_table, "a"
	.balign 4
	.long \fault - ., \resume - .
	.popsection
.endm

#else

#include "base/types.h"

#define EXCEPTION_RECOVER(fault, resume) \
	"	.pushsection __ex_table, \"a\"\n" \
	"	.balign 4\n" \
	"	.long " #fault " - ., " #resume " - .\n" \
	"	.popsection\n"

/* Instructions that fault, and where they go on: both relative to where they stand. */
struct exception_entry {
	int32_t fault, resume;
};
extern const struct exception_entry __start___ex_table[], __stop___ex_table[];

/* Where to go on after a fault at an instruction; 0: it is not in the table. */
virtual_t recovery_find(virtual_t address);

#endif
#endif
