/* Red-black trees: after each random change, order, colours and augmentation hold. */
#include "base/tree/rbtree.h"

#include "base/test.h"

#define ITEM_COUNT 200

struct item {
	struct rbtree_node node;
	uint32_t key;
	uint32_t subtree_count;
};

static struct item items[ITEM_COUNT];

static struct item *item_of(struct rbtree_node *node)
{
	return rbtree_entry(node, struct item, node);
}

static uint32_t count_of(struct rbtree_node *node)
{
	return node ? item_of(node)->subtree_count : 0;
}

static bool item_update(struct rbtree_node *node)
{
	uint32_t count = 1 + count_of(node->left) + count_of(node->right);
	bool has_changed = count != item_of(node)->subtree_count;

	item_of(node)->subtree_count = count;
	return has_changed;
}

static void item_insert(struct rbtree *tree, struct item *item)
{
	struct rbtree_node **link = &tree->root;
	struct rbtree_node *parent = NULL;

	while (*link) {
		parent = *link;
		link = item->key < item_of(parent)->key ? &parent->left : &parent->right;
	}
	rbtree_insert_augmented(tree, &item->node, parent, link, item_update);
}

/* Walks the whole tree without recursion: the kernel runs this on its small stack. */
static uint32_t check_tree(struct rbtree *tree)
{
	uint32_t count = 0;
	struct rbtree_node *node;
	struct rbtree_node *before = NULL;
	int black_height = -1;

	EXPECT(tree->root == NULL || (tree->root->parent_and_color & 1));
	rbtree_for_each(node, tree) {
		bool is_black = node->parent_and_color & 1;
		int height = 0;

		count++;
		EXPECT(rbtree_previous(node) == before);
		EXPECT(!before || item_of(before)->key <= item_of(node)->key);
		EXPECT(is_black || (rbtree_parent(node)->parent_and_color & 1));
		EXPECT_EQUAL(count_of(node), 1 + count_of(node->left) + count_of(node->right));
		before = node;
		if (node->left && node->right)
			continue;
		for (struct rbtree_node *up = node; up; up = rbtree_parent(up))
			height += up->parent_and_color & 1;
		if (black_height < 0)
			black_height = height;
		EXPECT_EQUAL(height, black_height);
	}
	EXPECT(rbtree_last(tree) == before);
	EXPECT_EQUAL(count_of(tree->root), count);
	return count;
}

TEST(rbtree, stays_balanced)
{
	struct rbtree tree = RBTREE_INITIALIZER;
	uint32_t random = 1;
	uint32_t inserted = 0;

	for (int i = 0; i < ITEM_COUNT; i++) {
		rbtree_node_init(&items[i].node);
		items[i].subtree_count = 0x1234;
	}
	for (int step = 0; step < 2000; step++) {
		struct item *item;

		random = random * 1103515245 + 12345;
		item = &items[(random >> 8) % ITEM_COUNT];
		if (rbtree_node_is_linked(&item->node)) {
			rbtree_erase_augmented(&tree, &item->node, item_update);
			inserted--;
		} else {
			item->key = (random >> 16) % 500;
			item_insert(&tree, item);
			inserted++;
		}
		EXPECT_EQUAL(check_tree(&tree), inserted);
	}
	while (rbtree_first(&tree))
		rbtree_erase_augmented(&tree, rbtree_first(&tree), item_update);
	EXPECT(rbtree_is_empty(&tree));
	EXPECT(rbtree_last(&tree) == NULL);
}

TEST(rbtree, replace_keeps_place)
{
	struct rbtree tree = RBTREE_INITIALIZER;
	struct item replacement = { .key = 0 };

	for (uint32_t i = 0; i < 10; i++) {
		items[i].key = i;
		item_insert(&tree, &items[i]);
	}
	replacement.subtree_count = items[0].subtree_count;
	rbtree_replace(&tree, &items[0].node, &replacement.node);
	EXPECT(rbtree_first(&tree) == &replacement.node);
	EXPECT(!rbtree_node_is_linked(&items[0].node));
	EXPECT_EQUAL(check_tree(&tree), 10);
}
