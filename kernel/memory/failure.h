/*
 * Debug builds: requests for memory that are made to fail. Every request of a thread to the heap,
 * to a slab cache or for pages (those of page tables too) is counted once its plan is made.
 */
#ifndef MEMORY_FAILURE_H
#define MEMORY_FAILURE_H

#include "base/compiler.h"
#include "base/types.h"

/* Of the current thread's requests from now on, number n (from 1) and `count - 1` after it fail. */
void memory_failures_plan(uint32_t n, uint32_t count);
/* Ends the plan; how many requests failed. */
uint32_t memory_failures_end(void);

/* Whether a request of the current thread has to fail; counts it. */
bool memory_failure_step(void);

static inline bool memory_must_fail(void)
{
	return DEBUG_BUILD && unlikely(memory_failure_step());
}

/* /proc/aegis/fail. */
void memory_failures_start(void);

#endif
