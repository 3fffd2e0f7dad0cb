/*
 * Arithmetic that says when it does not fit. Numbers from programs, packets, disks and devices
 * are added and multiplied through these only.
 */
#ifndef BASE_ARITHMETIC_H
#define BASE_ARITHMETIC_H

#include "base/compiler.h"
#include "base/errno.h"
#include "base/types.h"

/* *result = a op b in the type of *result. True if it fitted; else *result has wrapped. */
#define checked_add(a, b, result) likely(!__builtin_add_overflow(a, b, result))
#define checked_subtract(a, b, result) likely(!__builtin_sub_overflow(a, b, result))
#define checked_multiply(a, b, result) likely(!__builtin_mul_overflow(a, b, result))

/* The same for functions that speak errno: 0 or -EOVERFLOW. */
#define add_or_overflow(a, b, result) (checked_add(a, b, result) ? 0 : -EOVERFLOW)
#define subtract_or_overflow(a, b, result) (checked_subtract(a, b, result) ? 0 : -EOVERFLOW)
#define multiply_or_overflow(a, b, result) (checked_multiply(a, b, result) ? 0 : -EOVERFLOW)

/* *end = start + length, the first number behind the range. 0, or -EOVERFLOW if it wraps. */
MUST_CHECK static inline int range_end(uint64_t start, uint64_t length, uint64_t *end)
{
	return add_or_overflow(start, length, end);
}

/* True if [start, start + length) lies within [0, limit). Cannot overflow. */
static inline bool range_is_within(uint64_t start, uint64_t length, uint64_t limit)
{
	return start <= limit && length <= limit - start;
}

/* True if the two ranges share a number. An empty range shares none. */
static inline bool ranges_overlap(uint64_t a, uint64_t a_length, uint64_t b, uint64_t b_length)
{
	if (a_length == 0 || b_length == 0)
		return false;
	return a <= b ? b - a < a_length : a - b < b_length;
}

/* Round up to a power of two; 0, or -EOVERFLOW at the top of 64 bits. */
MUST_CHECK static inline int checked_align_up(uint64_t value, uint64_t alignment, uint64_t *result)
{
	if (!checked_add(value, alignment - 1, result))
		return -EOVERFLOW;
	*result = align_down(*result, alignment);
	return 0;
}

/* The upper 64 bits of a 128-bit product. */
static inline uint64_t multiply_high_u64(uint64_t a, uint64_t b)
{
	return (uint64_t)((unsigned __int128)a * b >> 64);
}

/* (a * b) >> shift with 128 bits between; shift < 128. The result is cut to 64 bits. */
static inline uint64_t mul_u64_u64_shift(uint64_t a, uint64_t b, unsigned int shift)
{
	return (uint64_t)((unsigned __int128)a * b >> shift);
}

/*
 * a * b / divisor with 128 bits between; UINT64_MAX if the quotient does not fit. By shift and
 * subtract, because a freestanding kernel has no 128-bit division: for set-up, not for hot paths.
 */
static inline uint64_t multiply_divide_u64(uint64_t a, uint64_t b, uint64_t divisor)
{
	unsigned __int128 product = (unsigned __int128)a * b;
	uint64_t remainder = (uint64_t)(product >> 64);
	uint64_t low = (uint64_t)product;

	if (remainder >= divisor)
		return UINT64_MAX;
	if (remainder == 0)
		return low / divisor;
	for (unsigned int bit = 0; bit < 64; bit++) {
		bool carry = remainder >> 63;

		remainder = remainder << 1 | low >> 63;
		low <<= 1;
		if (carry || remainder >= divisor) {
			remainder -= divisor;
			low |= 1;
		}
	}
	return low;
}

/* Quotient rounded up, without the overflow of (a + b - 1) / b. */
static inline uint64_t divide_up_u64(uint64_t value, uint64_t divisor)
{
	return value / divisor + (value % divisor != 0);
}

/* The number of the highest bit set; value must not be 0. */
static inline unsigned int log2_floor(uint64_t value)
{
	return 63u - (unsigned int)__builtin_clzll(value);
}

/* The smallest n with 2^n >= value; 0 for values 0 and 1. */
static inline unsigned int log2_ceiling(uint64_t value)
{
	return value <= 1 ? 0 : log2_floor(value - 1) + 1;
}

/* The smallest power of two >= value; 0 if there is none in 64 bits. */
static inline uint64_t round_up_power_of_two(uint64_t value)
{
	unsigned int order = log2_ceiling(value);

	return order > 63 ? 0 : UINT64_C(1) << order;
}

#endif
