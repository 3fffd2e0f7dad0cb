/* From pages to the page-table entries that show them. All may sleep. */
#ifndef MEMORY_RECLAIM_RMAP_H
#define MEMORY_RECLAIM_RMAP_H

#include "base/compiler.h"
#include "base/types.h"

struct page;
struct page_cache;

enum rmap_private {
	RMAP_ALL,		/* programs lose their private copies too */
	RMAP_KEEP_PRIVATE,
};

/* Unmaps pages [first, last] of a cache in every space. */
void rmap_unmap_range(struct page_cache *cache, uint64_t first, uint64_t last,
		      enum rmap_private private_pages);

/* Takes one locked page of a cache out of every page table. False: some space could not be looked
 * at now, or keeps it (mlock). A program's writes are in PAGE_DIRTY afterwards. */
bool rmap_unmap_page(struct page *page) MUST_CHECK;

/* Takes away write permission everywhere, so that the next write is noticed. */
void rmap_clean_page(struct page *page);

/* Whether a program used the page since the last time this was asked. */
bool rmap_was_used(struct page *page);

#endif
