/*
 * Named wrappers of the compiler's atomic operations. The order is part of the name; an operation
 * without an order in its name is sequentially consistent. The macros take a pointer to any scalar
 * or pointer; struct atomic32 and struct atomic64 are for counters that nobody may touch otherwise.
 */
#ifndef BASE_ATOMIC_H
#define BASE_ATOMIC_H

#include "base/compiler.h"
#include "base/types.h"

#define atomic_load_relaxed(at) __atomic_load_n(at, __ATOMIC_RELAXED)
#define atomic_load_acquire(at) __atomic_load_n(at, __ATOMIC_ACQUIRE)
#define atomic_load_ordered(at) __atomic_load_n(at, __ATOMIC_SEQ_CST)
#define atomic_store_relaxed(at, value) __atomic_store_n(at, value, __ATOMIC_RELAXED)
#define atomic_store_release(at, value) __atomic_store_n(at, value, __ATOMIC_RELEASE)
/* Whatever follows, plain loads too, comes after it. C's ordered store promises that for ordered
 * loads only, and aarch64 makes use of it. */
#define atomic_store_ordered(at, value) \
	do { \
		__atomic_store_n(at, value, __ATOMIC_RELEASE); \
		__atomic_thread_fence(__ATOMIC_SEQ_CST); \
	} while (0)

/* Store `value`; the result is what was there. */
#define atomic_swap(at, value) __atomic_exchange_n(at, value, __ATOMIC_SEQ_CST)
#define atomic_swap_relaxed(at, value) __atomic_exchange_n(at, value, __ATOMIC_RELAXED)
#define atomic_swap_acquire(at, value) __atomic_exchange_n(at, value, __ATOMIC_ACQUIRE)
#define atomic_swap_release(at, value) __atomic_exchange_n(at, value, __ATOMIC_RELEASE)

/* If *at == *expected, store `value` and be true; else *expected becomes what was there. */
#define atomic_compare_swap(at, expected, value) \
	__atomic_compare_exchange_n(at, expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED)
#define atomic_compare_swap_relaxed(at, expected, value) \
	__atomic_compare_exchange_n(at, expected, value, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)
#define atomic_compare_swap_acquire(at, expected, value) \
	__atomic_compare_exchange_n(at, expected, value, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)
#define atomic_compare_swap_release(at, expected, value) \
	__atomic_compare_exchange_n(at, expected, value, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED)

/*
 * The result of fetch_ operations is the value before. Ordered ones are full fences, too: C
 * promises that among ordered operations only, and what comes later may pass the store of an
 * aarch64 without atomic instructions. The build says whether those of its CPU are fences anyway.
 */
#define ATOMIC_ORDERED(operation) \
	({ \
		__auto_type before_ = (operation); \
\
		if (!ATOMIC_OPERATIONS_ARE_FENCES) \
			__atomic_thread_fence(__ATOMIC_SEQ_CST); \
		before_; \
	})
#define atomic_fetch_add_ordered(at, n) \
	ATOMIC_ORDERED(__atomic_fetch_add(at, n, __ATOMIC_SEQ_CST))
#define atomic_fetch_add_relaxed(at, n) __atomic_fetch_add(at, n, __ATOMIC_RELAXED)
#define atomic_fetch_add_release(at, n) __atomic_fetch_add(at, n, __ATOMIC_RELEASE)
#define atomic_fetch_subtract_ordered(at, n) \
	ATOMIC_ORDERED(__atomic_fetch_sub(at, n, __ATOMIC_SEQ_CST))
#define atomic_fetch_subtract_relaxed(at, n) __atomic_fetch_sub(at, n, __ATOMIC_RELAXED)
#define atomic_fetch_subtract_release(at, n) __atomic_fetch_sub(at, n, __ATOMIC_RELEASE)
#define atomic_fetch_or_ordered(at, bits) \
	ATOMIC_ORDERED(__atomic_fetch_or(at, bits, __ATOMIC_SEQ_CST))
#define atomic_fetch_or_relaxed(at, bits) __atomic_fetch_or(at, bits, __ATOMIC_RELAXED)
#define atomic_fetch_or_acquire(at, bits) __atomic_fetch_or(at, bits, __ATOMIC_ACQUIRE)
#define atomic_fetch_or_release(at, bits) __atomic_fetch_or(at, bits, __ATOMIC_RELEASE)
#define atomic_fetch_and_ordered(at, bits) \
	ATOMIC_ORDERED(__atomic_fetch_and(at, bits, __ATOMIC_SEQ_CST))
#define atomic_fetch_and_relaxed(at, bits) __atomic_fetch_and(at, bits, __ATOMIC_RELAXED)
#define atomic_fetch_and_acquire(at, bits) __atomic_fetch_and(at, bits, __ATOMIC_ACQUIRE)
#define atomic_fetch_and_release(at, bits) __atomic_fetch_and(at, bits, __ATOMIC_RELEASE)

/* Between CPUs. Devices need the barriers of arch/. */
#define atomic_fence() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define atomic_fence_acquire() __atomic_thread_fence(__ATOMIC_ACQUIRE)
#define atomic_fence_release() __atomic_thread_fence(__ATOMIC_RELEASE)

struct atomic32 {
	uint32_t value;
};

struct atomic64 {
	uint64_t value;
};

/* For each width: relaxed load and store, and read-modify-write that returns the new value. */
#define ATOMIC_DEFINE(name, type) \
	static inline type name##_load(const struct name *atomic) \
	{ \
		return atomic_load_relaxed(&atomic->value); \
	} \
	static inline type name##_load_acquire(const struct name *atomic) \
	{ \
		return atomic_load_acquire(&atomic->value); \
	} \
	static inline void name##_store(struct name *atomic, type value) \
	{ \
		atomic_store_relaxed(&atomic->value, value); \
	} \
	static inline void name##_store_release(struct name *atomic, type value) \
	{ \
		atomic_store_release(&atomic->value, value); \
	} \
	static inline type name##_swap(struct name *atomic, type value) \
	{ \
		return atomic_swap(&atomic->value, value); \
	} \
	static inline bool name##_compare_swap(struct name *atomic, type *expected, type value) \
	{ \
		return atomic_compare_swap(&atomic->value, expected, value); \
	} \
	static inline type name##_add(struct name *atomic, type n) \
	{ \
		return (type)(atomic_fetch_add_ordered(&atomic->value, n) + n); \
	} \
	static inline type name##_subtract(struct name *atomic, type n) \
	{ \
		return (type)(atomic_fetch_subtract_ordered(&atomic->value, n) - n); \
	} \
	static inline type name##_add_relaxed(struct name *atomic, type n) \
	{ \
		return (type)(atomic_fetch_add_relaxed(&atomic->value, n) + n); \
	} \
	static inline type name##_subtract_relaxed(struct name *atomic, type n) \
	{ \
		return (type)(atomic_fetch_subtract_relaxed(&atomic->value, n) - n); \
	}

ATOMIC_DEFINE(atomic32, uint32_t)
ATOMIC_DEFINE(atomic64, uint64_t)

#undef ATOMIC_DEFINE

#endif
