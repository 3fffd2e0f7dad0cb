/*
 * Intervals of 64-bit numbers, both ends included, found by overlap: a red-black tree by start in
 * which each node knows the greatest end below it. Intervals may overlap and repeat. No locking.
 */
#ifndef BASE_TREE_INTERVAL_TREE_H
#define BASE_TREE_INTERVAL_TREE_H

#include "base/tree/rbtree.h"

struct interval_node {
	struct rbtree_node node;
	uint64_t start;
	uint64_t last;
	uint64_t subtree_last; /* the greatest `last` in the subtree; the tree's */
};

struct interval_tree {
	struct rbtree nodes;
};

#define INTERVAL_TREE_INITIALIZER { RBTREE_INITIALIZER }

static inline void interval_tree_init(struct interval_tree *tree)
{
	rbtree_init(&tree->nodes);
}

static inline bool interval_tree_is_empty(const struct interval_tree *tree)
{
	return rbtree_is_empty(&tree->nodes);
}

/* Add `interval`, whose start <= last the caller has set and leaves alone while it is in. */
void interval_tree_insert(struct interval_tree *tree, struct interval_node *interval);
void interval_tree_remove(struct interval_tree *tree, struct interval_node *interval);

/* The intervals that share a number with [start, last], by rising start; NULL when none is left. */
struct interval_node *interval_tree_first(const struct interval_tree *tree, uint64_t start,
					  uint64_t last);
struct interval_node *interval_tree_next(const struct interval_node *interval, uint64_t start,
					 uint64_t last);

#define interval_tree_for_each(interval, tree, start, last) \
	for (interval = interval_tree_first(tree, start, last); interval; \
	     interval = interval_tree_next(interval, start, last))

#endif
