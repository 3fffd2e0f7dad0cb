/* What entry code in assembly and C know of each other. */
#ifndef ARCH_AARCH64_ENTRY_ENTRY_H
#define ARCH_AARCH64_ENTRY_ENTRY_H

#include "base/compiler.h"
#include "base/types.h"

struct frame;

/* VBAR_EL1 */
extern const uint8_t entry_vectors[];
/* First instructions of a context that returns to a program or starts a kernel function. */
extern const uint8_t entry_context_user[], entry_context_kernel[];

/* Called by the vectors; interrupts masked. */
void exception_handle(struct frame *frame, uint64_t syndrome, uint64_t address);
void exception_serror(struct frame *frame, uint64_t syndrome, uint64_t address);
void exception_unexpected(struct frame *frame, uint64_t syndrome, uint64_t address);
void exception_overflow(struct frame *frame, uint64_t syndrome, uint64_t address);
void interrupt_handle(struct frame *frame);

#endif
