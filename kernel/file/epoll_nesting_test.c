/*
 * The nesting check on graphs made by hand: circles, long chains, and too many ways.
 */
#include "base/errno.h"
#include "base/string.h"
#include "base/test.h"
#include "file/epoll_internal.h"

#define EPOLL_COUNT 48
#define ITEM_COUNT 600

static struct epoll epolls[EPOLL_COUNT];
static struct file files[EPOLL_COUNT];
static struct epoll_item items[ITEM_COUNT];
static unsigned item_count;

static void graph_start(void)
{
	memset(epolls, 0, sizeof(epolls));
	memset(files, 0, sizeof(files));
	item_count = 0;
	for (unsigned i = 0; i < EPOLL_COUNT; i++) {
		epolls[i].file = &files[i];
		files[i].operations = &epoll_operations;
		files[i].object = &epolls[i];
		list_init(&epolls[i].nested);
	}
}

/* Checks, and links when it is allowed: the result of the check. */
static int watch(unsigned outer, unsigned inner)
{
	struct epoll_item *item = &items[item_count];
	int result = epoll_nesting_check(&epolls[outer], &epolls[inner]);

	if (result < 0)
		return result;
	item_count++;
	item->epoll = &epolls[outer];
	item->file = &files[inner];
	item->link.next = files[inner].epoll_links;
	files[inner].epoll_links = &item->link;
	list_add(&epolls[outer].nested, &item->nested_node);
	return 0;
}

TEST(epoll, chains_from_below_and_above)
{
	graph_start();
	for (unsigned i = 1; i < 5; i++)
		EXPECT_EQUAL(watch(i, i - 1), 0);
	EXPECT_EQUAL(watch(5, 4), -ELOOP);
	EXPECT_EQUAL(watch(0, 6), -ELOOP);
	graph_start();
	for (unsigned i = 1; i < 5; i++)
		EXPECT_EQUAL(watch(i - 1, i), 0);
	EXPECT_EQUAL(watch(4, 5), -ELOOP);
	/* Two halves joined in the middle. */
	graph_start();
	EXPECT_EQUAL(watch(1, 0), 0);
	EXPECT_EQUAL(watch(2, 1), 0);
	EXPECT_EQUAL(watch(4, 3), 0);
	EXPECT_EQUAL(watch(5, 4), 0);
	EXPECT_EQUAL(watch(3, 2), -ELOOP);
	EXPECT_EQUAL(watch(4, 2), 0);
}

TEST(epoll, circles)
{
	graph_start();
	EXPECT_EQUAL(watch(1, 0), 0);
	EXPECT_EQUAL(watch(0, 1), -ELOOP);
	EXPECT_EQUAL(watch(2, 1), 0);
	EXPECT_EQUAL(watch(0, 2), -ELOOP);
	/* Two ways to one epoll are no circle. */
	EXPECT_EQUAL(watch(2, 0), 0);
}

TEST(epoll, ways_are_bounded)
{
	int result = 0;
	unsigned links = 0;

	/* Four layers of ten, each watching all of the layer below. */
	graph_start();
	for (unsigned layer = 1; layer < 4; layer++) {
		for (unsigned i = 0; i < 100 && result == 0; i++) {
			result = watch(layer * 10 + i / 10, (layer - 1) * 10 + i % 10);
			links += result == 0;
		}
	}
	EXPECT_EQUAL(result, -EINVAL);
	/* Two full layers fit: 10 + 100 ways from each epoll at the bottom. */
	EXPECT(links >= 200 && links < 300);
}
