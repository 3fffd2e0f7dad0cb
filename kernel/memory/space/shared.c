/* Shared anonymous memory: a cache of its own, which lives as long as a region maps it. */
#include "base/errno.h"
#include "base/format.h"
#include "base/refcount.h"
#include "memory/heap.h"
#include "memory/page_cache.h"
#include "memory/space/regions.h"
#include "sync/rcu.h"

struct shared_memory {
	struct refcount regions;
	uint64_t number;		/* shown as inode number */
	struct page_cache cache;
	struct rcu_head rcu;
};

static uint64_t number_last;

static const struct page_cache_operations shared_cache_operations = { .read_page = NULL };

static void shared_free(struct rcu_head *head)
{
	heap_free(container_of(head, struct shared_memory, rcu));
}

static void shared_put(struct shared_memory *shared)
{
	if (!refcount_put(&shared->regions))
		return;
	page_cache_release(&shared->cache);
	/* Who marks a page dirty may still look at the cache. */
	rcu_call(&shared->rcu, shared_free);
}

static int shared_page_get(struct region *region, uint64_t index, struct page **page)
{
	return page_cache_get(region->cache, index, page);
}

static void shared_open(struct region *region)
{
	struct shared_memory *shared = region->object;

	refcount_get(&shared->regions);
}

static void shared_close(struct region *region)
{
	shared_put(region->object);
}

static void shared_describe(struct region *region, struct format_sink *name, uint64_t *device,
			    uint64_t *inode)
{
	static const char text[] = "/dev/zero (deleted)";
	struct shared_memory *shared = region->object;

	name->write(name, text, sizeof(text) - 1);
	*device = 1;
	*inode = shared->number;
}

static const struct region_operations shared_operations = {
	.page_get = shared_page_get,
	.open = shared_open,
	.close = shared_close,
	.describe = shared_describe,
};

int64_t space_map_anonymous(struct space *space, const struct map_request *request)
{
	struct map_request mapped = *request;
	struct shared_memory *shared;
	int64_t result;

	if (!(request->region_flags & REGION_SHARED))
		return space_map(space, request);
	shared = heap_allocate(sizeof(*shared), HEAP_ACCOUNT);
	if (!shared)
		return -ENOMEM;
	refcount_init(&shared->regions, 1);
	shared->number = atomic_fetch_add_relaxed(&number_last, 1) + 1;
	page_cache_init(&shared->cache, &shared_cache_operations, shared);
	mapped.operations = &shared_operations;
	mapped.object = shared;
	mapped.cache = &shared->cache;
	mapped.page_offset = 0;
	result = space_map(space, &mapped);
	shared_put(shared);
	return result;
}
