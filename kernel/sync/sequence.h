/*
 * Sequence counts: readers copy without locks and retry when a writer was there.
 */
#ifndef SYNC_SEQUENCE_H
#define SYNC_SEQUENCE_H

#include "arch/cpu.h"
#include "base/atomic.h"
#include "base/compiler.h"
#include "base/types.h"

struct sequence_count {
	uint32_t value;		/* odd: a writer is inside */
};

static inline uint32_t sequence_read_begin(const struct sequence_count *count)
{
	uint32_t value;

	while ((value = __atomic_load_n(&count->value, __ATOMIC_ACQUIRE)) & 1)
		cpu_relax();
	return value;
}

static inline bool sequence_read_retry(const struct sequence_count *count, uint32_t begun)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return __atomic_load_n(&count->value, __ATOMIC_RELAXED) != begun;
}

/* Writers exclude each other by a lock, and may not be preempted inside. */
static inline void sequence_write_begin(struct sequence_count *count)
{
	__atomic_store_n(&count->value, count->value + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void sequence_write_end(struct sequence_count *count)
{
	__atomic_store_n(&count->value, count->value + 1, __ATOMIC_RELEASE);
}

#endif
