/* Shared inside memory/cache/: tags of the tree, lookups that see every page, and removal. */
#ifndef MEMORY_CACHE_PAGES_H
#define MEMORY_CACHE_PAGES_H

#include "memory/page.h"
#include "memory/page_cache.h"

#define TAG_DIRTY RADIX_TAG_0
#define TAG_WRITEBACK RADIX_TAG_1

#define CACHE_BATCH 16

/* The page at an index with a reference, up to date or not; NULL: none. Lock-free. */
struct page *cache_find_any(struct page_cache *cache, uint64_t index);
/* Up to CACHE_BATCH pages of [*from, last] with references; *from goes behind the last one. */
size_t cache_gather(struct page_cache *cache, uint64_t *from, uint64_t last,
		    struct page *pages[CACHE_BATCH]);
size_t cache_gather_tagged(struct page_cache *cache, uint64_t *from, uint64_t last,
			   enum radix_tag tag, struct page *pages[CACHE_BATCH]);
/* Takes a locked page out of its cache and drops the cache's reference. */
void cache_remove(struct page_cache *cache, struct page *page);
/* The same for a locked page that only the cache and the caller hold; false: somebody else does. */
bool cache_remove_unused(struct page_cache *cache, struct page *page);
/* Removes a page that is clean, unmapped and unused, without waiting for it; whether it did. */
bool cache_drop_clean(struct page_cache *cache, struct page *page);
/* Forgets that a locked page is dirty; whether it was. */
bool cache_clear_dirty(struct page_cache *cache, struct page *page);
void page_cache_start(void);
int writeback_start(void) MUST_CHECK;
/* Writes caches whose dirty data is older than that. May sleep. */
void writeback_run(int64_t until_ns);
/* Memory is short: has dirty pages written, and waits until some are clean. False: none will be. */
bool writeback_relieve(void);
/* For who makes pages dirty, without a page lock: waits while too many are. May sleep. */
void writeback_balance(struct page_cache *cache);
/* Write-back forgets the cache. */
void writeback_forget(struct page_cache *cache);

#endif
