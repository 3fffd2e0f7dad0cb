/*
 * The only user of arch/user.h. Every range is checked against the program's half before it is
 * touched, every value is fetched once, and a fault ends in -EFAULT or a short count.
 */
#include "memory/user.h"

#include "arch/context.h"
#include "arch/upcalls.h"
#include "arch/user.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "base/string.h"
#include "memory/heap.h"
#include "memory/kasan.h"
#include "memory/space.h"

/* Strings of programs are gathered in heap memory that starts at this size. */
#define STRING_FIRST_SIZE 64

int user_copy_in(void *to, user_address_t from, size_t length)
{
	size_t left;

	if (DEBUG_BUILD)
		kasan_check(to, length, true);
	if (unlikely(!user_range_is_valid(from, length))) {
		memset(to, 0, length);
		return -EFAULT;
	}
	left = user_raw_copy_in(to, from, length);
	if (likely(left == 0))
		return 0;
	memset((char *)to + length - left, 0, left);
	return -EFAULT;
}

int user_copy_out(user_address_t to, const void *from, size_t length)
{
	if (DEBUG_BUILD)
		kasan_check(from, length, false);
	if (unlikely(!user_range_is_valid(to, length)))
		return -EFAULT;
	return likely(user_raw_copy_out(to, from, length) == 0) ? 0 : -EFAULT;
}

size_t user_copy_in_some(void *to, user_address_t from, size_t length)
{
	if (DEBUG_BUILD)
		kasan_check(to, length, true);
	if (unlikely(!user_range_is_valid(from, length)))
		return 0;
	return length - user_raw_copy_in(to, from, length);
}

size_t user_copy_out_some(user_address_t to, const void *from, size_t length)
{
	if (DEBUG_BUILD)
		kasan_check(from, length, false);
	if (unlikely(!user_range_is_valid(to, length)))
		return 0;
	return length - user_raw_copy_out(to, from, length);
}

size_t user_zero_some(user_address_t to, size_t length)
{
	if (unlikely(!user_range_is_valid(to, length)))
		return 0;
	return length - user_raw_zero(to, length);
}

size_t user_copy_in_nofault(void *to, user_address_t from, size_t length)
{
	size_t moved;

	user_faults_disable();
	moved = user_copy_in_some(to, from, length);
	user_faults_enable();
	return moved;
}

int user_fault_in(user_address_t address, size_t length, bool is_write)
{
	struct fault fault = {
		.kind = FAULT_PAGE,
		.access = is_write ? FAULT_WRITE : FAULT_READ,
		.is_user = true,
	};
	struct space *space = space_current();
	user_address_t end;

	if (!space || !user_range_is_valid(address, length))
		return -EFAULT;
	end = address + length;
	for (address = align_down(address, PAGE_SIZE); address < end; address += PAGE_SIZE) {
		fault.address = address;
		if (space_fault(space, &fault) != FAULT_RESOLVED)
			return -EFAULT;
	}
	return 0;
}

long user_copy_string(char *to, user_address_t from, size_t size)
{
	uint64_t room;
	long length;

	if (unlikely(!user_range_is_valid(from, 1)))
		return -EFAULT;
	room = min((uint64_t)size, USER_ADDRESS_LIMIT - from);
	length = user_raw_copy_string(to, from, room);
	if (length < 0)
		return length;
	if ((uint64_t)length == room)
		return room < size ? -EFAULT : -ENAMETOOLONG;
	return length;
}

int user_load32(user_address_t address, uint32_t *value)
{
	return user_copy_in(value, address, sizeof(*value));
}

int user_load64(user_address_t address, uint64_t *value)
{
	return user_copy_in(value, address, sizeof(*value));
}

int user_store32(user_address_t address, uint32_t value)
{
	return user_copy_out(address, &value, sizeof(value));
}

int user_store64(user_address_t address, uint64_t value)
{
	return user_copy_out(address, &value, sizeof(value));
}

int user_load32_nofault(user_address_t address, uint32_t *value)
{
	int error;

	if (unlikely(!user_range_is_valid(address, sizeof(*value))))
		return -EFAULT;
	user_faults_disable();
	error = user_raw_load32(address, value);
	user_faults_enable();
	return error;
}

int user_compare_exchange32_nofault(user_address_t address, uint32_t expected, uint32_t desired,
				    uint32_t *found)
{
	int error;

	if (unlikely(!user_range_is_valid(address, sizeof(*found))))
		return -EFAULT;
	user_faults_disable();
	error = user_raw_compare_exchange32(address, expected, desired, found);
	user_faults_enable();
	return error;
}

int user_operate32_nofault(user_address_t address, unsigned operation, uint32_t operand,
			   uint32_t *old)
{
	int error;

	if (unlikely(!user_range_is_valid(address, sizeof(*old))))
		return -EFAULT;
	user_faults_disable();
	error = user_raw_operate32(address, operation, operand, old);
	user_faults_enable();
	return error;
}

void user_faults_disable(void)
{
	context_current()->faults_disabled++;
	barrier();
}

void user_faults_enable(void)
{
	barrier();
	context_current()->faults_disabled--;
}
