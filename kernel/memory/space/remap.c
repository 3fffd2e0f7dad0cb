/*
 * mremap: shrink, grow in place, or move. Moving carries page-table entries over one by one, while
 * the trees that find pages by index are locked, so that no walker misses a page in between.
 */
#include "base/arithmetic.h"
#include "base/errno.h"
#include "memory/limit.h"
#include "memory/page_cache.h"
#include "memory/space/regions.h"

#include <abi/memory.h>

struct remap {
	struct space *space;
	user_address_t old, old_end, new_length, target;
	unsigned flags;
};

/* The one region that holds all of the old range, or an error. */
static int remap_region(const struct remap *remap, struct region **region)
{
	*region = space_region_find(remap->space, remap->old);
	if (!*region || (*region)->end < remap->old_end)
		return -EFAULT;
	if ((*region)->flags & REGION_SPECIAL)
		return -EFAULT;
	return 0;
}

static int growth_check(struct space *space, const struct region *region, uint64_t pages)
{
	if (space->pages_mapped + pages > memory_limit(MEMORY_LIMIT_SPACE) >> PAGE_SHIFT)
		return -ENOMEM;
	if ((region->flags & (REGION_WRITE | REGION_SHARED)) == REGION_WRITE &&
	    space->pages_data + pages > memory_limit(MEMORY_LIMIT_DATA) >> PAGE_SHIFT)
		return -ENOMEM;
	if (region->flags & REGION_LOCKED &&
	    space->pages_locked + pages > memory_limit(MEMORY_LIMIT_LOCKED) >> PAGE_SHIFT)
		return -EAGAIN;
	return 0;
}

/* Makes the page tables for every page that will move; no lock but the space's. */
static int tables_prepare(struct space *space, user_address_t from, user_address_t end,
			  user_address_t to)
{
	user_address_t at = from;

	for (;;) {
		struct mmu_entry entry;
		bool found;

		spin_lock(&space->table_lock);
		found = mmu_next(&space->mmu, &at, end, &entry);
		spin_unlock(&space->table_lock);
		if (!found)
			return 0;
		if (mmu_prepare(&space->mmu, to + (at - from), 0) != 0)
			return -ENOMEM;
		at += PAGE_SIZE;
	}
}

static void pages_move(struct region *region, user_address_t from, user_address_t end,
		       user_address_t to) NO_THREAD_ANALYSIS
{
	struct space *space = region->space;
	user_address_t at = from;
	struct mmu_entry entry;
	bool any = false;

	region_links_lock(region);
	spin_lock(&space->table_lock);
	while (mmu_next(&space->mmu, &at, end, &entry)) {
		/* What other CPUs have noted till the last moment moves along. */
		entry = mmu_clear(&space->mmu, at);
		if (entry.flags & MMU_PRESENT) {
			mmu_set(&space->mmu, to + (at - from), entry.address,
				entry.flags & ~(uint32_t)MMU_PRESENT, 0);
			any = true;
		}
		at += PAGE_SIZE;
	}
	spin_unlock(&space->table_lock);
	region_links_unlock(region);
	if (any)
		mmu_invalidate(&space->mmu, from, end);
}

/* A region like `region` for [start, start + length), whose first page is that of `from`. */
static int region_clone(struct region *region, user_address_t from, user_address_t start,
			uint64_t length, struct region **result)
{
	struct region *copy;

	if (region->space->region_count >= REGIONS_MAXIMUM)
		return -ENOMEM;
	copy = region_create(region->space);
	if (!copy)
		return -ENOMEM;
	*copy = *region;
	copy->page_offset = region_index(region, from);
	copy->start = start;
	copy->end = start + length;
	if (copy->operations && copy->operations->open)
		copy->operations->open(copy);
	region_insert(copy);
	space_account(copy->space, copy, (int64_t)region_pages(copy));
	*result = copy;
	return 0;
}

/* Moves [old, old + moved) to the target, where `new_length` bytes are free. */
static int64_t remap_move(struct remap *remap, struct region *region)
{
	struct space *space = remap->space;
	user_address_t moved_end = min(remap->old_end, remap->old + remap->new_length);
	struct region *copy;
	int error = tables_prepare(space, remap->old, moved_end, remap->target);

	/* What is cut out now need not be split once its pages are gone. */
	if (!error && !(remap->flags & MREMAP_DONTUNMAP))
		error = region_isolate(space, remap->old, remap->old_end);
	if (!error)
		error = remap_region(remap, &region);
	if (!error)
		error = region_clone(region, remap->old, remap->target, remap->new_length, &copy);
	if (error)
		return error;
	pages_move(region, remap->old, moved_end, remap->target);
	region_merge(copy);
	if (remap->flags & MREMAP_DONTUNMAP)
		return (int64_t)remap->target;
	error = space_unmap_locked(space, remap->old, remap->old_end);
	return error ? error : (int64_t)remap->target;
}

/* A second view of a shared region: what an old length of 0 asks for. */
static int64_t remap_duplicate(struct remap *remap, struct region *region)
{
	struct region *copy;
	int error;

	if (!(region->flags & REGION_SHARED))
		return -EINVAL;
	error = region_clone(region, remap->old, remap->target, remap->new_length, &copy);
	if (error)
		return error;
	region_merge(copy);
	return (int64_t)remap->target;
}

static int64_t remap_elsewhere(struct remap *remap, struct region *region)
{
	uint64_t old_length = remap->old_end - remap->old;
	bool stays = remap->flags & MREMAP_DONTUNMAP || old_length == 0;
	uint64_t more = stays ? remap->new_length
			      : remap->new_length - min(old_length, remap->new_length);
	int error = growth_check(remap->space, region, more >> PAGE_SHIFT);

	if (error)
		return error;
	if (!(remap->flags & MREMAP_FIXED))
		remap->target = region_gap_find(remap->space, remap->new_length,
						remap->space->mmap_top);
	if (!remap->target)
		return -ENOMEM;
	return old_length ? remap_move(remap, region) : remap_duplicate(remap, region);
}

static int64_t remap_fixed(struct remap *remap)
{
	user_address_t target_end = remap->target + remap->new_length;
	struct region *region;
	int error;

	if (ranges_overlap(remap->old, remap->old_end - remap->old, remap->target,
			   remap->new_length))
		return -EINVAL;
	error = remap_region(remap, &region);
	if (!error)
		error = space_unmap_locked(remap->space, remap->target, target_end);
	/* What was unmapped may have been cut from the same region. */
	if (!error)
		error = remap_region(remap, &region);
	return error ? error : remap_elsewhere(remap, region);
}

static int64_t remap_grow(struct remap *remap)
{
	user_address_t new_end;
	struct region *region;
	uint64_t more;
	int error = remap_region(remap, &region);

	if (error)
		return error;
	more = remap->new_length - (remap->old_end - remap->old);
	if (remap->old_end > remap->old && region->end == remap->old_end &&
	    range_is_within(remap->old, remap->new_length, USER_ADDRESS_LIMIT)) {
		new_end = remap->old + remap->new_length;
		error = growth_check(remap->space, region, more >> PAGE_SHIFT);
		if (error)
			return error;
		if (region_range_is_free(remap->space, region->end, new_end)) {
			region_adjust(region, region->start, new_end);
			space_account(remap->space, region, (int64_t)(more >> PAGE_SHIFT));
			region_merge(region);
			return (int64_t)remap->old;
		}
	}
	if (!(remap->flags & MREMAP_MAYMOVE))
		return -ENOMEM;
	return remap_elsewhere(remap, region);
}

static int64_t remap_locked(struct remap *remap)
{
	uint64_t old_length = remap->old_end - remap->old;
	struct region *region;
	int error;

	if (remap->flags & MREMAP_FIXED)
		return remap_fixed(remap);
	error = remap_region(remap, &region);
	if (error)
		return error;
	if (remap->flags & MREMAP_DONTUNMAP)
		return remap_elsewhere(remap, region);
	if (remap->new_length > old_length)
		return remap_grow(remap);
	if (remap->new_length < old_length)
		error = space_unmap_locked(remap->space, remap->old + remap->new_length,
					   remap->old_end);
	return error ? error : (int64_t)remap->old;
}

static int remap_check(const struct remap *remap, uint64_t old_length)
{
	unsigned flags = remap->flags;

	if (flags & ~(unsigned)(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP))
		return -EINVAL;
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP) && !(flags & MREMAP_MAYMOVE))
		return -EINVAL;
	if (flags & MREMAP_DONTUNMAP && old_length != remap->new_length)
		return -EINVAL;
	if (remap->new_length == 0)
		return -EINVAL;
	if (remap->new_length > USER_ADDRESS_LIMIT)
		return flags & MREMAP_FIXED ? -EINVAL : -ENOMEM;
	if (flags & MREMAP_FIXED &&
	    (remap->target % PAGE_SIZE != 0 || remap->target < USER_ADDRESS_LOWEST ||
	     !range_is_within(remap->target, remap->new_length, USER_ADDRESS_LIMIT)))
		return -EINVAL;
	return 0;
}

int64_t space_remap(struct space *space, user_address_t old, uint64_t old_length,
		    uint64_t new_length, unsigned flags, user_address_t new_address)
{
	struct remap remap = { .space = space, .old = old, .flags = flags, .target = new_address };
	struct region *region;
	int64_t result;
	int error;

	if (checked_align_up(new_length, PAGE_SIZE, &remap.new_length) != 0)
		return -EINVAL;
	error = range_check(old, old_length, &remap.old_end, -EINVAL);
	if (!error)
		error = remap_check(&remap, remap.old_end - old);
	if (error)
		return error;
	error = shared_lock_write_killable(&space->lock);
	if (error)
		return error;
	result = remap_locked(&remap);
	region = result > 0 ? space_region_find(space, (user_address_t)result) : NULL;
	error = region && (region->flags & (REGION_LOCKED | REGION_LOCK_ON_FAULT)) ==
				  REGION_LOCKED;
	shared_unlock_write(&space->lock);
	if (error && space_populate(space, (user_address_t)result,
				    (user_address_t)result + remap.new_length,
				    POPULATE_AS_MAPPED) == -EINTR)
		return result;
	return result;
}
