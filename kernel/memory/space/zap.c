/*
 * Taking pages out of page tables. Pages are gathered while the table lock is held and dropped only
 * after every CPU has forgotten the translations; a range without pages costs no invalidation.
 */
#include "base/arithmetic.h"
#include "memory/counters.h"
#include "memory/reclaim/reclaim.h"
#include "memory/space/regions.h"

#define FEW_PAGES 16
#define MANY_PAGES (PAGE_SIZE / sizeof(struct page *))
/* So often a final walk lets others run. */
#define FINAL_PAGES 1024
/* What the lowest page table covers, and the one above it. */
#define TABLE_BYTES ((user_address_t)512 * PAGE_SIZE)
#define UPPER_BYTES (512 * TABLE_BYTES)

struct zap {
	struct region *region;
	struct page **pages;		/* NULL: free at once, no CPU sees the space */
	uint32_t count, capacity;
	uint32_t anonymous, others;	/* resident pages that went */
	bool is_shared_memory;
	bool was_present;		/* something was cleared that a TLB may hold */
	bool is_stopped;
	bool keeps_private;		/* only pages of the cache go */
	user_address_t next;		/* where to go on when stopped */
};

static void zap_page(struct zap *zap, struct page *page, uint32_t flags)
{
	if (page_test(page, PAGE_ANONYMOUS)) {
		zap->anonymous++;
	} else {
		zap->others++;
		if (flags & MMU_ACCESSED)
			reclaim_touch(page);
	}
	page_unmap(page);
	if (zap->pages)
		zap->pages[zap->count] = page;
	else
		page_put(page);
	zap->count++;
}

static enum mmu_visit zap_visit(user_address_t address, struct mmu_entry *entry, void *argument)
{
	struct zap *zap = argument;

	if (zap->count == zap->capacity) {
		zap->next = address;
		zap->is_stopped = true;
		return MMU_STOP;
	}
	if (!(entry->flags & MMU_PRESENT))
		return MMU_CLEAR;
	if (!(entry->flags & MMU_SPECIAL)) {
		struct page *page = page_of_frame_address(entry->address);

		if (zap->keeps_private && page_test(page, PAGE_ANONYMOUS))
			return MMU_KEEP;
		zap_page(zap, page, entry->flags);
	}
	zap->was_present = true;
	return MMU_CLEAR;
}

static void zap_walk(struct zap *zap, user_address_t start, user_address_t end)
{
	struct space *space = zap->region->space;

	zap->is_stopped = false;
	zap->count = 0;
	zap->anonymous = 0;
	zap->others = 0;
	spin_lock(&space->table_lock);
	mmu_walk(&space->mmu, start, end, zap_visit, zap);
	spin_unlock(&space->table_lock);
	if (zap->anonymous)
		atomic_fetch_subtract_relaxed(&space->resident_anonymous, zap->anonymous);
	if (!zap->others)
		return;
	atomic_fetch_subtract_relaxed(zap->is_shared_memory ? &space->resident_shared
							    : &space->resident_file,
				      zap->others);
}

static void zap_range(struct zap *zap, user_address_t start, user_address_t end)
{
	do {
		zap->was_present = false;
		zap_walk(zap, start, end);
		if (zap->was_present)
			mmu_invalidate(&zap->region->space->mmu, start,
				       zap->is_stopped ? zap->next : end);
		for (uint32_t i = 0; i < zap->count; i++)
			page_put(zap->pages[i]);
		start = zap->next;
	} while (zap->is_stopped);
}

static void region_zap_pages(struct region *region, user_address_t start, user_address_t end,
			     bool keeps_private)
{
	struct page *few[FEW_PAGES];
	struct zap zap = {
		.region = region,
		.pages = few,
		.capacity = FEW_PAGES,
		.is_shared_memory = region_is_shared_memory(region),
		.keeps_private = keeps_private,
	};
	struct page **many = NULL;

	if ((end - start) >> PAGE_SHIFT > FEW_PAGES)
		many = pages_allocate(0, ALLOCATE_RESERVE);
	if (many) {
		zap.pages = many;
		zap.capacity = MANY_PAGES;
	}
	zap_range(&zap, start, end);
	if (many)
		pages_free(many, 0);
}

void region_zap(struct region *region, user_address_t start, user_address_t end)
{
	region_zap_pages(region, start, end, false);
}

void region_zap_shared(struct region *region, user_address_t start, user_address_t end)
{
	region_zap_pages(region, start, end, true);
}

void region_zap_final(struct region *region)
{
	struct zap zap = {
		.region = region,
		.capacity = FINAL_PAGES,
		.is_shared_memory = region_is_shared_memory(region),
	};
	user_address_t start = region->start;

	do {
		zap_walk(&zap, start, region->end);
		start = zap.next;
		blocking_yield_point();
	} while (zap.is_stopped);
}

/* Detaches tables of a free range, widened to whole tables as far as the neighbours leave room. */
static void tables_detach(struct space *space, user_address_t start, user_address_t end,
			  uint64_t alignment, const user_address_t room[2], physical_t *list)
{
	start = max(align_down(start, alignment), room[0]);
	end = min(align_up(end, alignment), room[1]);
	/* Most ranges share their table with a neighbour: nothing to look for. */
	if (align_up(start, TABLE_BYTES) >= align_down(end, TABLE_BYTES))
		return;
	spin_lock(&space->table_lock);
	mmu_tables_detach(&space->mmu, start, end, list);
	spin_unlock(&space->table_lock);
}

void space_tables_free(struct space *space, user_address_t start, user_address_t end)
{
	struct region *above = region_find_from(space, start);
	struct region *below = NULL;
	struct rbtree_node *last = rbtree_last(&space->regions);
	user_address_t room[2];
	physical_t list = 0;

	if (above)
		below = region_previous(above);
	else if (last)
		below = rbtree_entry(last, struct region, node);
	room[0] = below ? below->end : 0;
	room[1] = above ? above->start : USER_ADDRESS_LIMIT;
	tables_detach(space, start, end, TABLE_BYTES, room, &list);
	if (!list)
		return;
	/* A table went, so the one above it may have become empty; that is dear to find out. */
	if (align_down(start, UPPER_BYTES) >= room[0] && align_up(end, UPPER_BYTES) <= room[1])
		tables_detach(space, start, end, UPPER_BYTES, room, &list);
	mmu_invalidate(&space->mmu, room[0], room[1]);
	mmu_tables_free(list);
}

void page_map_anonymous(struct page *page, struct region *region, user_address_t address)
{
	if (unlikely(!region->family))
		family_join(region);
	page->flags = PAGE_ANONYMOUS | PAGE_UPTODATE;
	page->family = region->family;
	page->index = region_index(region, address);
	page->map_count = 1;
	memory_count(COUNT_ANONYMOUS, 1);
}

void page_map_file(struct page *page)
{
	if (atomic_fetch_add_relaxed(&page->map_count, 1) > 0)
		return;
	memory_count(COUNT_MAPPED, 1);
}

void page_map_again(struct page *page)
{
	atomic_fetch_add_relaxed(&page->map_count, 1);
}

void page_unmap(struct page *page)
{
	if (atomic_fetch_subtract_release(&page->map_count, 1) != 1)
		return;
	memory_count(page_test(page, PAGE_ANONYMOUS) ? COUNT_ANONYMOUS : COUNT_MAPPED, -1);
}

void space_count_resident(struct space *space, const struct region *region,
			  const struct page *page, int64_t change)
{
	int64_t *counter = &space->resident_file;
	uint64_t total;

	if (page_test(page, PAGE_ANONYMOUS))
		counter = &space->resident_anonymous;
	else if (region_is_shared_memory(region))
		counter = &space->resident_shared;
	atomic_fetch_add_relaxed(counter, change);
	total = (uint64_t)(space->resident_file + space->resident_anonymous +
			   space->resident_shared);
	if (total > space->resident_peak)
		WRITE_ONCE(space->resident_peak, total);
}
