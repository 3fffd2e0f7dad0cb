/*
 * Red-black trees through a node inside each entry. The caller descends with its own comparison
 * and says where the new node hangs; the tree keeps balance, its first node, and, if asked, what
 * an augmented node knows about the subtree below it. No locking.
 *
 *	struct rbtree_node **link = &tree->root, *parent = NULL;
 *	while (*link) {
 *		parent = *link;
 *		link = key < entry_of(parent)->key ? &parent->left : &parent->right;
 *	}
 *	rbtree_insert(tree, &entry->node, parent, link);
 */
#ifndef BASE_TREE_RBTREE_H
#define BASE_TREE_RBTREE_H

#include "base/compiler.h"
#include "base/types.h"

struct rbtree_node {
	uintptr_t parent_and_color; /* bit 0: black */
	struct rbtree_node *left;
	struct rbtree_node *right;
};

struct rbtree {
	struct rbtree_node *root;
	struct rbtree_node *first; /* the leftmost node, so that a queue needs no descent */
};

/* Recompute what `node` knows from its own entry and its two children. True if that changed. */
typedef bool (*rbtree_update_function)(struct rbtree_node *node);

#define RBTREE_INITIALIZER { NULL, NULL }

static inline void rbtree_init(struct rbtree *tree)
{
	tree->root = NULL;
	tree->first = NULL;
}

static inline bool rbtree_is_empty(const struct rbtree *tree)
{
	return !tree->root;
}

/* A node in no tree, so that rbtree_node_is_linked() can be asked; erasing leaves it like this. */
static inline void rbtree_node_init(struct rbtree_node *node)
{
	node->parent_and_color = (uintptr_t)node;
}

static inline bool rbtree_node_is_linked(const struct rbtree_node *node)
{
	return node->parent_and_color != (uintptr_t)node;
}

static inline struct rbtree_node *rbtree_parent(const struct rbtree_node *node)
{
	return (struct rbtree_node *)(node->parent_and_color & ~(uintptr_t)1);
}

/* Hang `node` at *link, a NULL child pointer of `parent` (or the root), and rebalance. */
void rbtree_insert(struct rbtree *tree, struct rbtree_node *node, struct rbtree_node *parent,
		   struct rbtree_node **link);
void rbtree_insert_augmented(struct rbtree *tree, struct rbtree_node *node,
			     struct rbtree_node *parent, struct rbtree_node **link,
			     rbtree_update_function update);

/* Take `node` out; its memory is the caller's again. */
void rbtree_erase(struct rbtree *tree, struct rbtree_node *node);
void rbtree_erase_augmented(struct rbtree *tree, struct rbtree_node *node,
			    rbtree_update_function update);

/* The only node of a tree, in and out without rebalancing: queues often have one entry. */
static inline void rbtree_insert_only(struct rbtree *tree, struct rbtree_node *node)
{
	node->parent_and_color = 1;
	node->left = node->right = NULL;
	tree->root = tree->first = node;
}

static inline bool rbtree_is_only(const struct rbtree *tree, const struct rbtree_node *node)
{
	return tree->root == node && !node->left && !node->right;
}

static inline void rbtree_erase_only(struct rbtree *tree, struct rbtree_node *node)
{
	tree->root = tree->first = NULL;
	rbtree_node_init(node);
}

/* Put `node` in the place of `old`: both have the same key (and the same augmented values). */
void rbtree_replace(struct rbtree *tree, struct rbtree_node *old, struct rbtree_node *node);

/* An augmented entry changed: correct it and its ancestors. */
void rbtree_update(struct rbtree_node *node, rbtree_update_function update);

static inline struct rbtree_node *rbtree_first(const struct rbtree *tree)
{
	return tree->first;
}

/* NULL at either end. */
struct rbtree_node *rbtree_last(const struct rbtree *tree);
struct rbtree_node *rbtree_next(const struct rbtree_node *node);
struct rbtree_node *rbtree_previous(const struct rbtree_node *node);

#define rbtree_entry(node, type, member) container_of(node, type, member)

/* Walk in order. The tree must not change; for removal take rbtree_next() first. */
#define rbtree_for_each(node, tree) \
	for (node = rbtree_first(tree); node; node = rbtree_next(node))

#endif
