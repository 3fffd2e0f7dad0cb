/*
 * Vectors of any length (SVE). A thread has them from the first instruction that traps until its
 * next call, which keeps 128 bits of each vector only, so that threads without pay nothing.
 */
#ifndef ARCH_AARCH64_CONTEXT_SCALABLE_H
#define ARCH_AARCH64_CONTEXT_SCALABLE_H

#include "arch/context.h"

/* In memory, as in Linux's signal frames: Z0 to Z31, P0 to P15 and FFR, by bytes of a vector. */
#define SCALABLE_BYTES(bytes) (32 * (size_t)(bytes) + 17 * (size_t)(bytes) / 8)

/* context/scalable_copy.S; the length is what ZCR_EL1 says. */
void scalable_store(uint8_t *state);
void scalable_load(const uint8_t *state);
/* Zeros beyond 128 bits. */
void scalable_clear(void);

/* A program's instruction trapped: lets it go on. False: no memory, or no SVE. May sleep. */
bool program_scalable_begin(void);
/* Switches SVE on for this CPU's program, or off. Interrupts masked. */
void program_scalable_switch(const struct context_machine *machine);
void program_scalable_off(void);
/* Memory for the state at its present length. May sleep. */
int program_scalable_allocate(struct context_machine *machine) MUST_CHECK;
/* As a fresh program. Frees: not with interrupts masked. */
void program_scalable_reset(struct context_machine *machine);

/* prctl(2): PR_SVE_SET_VL, PR_SVE_GET_VL. */
long program_vector_length_set(unsigned long argument);
long program_vector_length(void);

#endif
