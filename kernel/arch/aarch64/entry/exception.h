/* What exceptions hand on. */
#ifndef ARCH_AARCH64_ENTRY_EXCEPTION_H
#define ARCH_AARCH64_ENTRY_EXCEPTION_H

#include "arch/context.h"

/* cpu/interrupt.c: everything above the exceptions. */
void entry_on_stack(void (*function)(unsigned argument), unsigned argument, virtual_t stack_top);

#endif
