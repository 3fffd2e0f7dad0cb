/* Single words of program memory: loads, and the atomic operations of futexes. */
#include "arch/user.h"

#include "arch/aarch64/cpu/features.h"
#include "arch/common/recovery.h"
#include "arch/mmu.h"
#include "base/errno.h"

/*
 * Ordinary loads and stores reach programs through the LDTR and STTR instructions, which PAN does
 * not stop. Exclusives have no such form: PAN is lifted around them.
 */
static ALWAYS_INLINE void access_begin(void)
{
	if (cpu_has_pan)
		__asm__ volatile(".inst 0xd500409f" ::: "memory");	/* msr pan, #0 */
}

static ALWAYS_INLINE void access_end(void)
{
	if (cpu_has_pan)
		__asm__ volatile(".inst 0xd500419f" ::: "memory");	/* msr pan, #1 */
}

bool user_range_is_valid(user_address_t address, uint64_t length)
{
	return address <= USER_ADDRESS_LIMIT && length <= USER_ADDRESS_LIMIT - address;
}

int user_raw_load32(user_address_t address, uint32_t *value)
{
	uint32_t loaded;

	__asm__ goto("1:	ldtr %w[loaded], [%[word]]\n"
		     EXCEPTION_RECOVER(1b, %l[fault])
		     : [loaded] "=r"(loaded) : [word] "r"(address) : "memory" : fault);
	*value = loaded;
	return 0;
fault:
	return -EFAULT;
}

int user_raw_compare_exchange32(user_address_t address, uint32_t expected, uint32_t desired,
				uint32_t *found)
{
	uint32_t seen, failed;

	access_begin();
	__asm__ goto("1:	ldaxr %w[seen], [%[word]]\n"
		     "	cmp %w[seen], %w[expected]\n"
		     "	b.ne 3f\n"
		     "2:	stlxr %w[failed], %w[desired], [%[word]]\n"
		     "	cbnz %w[failed], 1b\n"
		     "3:	dmb ish\n"
		     EXCEPTION_RECOVER(1b, %l[fault])
		     EXCEPTION_RECOVER(2b, %l[fault])
		     : [seen] "=&r"(seen), [failed] "=&r"(failed)
		     : [word] "r"(address), [expected] "r"(expected), [desired] "r"(desired)
		     : "memory", "cc" : fault);
	access_end();
	*found = seen;
	return 0;
fault:
	access_end();
	return -EFAULT;
}

/* The operations of futex(2), FUTEX_WAKE_OP. */
static bool operation_result(unsigned operation, uint32_t old, uint32_t operand, uint32_t *result)
{
	switch (operation) {
	case 0: *result = operand; return true;
	case 1: *result = old + operand; return true;
	case 2: *result = old | operand; return true;
	case 3: *result = old & ~operand; return true;
	case 4: *result = old ^ operand; return true;
	default: return false;
	}
}

int user_raw_operate32(user_address_t address, unsigned operation, uint32_t operand, uint32_t *old)
{
	uint32_t expected, desired, found;
	int error = user_raw_load32(address, &found);

	if (error)
		return error;
	do {
		expected = found;
		if (!operation_result(operation, expected, operand, &desired))
			return -ENOSYS;
		error = user_raw_compare_exchange32(address, expected, desired, &found);
		if (error)
			return error;
	} while (found != expected);
	*old = found;
	return 0;
}
