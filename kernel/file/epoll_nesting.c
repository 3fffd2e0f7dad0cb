/*
 * Epolls that watch epolls: no circles, and at most five in a row, so that one event wakes a
 * bounded chain. Each check visits every epoll once.
 */
#include "base/errno.h"
#include "file/epoll_internal.h"

#define LINKS_MAXIMUM 4		/* epolls in a row, less one */

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

/* Links on the longest chain above an epoll. */
static unsigned depth_above(struct epoll *epoll, unsigned level)
{
	unsigned depth = 0;

	if (level > LINKS_MAXIMUM)
		return LINKS_MAXIMUM + 1;
	if (epoll->depth_of == check_number)
		return epoll->depth;
	/* Links on an epoll change under closing_lock only. */
	for (struct epoll_link *link = epoll->file->epoll_links; link; link = link->next) {
		struct epoll_item *item = container_of(link, struct epoll_item, link);

		depth = max(depth, 1 + depth_above(item->epoll, level + 1));
	}
	epoll->depth_of = check_number;
	epoll->depth = depth;
	return depth;
}

int epoll_nesting_check(struct epoll *outer, struct epoll *inner)
{
	unsigned links;

	check_number++;
	links = height_below(inner, outer, 0) + 1 + depth_above(outer, 0);
	return links > LINKS_MAXIMUM ? -ELOOP : 0;
}
