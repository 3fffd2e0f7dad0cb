/* A search goes left only where the subtree reaches the wanted start, so it never turns back. */
#include "base/tree/interval_tree.h"

static inline struct interval_node *interval_of(struct rbtree_node *node)
{
	return rbtree_entry(node, struct interval_node, node);
}

static bool interval_update(struct rbtree_node *node)
{
	struct interval_node *interval = interval_of(node);
	uint64_t greatest = interval->last;

	if (node->left)
		greatest = max(greatest, interval_of(node->left)->subtree_last);
	if (node->right)
		greatest = max(greatest, interval_of(node->right)->subtree_last);
	if (interval->subtree_last == greatest)
		return false;
	interval->subtree_last = greatest;
	return true;
}

void interval_tree_insert(struct interval_tree *tree, struct interval_node *interval)
{
	struct rbtree_node **link = &tree->nodes.root;
	struct rbtree_node *parent = NULL;

	while (*link) {
		parent = *link;
		if (interval->start < interval_of(parent)->start)
			link = &parent->left;
		else
			link = &parent->right;
	}
	rbtree_insert_augmented(&tree->nodes, &interval->node, parent, link, interval_update);
}

void interval_tree_remove(struct interval_tree *tree, struct interval_node *interval)
{
	rbtree_erase_augmented(&tree->nodes, &interval->node, interval_update);
}

/* The leftmost overlap in the subtree of `node`, whose subtree_last is >= start. */
static struct interval_node *search_subtree(struct rbtree_node *node, uint64_t start, uint64_t last)
{
	while (node) {
		struct interval_node *interval = interval_of(node);

		if (node->left && interval_of(node->left)->subtree_last >= start) {
			/* Something there reaches `start`: if it begins too late, all else does. */
			node = node->left;
			continue;
		}
		if (interval->start > last)
			return NULL;
		if (interval->last >= start)
			return interval;
		node = node->right;
		if (node && interval_of(node)->subtree_last < start)
			return NULL;
	}
	return NULL;
}

struct interval_node *interval_tree_first(const struct interval_tree *tree, uint64_t start,
					  uint64_t last)
{
	struct rbtree_node *root = tree->nodes.root;

	if (!root || interval_of(root)->subtree_last < start)
		return NULL;
	return search_subtree(root, start, last);
}

struct interval_node *interval_tree_next(const struct interval_node *interval, uint64_t start,
					 uint64_t last)
{
	const struct rbtree_node *node = &interval->node;

	for (;;) {
		struct rbtree_node *right = node->right;
		struct rbtree_node *parent;

		if (right && interval_of(right)->subtree_last >= start)
			return search_subtree(right, start, last);
		/* Up to the first ancestor whose left side this was: the next by start. */
		while ((parent = rbtree_parent(node)) && parent->right == node)
			node = parent;
		if (!parent || interval_of(parent)->start > last)
			return NULL;
		if (interval_of(parent)->last >= start)
			return interval_of(parent);
		node = parent;
	}
}
