/*
 * Epolls that watch epolls: no circles, at most five in a row, and a bounded number of ways up from
 * each, because one event walks all of them with interrupts masked. Each check visits every epoll
 * that it meets once.
 */
#include "base/errno.h"
#include "file/epoll_internal.h"

#define LINKS_MAXIMUM 4		/* epolls in a row, less one */
#define WAYS_MAXIMUM 500	/* upward paths from one epoll to others */

static uint64_t check_number;	/* closing_lock */

/* Links on the longest chain below an epoll; more than LINKS_MAXIMUM if `forbidden` is on one. */
static unsigned height_below(struct epoll *epoll, const struct epoll *forbidden, unsigned level)
{
	struct epoll_item *item;
	unsigned height = 0;

	if (epoll == forbidden || level > LINKS_MAXIMUM)
		return LINKS_MAXIMUM + 1;
	if (epoll->height_of == check_number)
		return epoll->height;
	list_for_each(item, &epoll->nested, nested_node)
		height = max(height, 1 + height_below(file_epoll(item->file), forbidden,
						      level + 1));
	epoll->height_of = check_number;
	epoll->height = height;
	return height;
}

/* Fills depth, the links on the longest chain above an epoll, and ways, the number of such chains
 * and their parts. `inner` is taken to be watched by `outer` already. Bounded by the depth of what
 * was allowed before. */
static void look_up(struct epoll *epoll, struct epoll *outer, const struct epoll *inner)
{
	unsigned depth = 0, ways = 0;

	if (epoll->depth_of == check_number)
		return;
	/* Links on an epoll change under closing_lock only. */
	for (struct epoll_link *link = epoll->file->epoll_links; link; link = link->next) {
		struct epoll *above = container_of(link, struct epoll_item, link)->epoll;

		look_up(above, outer, inner);
		depth = max(depth, 1 + above->depth);
		ways = min(ways + 1 + above->ways, WAYS_MAXIMUM + 1u);
	}
	if (epoll == inner) {
		look_up(outer, outer, inner);
		depth = max(depth, 1 + outer->depth);
		ways = min(ways + 1 + outer->ways, WAYS_MAXIMUM + 1u);
	}
	epoll->depth_of = check_number;
	epoll->depth = depth;
	epoll->ways = ways;
}

/* Whether an epoll below `inner`, or it, gets too many ways up. */
static bool has_too_many_ways(struct epoll *epoll, struct epoll *outer, const struct epoll *inner)
{
	struct epoll_item *item;

	if (epoll->visited_by == check_number)
		return false;
	epoll->visited_by = check_number;
	look_up(epoll, outer, inner);
	if (epoll->ways > WAYS_MAXIMUM)
		return true;
	list_for_each(item, &epoll->nested, nested_node) {
		if (has_too_many_ways(file_epoll(item->file), outer, inner))
			return true;
	}
	return false;
}

int epoll_nesting_check(struct epoll *outer, struct epoll *inner)
{
	check_number++;
	if (height_below(inner, outer, 0) > LINKS_MAXIMUM)
		return -ELOOP;
	if (has_too_many_ways(inner, outer, inner))
		return -EINVAL;
	return inner->height + inner->depth > LINKS_MAXIMUM ? -ELOOP : 0;
}
