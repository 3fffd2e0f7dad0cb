/*
 * Shared inside memory/: a slab cache's insides and the heap's start.
 */
#ifndef MEMORY_HEAP_SLAB_H
#define MEMORY_HEAP_SLAB_H

#include "base/list.h"
#include "base/string.h"
#include "memory/heap.h"
#include "sync/spin_lock.h"

/* Free objects of one CPU; a stack. */
struct slab_magazine {
	uint32_t count;
	void *objects[];
};

struct slab_cache {
	/* Constant after creation. */
	const char *name;
	uint32_t object_size;		/* what the user may write */
	uint32_t stride;		/* from one object to the next */
	uint32_t link_offset;		/* where a free object keeps the address of the next */
	uint32_t flags;			/* enum slab_flags */
	uint32_t per_slab;
	uint32_t capacity;		/* of a magazine; half of it moves at once */
	uint8_t order;			/* of a slab's pages, unless memory is short */
	bool has_guards;		/* debug: red zone behind, poison inside free objects */
	uint32_t magazine_count;
	struct slab_magazine **magazines;	/* one per CPU, made when the CPU first needs it */

	struct spin_lock lock;		/* LOCK_SLAB: everything below */
	struct list_head partial;	/* slabs with used and free objects: page->node */
	struct list_head empty;		/* slabs without used objects */
	uint32_t empty_count;
	uint64_t slab_count;
	uint64_t taken;			/* objects outside slabs: in use or in magazines */

	struct list_node node;		/* all caches */
};

void slab_cache_init(struct slab_cache *cache, const char *name, size_t size, size_t alignment,
		     unsigned flags);
/* Gives a cache its table of magazines; without it every request takes the lock. */
void slab_cache_start_magazines(struct slab_cache *cache);

/* Returns what magazines and empty slabs hold to the page allocator; pages freed. May sleep. */
uint64_t slab_reclaim(void);

/* Debug builds: fills and checks free objects. */
/* New pages may hold the marks of an earlier slab: forgets them. */
void slab_guard_fresh(struct slab_cache *cache, void *objects, uint32_t count);
void slab_guard_freed(struct slab_cache *cache, void *object);
void slab_guard_allocated(struct slab_cache *cache, void *object);

/* Makes the caches of heap_allocate(); needs the page allocator. */
void heap_start(void);

/* What enum heap_flags mean for the page allocator. */
unsigned heap_page_flags(unsigned heap_flags);

#endif
