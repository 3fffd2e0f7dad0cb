/*
 * Raw access to the memory of the current program, with fault recovery. Only memory/user.c and the
 * architecture itself may call these; everyone else uses memory/user.h.
 */
#ifndef ARCH_USER_H
#define ARCH_USER_H

#include "base/types.h"
#include "base/compiler.h"

/* Whether [address, address + length) lies wholly in the program's half; no wrap. */
bool user_range_is_valid(user_address_t address, uint64_t length);

/*
 * Copy bytes; the result is how many were NOT copied (0: all). The range was checked. With page
 * faults disabled (context fault flag, see memory/user.h) an absent page ends the copy instead of
 * being brought in.
 */
size_t user_raw_copy_in(void *to, user_address_t from, size_t length);
size_t user_raw_copy_out(user_address_t to, const void *from, size_t length);
size_t user_raw_zero(user_address_t to, size_t length);

/* Length of a string up to `limit` copied to `to`, its NUL included in the copy if it fits;
 * -EFAULT. A result equal to `limit` means that no NUL was met. */
long user_raw_copy_string(char *to, user_address_t from, size_t limit);

/* Atomic operations on a naturally aligned word in program memory; 0 or -EFAULT. */
int user_raw_load32(user_address_t address, uint32_t *value) MUST_CHECK;
int user_raw_compare_exchange32(user_address_t address, uint32_t expected, uint32_t desired,
				uint32_t *found) MUST_CHECK;
/* futex(2) FUTEX_WAKE_OP: applies operation 0..4 (set add or andn xor) and returns the old
 * value. */
int user_raw_operate32(user_address_t address, unsigned operation, uint32_t operand,
		       uint32_t *old) MUST_CHECK;

#endif
