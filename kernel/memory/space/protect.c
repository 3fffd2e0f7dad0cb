/*
 * mprotect, madvise and mlock: each cuts regions at the ends of its range, changes flags, brings
 * page-table entries in line, and joins regions that are alike again.
 */
#include "base/arithmetic.h"
#include "base/errno.h"
#include "memory/limit.h"
#include "memory/page_cache.h"
#include "memory/space/regions.h"

#include <abi/memory.h>

struct protect {
	struct region *region;
	uint32_t allowed;	/* to each of its pages, writing apart */
	bool was_weakened;	/* an entry lost a permission, or asks for more */
};

static enum mmu_visit protect_visit(user_address_t address, struct mmu_entry *entry, void *argument)
{
	struct protect *protect = argument;
	uint32_t allowed = protect->allowed;
	uint32_t permissions = MMU_READ | MMU_WRITE | MMU_EXECUTE | MMU_GUARDED;
	uint32_t old = entry->flags & permissions;

	(void)address;
	if (!(entry->flags & MMU_PRESENT))
		return MMU_KEEP;
	/* Writing comes back by a fault, unless nobody else can have the page. */
	if (protect->region->flags & REGION_WRITE && !(entry->flags & MMU_SPECIAL)) {
		struct page *page = page_of_frame_address(entry->address);

		if (entry->flags & MMU_WRITE ||
		    (page_test(page, PAGE_ANONYMOUS) && READ_ONCE(page->references) == 1))
			allowed |= MMU_WRITE;
	}
	if (old & ~allowed || (old ^ allowed) & MMU_GUARDED)
		protect->was_weakened = true;
	entry->flags = (entry->flags & ~permissions) | allowed;
	return MMU_UPDATE;
}

static enum mmu_visit protect_visit_code(user_address_t address, struct mmu_entry *entry,
					 void *argument)
{
	if (entry->flags & MMU_PRESENT && !(entry->flags & MMU_SPECIAL))
		page_make_fetchable(page_of_frame_address(entry->address));
	return protect_visit(address, entry, argument);
}

/* A region whose flags changed: its entries follow. */
static void region_protect_pages(struct region *region)
{
	struct space *space = region->space;
	struct protect protect = { region, .allowed = region_mmu_flags(region->flags) };

	spin_lock(&space->table_lock);
	mmu_walk(&space->mmu, region->start, region->end,
		 protect.allowed & MMU_EXECUTE ? protect_visit_code : protect_visit, &protect);
	spin_unlock(&space->table_lock);
	if (protect.was_weakened)
		mmu_invalidate(&space->mmu, region->start, region->end);
}

/* Whether a region, none of which lies outside the range, may have the permissions. */
static int protect_check(const struct region *region, uint32_t flags)
{
	struct space *space = region->space;
	uint32_t may = (region->flags / REGION_MAY_READ) * REGION_READ;

	if (flags & ~may & REGION_ACCESS)
		return -EACCES;
	if (flags & REGION_WRITE && !(region->flags & (REGION_WRITE | REGION_SHARED)) &&
	    space->pages_data + region_pages(region) >
			    memory_limit(MEMORY_LIMIT_DATA) >> PAGE_SHIFT)
		return -ENOMEM;
	return 0;
}

/* Gives one region other flags; sizes by kind follow. */
static void region_flags_set(struct region *region, uint32_t flags)
{
	int64_t pages = (int64_t)region_pages(region);

	space_account(region->space, region, -pages);
	region->flags = flags;
	space_account(region->space, region, pages);
}

/* Changes what lies before the first hole or refusal, as Linux does; then fails. */
static int protect_range(struct space *space, user_address_t start, user_address_t end,
			 uint32_t access)
{
	struct region *region = region_find_from(space, start);

	for (; start < end; region = space_region_next(region)) {
		uint32_t flags;
		int error;

		if (!region || region->start > start)
			return -ENOMEM;
		error = protect_check(region, access);
		if (error)
			return error;
		flags = (region->flags & ~(uint32_t)REGION_PROTECTION) | access;
		if (flags != region->flags) {
			region_flags_set(region, flags);
			region_protect_pages(region);
		}
		region = region_merge(region);
		start = region->end;
	}
	return 0;
}

/* PROT_GROWSDOWN: from the beginning of the growing stack that holds the address. */
static int stack_start(struct space *space, user_address_t *start)
{
	struct region *region = region_find_from(space, *start);

	if (!region || region->start > *start)
		return -ENOMEM;
	if (!(region->flags & REGION_GROWS_DOWN))
		return -EINVAL;
	*start = region->start;
	return 0;
}

int space_protect(struct space *space, user_address_t start, uint64_t length,
		  uint32_t region_flags)
{
	struct region *region;
	user_address_t end;
	int error = range_check(start, length, &end, -ENOMEM);

	if (error || length == 0)
		return error;
	error = shared_lock_write_killable(&space->lock);
	if (error)
		return error;
	if (region_flags & REGION_GROWS_DOWN)
		error = stack_start(space, &start);
	if (!error)
		error = region_isolate(space, start, end);
	if (!error)
		error = protect_range(space, start, end, region_flags & REGION_PROTECTION);
	/* What was cut at the ends and not changed is joined again. */
	region = region_find_from(space, start);
	if (region)
		region_merge(region);
	region = region_find_from(space, end);
	if (region)
		region_merge(region);
	shared_unlock_write(&space->lock);
	return error;
}

static uint32_t advice_flags(int advice, uint32_t flags)
{
	uint32_t order = REGION_SEQUENTIAL | REGION_RANDOM;

	switch (advice) {
	case MADV_NORMAL:
		return flags & ~order;
	case MADV_RANDOM:
		return (flags & ~order) | REGION_RANDOM;
	case MADV_SEQUENTIAL:
		return (flags & ~order) | REGION_SEQUENTIAL;
	case MADV_DONTFORK:
		return flags | REGION_NO_FORK;
	case MADV_DOFORK:
		return flags & ~(uint32_t)REGION_NO_FORK;
	case MADV_WIPEONFORK:
		return flags | REGION_WIPE_ON_FORK;
	case MADV_KEEPONFORK:
		return flags & ~(uint32_t)REGION_WIPE_ON_FORK;
	case MADV_DONTDUMP:
		return flags | REGION_NO_DUMP;
	case MADV_DODUMP:
		return flags & ~(uint32_t)REGION_NO_DUMP;
	default:
		return flags;
	}
}

/* Whether an advice may be given to a region: 0 or a negative errno. */
static int advice_check(const struct region *region, int advice)
{
	bool is_private_anonymous = !region->operations && !(region->flags & REGION_SHARED);

	switch (advice) {
	case MADV_DONTNEED:
		return region->flags & (REGION_LOCKED | REGION_SPECIAL) ? -EINVAL : 0;
	case MADV_FREE:
	case MADV_WIPEONFORK:
		return is_private_anonymous ? 0 : -EINVAL;
	case MADV_DOFORK:
		return region->flags & REGION_SPECIAL ? -EINVAL : 0;
	case MADV_REMOVE:
		if (region->flags & REGION_LOCKED || !region_is_shared_memory(region))
			return -EINVAL;
		return (region->flags & (REGION_SHARED | REGION_WRITE)) ==
				       (REGION_SHARED | REGION_WRITE) ? 0 : -EACCES;
	default:
		return 0;
	}
}

/* Carries out what is more than a flag, for the part of a region in the range. */
static int region_advise(struct region *region, user_address_t start, user_address_t end,
			 int advice)
{
	int error = advice_check(region, advice);

	if (error)
		return error;
	if (advice == MADV_DONTNEED || advice == MADV_FREE)
		region_zap(region, start, end);
	else if (advice == MADV_REMOVE)
		page_cache_punch(region->cache, region_index(region, start) << PAGE_SHIFT,
				 region_index(region, end) << PAGE_SHIFT);
	return 0;
}

/* Changes flags: needs the lock for writing and regions of their own. */
static int advise_flags(struct space *space, user_address_t start, user_address_t end, int advice)
{
	struct region *region;
	bool has_hole = false;
	int error;

	error = shared_lock_write_killable(&space->lock);
	if (error)
		return error;
	error = region_isolate(space, start, end);
	region = region_find_from(space, start);
	for (; !error && region && region->start < end; region = space_region_next(region)) {
		has_hole |= region->start > start;
		error = advice_check(region, advice);
		if (error)
			break;
		region_flags_set(region, advice_flags(advice, region->flags));
		region = region_merge(region);
		start = region->end;
	}
	shared_unlock_write(&space->lock);
	return error ? error : has_hole || start < end ? -ENOMEM : 0;
}

/* Drops pages: regions stay as they are, so others may fault meanwhile. */
static int advise_pages(struct space *space, user_address_t start, user_address_t end, int advice)
{
	struct region *region;
	bool has_hole = false;
	int error = 0;

	shared_lock_read(&space->lock);
	region = region_find_from(space, start);
	for (; !error && region && region->start < end; region = space_region_next(region)) {
		has_hole |= region->start > start;
		error = region_advise(region, max(start, region->start), min(end, region->end),
				      advice);
		start = region->end;
	}
	shared_unlock_read(&space->lock);
	return error ? error : has_hole || start < end ? -ENOMEM : 0;
}

int space_advise(struct space *space, user_address_t start, uint64_t length, int advice)
{
	user_address_t end;
	int error = range_check(start, length, &end, -EINVAL);

	if (error)
		return error;
	switch (advice) {
	case MADV_NORMAL:
	case MADV_RANDOM:
	case MADV_SEQUENTIAL:
	case MADV_DONTFORK:
	case MADV_DOFORK:
	case MADV_WIPEONFORK:
	case MADV_KEEPONFORK:
	case MADV_DONTDUMP:
	case MADV_DODUMP:
		return start == end ? 0 : advise_flags(space, start, end, advice);
	case MADV_WILLNEED:
	case MADV_DONTNEED:
	case MADV_FREE:
	case MADV_REMOVE:
	case MADV_MERGEABLE:		/* hints without effect here */
	case MADV_UNMERGEABLE:
	case MADV_HUGEPAGE:
	case MADV_NOHUGEPAGE:
	case MADV_COLD:
	case MADV_PAGEOUT:
		return start == end ? 0 : advise_pages(space, start, end, advice);
	case MADV_POPULATE_READ:
	case MADV_POPULATE_WRITE:
		return space_populate(space, start, end, advice == MADV_POPULATE_WRITE ?
				      POPULATE_WRITE : POPULATE_READ);
	default:
		return -EINVAL;
	}
}

static uint64_t unlocked_pages(struct space *space, user_address_t start, user_address_t end)
{
	struct region *region = region_find_from(space, start);
	uint64_t pages = 0;

	for (; region && region->start < end; region = space_region_next(region)) {
		if (!(region->flags & REGION_LOCKED))
			pages += (min(region->end, end) - max(region->start, start)) >> PAGE_SHIFT;
	}
	return pages;
}

/* Sets or clears the lock of what is mapped in a range; -ENOMEM if some of it is not. */
static int lock_range(struct space *space, user_address_t start, user_address_t end,
		      uint32_t lock_flags)
{
	uint32_t mask = REGION_LOCKED | REGION_LOCK_ON_FAULT;
	struct region *region;
	bool has_hole = false;
	int error = region_isolate(space, start, end);

	if (error)
		return error;
	region = region_find_from(space, start);
	for (; region && region->start < end; region = space_region_next(region)) {
		has_hole |= region->start > start;
		if (!(region->flags & REGION_SPECIAL)) {
			region_flags_set(region, (region->flags & ~mask) | lock_flags);
			region = region_merge(region);
		}
		start = region->end;
	}
	return has_hole || start < end ? -ENOMEM : 0;
}

int space_lock_pages(struct space *space, user_address_t start, uint64_t length, bool lock,
		     bool on_fault)
{
	uint32_t flags = lock ? REGION_LOCKED | (on_fault ? REGION_LOCK_ON_FAULT : 0) : 0;
	uint64_t offset = start % PAGE_SIZE;
	user_address_t end;
	int error;

	if (!checked_add(length, offset, &length))
		return -EINVAL;
	start -= offset;
	error = range_check(start, length, &end, -ENOMEM);
	if (error || start == end)
		return error;
	error = shared_lock_write_killable(&space->lock);
	if (error)
		return error;
	if (lock && space->pages_locked + unlocked_pages(space, start, end) >
			    memory_limit(MEMORY_LIMIT_LOCKED) >> PAGE_SHIFT)
		error = memory_limit(MEMORY_LIMIT_LOCKED) == 0 ? -EPERM : -ENOMEM;
	if (!error)
		error = lock_range(space, start, end, flags);
	shared_unlock_write(&space->lock);
	if (!error && lock && !on_fault)
		error = space_populate(space, start, end, POPULATE_AS_MAPPED);
	return error == -EFAULT || error == -EINVAL ? -ENOMEM : error;
}

int space_lock_all(struct space *space, unsigned flags)
{
	uint32_t lock = REGION_LOCKED | (flags & MCL_ONFAULT ? REGION_LOCK_ON_FAULT : 0);
	struct region *region;
	int error;

	if (!flags || flags & ~(unsigned)(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) ||
	    flags == MCL_ONFAULT)
		return -EINVAL;
	error = shared_lock_write_killable(&space->lock);
	if (error)
		return error;
	if (memory_limit(MEMORY_LIMIT_LOCKED) == 0)
		error = -EPERM;
	else if (flags & MCL_CURRENT &&
		 space->pages_mapped > memory_limit(MEMORY_LIMIT_LOCKED) >> PAGE_SHIFT)
		error = -ENOMEM;
	if (!error && flags & MCL_CURRENT) {
		/* Holes between regions are no error here. */
		error = lock_range(space, 0, USER_ADDRESS_LIMIT, lock);
		error = error == -ENOMEM ? 0 : error;
	}
	if (!error)
		space->lock_future = flags & MCL_FUTURE ? lock : 0;
	shared_unlock_write(&space->lock);
	if (error || !(flags & MCL_CURRENT) || flags & MCL_ONFAULT)
		return error;
	shared_lock_read(&space->lock);
	for (region = space_region_first(space); region; region = space_region_next(region)) {
		if (region_populate(region, region->start, region->end, POPULATE_AS_MAPPED) ==
		    -EINTR)
			break;
	}
	shared_unlock_read(&space->lock);
	return 0;
}

int space_unlock_all(struct space *space)
{
	int error = shared_lock_write_killable(&space->lock);

	if (error)
		return error;
	error = lock_range(space, 0, USER_ADDRESS_LIMIT, 0);
	space->lock_future = 0;
	shared_unlock_write(&space->lock);
	return error == -ENOMEM ? 0 : error;
}
