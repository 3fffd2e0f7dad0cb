/* Interval tree: every search agrees with a look at all intervals. */
#include "base/tree/interval_tree.h"

#include "base/test.h"

#define INTERVAL_COUNT 64

static struct interval_node intervals[INTERVAL_COUNT];

static bool interval_overlaps(const struct interval_node *interval, uint64_t start, uint64_t last)
{
	return interval->start <= last && interval->last >= start;
}

static void check_search(struct interval_tree *tree, uint64_t start, uint64_t last)
{
	struct interval_node *found;
	uint64_t before = 0;
	int expected = 0;
	int count = 0;

	for (int i = 0; i < INTERVAL_COUNT; i++)
		expected += rbtree_node_is_linked(&intervals[i].node) &&
			    interval_overlaps(&intervals[i], start, last);
	interval_tree_for_each(found, tree, start, last) {
		EXPECT(interval_overlaps(found, start, last));
		EXPECT(found->start >= before);
		before = found->start;
		count++;
	}
	EXPECT_EQUAL(count, expected);
}

TEST(interval_tree, agrees_with_exhaustive_search)
{
	struct interval_tree tree = INTERVAL_TREE_INITIALIZER;
	uint32_t random = 7;

	for (int i = 0; i < INTERVAL_COUNT; i++)
		rbtree_node_init(&intervals[i].node);
	EXPECT(interval_tree_first(&tree, 0, UINT64_MAX) == NULL);
	for (int step = 0; step < 1500; step++) {
		struct interval_node *interval;
		uint64_t start;

		random = random * 1103515245 + 12345;
		interval = &intervals[(random >> 8) % INTERVAL_COUNT];
		if (rbtree_node_is_linked(&interval->node)) {
			interval_tree_remove(&tree, interval);
		} else {
			interval->start = (random >> 16) % 300;
			interval->last = interval->start + (random >> 10) % 40;
			interval_tree_insert(&tree, interval);
		}
		start = (random >> 12) % 300;
		check_search(&tree, start, start + (random >> 9) % 20);
		check_search(&tree, 0, UINT64_MAX);
		check_search(&tree, 1000, UINT64_MAX);
	}
}
