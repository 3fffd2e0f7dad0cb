/* What exceptions hand on. */
#ifndef ARCH_X86_64_ENTRY_EXCEPTION_H
#define ARCH_X86_64_ENTRY_EXCEPTION_H

#include "arch/context.h"

/* cpu/message.c: a non-maskable interrupt; on its own stack, anything may have been interrupted. */
void nmi_handle(struct frame *frame);

/* cpu/interrupt.c: everything above the exceptions. */
void entry_on_stack(void (*function)(unsigned argument), unsigned argument, virtual_t stack_top);

#endif
