/*
 * mmap(2) and its family: checks of flags and protections; memory/ does the rest.
 */
#include "arch/program.h"
#include "memory/limit.h"
#include "memory/page_cache.h"
#include "memory/space.h"

#include "memory/heap.h"
#include "process/layout.h"
#include "syscall/support.h"
#include "task/authority.h"
#include "task/credentials.h"
#include "task/thread.h"
#include "vfs/permission.h"
#include <abi/memory.h>

static uint32_t protection_flags(unsigned long protection)
{
	return (protection & PROT_READ ? REGION_READ : 0) |
		(protection & PROT_WRITE ? REGION_WRITE : 0) |
		(protection & PROT_EXEC ? REGION_EXECUTE : 0) |
		(protection & program_protection_guarded() ? REGION_GUARDED : 0);
}

#define REGION_MAY_ALL (REGION_MAY_READ | REGION_MAY_WRITE | REGION_MAY_EXECUTE)

/* Flags that MAP_SHARED_VALIDATE accepts; others would be promises not kept. */
#define MAP_VALIDATED (MAP_TYPE | MAP_FIXED | MAP_ANONYMOUS | MAP_GROWSDOWN | MAP_DENYWRITE | \
		       MAP_EXECUTABLE | MAP_LOCKED | MAP_NORESERVE | MAP_POPULATE | \
		       MAP_NONBLOCK | MAP_STACK | MAP_FIXED_NOREPLACE)

static int kind_check(unsigned long flags, bool is_file)
{
	switch (flags & MAP_TYPE) {
	case MAP_SHARED_VALIDATE:
		if (is_file && (flags & ~(unsigned long)MAP_VALIDATED))
			return -EOPNOTSUPP;
		return is_file ? 0 : -EINVAL;
	case MAP_SHARED:
	case MAP_PRIVATE:
		return flags & MAP_HUGETLB ? -EINVAL : 0;
	default:
		return -EINVAL;
	}
}

static uint32_t request_region_flags(unsigned long protection, unsigned long flags)
{
	uint32_t region = protection_flags(protection) | REGION_MAY_ALL;

	if ((flags & MAP_TYPE) != MAP_PRIVATE)
		region |= REGION_SHARED;
	if (flags & MAP_GROWSDOWN)
		region |= REGION_GROWS_DOWN;
	if (flags & MAP_LOCKED)
		region |= REGION_LOCKED;
	if (flags & MAP_NORESERVE)
		region |= REGION_NO_RESERVE;
	return region;
}

/* What the open file allows of a mapping of it. */
static int file_permits(const struct file *file, struct map_request *request)
{
	if (!(file->mode & FILE_READ))
		return -EACCES;
	if (request->region_flags & REGION_SHARED) {
		if (!(file->mode & FILE_WRITE)) {
			if (request->region_flags & REGION_WRITE)
				return -EACCES;
			request->region_flags &= ~REGION_MAY_WRITE;
		}
	}
	if (!file->operations->map)
		return -ENODEV;
	return 0;
}

static long map_file(struct file *file, struct map_request *request)
{
	int result = file_permits(file, request);
	int64_t address;

	if (result == 0)
		result = file->operations->map(file, request);
	if (result < 0)
		return result;
	address = space_map(space_current(), request);
	if (request->counted)
		atomic_fetch_subtract_relaxed(&request->counted->writable_mappings, 1);
	return address;
}

/* Whether the program may name this place; what no place is, space_map() tells. */
static int place_check(user_address_t address, size_t length, unsigned long flags)
{
	if (!(flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) || address % PAGE_SIZE != 0 ||
	    length > USER_ADDRESS_LIMIT)
		return 0;
	return layout_check_address(address);
}

long sys_mmap(user_address_t address, size_t length, unsigned long protection,
	      unsigned long flags, int fd, unsigned long position)
{
	struct map_request request = {
		.length = length,
		.region_flags = request_region_flags(protection, flags),
		.page_offset = position / PAGE_SIZE,
	};
	struct file_reference reference;
	bool is_file = !(flags & MAP_ANONYMOUS);
	long result;

	if (position % PAGE_SIZE != 0)
		return -EINVAL;
	if (flags & MAP_FIXED_NOREPLACE)
		request.map_flags = MAP_AT_UNLESS_TAKEN;
	else if (flags & MAP_FIXED)
		request.map_flags = MAP_AT_EXACTLY;
	if ((flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE || (flags & MAP_LOCKED))
		request.map_flags |= MAP_POPULATE_NOW;
	request.address = address;
	if (!is_file) {
		result = length == 0 ? -EINVAL : place_check(address, length, flags);
		if (result == 0)
			result = kind_check(flags, false);
		return result < 0 ? result : space_map_anonymous(space_current(), &request);
	}
	reference = descriptor_borrow(fd, false);
	if (!reference.file)
		return -EBADF;
	result = length == 0 ? -EINVAL : place_check(address, length, flags);
	if (result == 0)
		result = kind_check(flags, true);
	/* The last byte must have a number that fits an offset. */
	if (result == 0 && position > INT64_MAX - align_up(length, PAGE_SIZE))
		result = -EOVERFLOW;
	if (result == 0)
		result = map_file(reference.file, &request);
	descriptor_return(reference);
	return result;
}

long sys_munmap(user_address_t address, size_t length)
{
	address = user_address_untag(address);
	if (address % PAGE_SIZE != 0 || length == 0)
		return -EINVAL;
	return space_unmap(space_current(), address, length);
}

long sys_mprotect(user_address_t address, size_t length, unsigned long protection)
{
	unsigned long known = PROT_READ | PROT_WRITE | PROT_EXEC | PROT_SEM | PROT_GROWSDOWN |
			      program_protection_guarded();

	address = user_address_untag(address);
	if (address % PAGE_SIZE != 0 || (protection & ~known))
		return -EINVAL;
	if (length == 0)
		return 0;
	if (align_up(length, PAGE_SIZE) < length)
		return -ENOMEM;
	return space_protect(space_current(), address, length, protection_flags(protection) |
			     (protection & PROT_GROWSDOWN ? REGION_GROWS_DOWN : 0));
}

long sys_mremap(user_address_t address, size_t old_length, size_t new_length,
		unsigned long flags, user_address_t new_address)
{
	int result;

	if (flags & ~(unsigned long)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	result = flags & MREMAP_FIXED ? place_check(new_address, new_length, MAP_FIXED) : 0;
	if (result < 0)
		return result;
	return space_remap(space_current(), user_address_untag(address), old_length, new_length,
			   flags, new_address);
}

long sys_madvise(user_address_t address, size_t length, int advice)
{
	return space_advise(space_current(), user_address_untag(address), length, advice);
}

long sys_msync(user_address_t address, size_t length, int flags)
{
	address = user_address_untag(address);
	if ((flags & ~(MS_ASYNC | MS_INVALIDATE | MS_SYNC)) || address % PAGE_SIZE != 0)
		return -EINVAL;
	if ((flags & MS_ASYNC) && (flags & MS_SYNC))
		return -EINVAL;
	/* The last page of numbers rounds to nothing, on Linux too. */
	if (align_up(length, PAGE_SIZE) == 0)
		return 0;
	return space_sync(space_current(), address, length, flags);
}

long sys_mincore(user_address_t address, size_t length, user_address_t vector)
{
	uint8_t *block;
	size_t pages;
	int result = 0;

	address = user_address_untag(address);
	if (address % PAGE_SIZE != 0)
		return -EINVAL;
	if (!user_range_is_valid(address, length))
		return -ENOMEM;
	pages = align_up(length, PAGE_SIZE) / PAGE_SIZE;
	if (!user_range_is_valid(vector, pages))
		return -EFAULT;
	block = heap_allocate(PAGE_SIZE, HEAP_ACCOUNT);
	if (!block)
		return -ENOMEM;
	for (size_t done = 0; done < pages && result == 0; done += PAGE_SIZE) {
		size_t part = min(pages - done, PAGE_SIZE);

		result = space_residency(space_current(), address + done * PAGE_SIZE,
					 part * PAGE_SIZE, block);
		if (result == 0)
			result = user_copy_out(vector + done, block, part);
	}
	heap_free(block);
	return result;
}

long sys_brk(user_address_t end)
{
	return space_break(space_current(), end);
}

static long lock_pages(user_address_t address, size_t length, bool on_fault)
{
	uint64_t start = align_down(user_address_untag(address), PAGE_SIZE);
	uint64_t bytes = align_up(length + address % PAGE_SIZE, PAGE_SIZE);

	if (memory_limit(MEMORY_LIMIT_LOCKED) == 0)
		return -EPERM;
	if (length == 0)
		return 0;
	if (start + bytes < start || bytes == 0)
		return length ? -EINVAL : 0;
	return space_lock_pages(space_current(), start, bytes, true, on_fault);
}

long sys_mlock(user_address_t address, size_t length)
{
	return lock_pages(address, length, false);
}

long sys_mlock2(user_address_t address, size_t length, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return lock_pages(address, length, flags & MLOCK_ONFAULT);
}

long sys_munlock(user_address_t address, size_t length)
{
	uint64_t start = align_down(user_address_untag(address), PAGE_SIZE);
	uint64_t bytes = align_up(length + address % PAGE_SIZE, PAGE_SIZE);

	if (length == 0)
		return 0;
	if (start + bytes < start || bytes == 0)
		return -EINVAL;
	return space_lock_pages(space_current(), start, bytes, false, false);
}

long sys_mlockall(int flags)
{
	if (flags == 0 || (flags & ~(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT)) ||
	    flags == MCL_ONFAULT)
		return -EINVAL;
	if (memory_limit(MEMORY_LIMIT_LOCKED) == 0)
		return -EPERM;
	return space_lock_all(space_current(), flags);
}

long sys_munlockall(void)
{
	return space_unlock_all(space_current());
}
