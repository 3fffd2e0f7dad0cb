/*
 * Access to program memory on the host: through the software page tables of the current context's
 * space, byte range by byte range, asking upcall_fault() where a translation is missing.
 */
#include "arch/user.h"

#include "arch/context.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "base/errno.h"
#include "base/string.h"
#include "machine/host_mmu.h"

bool user_range_is_valid(user_address_t address, uint64_t length)
{
	return length <= USER_ADDRESS_LIMIT && address <= USER_ADDRESS_LIMIT - length;
}

/* The host's address of a program's byte; NULL: the access faults for good. */
static void *reach(user_address_t address, bool is_write)
{
	struct context *self = context_current();
	struct frame kernel = { .call_number = -1 };

	if (!self->space || !user_range_is_valid(address, 1))
		return NULL;
	for (;;) {
		void *found = host_mmu_reach(self->space, address, is_write);
		struct fault fault = {
			.kind = FAULT_PAGE, .access = is_write ? FAULT_WRITE : FAULT_READ,
			.address = address,
		};

		if (found)
			return found;
		if (self->faults_disabled)
			return NULL;
		fault.is_present = (mmu_query(self->space, address).flags & MMU_PRESENT) != 0;
		if (!upcall_fault(&kernel, &fault))
			return NULL;
	}
}

/* What of `length` lies in the page of `address`. */
static size_t within_page(user_address_t address, size_t length)
{
	return min(length, (size_t)(PAGE_SIZE - (address & (PAGE_SIZE - 1))));
}

size_t user_raw_copy_in(void *to, user_address_t from, size_t length)
{
	char *target = to;

	while (length) {
		size_t part = within_page(from, length);
		const void *source = reach(from, false);

		if (!source)
			break;
		memcpy(target, source, part);
		target += part;
		from += part;
		length -= part;
	}
	return length;
}

size_t user_raw_copy_out(user_address_t to, const void *from, size_t length)
{
	const char *source = from;

	while (length) {
		size_t part = within_page(to, length);
		void *target = reach(to, true);

		if (!target)
			break;
		memcpy(target, source, part);
		source += part;
		to += part;
		length -= part;
	}
	return length;
}

size_t user_raw_zero(user_address_t to, size_t length)
{
	while (length) {
		size_t part = within_page(to, length);
		void *target = reach(to, true);

		if (!target)
			break;
		memset(target, 0, part);
		to += part;
		length -= part;
	}
	return length;
}

long user_raw_copy_string(char *to, user_address_t from, size_t limit)
{
	for (size_t length = 0; length < limit; length++) {
		const char *source = reach(from + length, false);

		if (!source)
			return -EFAULT;
		to[length] = *source;
		if (!*source)
			return (long)length;
	}
	return (long)limit;
}

int user_raw_load32(user_address_t address, uint32_t *value)
{
	const uint32_t *word = reach(address, false);

	if (!word)
		return -EFAULT;
	*value = READ_ONCE(*word);
	return 0;
}

int user_raw_compare_exchange32(user_address_t address, uint32_t expected, uint32_t desired,
				uint32_t *found)
{
	uint32_t *word = reach(address, true);

	if (!word)
		return -EFAULT;
	*found = expected;
	__atomic_compare_exchange_n(word, found, desired, false, __ATOMIC_SEQ_CST,
		__ATOMIC_SEQ_CST);
	return 0;
}

int user_raw_operate32(user_address_t address, unsigned operation, uint32_t operand, uint32_t *old)
{
	uint32_t *word = reach(address, true);

	if (!word)
		return -EFAULT;
	switch (operation) {
	case 0:
		*old = __atomic_exchange_n(word, operand, __ATOMIC_SEQ_CST);
		return 0;
	case 1:
		*old = __atomic_fetch_add(word, operand, __ATOMIC_SEQ_CST);
		return 0;
	case 2:
		*old = __atomic_fetch_or(word, operand, __ATOMIC_SEQ_CST);
		return 0;
	case 3:
		*old = __atomic_fetch_and(word, ~operand, __ATOMIC_SEQ_CST);
		return 0;
	case 4:
		*old = __atomic_fetch_xor(word, operand, __ATOMIC_SEQ_CST);
		return 0;
	default:
		return -ENOSYS;
	}
}
