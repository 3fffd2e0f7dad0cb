/* The vector registers of programs (V0 to V31, FPSR, FPCR). */
#ifndef ARCH_AARCH64_CONTEXT_VECTORS_H
#define ARCH_AARCH64_CONTEXT_VECTORS_H

#include "arch/context.h"

struct vector_state {
	uint8_t registers[32][16];
	uint32_t status, control;	/* FPSR, FPCR */
};

/* context_machine.vectors_cpu: no CPU's registers hold the state. */
#define VECTORS_NOWHERE UINT32_MAX

/* context/vectors_copy.S */
void vectors_store(struct vector_state *state);
void vectors_load(const struct vector_state *state);

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

#endif
