/*
 * Counters of memory/: one copy per CPU, added up when somebody reads them. A single copy may be
 * negative, because pages are freed on other CPUs than they were allocated on.
 */
#ifndef MEMORY_COUNTERS_H
#define MEMORY_COUNTERS_H

#include "arch/cpu.h"
#include "base/atomic.h"
#include "base/types.h"

enum memory_counter {
	/* Levels, in pages. */
	COUNT_ANONYMOUS,
	COUNT_MAPPED,
	COUNT_SHARED,
	COUNT_CACHED,
	COUNT_DIRTY,
	COUNT_WRITEBACK,
	COUNT_SLAB_RECLAIMABLE,
	COUNT_SLAB_UNRECLAIMABLE,
	COUNT_KERNEL_STACKS,
	COUNT_PAGE_TABLES,
	COUNT_LOCKED,
	/* Events. */
	COUNT_RECLAIMED,
	COUNT_RECLAIM_SCANS,
	COUNT_WRITEBACKS,
	COUNT_OUT_OF_MEMORY_KILLS,
	COUNT_FAULTS,
	COUNT_MAJOR_FAULTS,
	COUNT_COPIES_ON_WRITE,
	MEMORY_COUNTERS,
};

struct memory_counters {
	int64_t values[MEMORY_COUNTERS];
};

DECLARE_PER_CPU(struct memory_counters, memory_counters);

/* Any context. If the thread moves meanwhile it adds to another CPU's copy, atomically. */
static inline void memory_count(enum memory_counter counter, int64_t change)
{
	__atomic_fetch_add(&this_cpu(memory_counters)->values[counter], change, __ATOMIC_RELAXED);
}

/* The sum over all CPUs, never below 0. */
uint64_t memory_counter_read(enum memory_counter counter);

#endif
