/* Single words of program memory: loads, and the atomic operations of futexes. */
#include "arch/user.h"

#include "arch/common/recovery.h"
#include "arch/mmu.h"
#include "arch/x86_64/cpu/patch.h"
#include "base/errno.h"


static ALWAYS_INLINE void access_begin(void)
{
	__asm__ volatile(PATCH_NOTE(2) : : : "memory");
}

static ALWAYS_INLINE void access_end(void)
{
	__asm__ volatile(PATCH_NOTE(1) : : : "memory");
}
static_assert(PATCH_STAC == 2 && PATCH_CLAC == 1, "the numbers above");

bool user_range_is_valid(user_address_t address, uint64_t length)
{
	return address <= USER_ADDRESS_LIMIT && length <= USER_ADDRESS_LIMIT - address;
}

int user_raw_load32(user_address_t address, uint32_t *value)
{
	const volatile uint32_t *word = (const volatile uint32_t *)address;
	uint32_t loaded;

	access_begin();
	__asm__ goto("1:	movl %[word], %[loaded]\n"
		     EXCEPTION_RECOVER(1b, %l[fault])
		     : [loaded] "=r"(loaded) : [word] "m"(*word) : "memory" : fault);
	access_end();
	*value = loaded;
	return 0;
fault:
	access_end();
	return -EFAULT;
}

int user_raw_compare_exchange32(user_address_t address, uint32_t expected, uint32_t desired,
				uint32_t *found)
{
	volatile uint32_t *word = (volatile uint32_t *)address;
	uint32_t seen = expected;

	access_begin();
	__asm__ goto("1:	lock cmpxchgl %[desired], %[word]\n"
		     EXCEPTION_RECOVER(1b, %l[fault])
		     : [seen] "+a"(seen), [word] "+m"(*word)
		     : [desired] "r"(desired) : "memory", "cc" : fault);
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
