/* The part of a signal frame that holds vector registers. Acts on the current context. */
#ifndef ARCH_X86_64_CONTEXT_SIGNAL_VECTORS_H
#define ARCH_X86_64_CONTEXT_SIGNAL_VECTORS_H

#include "base/compiler.h"
#include "base/types.h"

bool signal_vectors_are_extended(void);
size_t signal_vectors_bytes(void);
/* The aligned place for them below an address. */
user_address_t signal_vectors_place(user_address_t top);

/* Copies the registers out and resets them for the handler; -EFAULT. */
int signal_vectors_push(user_address_t to) MUST_CHECK;
/* Loads registers that a program wrote; address 0 resets them. -EFAULT. */
int signal_vectors_pop(user_address_t from) MUST_CHECK;

#endif
