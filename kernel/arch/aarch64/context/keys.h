/* A program's keys of pointer authentication; each thread has its own copy. */
#ifndef ARCH_AARCH64_CONTEXT_KEYS_H
#define ARCH_AARCH64_CONTEXT_KEYS_H

#include "arch/context.h"

/* Fresh keys, all of them on; nothing on CPUs without. */
void program_keys_reset(struct context_machine *machine);
/* Into this CPU's registers, but for key IA, which the entry code changes. Interrupts masked. */
void program_keys_load(const struct context_machine *machine);

/* prctl(2): PR_PAC_RESET_KEYS, PR_PAC_SET_ENABLED_KEYS, PR_PAC_GET_ENABLED_KEYS. */
long program_keys_renew(unsigned long which);
long program_keys_enable(unsigned long which, unsigned long enabled);
long program_keys_enabled(void);

#endif
