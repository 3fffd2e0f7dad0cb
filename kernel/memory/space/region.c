/*
 * The tree of a space's regions. Each node knows the free room below its region and the greatest
 * such room in its subtree, so that a place for a new one is found without walking all.
 */
#include "memory/space/regions.h"

#include "base/arithmetic.h"
#include "base/errno.h"
#include "base/panic.h"
#include "memory/heap.h"
#include "memory/page_cache.h"

static struct slab_cache *region_slab;

static struct region *region_entry(const struct rbtree_node *node)
{
	return node ? rbtree_entry((struct rbtree_node *)(uintptr_t)node, struct region, node)
		    : NULL;
}

bool region_is_shared_memory(const struct region *region)
{
	return region->cache && !region->cache->operations->read_page;
}

bool region_tracks_dirty(const struct region *region)
{
	if (!region->operations)
		return false;
	return region->operations->page_make_writable ||
	       (region->cache && region->cache->operations->write_page);
}

uint32_t region_mmu_flags(uint32_t region_flags)
{
	uint32_t flags = MMU_USER;

	if (region_is_readable(region_flags))
		flags |= MMU_READ;
	if (region_flags & REGION_EXECUTE)
		flags |= region_flags & REGION_GUARDED ? MMU_EXECUTE | MMU_GUARDED : MMU_EXECUTE;
	return flags;
}

void region_start(void)
{
	region_slab = slab_cache_create("region", sizeof(struct region), 64, 0);
	if (!region_slab)
		panic("no memory for regions");
}

struct region *region_create(struct space *space)
{
	struct region *region = slab_allocate(region_slab, HEAP_ACCOUNT);

	if (region)
		region->space = space;
	return region;
}

void region_destroy(struct region *region)
{
	if (region->operations && region->operations->close)
		region->operations->close(region);
	slab_free(region_slab, region);
}

struct region *space_region_first(struct space *space)
{
	return region_entry(rbtree_first(&space->regions));
}

struct region *space_region_next(struct region *region)
{
	return region_entry(rbtree_next(&region->node));
}

struct region *region_previous(struct region *region)
{
	return region_entry(rbtree_previous(&region->node));
}

struct region *region_find_from(struct space *space, user_address_t address)
{
	struct rbtree_node *node = space->regions.root;
	struct region *best = NULL;

	while (node) {
		struct region *region = region_entry(node);

		if (region->end <= address) {
			node = node->right;
			continue;
		}
		best = region;
		if (region->start <= address)
			break;
		node = node->left;
	}
	return best;
}

struct region *space_region_find(struct space *space, user_address_t address)
{
	struct region *region = region_find_from(space, address);

	return region && region->start <= address ? region : NULL;
}

static uint64_t subtree_gap(const struct rbtree_node *node)
{
	return node ? region_entry(node)->subtree_gap : 0;
}

static bool gap_update(struct rbtree_node *node)
{
	struct region *region = region_entry(node);
	uint64_t greatest = max(subtree_gap(node->left), subtree_gap(node->right));

	greatest = max(greatest, region->gap);
	if (greatest == region->subtree_gap)
		return false;
	region->subtree_gap = greatest;
	return true;
}

/* The region, or the region below it, changed its ends. */
static void gap_refresh(struct region *region)
{
	struct region *previous;
	uint64_t gap;

	if (!region)
		return;
	previous = region_previous(region);
	gap = region->start - (previous ? previous->end : 0);
	if (gap == region->gap)
		return;
	region->gap = gap;
	rbtree_update(&region->node, gap_update);
}

/* Where rmap finds the region: in a tree of its cache and in one of its family. */
static struct region_tree *cache_tree(const struct region *region)
{
	return region_tree_of(region->cache->links, region->space);
}

static struct region_tree *family_tree(const struct region *region)
{
	return region_tree_of(&region->family->links, region->space);
}

/* Both locks are held. */
static void links_add(struct region *region)
{
	region->mapping_node.start = region->page_offset;
	region->mapping_node.last = region->page_offset + region_pages(region) - 1;
	region->family_node.start = region->mapping_node.start;
	region->family_node.last = region->mapping_node.last;
	if (region->cache)
		interval_tree_insert(&cache_tree(region)->regions, &region->mapping_node);
	if (region->family)
		interval_tree_insert(&family_tree(region)->regions, &region->family_node);
}

static void links_remove(struct region *region)
{
	if (region->cache)
		interval_tree_remove(&cache_tree(region)->regions, &region->mapping_node);
	if (region->family)
		interval_tree_remove(&family_tree(region)->regions, &region->family_node);
}

void region_links_lock(struct region *region) NO_THREAD_ANALYSIS
{
	if (region->cache)
		shared_lock_write(&cache_tree(region)->lock);
	if (region->family)
		shared_lock_write(&family_tree(region)->lock);
}

void region_links_unlock(struct region *region) NO_THREAD_ANALYSIS
{
	if (region->family)
		shared_unlock_write(&family_tree(region)->lock);
	if (region->cache)
		shared_unlock_write(&cache_tree(region)->lock);
}

static bool region_may_be_written(const struct region *region)
{
	uint32_t both = REGION_SHARED | REGION_MAY_WRITE;

	return region->cache && (region->flags & both) == both;
}

static void tree_insert(struct region *region)
{
	struct space *space = region->space;
	struct rbtree_node **link = &space->regions.root, *parent = NULL;

	while (*link) {
		parent = *link;
		link = region->start < region_entry(parent)->start ? &parent->left
								   : &parent->right;
	}
	region->gap = 0;
	region->subtree_gap = 0;
	rbtree_insert_augmented(&space->regions, &region->node, parent, link, gap_update);
	space->region_count++;
	gap_refresh(region);
	gap_refresh(space_region_next(region));
}

void region_insert(struct region *region)
{
	tree_insert(region);
	if (region_may_be_written(region))
		atomic_fetch_add_relaxed(&region->cache->writable_mappings, 1);
	region_links_lock(region);
	links_add(region);
	region_links_unlock(region);
}

static void tree_erase(struct region *region)
{
	struct region *next = space_region_next(region);

	rbtree_erase_augmented(&region->space->regions, &region->node, gap_update);
	region->space->region_count--;
	gap_refresh(next);
}

void region_erase(struct region *region)
{
	tree_erase(region);
	if (region_may_be_written(region))
		atomic_fetch_subtract_relaxed(&region->cache->writable_mappings, 1);
	region_links_lock(region);
	links_remove(region);
	region_links_unlock(region);
}

static void ends_set(struct region *region, user_address_t start, user_address_t end)
{
	/* The index of each page stays: a start that moves takes the offset along. */
	region->page_offset += (int64_t)(start - region->start) >> PAGE_SHIFT;
	region->start = start;
	region->end = end;
}

void region_adjust(struct region *region, user_address_t start, user_address_t end)
{
	region_links_lock(region);
	links_remove(region);
	ends_set(region, start, end);
	links_add(region);
	region_links_unlock(region);
	gap_refresh(region);
	gap_refresh(space_region_next(region));
}

int region_split(struct region *region, user_address_t at, struct region **upper)
{
	struct region *other = region_create(region->space);

	if (!other)
		return -ENOMEM;
	if (region->space->region_count >= REGIONS_MAXIMUM) {
		slab_free(region_slab, other);
		return -ENOMEM;
	}
	*other = *region;
	if (other->operations && other->operations->open)
		other->operations->open(other);
	/* One critical section: a walker by index finds each page's region before and after. */
	region_links_lock(region);
	links_remove(region);
	ends_set(region, region->start, at);
	ends_set(other, at, other->end);
	links_add(region);
	links_add(other);
	region_links_unlock(region);
	tree_insert(other);
	if (region_may_be_written(other))
		atomic_fetch_add_relaxed(&other->cache->writable_mappings, 1);
	if (upper)
		*upper = other;
	return 0;
}

int region_isolate(struct space *space, user_address_t start, user_address_t end)
{
	struct region *region = space_region_find(space, start);
	int error = 0;

	if (region && region->start < start)
		error = region_split(region, start, NULL);
	if (error)
		return error;
	region = space_region_find(space, end);
	if (region && region->start < end)
		error = region_split(region, end, NULL);
	return error;
}

static bool regions_are_alike(const struct region *lower, const struct region *upper)
{
	return lower->end == upper->start && lower->flags == upper->flags &&
	       !(lower->flags & REGION_SPECIAL) && lower->operations == upper->operations &&
	       lower->object == upper->object && lower->cache == upper->cache &&
	       lower->name == upper->name &&
	       lower->page_offset + region_pages(lower) == upper->page_offset;
}

/* The upper one takes over the lower one's pages and goes on below. */
static struct region *merge_pair(struct region *lower, struct region *upper)
{
	user_address_t start = lower->start;
	uint64_t page_offset = lower->page_offset;

	/* Pages of a family are found through a region of it. */
	if (lower->family && !upper->family)
		family_join(upper);
	region_links_lock(upper);
	links_remove(lower);
	links_remove(upper);
	tree_erase(lower);
	upper->start = start;
	upper->page_offset = page_offset;
	links_add(upper);
	region_links_unlock(upper);
	gap_refresh(upper);
	if (region_may_be_written(lower))
		atomic_fetch_subtract_relaxed(&lower->cache->writable_mappings, 1);
	region_destroy(lower);
	return upper;
}

struct region *region_merge(struct region *region)
{
	struct region *next = space_region_next(region);
	struct region *previous = region_previous(region);

	if (next && regions_are_alike(region, next))
		region = merge_pair(region, next);
	if (previous && regions_are_alike(previous, region))
		region = merge_pair(previous, region);
	return region;
}

bool region_range_is_free(struct space *space, user_address_t start, user_address_t end)
{
	struct region *region = region_find_from(space, start);

	return !region || region->start >= end;
}

/* The highest region of a subtree with enough room below it. */
static struct region *gap_highest_in(struct rbtree_node *node, uint64_t length)
{
	while (subtree_gap(node) >= length) {
		if (subtree_gap(node->right) >= length)
			node = node->right;
		else if (region_entry(node)->gap >= length)
			return region_entry(node);
		else
			node = node->left;
	}
	return NULL;
}

/* The next lower region with enough room below it. */
static struct region *gap_lower(struct region *region, uint64_t length)
{
	struct rbtree_node *node = &region->node;
	struct region *found = gap_highest_in(node->left, length);

	while (!found) {
		struct rbtree_node *parent = rbtree_parent(node);

		if (!parent)
			return NULL;
		if (parent->right == node) {
			if (region_entry(parent)->gap >= length)
				return region_entry(parent);
			found = gap_highest_in(parent->left, length);
		}
		node = parent;
	}
	return found;
}

/* The place at the upper end of the room between `low` and `high`; 0: too small. */
static user_address_t gap_place(user_address_t low, user_address_t high, uint64_t length)
{
	low = max(low, USER_ADDRESS_LOWEST);
	return high > low && high - low >= length ? high - length : 0;
}

static user_address_t region_low_end(const struct region *region)
{
	if (region->flags & REGION_GROWS_DOWN)
		return region->start - min(region->start, STACK_GUARD_BYTES);
	return region->start;
}

user_address_t region_gap_find(struct space *space, uint64_t length, user_address_t top)
{
	struct region *above = region_find_from(space, top);
	struct region *region;
	user_address_t place, high = top;

	/* The room that the top cuts; it reaches down from `top` unless a region lies across. */
	if (above) {
		high = min(high, region_low_end(above));
		place = gap_place(above->start - above->gap, high, length);
	} else {
		struct region *last = region_entry(rbtree_last(&space->regions));

		above = last;
		place = gap_place(last ? last->end : 0, high, length);
		if (!place && last)
			place = gap_place(last->start - last->gap, region_low_end(last), length);
	}
	for (region = above; !place && region;) {
		region = gap_lower(region, length);
		if (region)
			place = gap_place(region->start - region->gap, region_low_end(region),
					  length);
	}
	return place;
}
