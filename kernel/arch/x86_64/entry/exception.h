/* What exceptions hand on, and the table that makes a faulting instruction recoverable. */
#ifndef ARCH_X86_64_ENTRY_EXCEPTION_H
#define ARCH_X86_64_ENTRY_EXCEPTION_H

#ifdef __ASSEMBLER__

/* A fault at `fault` goes on at `resume`. */
.macro EXCEPTION_RECOVER fault, resume
	.pushsection __ex_table, "a"
	.balign 4
	.long \fault - ., \resume - .
	.popsection
.endm

#else

#include "arch/context.h"

#define EXCEPTION_RECOVER(fault, resume) \
	"	.pushsection __ex_table, \"a\"\n" \
	"	.balign 4\n" \
	"	.long " #fault " - ., " #resume " - .\n" \
	"	.popsection\n"

/* cpu/message.c: a non-maskable interrupt; on its own stack, anything may have been interrupted. */
void nmi_handle(struct frame *frame);

/* cpu/interrupt.c: everything above the exceptions. */
void entry_on_stack(void (*function)(unsigned argument), unsigned argument, virtual_t stack_top);

#endif
#endif
