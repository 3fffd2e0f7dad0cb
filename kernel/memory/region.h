/*
 * Seam: what backs a region of an address space. Files (vfs/), shared memory and devices supply
 * operations; memory/ calls them.
 */
#ifndef MEMORY_REGION_H
#define MEMORY_REGION_H

#include "base/compiler.h"
#include "base/tree/interval_tree.h"
#include "base/tree/rbtree.h"
#include "base/types.h"

struct format_sink;
struct page;
struct page_cache;
struct region;
struct space;

enum region_flags {
	REGION_READ = 1 << 0,
	REGION_WRITE = 1 << 1,
	REGION_EXECUTE = 1 << 2,
	REGION_SHARED = 1 << 3,
	REGION_MAY_READ = 1 << 4,	/* what mprotect may turn on */
	REGION_MAY_WRITE = 1 << 5,
	REGION_MAY_EXECUTE = 1 << 6,
	REGION_GROWS_DOWN = 1 << 7,
	REGION_LOCKED = 1 << 8,
	REGION_LOCK_ON_FAULT = 1 << 9,
	REGION_NO_RESERVE = 1 << 10,
	REGION_NO_FORK = 1 << 11,	/* MADV_DONTFORK */
	REGION_WIPE_ON_FORK = 1 << 12,
	REGION_NO_DUMP = 1 << 13,
	REGION_SEQUENTIAL = 1 << 14,
	REGION_RANDOM = 1 << 15,
	/* Pages without struct page: vDSO; never merged or resized. */
	REGION_SPECIAL = 1 << 16,
	REGION_GUARDED = 1 << 17,	/* MMU_GUARDED */
};

struct region_operations {
	/*
	 * Brings the page at `index` of the backing object into its cache and returns it with a
	 * reference, up to date, unlocked. -EFAULT-like errors: -ENOMEM, -EIO (SIGBUS), -EINVAL
	 * (beyond the end: SIGBUS). May sleep; the space's region lock is held for reading.
	 * It checks the size under the cache's invalidate_lock, so that no page appears behind a
	 * truncation.
	 * NULL: the region is anonymous.
	 */
	int (*page_get)(struct region *region, uint64_t index, struct page **page);
	/* A shared file page is about to be written first: -errno gives SIGBUS. May be NULL. */
	int (*page_make_writable)(struct region *region, struct page *page);
	/* Device memory: physical page for an index; MMU_SPECIAL mapping. May be NULL. */
	int (*physical_get)(struct region *region, uint64_t index, physical_t *physical,
			    uint32_t *mmu_flags);
	void (*open)(struct region *region);	/* a copy was made: take references */
	void (*close)(struct region *region);	/* unmapped: drop them. May sleep */
	int (*sync)(struct region *region, uint64_t first, uint64_t last);	/* msync(MS_SYNC) */
	/* Name for /proc/<pid>/maps, device and inode numbers. */
	void (*describe)(struct region *region, struct format_sink *name, uint64_t *device,
			 uint64_t *inode);
};

struct region {
	struct rbtree_node node;		/* in space, by start */
	struct space *space;
	user_address_t start, end;		/* page-aligned, [start, end) */
	/* Free bytes below start; greatest in the subtree. */
	uint64_t gap, subtree_gap;
	uint32_t flags;				/* enum region_flags */
	uint64_t page_offset;			/* of start, in pages of the object or family */
	const struct region_operations *operations;	/* NULL: private anonymous */
	void *object;				/* the operations' (a struct file) */
	struct page_cache *cache;		/* cache that maps it, or NULL */
	struct interval_node mapping_node;	/* in cache->links */
	struct anonymous_family *family;	/* joined at the first private page, else NULL */
	struct interval_node family_node;
	const char *name;			/* "[stack]", "[heap]", "[vdso]" or NULL */
};

#endif
