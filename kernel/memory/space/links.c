/* Making and freeing of links. */
#include "memory/space/links.h"

#include "base/errno.h"
#include "base/panic.h"
#include "memory/heap.h"

static struct slab_cache *links_slab;

void region_links_start(void)
{
	links_slab = slab_cache_create("region_links", sizeof(struct region_links), 64, 0);
	if (!links_slab)
		panic("no memory for links of regions");
}

void region_links_init(struct region_links *links, enum lock_class class)
{
	for (unsigned i = 0; i < REGION_TREES; i++) {
		shared_lock_init(&links->trees[i].lock, class);
		interval_tree_init(&links->trees[i].regions);
	}
}

int region_links_prepare(struct region_links **links)
{
	struct region_links *fresh, *none = NULL;

	if (atomic_load_acquire(links))
		return 0;
	fresh = slab_allocate(links_slab, HEAP_ACCOUNT);
	if (!fresh)
		return -ENOMEM;
	region_links_init(fresh, LOCK_CACHE_MAPPING);
	/* Somebody else may have been faster. */
	if (!atomic_compare_swap(links, &none, fresh))
		slab_free(links_slab, fresh);
	return 0;
}

void region_links_free(struct region_links *links)
{
	if (links)
		slab_free(links_slab, links);
}
