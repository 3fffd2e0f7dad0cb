/*
 * What we ask of the compiler beyond C: attributes, barriers, type-safe macros.
 * The only file outside kernel/arch that may test for a compiler or an option.
 */
#ifndef BASE_COMPILER_H
#define BASE_COMPILER_H

#include <stddef.h>
#include <stdint.h>

/* Attributes. */
#define __packed __attribute__((packed))
#define __aligned(bytes) __attribute__((aligned(bytes)))
#define MUST_CHECK __attribute__((warn_unused_result))
#define NORETURN __attribute__((noreturn))
#define PRINTF_LIKE(text, first) __attribute__((format(printf, text, first)))
#define UNUSED __attribute__((unused))
#define USED __attribute__((used))
#define WEAK __attribute__((weak))
#define COLD __attribute__((cold))
#define NOINLINE __attribute__((noinline))
#define ALWAYS_INLINE inline __attribute__((always_inline))
#define SECTION(name) __attribute__((section(name)))
/* Functions that sleep for others: whoever asks where a thread sleeps looks past them. */
#define WAITING_TEXT __attribute__((section(".waiting_text")))
#define FALLTHROUGH __attribute__((fallthrough))
#define NO_SANITIZE_ADDRESS __attribute__((no_sanitize_address))
#define MAY_ALIAS __attribute__((may_alias))

/* Keeps a loop that implements memcpy or strlen from being turned into a call of itself. */
#ifdef __clang__
#define NO_LOOP_IDIOM __attribute__((no_builtin))
#else
#define NO_LOOP_IDIOM __attribute__((optimize("no-tree-loop-distribute-patterns")))
#endif

/* Lock annotations, checked by clang's thread-safety pass. */
#ifdef __clang__
#define THREAD_ATTRIBUTE(x) __attribute__((x))
#else
#define THREAD_ATTRIBUTE(x)
#endif
#define CAPABILITY(name) THREAD_ATTRIBUTE(capability(name))
#define REQUIRES(...) THREAD_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define REQUIRES_SHARED(...) THREAD_ATTRIBUTE(requires_shared_capability(__VA_ARGS__))
#define ACQUIRE(...) THREAD_ATTRIBUTE(acquire_capability(__VA_ARGS__))
#define ACQUIRE_SHARED(...) THREAD_ATTRIBUTE(acquire_shared_capability(__VA_ARGS__))
#define TRY_ACQUIRE(...) THREAD_ATTRIBUTE(try_acquire_capability(__VA_ARGS__))
#define TRY_ACQUIRE_SHARED(...) THREAD_ATTRIBUTE(try_acquire_shared_capability(__VA_ARGS__))
#define RELEASE(...) THREAD_ATTRIBUTE(release_capability(__VA_ARGS__))
#define RELEASE_SHARED(...) THREAD_ATTRIBUTE(release_shared_capability(__VA_ARGS__))
#define EXCLUDES(...) THREAD_ATTRIBUTE(locks_excluded(__VA_ARGS__))
#define NO_THREAD_ANALYSIS THREAD_ATTRIBUTE(no_thread_safety_analysis)

/* 1 in a debug build (make BUILD=debug), else 0: an ordinary constant, so both branches compile. */
#ifdef AEGIS_DEBUG
#define DEBUG_BUILD 1
#else
#define DEBUG_BUILD 0
#endif

/* Freestanding gcc forgets that it can copy a few bytes inline; say so. */
#if __STDC_HOSTED__ == 0
#define memcpy(to, from, length) __builtin_memcpy(to, from, length)
#define memmove(to, from, length) __builtin_memmove(to, from, length)
#define memset(to, byte, length) __builtin_memset(to, byte, length)
#define memcmp(a, b, length) __builtin_memcmp(a, b, length)
#endif

#ifndef static_assert
#define static_assert _Static_assert
#endif

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define unreachable() __builtin_unreachable()

/* The compiler moves no memory access across it. The CPU may. */
#define barrier() __asm__ volatile("" ::: "memory")

/* One access, not torn, merged or repeated by the compiler. No ordering. */
#define READ_ONCE(x) (*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, new_value) (*(volatile __typeof__(x) *)&(x) = (new_value))

/* Fails to compile for a pointer. */
#define ARRAY_SIZE(array) \
	(sizeof(array) / sizeof((array)[0]) + \
	 0 * sizeof(char[1 - 2 * __builtin_types_compatible_p(__typeof__(array), \
							       __typeof__(&(array)[0]))]))

/* The structure of `type` whose `member` is at `pointer`; checks the member's type. */
#define container_of(pointer, type, member) \
	((type *)((char *)(1 ? (pointer) : &((type *)0)->member) - offsetof(type, member)))

#define BIT(n) (UINT64_C(1) << (n))

#define UNIQUE_NAME_2(prefix, n) prefix##n
#define UNIQUE_NAME_1(prefix, n) UNIQUE_NAME_2(prefix, n)
#define UNIQUE_NAME(prefix) UNIQUE_NAME_1(prefix, __COUNTER__)

/*
 * min, max and clamp evaluate each argument once and refuse to compare a signed number with an
 * unsigned one, unless one of the two is a constant that is not negative.
 */
#define IS_SIGNED_VALUE(x) ((__typeof__((x) + 0))-1 < (__typeof__((x) + 0))1)
#define IS_SAFE_CONSTANT(x) \
	__builtin_choose_expr(__builtin_constant_p(x), (unsigned long long)(x) >> 63 == 0, 0)
#define ASSERT_COMPARABLE(a, b) \
	static_assert(IS_SIGNED_VALUE(a) == IS_SIGNED_VALUE(b) || IS_SAFE_CONSTANT(a) || \
		      IS_SAFE_CONSTANT(b), "comparing signed with unsigned")
#define COMPARE_ONCE(a, operator, b, x, y) \
	({ \
		ASSERT_COMPARABLE(a, b); \
		__auto_type x = (a); \
		__auto_type y = (b); \
		(__typeof__(x + y))x operator (__typeof__(x + y))y ? (__typeof__(x + y))x \
								   : (__typeof__(x + y))y; \
	})
#define min(a, b) COMPARE_ONCE(a, <, b, UNIQUE_NAME(min_a_), UNIQUE_NAME(min_b_))
#define max(a, b) COMPARE_ONCE(a, >, b, UNIQUE_NAME(max_a_), UNIQUE_NAME(max_b_))
#define clamp(value, low, high) min(max(value, low), high)

/* Powers of two only. align_up wraps at the top of the type: see arithmetic.h for outside input. */
#define align_down(x, alignment) ((x) & ~((__typeof__(x))(alignment) - 1))
#define align_up(x, alignment) \
	(((x) + ((__typeof__(x))(alignment) - 1)) & ~((__typeof__(x))(alignment) - 1))
#define is_aligned(x, alignment) (((x) & ((__typeof__(x))(alignment) - 1)) == 0)
#define is_power_of_two(x) ((x) != 0 && ((x) & ((x) - 1)) == 0)
#define divide_up(x, divisor) (((x) + (divisor) - 1) / (divisor))

/*
 * Scoped ownership. A header says once
 *	SCOPED_DEFINE(file, struct file *, file_put)
 * and a function then writes
 *	SCOPED(file) struct file *file = file_open(...);
 * file_put(file) runs when the variable leaves scope, unless it is NULL.
 * scope_keep(file) takes the value out, so that nothing is released.
 */
#define SCOPED_DEFINE(name, type, destroy) \
	static inline void name##_scope_end(type *value) \
	{ \
		if (*value) \
			destroy(*value); \
	}
#define SCOPED(name) __attribute__((cleanup(name##_scope_end)))
#define scope_keep(variable) SCOPE_KEEP_ONCE(variable, UNIQUE_NAME(kept_))
#define SCOPE_KEEP_ONCE(variable, kept) \
	({ \
		__typeof__(variable) kept = (variable); \
		(variable) = NULL; \
		kept; \
	})

#endif
