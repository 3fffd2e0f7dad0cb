/* Lists: order, removal while walking, splicing. */
#include "base/list.h"

#include "base/test.h"

struct item {
	int value;
	struct list_node node;
};

static int list_digits(struct list_head *list)
{
	struct item *item;
	int digits = 0;

	list_for_each(item, list, node)
		digits = digits * 10 + item->value;
	return digits;
}

TEST(list, keeps_order)
{
	struct list_head list = LIST_HEAD_INITIALIZER(list);
	struct item items[4] = { { .value = 1 }, { .value = 2 }, { .value = 3 }, { .value = 4 } };
	struct item *item;
	struct item *following;

	EXPECT(list_is_empty(&list));
	EXPECT(list_first(&list, struct item, node) == NULL);
	list_add(&list, &items[1].node);
	EXPECT(list_has_one(&list));
	list_add(&list, &items[0].node);
	list_add_tail(&list, &items[2].node);
	list_add_tail_rcu(&list, &items[3].node);
	EXPECT_EQUAL(list_digits(&list), 1234);
	EXPECT(list_first(&list, struct item, node) == &items[0]);
	EXPECT(list_last(&list, struct item, node) == &items[3]);
	EXPECT(list_next(&items[0], &list, node) == &items[1]);
	EXPECT(list_next(&items[3], &list, node) == NULL);
	list_for_each_safe(item, following, &list, node) {
		if (item->value % 2)
			list_remove(&item->node);
	}
	EXPECT_EQUAL(list_digits(&list), 24);
	EXPECT(!list_node_is_linked(&items[0].node));
	list_remove_rcu(&items[1].node);
	EXPECT_EQUAL(list_digits(&list), 4);
	EXPECT(list_pop(&list, struct item, node) == &items[3]);
	EXPECT(list_is_empty(&list));
}

TEST(list, splice_moves_all)
{
	struct list_head to = LIST_HEAD_INITIALIZER(to);
	struct list_head from = LIST_HEAD_INITIALIZER(from);
	struct item items[4] = { { .value = 1 }, { .value = 2 }, { .value = 3 }, { .value = 4 } };

	list_splice(&to, &from);
	EXPECT(list_is_empty(&to));
	list_add_tail(&to, &items[0].node);
	list_add_tail(&from, &items[1].node);
	list_add_tail(&from, &items[2].node);
	list_splice(&to, &from);
	EXPECT_EQUAL(list_digits(&to), 123);
	EXPECT(list_is_empty(&from));
	list_add(&from, &items[3].node);
	EXPECT_EQUAL(list_digits(&from), 4);
}
