/*
 * A reference count that cannot wrap: a count that would overflow, or that is used after zero,
 * sticks at a value in the middle of the bad range. The object then leaks instead of being freed
 * while somebody uses it.
 */
#ifndef BASE_REFCOUNT_H
#define BASE_REFCOUNT_H

#include "base/atomic.h"
#include "base/panic.h"

#define REFCOUNT_LARGEST UINT32_C(0x7fffffff)
#define REFCOUNT_STUCK UINT32_C(0xc0000000)

struct refcount {
	uint32_t value;
};

/* Start with `references`, normally 1. */
static inline void refcount_init(struct refcount *refcount, uint32_t references)
{
	atomic_store_relaxed(&refcount->value, references);
}

/* The count at this moment: for reports and for "am I the only one" under the owner's lock. */
static inline uint32_t refcount_read(const struct refcount *refcount)
{
	return atomic_load_acquire(&refcount->value);
}

static inline void refcount_stick(struct refcount *refcount)
{
	atomic_store_relaxed(&refcount->value, REFCOUNT_STUCK);
	(void)WARN_ON(true);
}

/* Take another reference; the caller has one. */
static inline void refcount_get(struct refcount *refcount)
{
	uint32_t before = atomic_fetch_add_relaxed(&refcount->value, 1);

	if (unlikely(before == 0 || before >= REFCOUNT_LARGEST))
		refcount_stick(refcount);
}

/* Take a reference unless the last one has gone: for lookups under RCU. False if it has. */
MUST_CHECK static inline bool refcount_get_unless_zero(struct refcount *refcount)
{
	uint32_t seen = atomic_load_relaxed(&refcount->value);

	do {
		if (seen == 0)
			return false;
		if (unlikely(seen >= REFCOUNT_LARGEST)) {
			refcount_stick(refcount);
			return true;
		}
	} while (!atomic_compare_swap_acquire(&refcount->value, &seen, seen + 1));
	return true;
}

/* Drop a reference. True if it was the last: the caller destroys the object. */
MUST_CHECK static inline bool refcount_put(struct refcount *refcount)
{
	uint32_t before = atomic_fetch_subtract_release(&refcount->value, 1);

	if (before == 1) {
		/* Everything other holders did to the object happened before its destruction. */
		atomic_fence_acquire();
		return true;
	}
	if (unlikely(before == 0 || before > REFCOUNT_LARGEST))
		refcount_stick(refcount);
	return false;
}

#endif
