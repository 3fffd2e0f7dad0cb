/*
 * Debug builds: every context keeps a stack of the locks it holds; taking one out of the order of
 * lock_order.h, or in the wrong context, is reported once per pair of classes.
 */
#ifndef SYNC_LOCK_CHECK_H
#define SYNC_LOCK_CHECK_H

#include "base/compiler.h"
#include "base/types.h"

enum lock_check_flags {
	LOCK_CHECK_NESTED = 1 << 0,	/* a second of its class, ordered by the caller */
	LOCK_CHECK_MASKED = 1 << 1,	/* the caller says that interrupts are masked */
	LOCK_CHECK_TRIED = 1 << 2,	/* did not wait, so cannot deadlock */
	LOCK_CHECK_SLEEPS = 1 << 3,	/* a mutex or shared lock */
};

/* Held locks beyond this many are not tracked; the deepest path in the kernel holds about ten. */
#define LOCK_TRACE_DEPTH 24

struct lock_trace {
	uint32_t count;
	uint32_t untracked;
	struct held_lock {
		const void *lock;
		uint16_t class;
	} held[LOCK_TRACE_DEPTH];
};

/* Nothing is checked while context_current()->locks is NULL: the context has no trace yet. */
void lock_check_acquire(const void *lock, unsigned class, unsigned flags);
void lock_check_release(const void *lock, unsigned class);

/* Prints what the current context holds (panic, watchdog). */
void lock_check_print(void);

/* "LOCK_SPACE" and so on. */
const char *lock_class_name(unsigned class);

/* Reports so far, for tests. */
uint64_t lock_check_report_count(void);

#endif
