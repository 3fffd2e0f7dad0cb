/* The registers of a program that are not in its frame: vectors, segment bases, breakpoints. */
#ifndef ARCH_X86_64_CONTEXT_PROGRAM_H
#define ARCH_X86_64_CONTEXT_PROGRAM_H

#include "arch/context.h"

/* context_machine.fpu_cpu: no CPU's registers hold the state. */
#define PROGRAM_STATE_NOWHERE UINT32_MAX

/* At a switch; interrupts masked. */
void program_state_save(struct context *context);
void program_state_load(struct context *context);

/* Gives a new context a copy of what the current one has. */
void program_state_copy(struct context *to, struct context *from);

/* The current context's: as in a fresh program. */
void program_state_reset(struct context *self);

/*
 * For signal frames: between begin and end the current context's vector state is in memory only,
 * and may be written there while pages are faulted in.
 */
void program_vectors_begin(struct context *self);
void program_vectors_end(struct context *self);

/* The gs base of the current program. */
user_address_t program_gs_base(void);
void program_gs_base_set(user_address_t base);

#endif
