/*
 * The kernel heap: slab caches of fixed-size objects and sized allocations from 8 bytes to 4 MB.
 * Memory from heap_allocate() is zeroed unless HEAP_RAW is given.
 */
#ifndef MEMORY_HEAP_H
#define MEMORY_HEAP_H

#include "base/compiler.h"
#include "base/types.h"

enum heap_flags {
	HEAP_PATIENT = 0,		/* the default: may sleep and reclaim */
	HEAP_ATOMIC = 1 << 0,		/* any context, never sleeps */
	HEAP_RAW = 1 << 1,		/* contents undefined */
	HEAP_ACCOUNT = 1 << 2,		/* grows by what a program does: fails early when short */
};

/* NULL when memory is short. Aligned to 16 bytes, or to the size for powers of two up to 4 KB. */
void *heap_allocate(size_t size, unsigned flags);
void *heap_allocate_array(size_t count, size_t size, unsigned flags);	/* checked product */
void *heap_resize(void *old, size_t old_size, size_t new_size, unsigned flags);
char *heap_copy_string(const char *text, unsigned flags);
void *heap_copy(const void *data, size_t size, unsigned flags);
void heap_free(void *memory);		/* NULL is allowed. Any context */
size_t heap_size_of(const void *memory);

/* Objects of one type, with per-CPU magazines. */
struct slab_cache;
enum slab_flags {
	SLAB_TYPE_STABLE = 1 << 0,	/* memory stays of this type until a grace period (RCU) */
	SLAB_RECLAIMABLE = 1 << 1,
};
struct slab_cache *slab_cache_create(const char *name, size_t size, size_t alignment,
				     unsigned flags);
void *slab_allocate(struct slab_cache *cache, unsigned heap_flags);
void slab_free(struct slab_cache *cache, void *object);
/* Objects in use, for leak checks. */
uint64_t slab_cache_used(const struct slab_cache *cache);
struct format_sink;
void slab_describe(struct format_sink *sink);	/* /proc/slabinfo */

#endif
