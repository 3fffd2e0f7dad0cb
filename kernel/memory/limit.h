/*
 * Seam: what the current process may have of address space and locked memory. Declared here,
 * implemented by task/.
 */
#ifndef MEMORY_LIMIT_H
#define MEMORY_LIMIT_H

#include "base/types.h"

enum memory_limit {
	MEMORY_LIMIT_SPACE,	/* RLIMIT_AS */
	MEMORY_LIMIT_DATA,
	MEMORY_LIMIT_STACK,
	MEMORY_LIMIT_LOCKED,	/* none for who may lock what it likes */
};

/* In bytes, at this moment: the space may be shared with a process that has other limits. */
uint64_t memory_limit(enum memory_limit kind);

#endif
