/*
 * The page cache of one object (inode): its pages by index, and the regions that map it, so that
 * truncate, write-back and reclaim find every mapping. Embedded in the inode.
 */
#ifndef MEMORY_PAGE_CACHE_H
#define MEMORY_PAGE_CACHE_H

#include "base/compiler.h"
#include "base/list.h"
#include "base/tree/radix_tree.h"
#include "base/types.h"
#include "sync/mutex.h"
#include "sync/spin_lock.h"

struct page;
struct page_cache;
struct region_links;
struct transfer;

struct page_cache_operations {
	/* Fills a locked, fresh page; unlocks when done. Sets PAGE_UPTODATE or returns an error.
	 * NULL: fresh pages are zeros (tmpfs). */
	int (*read_page)(struct page_cache *cache, struct page *page);
	/* Writes a locked dirty page; sets PAGE_WRITEBACK, unlocks, clears it when done.
	 * NULL: pages have no other home and are never cleaned (tmpfs). */
	int (*write_page)(struct page_cache *cache, struct page *page);
	/* Reserves what a write to the page needs (blocks, quota); page locked. May be NULL. */
	int (*prepare_write)(struct page_cache *cache, struct page *page, unsigned from,
			     unsigned to);
	void (*commit_write)(struct page_cache *cache, struct page *page, unsigned from,
			     unsigned to);
	/* A page leaves the cache: give back what `private` held. May be NULL. */
	void (*release_page)(struct page_cache *cache, struct page *page);
};

struct page_cache {
	struct spin_lock tree_lock;		/* LOCK_CACHE_TREE: pages */
	struct radix_tree pages;
	uint64_t page_count;			/* atomic */
	struct region_links *links;		/* regions that map it; NULL: never mapped */
	/* LOCK_CACHE_INVALIDATE: faults read, truncate writes. */
	struct shared_lock invalidate_lock;
	uint32_t writable_mappings;		/* shared, may write; seals and ETXTBSY ask */
	uint32_t error_sequence;		/* write-back errors, reported once per open file */
	int32_t error;
	struct list_node dirty_node;		/* caches with dirty pages, write-back's lock */
	int64_t dirty_since_ns;			/* of the oldest that write-back has not seen */
	const struct page_cache_operations *operations;
	void *owner;				/* the inode */
};

void page_cache_init(struct page_cache *cache, const struct page_cache_operations *operations,
		     void *owner);
/* Drops every page; no mapping is left. May sleep. */
void page_cache_release(struct page_cache *cache);

/* The page with a reference if it is cached and up to date, else NULL. Lock-free. */
struct page *page_cache_find(struct page_cache *cache, uint64_t index);
/* The cached, up-to-date pages of [first, last], at most `limit`, with references. Lock-free. */
size_t page_cache_find_batch(struct page_cache *cache, uint64_t first, uint64_t last,
			     struct page **pages, size_t limit);
/* Also brings it in: 0 and a page with a reference, up to date, unlocked. May sleep. */
int page_cache_get(struct page_cache *cache, uint64_t index, struct page **page) MUST_CHECK;
/* For writing: 0 and a locked, referenced page, read in unless is_overwritten wholly: then the
 * caller fills it and sets PAGE_UPTODATE before it unlocks. */
int page_cache_get_locked(struct page_cache *cache, uint64_t index, bool is_overwritten,
			  struct page **page) MUST_CHECK;

/*
 * Generic file reading and writing. `size` is the file's size for reads. The result is bytes moved
 * or an error when none were. The caller holds the inode lock for writes, and has extended nothing:
 * `extended` is told the new end after each page, under the page lock.
 */
long page_cache_read(struct page_cache *cache, struct transfer *transfer, uint64_t offset,
		     uint64_t size);
long page_cache_write(struct page_cache *cache, struct transfer *transfer, uint64_t offset,
		      void (*extended)(struct page_cache *cache, uint64_t end));

/* The page's contents changed. Where no spin lock is held that is taken inside LOCK_CACHE_TREE. */
void page_mark_dirty(struct page *page);
/* A write that had been started failed: the next syncs of open files report it. Any context. */
void page_cache_error_set(struct page_cache *cache, int error);

/* Unmaps and drops pages from byte `start` on, zeroing the rest of a partial page. May sleep. */
void page_cache_truncate(struct page_cache *cache, uint64_t start);
/* The same for [start, end): FALLOC_FL_PUNCH_HOLE. Private copies of programs stay. */
void page_cache_punch(struct page_cache *cache, uint64_t start, uint64_t end);
/* Writes dirty pages of the byte range and waits. Reports errors to errors_seen's holder once. */
int page_cache_sync(struct page_cache *cache, uint64_t start, uint64_t end) MUST_CHECK;
int page_cache_error_check(struct page_cache *cache, uint32_t *errors_seen) MUST_CHECK;
/* POSIX_FADV_DONTNEED: drops clean, unmapped pages. */
void page_cache_drop(struct page_cache *cache, uint64_t first, uint64_t last);
/* First data or hole at or after an offset, for SEEK_DATA and SEEK_HOLE on tmpfs; -ENXIO. */
int64_t page_cache_seek(struct page_cache *cache, uint64_t offset, uint64_t size, bool hole);
/* Whether each page of a range is cached (mincore); one byte a page. */
void page_cache_residency(struct page_cache *cache, uint64_t first, size_t count, uint8_t *out);

#endif
