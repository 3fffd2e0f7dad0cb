/*
 * The tree of a cache's pages. Lookups run under RCU: find, take a reference unless the page is
 * being freed, then look whether it is still the page of that place.
 */
#include "memory/page_cache.h"

#include "base/arithmetic.h"
#include "base/errno.h"
#include "base/panic.h"
#include "memory/cache/pages.h"
#include "memory/counters.h"
#include "memory/heap.h"
#include "memory/page/buddy.h"
#include "memory/reclaim/reclaim.h"
#include "sync/rcu.h"

/* A tree node waits for a grace period with this behind it. */
struct cache_node {
	struct radix_node node;
	struct rcu_head rcu;
};

static struct slab_cache *node_slab;

void page_cache_start(void)
{
	node_slab = slab_cache_create("radix_node", sizeof(struct cache_node), 64,
				      SLAB_RECLAIMABLE);
	if (!node_slab)
		panic("no memory for page caches");
}

static struct radix_node *node_allocate(struct radix_tree *tree)
{
	struct cache_node *node = slab_allocate(node_slab, HEAP_ATOMIC | HEAP_RAW);

	(void)tree;
	return node ? &node->node : NULL;
}

static void node_free_now(struct rcu_head *head)
{
	slab_free(node_slab, container_of(head, struct cache_node, rcu));
}

static void node_free(struct radix_tree *tree, struct radix_node *node)
{
	(void)tree;
	rcu_call(&container_of(node, struct cache_node, node)->rcu, node_free_now);
}

static const struct radix_allocator cache_nodes = {
	.allocate_node = node_allocate,
	.free_node = node_free,
};

void page_cache_init(struct page_cache *cache, const struct page_cache_operations *operations,
		     void *owner)
{
	memset(cache, 0, sizeof(*cache));
	spin_lock_init(&cache->tree_lock, LOCK_CACHE_TREE);
	radix_tree_init(&cache->pages, &cache_nodes);
	shared_lock_init(&cache->invalidate_lock, LOCK_CACHE_INVALIDATE);
	list_node_init(&cache->dirty_node);
	cache->operations = operations;
	cache->owner = owner;
}

static bool page_is_at(const struct page *page, const struct page_cache *cache, uint64_t index)
{
	return atomic_load_acquire(&page->cache) == cache && page->index == index;
}

struct page *cache_find_any(struct page_cache *cache, uint64_t index)
{
	struct page *page;

	rcu_read_lock();
	for (;;) {
		page = radix_tree_find(&cache->pages, index);
		if (!page)
			break;
		if (!page_get_unless_free(page))
			continue;
		if (likely(page_is_at(page, cache, index)))
			break;
		page_put(page);
	}
	rcu_read_unlock();
	return page;
}

struct page *page_cache_find(struct page_cache *cache, uint64_t index)
{
	struct page *page = cache_find_any(cache, index);
	uint32_t flags;

	if (!page)
		return NULL;
	flags = READ_ONCE(page->flags);
	if (unlikely(!(flags & PAGE_UPTODATE))) {
		page_put(page);
		return NULL;
	}
	if (!(flags & (PAGE_REFERENCED | PAGE_UNEVICTABLE)))
		reclaim_touch(page);
	return page;
}

/* Other than the gathering below, this may miss pages that are being added or removed. */
size_t page_cache_find_batch(struct page_cache *cache, uint64_t first, uint64_t last,
			     struct page **pages, size_t limit)
{
	size_t count = 0;

	rcu_read_lock();
	for (uint64_t index = first; count < limit; index++) {
		struct page *page = radix_tree_next(&cache->pages, &index);

		if (!page || index > last)
			break;
		if (!page_get_unless_free(page))
			continue;
		/* Freed and taken again meanwhile, even by this cache, it is another place's. */
		if (page_is_at(page, cache, index) && page_test(page, PAGE_UPTODATE))
			pages[count++] = page;
		else
			page_put(page);
	}
	rcu_read_unlock();
	return count;
}

size_t cache_gather(struct page_cache *cache, uint64_t *from, uint64_t last,
		    struct page *pages[CACHE_BATCH])
{
	bool masked = spin_lock_irq(&cache->tree_lock);
	size_t count = radix_tree_gather(&cache->pages, from, last, (void **)pages, CACHE_BATCH);

	for (size_t i = 0; i < count; i++)
		page_get(pages[i]);
	spin_unlock_irq(&cache->tree_lock, masked);
	return count;
}

size_t cache_gather_tagged(struct page_cache *cache, uint64_t *from, uint64_t last,
			   enum radix_tag tag, struct page *pages[CACHE_BATCH])
{
	bool masked = spin_lock_irq(&cache->tree_lock);
	size_t count = radix_tree_gather_tagged(&cache->pages, from, last, tag, (void **)pages,
						CACHE_BATCH);

	for (size_t i = 0; i < count; i++)
		page_get(pages[i]);
	spin_unlock_irq(&cache->tree_lock, masked);
	return count;
}

/* Makes the heap find room for a node, which the insertion asks for with interrupts masked. */
static bool node_reserve(void)
{
	struct cache_node *node = slab_allocate(node_slab, HEAP_RAW | HEAP_ACCOUNT);

	slab_free(node_slab, node);
	return node != NULL;
}

/* Adds a fresh page; the cache takes a reference of its own. 0, -EEXIST, -ENOMEM. */
static int cache_insert(struct page_cache *cache, struct page *page, uint64_t index)
{
	bool is_evictable = cache->operations->read_page != NULL;
	bool masked;
	int error;

	page->index = index;
	page_get(page);
	do {
		masked = spin_lock_irq(&cache->tree_lock);
		atomic_store_release(&page->cache, cache);
		error = radix_tree_insert(&cache->pages, index, page);
		if (!error)
			atomic_fetch_add_relaxed(&cache->page_count, 1);
		else
			page->cache = NULL;
		spin_unlock_irq(&cache->tree_lock, masked);
	} while (error == -ENOMEM && node_reserve());
	if (error) {
		page_put(page);
		return error;
	}
	memory_count(COUNT_CACHED, 1);
	if (is_evictable)
		reclaim_add(page);
	else
		memory_count(COUNT_SHARED, 1);
	return 0;
}

/* Takes the page's place out of the tree; tree lock held. */
static void tree_remove(struct page_cache *cache, struct page *page)
{
	radix_tree_remove(&cache->pages, page->index);
	/* Faults look at this under the table lock before they show the page. */
	atomic_store_release(&page->cache, NULL);
}

/* The rest of a page's departure, with the reference that was the cache's. */
static void page_departed(struct page_cache *cache, struct page *page)
{
	memory_count(COUNT_CACHED, -1);
	if (cache->operations->read_page)
		reclaim_forget(page);
	else
		memory_count(COUNT_SHARED, -1);
	if (cache->operations->release_page)
		cache->operations->release_page(cache, page);
	/* The last touch: page_cache_release() waits for it. */
	atomic_fetch_subtract_release(&cache->page_count, 1);
}

void cache_remove(struct page_cache *cache, struct page *page)
{
	bool masked;

	cache_clear_dirty(cache, page);
	masked = spin_lock_irq(&cache->tree_lock);
	tree_remove(cache, page);
	spin_unlock_irq(&cache->tree_lock, masked);
	page_departed(cache, page);
	page_put(page);
}

bool cache_remove_unused(struct page_cache *cache, struct page *page)
{
	uint32_t references = 2;
	bool masked = spin_lock_irq(&cache->tree_lock);
	/* While the count is 0 lookups try again; they find the place empty soon. */
	bool is_unused = !page_test(page, PAGE_DIRTY) &&
			 atomic_compare_swap(&page->references, &references, 0);

	if (is_unused)
		tree_remove(cache, page);
	spin_unlock_irq(&cache->tree_lock, masked);
	if (!is_unused)
		return false;
	atomic_store_release(&page->references, 1);
	page_departed(cache, page);
	return true;
}

/*
 * A page for a file that has no other home. Killing a program does not give back what such files
 * hold: when they hold more than programs do, the file is full.
 */
static int memory_page_make(unsigned flags, struct page **page)
{
	*page = page_allocate(0, flags | ALLOCATE_FILE | ALLOCATE_NO_KILL);
	if (*page)
		return 0;
	if (page_buddy.free_pages > page_buddy.mark_file)
		return -ENOMEM;
	if (memory_counter_read(COUNT_SHARED) > memory_counter_read(COUNT_ANONYMOUS))
		return -ENOSPC;
	*page = page_allocate(0, flags | ALLOCATE_USER);
	return *page ? 0 : -ENOMEM;
}

/* A fresh locked page in the cache: 0, -EEXIST, -ENOMEM or -ENOSPC. */
static int cache_add(struct page_cache *cache, uint64_t index, bool is_overwritten,
		     struct page **result)
{
	bool is_memory = !cache->operations->read_page;
	struct page *page;
	int error = 0;

	if (is_memory)
		error = memory_page_make(is_overwritten ? ALLOCATE_PATIENT
							: ALLOCATE_PATIENT | ALLOCATE_ZERO, &page);
	else
		page = page_allocate(0, ALLOCATE_USER | ALLOCATE_PATIENT);
	if (error)
		return error;
	if (!page)
		return -ENOMEM;
	page->flags = PAGE_LOCKED;
	if (is_memory)
		page->flags |= is_overwritten ? PAGE_UNEVICTABLE
					      : PAGE_UNEVICTABLE | PAGE_UPTODATE;
	error = cache_insert(cache, page, index);
	if (error) {
		page->flags = 0;
		page_put(page);
		return error;
	}
	*result = page;
	return 0;
}

/* Has a locked page read; afterwards it is locked again. 0 or a negative errno. */
static int cache_read_in(struct page_cache *cache, struct page *page)
{
	int error = cache->operations->read_page(cache, page);

	memory_count(COUNT_MAJOR_FAULTS, 1);
	if (error) {
		page_lock(page);
		return error;
	}
	error = page_lock_killable(page);
	if (error) {
		page_lock(page);
		return error;
	}
	return page_test(page, PAGE_UPTODATE) ? 0 : -EIO;
}

int page_cache_get_locked(struct page_cache *cache, uint64_t index, bool is_overwritten,
			  struct page **result)
{
	struct page *page;
	int error;

	for (;;) {
		page = cache_find_any(cache, index);
		if (!page) {
			error = cache_add(cache, index, is_overwritten, &page);
			if (error == -EEXIST)
				continue;
			if (error)
				return error;
			break;
		}
		error = page_lock_killable(page);
		if (!error && page_is_at(page, cache, index))
			break;
		if (!error)
			page_unlock(page);
		page_put(page);
		if (error)
			return error;
	}
	if (!page_test(page, PAGE_UPTODATE) && !is_overwritten) {
		error = 0;
		if (cache->operations->read_page)
			error = cache_read_in(cache, page);
		else
			page_set(page, PAGE_UPTODATE);	/* reserved as zeros; now it is data */
		if (error) {
			page_unlock(page);
			page_put(page);
			return error;
		}
	}
	*result = page;
	return 0;
}

int page_cache_get(struct page_cache *cache, uint64_t index, struct page **result)
{
	struct page *page = page_cache_find(cache, index);
	int error;

	if (likely(page)) {
		*result = page;
		return 0;
	}
	error = page_cache_get_locked(cache, index, false, &page);
	if (error)
		return error;
	page_unlock(page);
	*result = page;
	return 0;
}

void page_cache_residency(struct page_cache *cache, uint64_t first, size_t count, uint8_t *out)
{
	rcu_read_lock();
	for (size_t i = 0; i < count; i++)
		out[i] = radix_tree_find(&cache->pages, first + i) != NULL;
	rcu_read_unlock();
}

static bool is_data(const struct page *page)
{
	return page && page_test(page, PAGE_UPTODATE);
}

/* The next page from `index` on that holds data, or (is_hole) that does not; false: none does. */
static bool next_of_kind(struct page_cache *cache, uint64_t *index, uint64_t last, bool is_hole)
{
	for (; *index <= last; ++*index) {
		const struct page *page = is_hole ? radix_tree_find(&cache->pages, *index)
						  : radix_tree_next(&cache->pages, index);

		if (!page)
			return is_hole;
		if (is_data(page) != is_hole)
			return true;
	}
	return is_hole;
}

int64_t page_cache_seek(struct page_cache *cache, uint64_t offset, uint64_t size, bool hole)
{
	uint64_t index = offset >> PAGE_SHIFT;
	uint64_t found;
	bool any = true;

	if (offset >= size)
		return -ENXIO;
	if (cache->operations->read_page)
		return (int64_t)(hole ? size : offset);
	rcu_read_lock();
	any = next_of_kind(cache, &index, (size - 1) >> PAGE_SHIFT, hole);
	rcu_read_unlock();
	if (!any || index > size >> PAGE_SHIFT)
		found = size;
	else
		found = max(index << PAGE_SHIFT, offset);
	if (found >= size)
		return hole ? (int64_t)size : -ENXIO;
	return (int64_t)found;
}
