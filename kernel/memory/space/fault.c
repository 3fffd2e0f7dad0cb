/*
 * Page faults. A page is made or fetched without locks but the space's read lock, then installed
 * under the table lock if the entry is still what it was; who comes second lets go of his page.
 */
#include "arch/upcalls.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "memory/counters.h"
#include "memory/limit.h"
#include "memory/page_cache.h"
#include "memory/reclaim/reclaim.h"
#include "memory/space/regions.h"
#include "sync/rcu.h"

/* A file fault also maps cached neighbours in an aligned window of this many pages. */
#define AROUND_PAGES 16

#define PAGE_NEW_FLAGS (ALLOCATE_USER | ALLOCATE_PATIENT)

struct page_fault {
	struct space *space;
	struct region *region;
	user_address_t address;		/* of the page */
	bool is_write;
	enum fault_force force;
	struct mmu_entry entry;		/* what was there */
};

static bool entries_are_same(const struct mmu_entry *a, const struct mmu_entry *b)
{
	uint32_t matters = MMU_PRESENT | MMU_WRITE | MMU_SPECIAL;

	return a->address == b->address && (a->flags & matters) == (b->flags & matters) &&
	       a->software == b->software;
}

/* Under the table lock: whether the entry changed since it was looked at. */
static bool has_changed(struct page_fault *fault)
{
	struct mmu_entry entry = mmu_query(&fault->space->mmu, fault->address);

	return !entries_are_same(&entry, &fault->entry);
}

static uint32_t flags_for(const struct page_fault *fault, bool may_write)
{
	uint32_t flags = region_mmu_flags(fault->region->flags) | MMU_ACCESSED;

	if (may_write && fault->region->flags & REGION_WRITE)
		flags |= MMU_WRITE;
	if (fault->is_write)
		flags |= MMU_DIRTY;
	return flags;
}

/* Table lock held. */
static void page_show(struct space *space, user_address_t address, struct page *page,
		      uint32_t flags)
{
	if (flags & MMU_EXECUTE)
		page_make_fetchable(page);
	mmu_set(&space->mmu, address, page_physical(page), flags, 0);
}

/*
 * Puts a fresh private page in place of what was there. Takes the page over on success; false: the
 * entry changed meanwhile.
 */
static bool install_private(struct page_fault *fault, struct page *page)
{
	struct space *space = fault->space;

	page_map_anonymous(page, fault->region, fault->address);
	spin_lock(&space->table_lock);
	if (unlikely(has_changed(fault))) {
		spin_unlock(&space->table_lock);
		page_unmap(page);
		return false;
	}
	page_show(space, fault->address, page, flags_for(fault, true));
	spin_unlock(&space->table_lock);
	space_count_resident(space, fault->region, page, 1);
	return true;
}

static enum fault_result fault_zero_page(struct page_fault *fault)
{
	struct space *space = fault->space;

	spin_lock(&space->table_lock);
	if (!has_changed(fault))
		mmu_set(&space->mmu, fault->address, page_physical(space_zero_page),
			flags_for(fault, false) | MMU_SPECIAL, 0);
	spin_unlock(&space->table_lock);
	return FAULT_RESOLVED;
}

static enum fault_result fault_anonymous(struct page_fault *fault)
{
	struct page *page;

	if (!fault->is_write)
		return fault_zero_page(fault);
	page = page_allocate(0, PAGE_NEW_FLAGS | ALLOCATE_ZERO);
	if (unlikely(!page))
		return FAULT_OUT_OF_MEMORY;
	if (unlikely(!install_private(fault, page)))
		page_put(page);
	return FAULT_RESOLVED;
}

static enum fault_result result_of_error(int error)
{
	if (error == -ENOMEM)
		return FAULT_OUT_OF_MEMORY;
	return error == -EINTR ? FAULT_RETRY : FAULT_BUS;
}

/*
 * Truncation takes a page out of its cache first and then, under each table lock, out of page
 * tables: so under that lock this tells whether the page may still be mapped.
 */
static bool page_is_stale(const struct page *page, const struct region *region)
{
	return region->cache && atomic_load_acquire(&page->cache) != region->cache;
}

/* Maps cached neighbours of a page that was just mapped; none of them is waited for. */
static void fault_around(struct page_fault *fault)
{
	struct region *region = fault->region;
	struct page *pages[AROUND_PAGES];
	/* Aligned by address, the window lies in the page table that the fault has prepared. */
	user_address_t window = align_down(fault->address, AROUND_PAGES * PAGE_SIZE);
	user_address_t start = max(window, region->start);
	user_address_t end = min(window + AROUND_PAGES * PAGE_SIZE, region->end);
	size_t count = page_cache_find_batch(region->cache, region_index(region, start),
					     region_index(region, end - 1), pages, AROUND_PAGES);
	uint32_t flags = region_mmu_flags(region->flags);
	int64_t mapped = 0;

	spin_lock(&fault->space->table_lock);
	for (size_t i = 0; i < count; i++) {
		user_address_t at = region->start +
				    ((pages[i]->index - region->page_offset) << PAGE_SHIFT);
		struct mmu_entry entry = mmu_query(&fault->space->mmu, at);

		if (entry.flags || entry.software || page_is_stale(pages[i], region))
			continue;
		page_map_file(pages[i]);
		page_show(fault->space, at, pages[i], flags);
		pages[i] = NULL;
		mapped++;
	}
	spin_unlock(&fault->space->table_lock);
	for (size_t i = 0; i < count; i++) {
		if (pages[i])
			page_put(pages[i]);
	}
	if (mapped)
		atomic_fetch_add_relaxed(region_is_shared_memory(region)
						 ? &fault->space->resident_shared
						 : &fault->space->resident_file, mapped);
}

/* Whether the neighbours of a page are wanted too. */
static bool may_fault_around(const struct page_fault *fault)
{
	return fault->region->cache && !fault->is_write &&
	       !(fault->region->flags & (REGION_RANDOM | REGION_LOCKED));
}

/* Shows a cached page; shared and to be written, it is announced as such afterwards. */
static enum fault_result install_file(struct page_fault *fault, struct page *page)
{
	struct space *space = fault->space;
	struct region *region = fault->region;
	bool may_write = region->flags & REGION_SHARED &&
			 (fault->is_write || !region_tracks_dirty(region));
	bool is_done = false;

	spin_lock(&space->table_lock);
	if (!has_changed(fault) && !page_is_stale(page, region)) {
		page_get(page);
		page_map_file(page);
		page_show(space, fault->address, page, flags_for(fault, may_write));
		is_done = true;
	}
	spin_unlock(&space->table_lock);
	if (is_done) {
		space_count_resident(space, region, page, 1);
		/* Only now: cleaning that came before took the write permission away again. */
		if (fault->is_write)
			page_mark_dirty(page);
	}
	page_put(page);
	if (is_done && may_fault_around(fault))
		fault_around(fault);
	return FAULT_RESOLVED;
}

static enum fault_result fault_file(struct page_fault *fault)
{
	struct region *region = fault->region;
	const struct region_operations *operations = region->operations;
	bool is_copied = fault->is_write && !(region->flags & REGION_SHARED);
	struct page *page, *copy;
	int error = operations->page_get(region, region_index(region, fault->address), &page);

	if (error)
		return result_of_error(error);
	if (!is_copied) {
		if (fault->is_write && operations->page_make_writable)
			error = operations->page_make_writable(region, page);
		if (!error)
			return install_file(fault, page);
		page_put(page);
		return result_of_error(error);
	}
	copy = page_allocate(0, PAGE_NEW_FLAGS);
	if (copy) {
		page_copy(copy, page);
		memory_count(COUNT_COPIES_ON_WRITE, 1);
		if (!install_private(fault, copy))
			page_put(copy);
	}
	page_put(page);
	return copy ? FAULT_RESOLVED : FAULT_OUT_OF_MEMORY;
}

static enum fault_result fault_physical(struct page_fault *fault)
{
	struct space *space = fault->space;
	physical_t physical;
	uint32_t flags = 0;
	int error = fault->region->operations->physical_get(
		fault->region, region_index(fault->region, fault->address), &physical, &flags);

	if (error)
		return result_of_error(error);
	spin_lock(&space->table_lock);
	if (!has_changed(fault))
		mmu_set(&space->mmu, fault->address, physical,
			flags_for(fault, true) | flags | MMU_SPECIAL, 0);
	spin_unlock(&space->table_lock);
	return FAULT_RESOLVED;
}

/* A private page that only this entry shows may be written at once. Table lock held. */
static bool page_is_exclusive(const struct page *page)
{
	return page_test(page, PAGE_ANONYMOUS) && atomic_load_acquire(&page->references) == 1;
}

/* A write to a page shared copy-on-write, or to the zero page. */
static enum fault_result fault_copy(struct page_fault *fault)
{
	struct space *space = fault->space;
	struct page *old = NULL, *page;
	bool is_installed;

	spin_lock(&space->table_lock);
	if (has_changed(fault)) {
		spin_unlock(&space->table_lock);
		return FAULT_RESOLVED;
	}
	if (!(fault->entry.flags & MMU_SPECIAL)) {
		old = page_of_frame_address(fault->entry.address);
		if (page_is_exclusive(old)) {
			mmu_protect(&space->mmu, fault->address, flags_for(fault, true));
			spin_unlock(&space->table_lock);
			mmu_invalidate_local(&space->mmu, fault->address);
			return FAULT_RESOLVED;
		}
		page_get(old);
	}
	spin_unlock(&space->table_lock);
	page = page_allocate(0, old ? PAGE_NEW_FLAGS : PAGE_NEW_FLAGS | ALLOCATE_ZERO);
	if (!page) {
		if (old)
			page_put(old);
		return FAULT_OUT_OF_MEMORY;
	}
	if (old)
		page_copy(page, old);
	is_installed = install_private(fault, page);
	if (is_installed) {
		/* Other threads must not read the old page once this one wrote to the new. */
		if (!mmu_set_breaks_first())
			mmu_invalidate(&space->mmu, fault->address, fault->address + PAGE_SIZE);
		memory_count(COUNT_COPIES_ON_WRITE, 1);
	} else {
		page_put(page);
	}
	if (old) {
		if (is_installed) {
			space_count_resident(space, fault->region, old, -1);
			page_unmap(old);
			page_put(old);
		}
		page_put(old);
	}
	return FAULT_RESOLVED;
}

/* The first write to a shared page that was clean. */
static enum fault_result fault_make_writable(struct page_fault *fault)
{
	struct space *space = fault->space;
	struct region *region = fault->region;
	struct page *page = NULL;
	bool has_page;
	int error = 0;

	spin_lock(&space->table_lock);
	has_page = !has_changed(fault) && !(fault->entry.flags & MMU_SPECIAL);
	if (has_page) {
		page = page_of_frame_address(fault->entry.address);
		page_get(page);
	}
	spin_unlock(&space->table_lock);
	if (!has_page)
		return FAULT_RESOLVED;
	if (region->operations->page_make_writable)
		error = region->operations->page_make_writable(region, page);
	if (!error) {
		spin_lock(&space->table_lock);
		if (!has_changed(fault))
			mmu_protect(&space->mmu, fault->address, flags_for(fault, true));
		spin_unlock(&space->table_lock);
		mmu_invalidate_local(&space->mmu, fault->address);
		page_mark_dirty(page);
	}
	page_put(page);
	return error ? result_of_error(error) : FAULT_RESOLVED;
}

enum fault_result fault_resolve(struct region *region, user_address_t address, bool is_write,
				enum fault_force force)
{
	struct space *space = region->space;
	struct page_fault fault = {
		.space = space,
		.region = region,
		.address = align_down(address, PAGE_SIZE),
		.is_write = is_write,
		.force = force,
	};

	fault.entry = mmu_query(&space->mmu, fault.address);
	if (fault.entry.flags & MMU_PRESENT) {
		if (!is_write || fault.entry.flags & MMU_WRITE) {
			mmu_invalidate_local(&space->mmu, fault.address);
			return FAULT_RESOLVED;
		}
		if (region->flags & REGION_SHARED)
			return fault_make_writable(&fault);
		return fault_copy(&fault);
	}
	if (unlikely(mmu_prepare(&space->mmu, fault.address, 0) != 0))
		return FAULT_OUT_OF_MEMORY;
	if (!region->operations)
		return fault_anonymous(&fault);
	if (region->operations->physical_get)
		return fault_physical(&fault);
	return fault_file(&fault);
}

static bool access_is_allowed(const struct region *region, enum fault_access access)
{
	switch (access) {
	case FAULT_WRITE:
		return region->flags & REGION_WRITE;
	case FAULT_EXECUTE:
		return region->flags & REGION_EXECUTE;
	default:
		return region_is_readable(region->flags);
	}
}

/* A fault below a growing stack: with the space lock for writing, moves its end down. */
static struct region *stack_grow(struct space *space, user_address_t address)
{
	struct region *region = region_find_from(space, address);
	user_address_t start = align_down(address, PAGE_SIZE);
	struct region *below;
	uint64_t pages;

	if (!region || region->start <= address)
		return region;
	if (!(region->flags & REGION_GROWS_DOWN) || start < USER_ADDRESS_LOWEST)
		return NULL;
	below = region_previous(region);
	if (below && below->flags & REGION_ACCESS && !(below->flags & REGION_GROWS_DOWN) &&
	    start - below->end < STACK_GUARD_BYTES)
		return NULL;
	if (below && start < below->end)
		return NULL;
	pages = (region->start - start) >> PAGE_SHIFT;
	if (region->end - start > memory_limit(MEMORY_LIMIT_STACK) ||
	    space->pages_mapped + pages > memory_limit(MEMORY_LIMIT_SPACE) >> PAGE_SHIFT)
		return NULL;
	if (region->flags & REGION_LOCKED && space->pages_locked + pages >
	    memory_limit(MEMORY_LIMIT_LOCKED) >> PAGE_SHIFT)
		return NULL;
	region_adjust(region, start, region->end);
	space_account(space, region, (int64_t)pages);
	return region;
}

struct region *region_lock_at(struct space *space, user_address_t address) NO_THREAD_ANALYSIS
{
	struct region *region;
	bool may_grow;

	shared_lock_read(&space->lock);
	region = region_find_from(space, address);
	if (likely(region && region->start <= address))
		return region;
	may_grow = region && region->flags & REGION_GROWS_DOWN;
	shared_unlock_read(&space->lock);
	if (!may_grow)
		return NULL;
	shared_lock_write(&space->lock);
	region = stack_grow(space, address);
	if (!region) {
		shared_unlock_write(&space->lock);
		return NULL;
	}
	shared_lock_downgrade(&space->lock);
	return region;
}

enum fault_result space_fault(struct space *space, const struct fault *fault) NO_THREAD_ANALYSIS
{
	struct region *region;
	enum fault_result result;

	memory_count(COUNT_FAULTS, 1);
	if (unlikely(READ_ONCE(space->must_die)))
		return FAULT_OUT_OF_MEMORY;
	if (unlikely(fault->address >= USER_ADDRESS_LIMIT))
		return FAULT_NO_REGION;
	region = region_lock_at(space, fault->address);
	if (!region)
		return FAULT_NO_REGION;
	if (unlikely(!access_is_allowed(region, fault->access)))
		result = FAULT_NO_PERMISSION;
	else
		result = fault_resolve(region, fault->address, fault->access == FAULT_WRITE,
				       FAULT_AS_MAPPED);
	shared_unlock_read(&space->lock);
	return result;
}

int region_populate(struct region *region, user_address_t start, user_address_t end,
		    enum populate kind)
{
	/* Private writable pages are made at once, as the first write would. */
	bool writes = region->flags & REGION_WRITE &&
		      (kind == POPULATE_WRITE || !(region->flags & REGION_SHARED));

	if (!(region->flags & REGION_ACCESS) || (kind == POPULATE_WRITE && !writes) ||
	    (kind == POPULATE_READ && !(region->flags & REGION_READ)) ||
	    region->flags & REGION_SPECIAL)
		return -EINVAL;
	for (; start < end; start += PAGE_SIZE) {
		enum fault_result result = fault_resolve(region, start, writes, FAULT_AS_MAPPED);

		if (result == FAULT_OUT_OF_MEMORY)
			return -ENOMEM;
		if (result == FAULT_RETRY || blocking_is_interrupted(SLEEP_KILLABLE))
			return -EINTR;
		if (result != FAULT_RESOLVED)
			return -EFAULT;
		blocking_yield_point();
	}
	return 0;
}

int space_populate(struct space *space, user_address_t start, user_address_t end,
		   enum populate kind)
{
	int error = 0;

	shared_lock_read(&space->lock);
	while (start < end && !error) {
		struct region *region = space_region_find(space, start);
		user_address_t stop;

		if (!region) {
			error = -ENOMEM;
			break;
		}
		stop = min(end, region->end);
		error = region_populate(region, start, stop, kind);
		start = stop;
	}
	shared_unlock_read(&space->lock);
	return error;
}
