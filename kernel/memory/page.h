/*
 * Physical pages: one struct page per frame that firmware reports, and the allocator of blocks of
 * 2^order of them (buddy, with per-CPU caches of single pages).
 */
#ifndef MEMORY_PAGE_H
#define MEMORY_PAGE_H

#include "arch/mmu.h"
#include "base/compiler.h"
#include "base/list.h"
#include "base/string.h"
#include "base/types.h"

struct page_cache;
struct anonymous_family;

enum page_flag {
	PAGE_LOCKED = 1 << 0,		/* page_lock() */
	PAGE_UPTODATE = 1 << 1,		/* contents valid */
	PAGE_DIRTY = 1 << 2,
	PAGE_WRITEBACK = 1 << 3,
	PAGE_REFERENCED = 1 << 4,
	PAGE_ACTIVE = 1 << 5,		/* on the active list */
	PAGE_ON_LIST = 1 << 6,		/* on a reclaim list */
	PAGE_ANONYMOUS = 1 << 7,	/* owner is a struct anonymous_family */
	PAGE_SLAB = 1 << 8,
	PAGE_UNEVICTABLE = 1 << 9,	/* mlock, ramfs data without backing */
	PAGE_RESERVED = 1 << 10,	/* never given out */
	PAGE_FREE = 1 << 11,		/* in the buddy allocator or a CPU's cache */
	PAGE_ERROR = 1 << 12,		/* last write-back failed */
	PAGE_WAITERS = 1 << 13,		/* somebody sleeps on the lock or write-back bit */
	/* Instruction fetch sees what the kernel wrote last; is being made to. */
	PAGE_FETCHABLE = 1 << 14,
	PAGE_FETCH_BEGUN = 1 << 15,
};

/* Blocks of up to 2^(PAGE_ORDER_COUNT - 1) pages: 4 MB. */
#define PAGE_ORDER_COUNT 11

struct page {
	uint32_t flags;			/* enum page_flag; atomic bits */
	uint32_t references;		/* 0: free */
	uint32_t map_count;		/* page-table entries that show it to programs */
	uint8_t order;
	uint8_t reserved[3];
	union {
		struct page_cache *cache;		/* file page */
		struct anonymous_family *family;	/* PAGE_ANONYMOUS */
		void *slab;				/* PAGE_SLAB */
		uintptr_t owner;
	};
	uint64_t index;			/* in the cache, or virtual page number in the family */
	struct list_node node;		/* free list or reclaim list; the holder's otherwise */
	uint64_t private;		/* the owner's: file system blocks, slab counters */
	uint64_t private2;
};

enum allocate_flags {
	ALLOCATE_PATIENT = 1 << 0,	/* may sleep and reclaim */
	ALLOCATE_ZERO = 1 << 1,
	ALLOCATE_RESERVE = 1 << 2,	/* may use the last reserve: reclaim itself, interrupts */
	/* For a program: fails before the kernel's share is touched. */
	ALLOCATE_USER = 1 << 3,
	ALLOCATE_NO_KILL = 1 << 4,	/* fail instead of choosing a victim */
	/* For a file that has no home but memory: leaves what programs need to go on. */
	ALLOCATE_FILE = 1 << 5,
};

/* 2^order pages in a row with one reference, or NULL. Without PATIENT: any context. */
struct page *page_allocate(unsigned order, unsigned flags);
/* Drops the caller's reference; the last one frees. Any context. */
static inline void page_put(struct page *page);
static inline void page_get(struct page *page);
/* What the last page_put() calls. */
void page_free(struct page *page);
/* For lookups under RCU: false if it is being freed. */
bool page_get_unless_free(struct page *page);

/* Whole frames as kernel memory: address in the direct map, zeroed on ALLOCATE_ZERO. */
void *pages_allocate(unsigned order, unsigned flags);
void pages_free(void *address, unsigned order);

/* Where the struct page of frame 0 would lie; those of all frames follow one another. */
extern uintptr_t page_array;

static inline physical_t page_physical(const struct page *page)
{
	return ((uintptr_t)page - page_array) / sizeof(struct page) << PAGE_SHIFT;
}

static inline void *page_address(const struct page *page)
{
	return physical_to_virtual(page_physical(page));
}

/* NULL: no struct page there. */
struct page *page_of_physical(physical_t address);

/* For addresses of memory that the allocator gave out: no check. */
static inline struct page *page_of_frame_address(physical_t address)
{
	return (struct page *)(page_array + (address >> PAGE_SHIFT) * sizeof(struct page));
}

/* For direct-map addresses of memory that the allocator gave out. */
static inline struct page *page_of_address(const void *address)
{
	return page_of_frame_address(virtual_to_physical(address));
}

/* Sleeping lock in the flags; waits uninterruptibly (or killable, -EINTR). */
void page_lock(struct page *page);
int page_lock_killable(struct page *page) MUST_CHECK;
bool page_try_lock(struct page *page);
void page_unlock(struct page *page);
void page_wait_writeback(struct page *page);
/* For write_page() when done: clears PAGE_WRITEBACK and wakes. Any context. */
void page_end_writeback(struct page *page);

static inline void page_zero(struct page *page)
{
	memset(page_address(page), 0, PAGE_SIZE);
}

static inline void page_copy(struct page *to, const struct page *from)
{
	memcpy(page_address(to), page_address(from), PAGE_SIZE);
}

static inline bool page_test(const struct page *page, uint32_t flag)
{
	return READ_ONCE(page->flags) & flag;
}

static inline void page_set(struct page *page, uint32_t flag)
{
	__atomic_or_fetch(&page->flags, flag, __ATOMIC_RELAXED);
}

static inline void page_clear(struct page *page, uint32_t flag)
{
	__atomic_and_fetch(&page->flags, ~flag, __ATOMIC_RELEASE);
}

/* What page_make_fetchable() calls. */
void page_synchronise(struct page *page);

/* Before an entry lets a program execute the page. Any context. */
static inline void page_make_fetchable(struct page *page)
{
	if (!mmu_fetch_is_coherent() && !page_test(page, PAGE_FETCHABLE))
		page_synchronise(page);
}

/* After the kernel wrote to a page that may have been shown to programs. Any context. */
static inline void page_written(struct page *page)
{
	if (page_test(page, PAGE_FETCHABLE | PAGE_FETCH_BEGUN))
		page_clear(page, PAGE_FETCHABLE | PAGE_FETCH_BEGUN);
}

static inline void page_get(struct page *page)
{
	__atomic_add_fetch(&page->references, 1, __ATOMIC_RELAXED);
}

static inline void page_put(struct page *page)
{
	if (__atomic_fetch_sub(&page->references, 1, __ATOMIC_ACQ_REL) == 1)
		page_free(page);
}

/* What /proc/meminfo and sysinfo show, in pages. */
struct memory_statistics {
	uint64_t total, free, available, cached, dirty, writeback, anonymous, mapped, shared;
	uint64_t slab_reclaimable, slab_unreclaimable, kernel_stacks, page_tables, locked;
	uint64_t active_file, inactive_file, active_anonymous, inactive_anonymous;
	uint64_t reclaimed, reclaim_scans, writebacks, out_of_memory_kills;	/* events */
	uint64_t faults, major_faults, copies_on_write;
};
void memory_statistics_read(struct memory_statistics *statistics);

/*
 * Builds the page array and free lists from boot_information(), then the heap; the first thing in
 * kernel_main(). Memory is brought in chunk by chunk when it is wanted, so that large machines do
 * not pay for it at boot.
 */
void memory_start(void);

/* Gives reserved whole pages of [start, start + length) to the allocator (initial file system). */
void memory_release(physical_t start, uint64_t length_bytes);

#endif
