/*
 * Regions by the index of their pages, for the objects whose pages they show: page caches and
 * families of anonymous memory. There are several trees, and each space keeps to one of them:
 * processes that share a program fork, map and end without waiting for each other. Whoever looks
 * for a page visits all trees.
 */
#ifndef MEMORY_SPACE_LINKS_H
#define MEMORY_SPACE_LINKS_H

#include "base/atomic.h"
#include "base/compiler.h"
#include "base/tree/interval_tree.h"
#include "sync/mutex.h"

struct space;

/* So many spaces at once; a power of two. Few CPUs change regions at the same time. */
#define REGION_TREES_SHIFT 3
#define REGION_TREES (1u << REGION_TREES_SHIFT)

struct region_tree {
	struct shared_lock lock;		/* LOCK_CACHE_MAPPING or LOCK_ANONYMOUS */
	struct interval_tree regions;
} __aligned(64);

struct region_links {
	struct region_tree trees[REGION_TREES];
};

void region_links_start(void);

void region_links_init(struct region_links *links, enum lock_class class);

/* Makes the links of a cache before its first region. 0 or -ENOMEM. */
int region_links_prepare(struct region_links **links) MUST_CHECK;
void region_links_free(struct region_links *links);

/* The tree of a space: by its address, because spaces are reused on the CPU that freed them. */
static inline struct region_tree *region_tree_of(struct region_links *links,
						 const struct space *space)
{
	uint64_t hash = (uintptr_t)space * UINT64_C(0x9e3779b97f4a7c15);

	return &links->trees[hash >> (64 - REGION_TREES_SHIFT)];
}

/* All trees, for a walk; NULL: no region was ever linked. An empty tree can only be told under its
 * lock, for a region is out of it for a moment while its ends change. */
static inline struct region_links *region_links_read(struct region_links *const *links)
{
	return atomic_load_acquire(links);
}

#define region_links_for_each(tree, links) \
	for (struct region_tree *tree = (links) ? (links)->trees : NULL; \
	     tree && tree < (links)->trees + REGION_TREES; tree++)

#endif
