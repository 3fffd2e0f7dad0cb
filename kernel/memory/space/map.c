/*
 * mmap, munmap and brk: choosing a place, limits, replacing what is there, and joining neighbours.
 * Sizes are checked before anything is changed.
 */
#include "arch/user.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "memory/limit.h"
#include "memory/page_cache.h"
#include "memory/space/regions.h"

int range_check(user_address_t start, uint64_t length, user_address_t *end, int error)
{
	if (start % PAGE_SIZE != 0)
		return -EINVAL;
	if (checked_align_up(length, PAGE_SIZE, &length) != 0 ||
	    !range_is_within(start, length, USER_ADDRESS_LIMIT))
		return error;
	*end = start + length;
	return 0;
}

/* Unmaps whole regions: none crosses an end. */
static void regions_remove(struct space *space, user_address_t start, user_address_t end)
{
	struct region *region = region_find_from(space, start);

	while (region && region->start < end) {
		struct region *next = space_region_next(region);

		region_zap(region, region->start, region->end);
		space_account(space, region, -(int64_t)region_pages(region));
		region_erase(region);
		region_destroy(region);
		region = next;
	}
	space_tables_free(space, start, end);
}

int space_unmap_locked(struct space *space, user_address_t start, user_address_t end)
{
	struct region *region = region_find_from(space, start);
	int error;

	if (!region || region->start >= end)
		return 0;
	error = region_isolate(space, start, end);
	if (error)
		return error;
	regions_remove(space, start, end);
	return 0;
}

int space_unmap(struct space *space, user_address_t start, uint64_t length)
{
	user_address_t end;
	int error;

	if (length == 0)
		return -EINVAL;
	error = range_check(start, length, &end, -EINVAL);
	if (error)
		return error;
	error = shared_lock_write_killable(&space->lock);
	if (error)
		return error;
	error = space_unmap_locked(space, start, end);
	shared_unlock_write(&space->lock);
	return error;
}

/* Pages of [start, end) that are mapped already: they will be replaced. */
static uint64_t pages_in(struct space *space, user_address_t start, user_address_t end)
{
	uint64_t pages = 0;

	for (struct region *region = region_find_from(space, start);
	     region && region->start < end; region = space_region_next(region))
		pages += (min(region->end, end) - max(region->start, start)) >> PAGE_SHIFT;
	return pages;
}

static bool is_private_write(uint32_t flags)
{
	return (flags & (REGION_WRITE | REGION_SHARED)) == REGION_WRITE;
}

/* Whether the limits leave room for `pages` more of a kind, `replaced` of any going away. */
static int limits_check(struct space *space, uint32_t flags, uint64_t pages, uint64_t replaced)
{
	struct memory_statistics statistics;
	uint64_t mapped = space->pages_mapped - replaced;

	if (pages > memory_limit(MEMORY_LIMIT_SPACE) >> PAGE_SHIFT ||
	    mapped > (memory_limit(MEMORY_LIMIT_SPACE) >> PAGE_SHIFT) - pages)
		return -ENOMEM;
	if (flags & REGION_LOCKED &&
	    space->pages_locked + pages > memory_limit(MEMORY_LIMIT_LOCKED) >> PAGE_SHIFT)
		return -EAGAIN;
	if (!is_private_write(flags))
		return 0;
	if (space->pages_data + pages > memory_limit(MEMORY_LIMIT_DATA) >> PAGE_SHIFT)
		return -ENOMEM;
	/* What could never be held at once is refused when it is asked for, not when it is used. */
	if (flags & REGION_NO_RESERVE || pages < 4096)
		return 0;
	memory_statistics_read(&statistics);
	return pages > statistics.total ? -ENOMEM : 0;
}

/* Where a request goes: 0 and the address, or a negative errno. */
static int place_find(struct space *space, const struct map_request *request, uint64_t length,
		      user_address_t *place)
{
	user_address_t hint = request->address;

	if (request->map_flags & (MAP_AT_EXACTLY | MAP_AT_UNLESS_TAKEN)) {
		if (hint % PAGE_SIZE != 0)
			return -EINVAL;
		if (!range_is_within(hint, length, USER_ADDRESS_LIMIT))
			return -ENOMEM;
		if (request->map_flags & MAP_AT_UNLESS_TAKEN &&
		    !region_range_is_free(space, hint, hint + length))
			return -EEXIST;
		*place = hint;
		return 0;
	}
	/* A wish for a place too low is taken for the lowest. */
	hint = align_up(min(hint, USER_ADDRESS_LIMIT), PAGE_SIZE);
	hint = hint ? max(hint, USER_ADDRESS_LOWEST) : 0;
	if (hint && range_is_within(hint, length, USER_ADDRESS_LIMIT) &&
	    region_range_is_free(space, hint, hint + length)) {
		*place = hint;
		return 0;
	}
	*place = region_gap_find(space, length, space->mmap_top);
	if (!*place)
		*place = region_gap_find(space, length, USER_ADDRESS_LIMIT);
	return *place ? 0 : -ENOMEM;
}

/* Whether an anonymous neighbour can simply grow over the new range: no region is made. */
static bool extend_neighbour(struct space *space, const struct map_request *request,
			     user_address_t start, user_address_t end)
{
	struct region *above = region_find_from(space, start);
	struct region *region = NULL;

	if (request->operations || request->name)
		return false;
	if (above && above->start == end && above->flags == request->region_flags &&
	    !above->operations && !above->name &&
	    above->page_offset == above->start >> PAGE_SHIFT) {
		region = above;
		region_adjust(region, start, region->end);
	} else if (above) {
		region = region_previous(above);
	}
	if (!region && !above) {
		struct rbtree_node *last = rbtree_last(&space->regions);

		region = last ? rbtree_entry(last, struct region, node) : NULL;
	}
	if (!region)
		return false;
	if (region->start != start) {
		if (region->end != start || region->flags != request->region_flags ||
		    region->operations || region->name ||
		    region->page_offset != region->start >> PAGE_SHIFT)
			return false;
		region_adjust(region, region->start, end);
	}
	space_account(space, region, (int64_t)((end - start) >> PAGE_SHIFT));
	region_merge(region);
	return true;
}

static int region_add(struct space *space, const struct map_request *request,
		      user_address_t start, user_address_t end)
{
	struct region *region;

	if (extend_neighbour(space, request, start, end))
		return 0;
	if (space->region_count >= REGIONS_MAXIMUM)
		return -ENOMEM;
	if (request->cache && region_links_prepare(&request->cache->links) != 0)
		return -ENOMEM;
	region = region_create(space);
	if (!region)
		return -ENOMEM;
	region->start = start;
	region->end = end;
	region->flags = request->region_flags;
	region->operations = request->operations;
	region->object = request->object;
	region->cache = request->cache;
	region->name = request->name;
	/* Private anonymous pages count from address 0, so that neighbours can be joined. */
	region->page_offset = request->operations ? request->page_offset : start >> PAGE_SHIFT;
	if (region->operations && region->operations->open)
		region->operations->open(region);
	region_insert(region);
	space_account(space, region, (int64_t)region_pages(region));
	region_merge(region);
	return 0;
}

static int64_t map_locked(struct space *space, const struct map_request *request, uint64_t length)
{
	user_address_t start;
	uint64_t replaced = 0;
	int error = place_find(space, request, length, &start);

	if (error)
		return error;
	if (request->map_flags & MAP_AT_EXACTLY)
		replaced = pages_in(space, start, start + length);
	error = limits_check(space, request->region_flags, length >> PAGE_SHIFT, replaced);
	if (!error && replaced)
		error = space_unmap_locked(space, start, start + length);
	if (!error)
		error = region_add(space, request, start, start + length);
	return error ? error : (int64_t)start;
}

int64_t space_map(struct space *space, const struct map_request *original)
{
	struct map_request request = *original;
	uint64_t length, last;
	int64_t result;
	int error;

	if (request.length == 0)
		return -EINVAL;
	if (checked_align_up(request.length, PAGE_SIZE, &length) != 0 ||
	    length > USER_ADDRESS_LIMIT)
		return -ENOMEM;
	if (!checked_add(request.page_offset, length >> PAGE_SHIFT, &last))
		return -EOVERFLOW;
	error = shared_lock_write_killable(&space->lock);
	if (error)
		return error;
	request.region_flags |= space->lock_future;
	result = map_locked(space, &request, length);
	shared_unlock_write(&space->lock);
	if (result < 0)
		return result;
	/* What cannot be brought in is left for faults to report. */
	if ((request.map_flags & MAP_POPULATE_NOW || request.region_flags & REGION_LOCKED) &&
	    !(request.region_flags & (REGION_LOCK_ON_FAULT | REGION_SPECIAL)))
		error = space_populate(space, (user_address_t)result,
				       (user_address_t)result + length, POPULATE_AS_MAPPED);
	return result;
}

/* Moves the end of the heap; the space lock is held for writing. */
static bool break_move(struct space *space, user_address_t end)
{
	user_address_t old_top = align_up(space->brk_end, PAGE_SIZE);
	user_address_t new_top = align_up(end, PAGE_SIZE);
	struct map_request request = {
		.region_flags = REGION_READ | REGION_WRITE | REGION_MAY_READ |
				REGION_MAY_WRITE | REGION_MAY_EXECUTE | space->lock_future,
		.name = "[heap]",
	};
	struct region *heap;

	if (new_top == old_top)
		return true;
	if (new_top < old_top)
		return space_unmap_locked(space, new_top, old_top) == 0;
	if (!region_range_is_free(space, old_top, new_top + PAGE_SIZE) ||
	    limits_check(space, request.region_flags, (new_top - old_top) >> PAGE_SHIFT, 0) != 0)
		return false;
	heap = old_top > 0 ? space_region_find(space, old_top - 1) : NULL;
	if (heap && heap->name == request.name && heap->flags == request.region_flags) {
		region_adjust(heap, heap->start, new_top);
		space_account(space, heap, (int64_t)((new_top - old_top) >> PAGE_SHIFT));
		return true;
	}
	return region_add(space, &request, old_top, new_top) == 0;
}

int64_t space_break(struct space *space, user_address_t end)
{
	user_address_t old, result;

	shared_lock_write(&space->lock);
	old = space->brk_end;
	if (end >= space->brk_start && end <= USER_ADDRESS_LIMIT - 2 * PAGE_SIZE &&
	    end - space->brk_start <= memory_limit(MEMORY_LIMIT_DATA) && break_move(space, end))
		space->brk_end = end;
	result = space->brk_end;
	shared_unlock_write(&space->lock);
	if (result > old && space->lock_future & REGION_LOCKED &&
	    space_populate(space, align_up(old, PAGE_SIZE), align_up(result, PAGE_SIZE),
			   POPULATE_WRITE))
		return (int64_t)result;
	return (int64_t)result;
}
