/* Reclaim as the rest of memory/ sees it: the lists of pages that can go, and asking for room. */
#ifndef MEMORY_RECLAIM_RECLAIM_H
#define MEMORY_RECLAIM_RECLAIM_H

#include "base/compiler.h"
#include "base/types.h"

struct page;

extern bool reclaim_is_requested;

/* Marks that free memory runs low. Any context, so it wakes nobody: the next who may does. */
static inline void reclaim_request(void)
{
	WRITE_ONCE(reclaim_is_requested, true);
}

/* Wakes the background thread. Where waking is allowed. */
void reclaim_wake(void);

/* Whether the caller is in a context that may sleep and is not reclaiming itself. */
bool reclaim_may_sleep(void);
/* Frees about `wanted` pages; how many it freed. May sleep. */
uint64_t reclaim_direct(uint64_t wanted);
/* A short sleep while a victim dies. */
void reclaim_wait(void);

/* A page that can be read again from its file: put it on the lists, or take it off. */
void reclaim_add(struct page *page);
void reclaim_forget(struct page *page);
/* It was used: keep it longer. */
void reclaim_touch(struct page *page);
/* Drops pages that nobody used lately; how many it freed. May sleep. */
uint64_t reclaim_lists_shrink(uint64_t wanted);
void reclaim_lists_read(uint64_t *active, uint64_t *inactive);

#endif
