/* What entry code in assembly and C know of each other. */
#ifndef ARCH_AARCH64_ENTRY_ENTRY_H
#define ARCH_AARCH64_ENTRY_ENTRY_H

#include "base/compiler.h"
#include "base/types.h"

struct frame;

/*
 * VBAR_EL1: on CPUs with nothing more to do; with the kernel's key to load, at least; and with
 * vectors of any length but without keys.
 */
extern const uint8_t entry_vectors[], entry_vectors_keys[], entry_vectors_scalable[];
/* Where new contexts leave for their programs: that set's way out. */
extern const uint8_t entry_leave[], entry_leave_keys[], entry_leave_scalable[];

/* Makes this CPU use the set that fits it; every CPU chooses the same. */
void entry_vectors_select(void);
/* First instructions of a context that returns to a program or starts a kernel function. */
extern const uint8_t entry_context_user[], entry_context_kernel[];

/* Called by the vectors; interrupts masked. */
void exception_handle(struct frame *frame, uint64_t syndrome, uint64_t address);
void exception_serror(struct frame *frame, uint64_t syndrome, uint64_t address);
void exception_unexpected(struct frame *frame, uint64_t syndrome, uint64_t address);
void exception_overflow(struct frame *frame, uint64_t syndrome, uint64_t address);
void interrupt_handle(struct frame *frame);

#endif
