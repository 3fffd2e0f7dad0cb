/*
 * The life of an address space: users run in it, references look at it. The last user empties it,
 * the last reference frees the structure.
 */
#include "memory/space.h"

#include "arch/context.h"
#include "base/errno.h"
#include "base/panic.h"
#include "memory/counters.h"
#include "memory/heap.h"
#include "memory/space/regions.h"

static struct slab_cache *space_slab, *family_slab;
struct page *space_zero_page;

void space_start(void)
{
	space_slab = slab_cache_create("space", sizeof(struct space), 64, 0);
	family_slab = slab_cache_create("anonymous_family", sizeof(struct anonymous_family), 64,
					0);
	space_zero_page = page_allocate(0, ALLOCATE_ZERO);
	if (!space_slab || !family_slab || !space_zero_page)
		panic("no memory for address spaces");
	region_start();
	region_links_start();
}

struct anonymous_family *family_create(void)
{
	struct anonymous_family *family = slab_allocate(family_slab, HEAP_ACCOUNT);

	if (!family)
		return NULL;
	refcount_init(&family->references, 1);
	region_links_init(&family->links, LOCK_ANONYMOUS);
	return family;
}

void family_put(struct anonymous_family *family)
{
	if (refcount_put(&family->references))
		slab_free(family_slab, family);
}

void family_join(struct region *region)
{
	struct anonymous_family *family = region->space->family;
	struct region_tree *tree = region_tree_of(&family->links, region->space);

	shared_lock_write(&tree->lock);
	/* Two threads may fault in one region at once. */
	if (!region->family) {
		region->family_node.start = region->page_offset;
		region->family_node.last = region->page_offset + region_pages(region) - 1;
		interval_tree_insert(&tree->regions, &region->family_node);
		atomic_store_release(&region->family, family);
	}
	shared_unlock_write(&tree->lock);
}

struct space *space_create_in(struct anonymous_family *family)
{
	struct space *space = slab_allocate(space_slab, HEAP_ACCOUNT);

	if (!space)
		return NULL;
	if (mmu_space_init(&space->mmu) != 0) {
		slab_free(space_slab, space);
		return NULL;
	}
	space->users = 1;
	space->references = 1;
	space->family = family;
	spin_lock_init(&space->table_lock, LOCK_PAGE_TABLE);
	shared_lock_init(&space->lock, LOCK_SPACE);
	rbtree_init(&space->regions);
	space->mmap_top = USER_ADDRESS_LIMIT;
	return space;
}

struct space *space_create(void)
{
	struct anonymous_family *family = family_create();
	struct space *space;

	if (!family)
		return NULL;
	space = space_create_in(family);
	if (!space)
		family_put(family);
	return space;
}

struct space *space_current(void)
{
	struct mmu_space *mmu = context_current()->space;

	return mmu ? container_of(mmu, struct space, mmu) : NULL;
}

void space_user_get(struct space *space)
{
	atomic_fetch_add_relaxed(&space->users, 1);
}

bool space_user_get_unless_dead(struct space *space)
{
	uint32_t seen = atomic_load_relaxed(&space->users);

	do {
		if (seen == 0)
			return false;
	} while (!atomic_compare_swap_acquire(&space->users, &seen, seen + 1));
	return true;
}

void space_get(struct space *space)
{
	atomic_fetch_add_relaxed(&space->references, 1);
}

void space_put(struct space *space)
{
	if (atomic_fetch_subtract_ordered(&space->references, 1) != 1)
		return;
	family_put(space->family);
	slab_free(space_slab, space);
}

/* Nobody runs here any more: no TLB has to hear of it before pages are free. */
static void space_empty(struct space *space)
{
	struct region *region;

	shared_lock_write(&space->lock);
	while ((region = space_region_first(space)) != NULL) {
		region_zap_final(region);
		space_account(space, region, -(int64_t)region_pages(region));
		region_erase(region);
		region_destroy(region);
	}
	shared_unlock_write(&space->lock);
	mmu_space_release(&space->mmu);
	if (space->executable && space->executable_put)
		space->executable_put(space->executable);
	space->executable = NULL;
}

void space_user_put(struct space *space)
{
	if (atomic_fetch_subtract_ordered(&space->users, 1) != 1)
		return;
	space_empty(space);
	space_put(space);
}

void space_account(struct space *space, const struct region *region, int64_t pages)
{
	uint32_t private_write = REGION_WRITE | REGION_SHARED;

	space->pages_mapped += (uint64_t)pages;
	if (region->flags & REGION_GROWS_DOWN)
		space->pages_stack += (uint64_t)pages;
	else if ((region->flags & private_write) == REGION_WRITE)
		space->pages_data += (uint64_t)pages;
	if (region->flags & REGION_EXECUTE)
		space->pages_executable += (uint64_t)pages;
	if (region->flags & REGION_LOCKED) {
		space->pages_locked += (uint64_t)pages;
		memory_count(COUNT_LOCKED, pages);
	}
}
