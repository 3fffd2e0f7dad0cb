/*
 * Looking into a space from outside: copies for exec, ptrace and /proc, futex identities,
 * msync, and the numbers of mincore and smaps.
 */
#include "base/arithmetic.h"
#include "base/errno.h"
#include "memory/page_cache.h"
#include "memory/space/regions.h"

#include <abi/memory.h>

/* Under the space lock: the page behind an address after a fault for it, with a reference. */
static int page_get_present(struct region *region, user_address_t address, bool is_write,
			    struct page **page)
{
	struct space *space = region->space;
	struct mmu_entry entry;
	bool is_fit;

	spin_lock(&space->table_lock);
	entry = mmu_query(&space->mmu, align_down(address, PAGE_SIZE));
	is_fit = entry.flags & MMU_PRESENT &&
		 (!(entry.flags & MMU_SPECIAL) ||
		  (!is_write && entry.address == page_physical(space_zero_page)));
	if (is_fit) {
		*page = page_of_frame_address(entry.address);
		/* Writing behind the program's back: only to a page of its own, or as it may. */
		if (is_write && !(entry.flags & MMU_WRITE) &&
		    !(page_test(*page, PAGE_ANONYMOUS) &&
		      READ_ONCE((*page)->references) == 1))
			is_fit = false;
	}
	if (is_fit)
		page_get(*page);
	spin_unlock(&space->table_lock);
	return is_fit ? 0 : -EAGAIN;
}

/* Whatever the region's permissions are, but nothing shared is written that may not be. */
static int region_page_get(struct region *region, user_address_t address, bool is_write,
			   struct page **page)
{
	int error;

	if (is_write && !(region->flags & REGION_WRITE) && region->flags & REGION_SHARED)
		return -EFAULT;
	if (region->operations && region->operations->physical_get)
		return -EFAULT;
	/* Another thread may take the page away again between the fault and the look. */
	for (;;) {
		enum fault_result result;

		error = page_get_present(region, address, is_write, page);
		if (error != -EAGAIN)
			return error;
		result = fault_resolve(region, address, is_write, FAULT_FORCED);
		if (result == FAULT_OUT_OF_MEMORY)
			return -ENOMEM;
		if (result != FAULT_RESOLVED)
			return -EFAULT;
	}
}

/* Finds the kernel address of a byte of a space; *page holds it if it is not device memory. */
static int space_reach(struct space *space, user_address_t address, bool is_write,
		       struct page **page, void **at) NO_THREAD_ANALYSIS
{
	struct region *region = region_lock_at(space, address);
	int error = -EFAULT;
	uint32_t flags;
	physical_t physical;

	*page = NULL;
	if (!region)
		return -EFAULT;
	if (region->flags & REGION_SPECIAL && region->operations->physical_get) {
		if (!is_write)
			error = region->operations->physical_get(
				region, region_index(region, address), &physical, &flags);
		if (!error)
			*at = physical_to_virtual(physical);
	} else {
		error = region_page_get(region, address, is_write, page);
		if (!error)
			*at = page_address(*page);
	}
	shared_unlock_read(&space->lock);
	if (!error)
		*at = (char *)*at + address % PAGE_SIZE;
	return error;
}

/* Moves bytes until all are, or one is out of reach: then the error. */
static int space_transfer(struct space *space, user_address_t address, char *data, size_t length,
			  bool is_write, size_t *done)
{
	*done = 0;
	while (*done < length) {
		size_t piece = min(length - *done, PAGE_SIZE - (address + *done) % PAGE_SIZE);
		struct page *page;
		void *at;
		int error = -EFAULT;

		if (address + *done < USER_ADDRESS_LIMIT)
			error = space_reach(space, address + *done, is_write, &page, &at);
		if (error)
			return error;
		if (is_write) {
			memcpy(at, data + *done, piece);
			mmu_synchronise_instructions(at, piece);
			if (page && !page_test(page, PAGE_ANONYMOUS))
				page_mark_dirty(page);
		} else {
			memcpy(data + *done, at, piece);
		}
		if (page)
			page_put(page);
		*done += piece;
	}
	return 0;
}

size_t space_copy_out(struct space *space, user_address_t to, const void *from, size_t length)
{
	size_t done;

	(void)space_transfer(space, to, (char *)(uintptr_t)from, length, true, &done);
	return done;
}

int space_write(struct space *space, user_address_t to, const void *from, size_t length)
{
	size_t done;

	return space_transfer(space, to, (char *)(uintptr_t)from, length, true, &done);
}

size_t space_copy_in(struct space *space, void *to, user_address_t from, size_t length)
{
	size_t done;

	(void)space_transfer(space, from, to, length, false, &done);
	return done;
}

int space_identify(struct space *space, user_address_t address, bool is_private,
		   struct memory_identity *identity)
{
	struct region *region;

	*identity = (struct memory_identity){ .object = (uintptr_t)space, .offset = address };
	if (address >= USER_ADDRESS_LIMIT)
		return -EFAULT;
	if (is_private)
		return 0;
	shared_lock_read(&space->lock);
	region = space_region_find(space, address);
	if (region && region->flags & REGION_SHARED && region->cache) {
		identity->object = (uintptr_t)region->cache;
		identity->offset = (region_index(region, address) << PAGE_SHIFT) +
				   address % PAGE_SIZE;
	}
	shared_unlock_read(&space->lock);
	return region ? 0 : -EFAULT;
}

/* Syncs one region's part; the lock is dropped around the writing. */
static int region_sync(struct region *region, user_address_t start, user_address_t end,
		       unsigned flags)
{
	if (flags & MS_INVALIDATE && region->flags & REGION_LOCKED)
		return -EBUSY;
	if (!(flags & MS_SYNC) || !(region->flags & REGION_SHARED) || !region->operations ||
	    !region->operations->sync)
		return 0;
	return region->operations->sync(region, region_index(region, start),
					region_index(region, end - 1));
}

int space_sync(struct space *space, user_address_t start, uint64_t length, unsigned flags)
{
	struct region *region;
	user_address_t end;
	bool has_hole = false;
	int error;

	if (flags & ~(unsigned)(MS_ASYNC | MS_INVALIDATE | MS_SYNC) ||
	    (flags & (MS_ASYNC | MS_SYNC)) == (MS_ASYNC | MS_SYNC))
		return -EINVAL;
	error = range_check(start, length, &end, -ENOMEM);
	if (error || start == end)
		return error;
	shared_lock_read(&space->lock);
	region = region_find_from(space, start);
	for (; !error && region && region->start < end; region = space_region_next(region)) {
		has_hole |= region->start > start;
		error = region_sync(region, max(start, region->start), min(end, region->end),
				    flags);
		start = region->end;
	}
	shared_unlock_read(&space->lock);
	return error ? error : has_hole || start < end ? -ENOMEM : 0;
}

static void region_residency(struct region *region, user_address_t start, size_t pages,
			     uint8_t *vector)
{
	struct space *space = region->space;

	if (region->cache)
		page_cache_residency(region->cache, region_index(region, start), pages, vector);
	else
		memset(vector, 0, pages);
	for (size_t i = 0; i < pages; i++) {
		struct mmu_entry entry = mmu_query(&space->mmu, start + i * PAGE_SIZE);

		if (entry.flags & MMU_PRESENT)
			vector[i] = 1;
	}
}

int space_residency(struct space *space, user_address_t start, uint64_t length, uint8_t *vector)
{
	user_address_t end;
	int error = range_check(start, length, &end, -ENOMEM);

	if (error)
		return error;
	shared_lock_read(&space->lock);
	while (start < end) {
		struct region *region = space_region_find(space, start);
		user_address_t stop;

		if (!region) {
			error = -ENOMEM;
			break;
		}
		stop = min(end, region->end);
		region_residency(region, start, (stop - start) >> PAGE_SHIFT, vector);
		vector += (stop - start) >> PAGE_SHIFT;
		start = stop;
	}
	shared_unlock_read(&space->lock);
	return error;
}

struct usage_walk {
	struct region *region;
	struct region_usage *usage;
};

static enum mmu_visit usage_visit(user_address_t address, struct mmu_entry *entry, void *argument)
{
	struct usage_walk *walk = argument;
	struct region_usage *usage = walk->usage;
	struct page *page;
	bool is_dirty;
	uint32_t shares;

	(void)address;
	if (!(entry->flags & MMU_PRESENT) || entry->flags & MMU_SPECIAL)
		return MMU_KEEP;
	page = page_of_frame_address(entry->address);
	shares = max(READ_ONCE(page->map_count), 1u);
	is_dirty = entry->flags & MMU_DIRTY || page_test(page, PAGE_DIRTY | PAGE_ANONYMOUS);
	usage->resident++;
	usage->proportional += PAGE_SIZE / shares;
	usage->referenced += (entry->flags & MMU_ACCESSED) != 0;
	usage->anonymous += page_test(page, PAGE_ANONYMOUS);
	usage->locked += (walk->region->flags & REGION_LOCKED) != 0;
	if (shares > 1)
		*(is_dirty ? &usage->shared_dirty : &usage->shared_clean) += 1;
	else
		*(is_dirty ? &usage->private_dirty : &usage->private_clean) += 1;
	return MMU_KEEP;
}

void space_region_usage(struct region *region, struct region_usage *usage)
{
	struct usage_walk walk = { .region = region, .usage = usage };

	memset(usage, 0, sizeof(*usage));
	spin_lock(&region->space->table_lock);
	mmu_walk(&region->space->mmu, region->start, region->end, usage_visit, &walk);
	spin_unlock(&region->space->table_lock);
	usage->proportional >>= PAGE_SHIFT;
}
