/*
 * Shared inside memory/space/: the tree of regions, taking pages out of page tables, and the
 * families of anonymous memory.
 */
#ifndef MEMORY_SPACE_REGIONS_H
#define MEMORY_SPACE_REGIONS_H

#include "base/compiler.h"
#include "base/refcount.h"
#include "memory/page.h"
#include "memory/region.h"
#include "memory/space.h"
#include "memory/space/links.h"
#include "sync/mutex.h"

/* What stays free below a growing stack. */
#define STACK_GUARD_BYTES (256 * PAGE_SIZE)

#define REGION_ACCESS (REGION_READ | REGION_WRITE | REGION_EXECUTE)
/* What mprotect changes. */
#define REGION_PROTECTION (REGION_ACCESS | REGION_GUARDED)

/* No CPU of ours can write without reading, and some cannot execute without. */
static inline bool region_is_readable(uint32_t region_flags)
{
	return region_flags & (mmu_has_execute_only() ? REGION_READ | REGION_WRITE : REGION_ACCESS);
}

/*
 * Processes that came from one another by fork without exec: their private pages may be shared.
 * The links hold each region that has such pages.
 */
struct anonymous_family {
	struct refcount references;		/* one per space */
	struct region_links links;		/* struct region.family_node */
};

struct anonymous_family *family_create(void);
/* An empty space of a family, whose reference it takes over on success; NULL: short. */
struct space *space_create_in(struct anonymous_family *family);
void family_put(struct anonymous_family *family);
/* The region is about to get its first private page; space lock held for reading at least. */
void family_join(struct region *region);

static inline uint64_t region_pages(const struct region *region)
{
	return (region->end - region->start) >> PAGE_SHIFT;
}

static inline uint64_t region_index(const struct region *region, user_address_t address)
{
	return region->page_offset + ((address - region->start) >> PAGE_SHIFT);
}

/* Pages of a cache without a file behind it (tmpfs, shared anonymous memory). */
bool region_is_shared_memory(const struct region *region);
/* Whether writing must be noticed, because somebody wants to know of each first write. */
bool region_tracks_dirty(const struct region *region);
/* The page-table flags that region flags allow, without MMU_WRITE. */
uint32_t region_mmu_flags(uint32_t region_flags);

void region_start(void);

/* The tree. Space lock held for writing, for finding: reading. */
struct region *region_create(struct space *space);
void region_destroy(struct region *region);		/* calls operations->close */
void region_insert(struct region *region);
void region_erase(struct region *region);
struct region *region_previous(struct region *region);
/* The first region that ends behind the address. */
struct region *region_find_from(struct space *space, user_address_t address);
/* Locks the trees in which others find the region, so that nobody looks at it meanwhile. */
void region_links_lock(struct region *region);
void region_links_unlock(struct region *region);
/* Moves the ends of a region; its neighbours leave room. */
void region_adjust(struct region *region, user_address_t start, user_address_t end);
/* Cuts a region in two at an address inside it; the upper part is new. 0 or -ENOMEM. */
int region_split(struct region *region, user_address_t at, struct region **upper) MUST_CHECK;
/* Cuts so that no region crosses either end. 0 or -ENOMEM. */
int region_isolate(struct space *space, user_address_t start, user_address_t end) MUST_CHECK;
/* Joins a region with neighbours that are alike; the one that is left. */
struct region *region_merge(struct region *region);
/* The highest place for `length` bytes below `top`; 0: none. */
user_address_t region_gap_find(struct space *space, uint64_t length, user_address_t top);
/* Whether [start, end) is free. */
bool region_range_is_free(struct space *space, user_address_t start, user_address_t end);

/* Bookkeeping of sizes: `pages` more (or fewer) of a region's kind. */
void space_account(struct space *space, const struct region *region, int64_t pages);

/* Takes the pages of a range out of the page tables and drops them. May sleep. */
void region_zap(struct region *region, user_address_t start, user_address_t end);
/* The same, but a program's private copies stay. */
void region_zap_shared(struct region *region, user_address_t start, user_address_t end);
/* The same for a whole region when no CPU can run the space any more. */
void region_zap_final(struct region *region);
/* Frees page tables of a range without regions. */
void space_tables_free(struct space *space, user_address_t start, user_address_t end);

/* Unmaps regions of a checked range; space lock held for writing. */
int space_unmap_locked(struct space *space, user_address_t start, user_address_t end) MUST_CHECK;

/* A page-table entry begins to show the page; page_unmap(): it stopped. */
void page_map_anonymous(struct page *page, struct region *region, user_address_t address);
void page_map_file(struct page *page);
void page_map_again(struct page *page);
void page_unmap(struct page *page);
void space_count_resident(struct space *space, const struct region *region,
			  const struct page *page, int64_t change);

enum fault_force {
	FAULT_AS_MAPPED,
	FAULT_FORCED,		/* a debugger writes: a private copy, whatever the region allows */
};
/* Makes one page present for an access that the region allows; space lock held for reading. */
enum fault_result fault_resolve(struct region *region, user_address_t address, bool is_write,
				enum fault_force force);
enum populate {
	POPULATE_AS_MAPPED,	/* for whatever access there is */
	POPULATE_READ,
	POPULATE_WRITE,
};
/* Brings in the pages of a part of a region; space lock held for reading. 0, -ENOMEM, -EFAULT,
 * -EINVAL when the region does not allow the access, -EINTR when the thread is to die. */
int region_populate(struct region *region, user_address_t start, user_address_t end,
		    enum populate kind) MUST_CHECK;
/* The same for what is mapped in a range, up to a hole (-ENOMEM); takes the space lock for
 * reading. */
int space_populate(struct space *space, user_address_t start, user_address_t end,
		   enum populate kind) MUST_CHECK;

/* The region at an address, a stack grown to it if need be, with the space lock held for reading;
 * else NULL and no lock. */
struct region *region_lock_at(struct space *space, user_address_t address);

/* Checks and rounds a range from a program: 0, or `error`. */
int range_check(user_address_t start, uint64_t length, user_address_t *end, int error) MUST_CHECK;

extern struct page *space_zero_page;

#endif
