/*
 * Shared anonymous memory: MAP_SHARED without a file. The object is a page cache of its own that lives
 * as long as a region maps it; pages are zeros until written and have no other home.
 */
#include "base/errno.h"
#include "base/format.h"
#include "base/refcount.h"
#include "memory/heap.h"
#include "memory/page_cache.h"
#include "memory/space.h"

struct shared_object {
	struct refcount references;
	struct page_cache cache;
};

static const struct page_cache_operations object_cache_operations = { 0 };

static int object_page_get(struct region *region, uint64_t index, struct page **page)
{
	return page_cache_get(region->cache, index, page);
}

static void object_open(struct region *region)
{
	struct shared_object *object = region->object;

	refcount_get(&object->references);
}

static void object_put(struct shared_object *object)
{
	if (!refcount_put(&object->references))
		return;
	page_cache_release(&object->cache);
	heap_free(object);
}

static void object_close(struct region *region)
{
	object_put(region->object);
}

static void object_describe(struct region *region, struct format_sink *name, uint64_t *device,
			    uint64_t *inode)
{
	(void)region;
	*device = 1;
	*inode = 1;
	format_to(name, "/dev/zero (deleted)");
}

static const struct region_operations object_operations = {
	.page_get = object_page_get,
	.open = object_open,
	.close = object_close,
	.describe = object_describe,
};

int64_t space_map_anonymous(struct space *space, const struct map_request *original)
{
	struct map_request request = *original;
	struct shared_object *object;
	int64_t address;

	request.page_offset = 0;
	if (!(request.region_flags & REGION_SHARED))
		return space_map(space, &request);
	object = heap_allocate(sizeof(*object), HEAP_ACCOUNT);
	if (!object)
		return -ENOMEM;
	refcount_init(&object->references, 1);
	page_cache_init(&object->cache, &object_cache_operations, object);
	request.operations = &object_operations;
	request.object = object;
	request.cache = &object->cache;
	address = space_map(space, &request);
	/* The region has a reference of its own. */
	object_put(object);
	return address;
}
