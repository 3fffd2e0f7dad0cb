/*
 * The reverse map of file pages: the regions of a cache by page index lead to the one address at
 * which each may show a page. Where a lock is contended, the page is left alone. A region that
 * shows the page was linked before, and stays so: what is linked meanwhile need not be seen.
 */
#include "memory/reclaim/rmap.h"

#include "memory/page_cache.h"
#include "memory/space/regions.h"

static user_address_t region_address(const struct region *region, uint64_t index)
{
	return region->start + ((index - region->page_offset) << PAGE_SHIFT);
}

static struct region *region_of(struct interval_node *node)
{
	return container_of(node, struct region, mapping_node);
}

static void tree_unmap_range(struct region_tree *tree, uint64_t first, uint64_t last,
			     enum rmap_private private_pages)
{
	struct interval_node *node;

	shared_lock_read(&tree->lock);
	interval_tree_for_each(node, &tree->regions, first, last) {
		struct region *region = region_of(node);
		user_address_t start = region_address(region, max(first, node->start));
		user_address_t end = region_address(region, min(last, node->last)) + PAGE_SIZE;

		if (private_pages == RMAP_ALL)
			region_zap(region, start, end);
		else
			region_zap_shared(region, start, end);
	}
	shared_unlock_read(&tree->lock);
}

void rmap_unmap_range(struct page_cache *cache, uint64_t first, uint64_t last,
		      enum rmap_private private_pages)
{
	struct region_links *links = region_links_read(&cache->links);

	region_links_for_each(tree, links)
		tree_unmap_range(tree, first, last, private_pages);
}

/* The entry at an address if it shows the page; table lock held. */
static bool shows_page(struct space *space, user_address_t address, const struct page *page,
		       struct mmu_entry *entry)
{
	*entry = mmu_query(&space->mmu, address);
	return entry->flags & MMU_PRESENT && entry->address == page_physical(page);
}

static void region_unmap_page(struct region *region, struct page *page)
{
	user_address_t address = region_address(region, page->index);
	struct space *space = region->space;
	struct mmu_entry entry;
	bool is_shown;

	spin_lock(&space->table_lock);
	is_shown = shows_page(space, address, page, &entry);
	if (is_shown)
		entry = mmu_clear(&space->mmu, address);
	spin_unlock(&space->table_lock);
	if (!is_shown)
		return;
	mmu_invalidate(&space->mmu, address, address + PAGE_SIZE);
	if (entry.flags & MMU_DIRTY && region->flags & REGION_SHARED)
		page_mark_dirty(page);
	space_count_resident(space, region, page, -1);
	page_unmap(page);
	page_put(page);
}

static bool tree_unmap_page(struct region_tree *tree, struct page *page)
{
	struct interval_node *node;
	bool is_done = true;

	if (!shared_lock_try_read(&tree->lock))
		return false;
	interval_tree_for_each(node, &tree->regions, page->index, page->index) {
		struct region *region = region_of(node);

		if (READ_ONCE(region->flags) & REGION_LOCKED)
			is_done = false;
		else
			region_unmap_page(region, page);
	}
	shared_unlock_read(&tree->lock);
	return is_done;
}

bool rmap_unmap_page(struct page *page)
{
	struct region_links *links = region_links_read(&page->cache->links);
	bool is_done = true;

	region_links_for_each(tree, links)
		is_done &= tree_unmap_page(tree, page);
	return is_done;
}

static void region_clean_page(struct region *region, struct page *page)
{
	user_address_t address = region_address(region, page->index);
	struct space *space = region->space;
	struct mmu_entry entry;
	bool is_weakened;

	spin_lock(&space->table_lock);
	is_weakened = shows_page(space, address, page, &entry) && entry.flags & MMU_WRITE;
	if (is_weakened)
		mmu_protect(&space->mmu, address, entry.flags & ~(uint32_t)MMU_WRITE);
	spin_unlock(&space->table_lock);
	if (is_weakened)
		mmu_invalidate(&space->mmu, address, address + PAGE_SIZE);
}

static void tree_clean_page(struct region_tree *tree, struct page *page)
{
	struct interval_node *node;

	shared_lock_read(&tree->lock);
	interval_tree_for_each(node, &tree->regions, page->index, page->index) {
		if (region_of(node)->flags & REGION_SHARED)
			region_clean_page(region_of(node), page);
	}
	shared_unlock_read(&tree->lock);
}

void rmap_clean_page(struct page *page)
{
	struct region_links *links = region_links_read(&page->cache->links);

	if (READ_ONCE(page->map_count) == 0)
		return;
	region_links_for_each(tree, links)
		tree_clean_page(tree, page);
}

static bool tree_used_page(struct region_tree *tree, struct page *page)
{
	struct interval_node *node;
	bool was_used = false;

	if (!shared_lock_try_read(&tree->lock))
		return false;
	interval_tree_for_each(node, &tree->regions, page->index, page->index) {
		struct space *space = region_of(node)->space;
		user_address_t address = region_address(region_of(node), page->index);
		struct mmu_entry entry;

		spin_lock(&space->table_lock);
		if (shows_page(space, address, page, &entry))
			was_used |= mmu_test_clear_accessed(&space->mmu, address);
		spin_unlock(&space->table_lock);
	}
	shared_unlock_read(&tree->lock);
	return was_used;
}

bool rmap_was_used(struct page *page)
{
	struct region_links *links = region_links_read(&page->cache->links);
	bool was_used = false;

	if (READ_ONCE(page->map_count) == 0)
		return false;
	region_links_for_each(tree, links)
		was_used |= tree_used_page(tree, page);
	return was_used;
}
