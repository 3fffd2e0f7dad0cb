/*
 * Red-black trees. Leaves are NULL and black. Repair after an insertion or a removal walks up from
 * the place of change and needs at most three rotations.
 */
#include "base/tree/rbtree.h"

#define BLACK ((uintptr_t)1)

static inline bool is_red(const struct rbtree_node *node)
{
	return node && !(node->parent_and_color & BLACK);
}

static inline void set_parent(struct rbtree_node *node, struct rbtree_node *parent)
{
	node->parent_and_color = (uintptr_t)parent | (node->parent_and_color & BLACK);
}

static inline void set_black(struct rbtree_node *node)
{
	node->parent_and_color |= BLACK;
}

static inline void set_red(struct rbtree_node *node)
{
	node->parent_and_color &= ~BLACK;
}

static inline void copy_color(struct rbtree_node *to, const struct rbtree_node *from)
{
	to->parent_and_color = (to->parent_and_color & ~BLACK) | (from->parent_and_color & BLACK);
}

/* Where the tree points at `node`. */
static struct rbtree_node **link_of(struct rbtree *tree, struct rbtree_node *node)
{
	struct rbtree_node *parent = rbtree_parent(node);

	if (!parent)
		return &tree->root;
	return parent->left == node ? &parent->left : &parent->right;
}

/* `node` goes down to the left, its right child takes its place; the left is the mirror image. */
static void rotate_left(struct rbtree *tree, struct rbtree_node *node,
			rbtree_update_function update)
{
	struct rbtree_node *child = node->right;

	*link_of(tree, node) = child;
	set_parent(child, rbtree_parent(node));
	node->right = child->left;
	if (node->right)
		set_parent(node->right, node);
	child->left = node;
	set_parent(node, child);
	if (update) {
		update(node);
		update(child);
	}
}

static void rotate_right(struct rbtree *tree, struct rbtree_node *node,
			 rbtree_update_function update)
{
	struct rbtree_node *child = node->left;

	*link_of(tree, node) = child;
	set_parent(child, rbtree_parent(node));
	node->left = child->right;
	if (node->left)
		set_parent(node->left, node);
	child->right = node;
	set_parent(node, child);
	if (update) {
		update(node);
		update(child);
	}
}

/* A red node hangs below its red parent: recolour upward, then at most two rotations. */
static void repair_insertion(struct rbtree *tree, struct rbtree_node *node,
			     rbtree_update_function update)
{
	struct rbtree_node *parent;

	while (is_red(parent = rbtree_parent(node))) {
		struct rbtree_node *above = rbtree_parent(parent);
		bool parent_is_left = above->left == parent;
		struct rbtree_node *uncle = parent_is_left ? above->right : above->left;

		if (is_red(uncle)) {
			set_black(parent);
			set_black(uncle);
			set_red(above);
			node = above;
			continue;
		}
		if (parent_is_left) {
			if (node == parent->right) {
				rotate_left(tree, parent, update);
				parent = node;
			}
			rotate_right(tree, above, update);
		} else {
			if (node == parent->left) {
				rotate_right(tree, parent, update);
				parent = node;
			}
			rotate_left(tree, above, update);
		}
		set_black(parent);
		set_red(above);
		break;
	}
	set_black(tree->root);
}

void rbtree_update(struct rbtree_node *node, rbtree_update_function update)
{
	while (node && update(node))
		node = rbtree_parent(node);
}

void rbtree_insert_augmented(struct rbtree *tree, struct rbtree_node *node,
			     struct rbtree_node *parent, struct rbtree_node **link,
			     rbtree_update_function update)
{
	node->left = NULL;
	node->right = NULL;
	node->parent_and_color = (uintptr_t)parent;
	*link = node;
	if (!parent || (parent == tree->first && link == &parent->left))
		tree->first = node;
	if (update) {
		/* The new node's value is stale memory: only its ancestors may stop early. */
		update(node);
		rbtree_update(parent, update);
	}
	repair_insertion(tree, node, update);
}

void rbtree_insert(struct rbtree *tree, struct rbtree_node *node, struct rbtree_node *parent,
		   struct rbtree_node **link)
{
	rbtree_insert_augmented(tree, node, parent, link, NULL);
}

/* The paths through `node` (maybe NULL), left child of `parent`, lack one black. One step. */
static struct rbtree_node *repair_left(struct rbtree *tree, struct rbtree_node *parent,
				       rbtree_update_function update)
{
	struct rbtree_node *sibling = parent->right;

	if (is_red(sibling)) {
		set_black(sibling);
		set_red(parent);
		rotate_left(tree, parent, update);
		sibling = parent->right;
	}
	if (!is_red(sibling->left) && !is_red(sibling->right)) {
		set_red(sibling);
		return parent;
	}
	if (!is_red(sibling->right)) {
		set_black(sibling->left);
		set_red(sibling);
		rotate_right(tree, sibling, update);
		sibling = parent->right;
	}
	copy_color(sibling, parent);
	set_black(parent);
	set_black(sibling->right);
	rotate_left(tree, parent, update);
	return tree->root;
}

static struct rbtree_node *repair_right(struct rbtree *tree, struct rbtree_node *parent,
					rbtree_update_function update)
{
	struct rbtree_node *sibling = parent->left;

	if (is_red(sibling)) {
		set_black(sibling);
		set_red(parent);
		rotate_right(tree, parent, update);
		sibling = parent->left;
	}
	if (!is_red(sibling->left) && !is_red(sibling->right)) {
		set_red(sibling);
		return parent;
	}
	if (!is_red(sibling->left)) {
		set_black(sibling->right);
		set_red(sibling);
		rotate_left(tree, sibling, update);
		sibling = parent->left;
	}
	copy_color(sibling, parent);
	set_black(parent);
	set_black(sibling->left);
	rotate_right(tree, parent, update);
	return tree->root;
}

static void repair_removal(struct rbtree *tree, struct rbtree_node *node,
			   struct rbtree_node *parent, rbtree_update_function update)
{
	while (node != tree->root && !is_red(node)) {
		if (parent->left == node)
			node = repair_left(tree, parent, update);
		else
			node = repair_right(tree, parent, update);
		parent = node ? rbtree_parent(node) : NULL;
	}
	if (node)
		set_black(node);
}

/* Take out a node with at most one child. Returns in *below and *above the place of change. */
static void unlink_node(struct rbtree *tree, struct rbtree_node *node, struct rbtree_node **below,
			struct rbtree_node **above)
{
	struct rbtree_node *child = node->left ? node->left : node->right;

	*above = rbtree_parent(node);
	*below = child;
	*link_of(tree, node) = child;
	if (child)
		set_parent(child, *above);
}

void rbtree_erase_augmented(struct rbtree *tree, struct rbtree_node *node,
			    rbtree_update_function update)
{
	struct rbtree_node *removed = node;
	struct rbtree_node *below;
	struct rbtree_node *above;
	bool lost_black;

	if (tree->first == node)
		tree->first = rbtree_next(node);
	if (node->left && node->right) {
		/* The successor, which has no left child, leaves its place and takes this one. */
		for (removed = node->right; removed->left; removed = removed->left)
			;
	}
	lost_black = !is_red(removed);
	unlink_node(tree, removed, &below, &above);
	if (removed != node) {
		if (above == node)
			above = removed;
		*removed = *node;
		*link_of(tree, node) = removed;
		if (removed->left)
			set_parent(removed->left, removed);
		if (removed->right)
			set_parent(removed->right, removed);
	}
	if (update) {
		/* The successor's value is that of its old place: no ancestor may stop early. */
		for (struct rbtree_node *stale = above; stale; stale = rbtree_parent(stale))
			update(stale);
	}
	if (lost_black)
		repair_removal(tree, below, above, update);
	rbtree_node_init(node);
}

void rbtree_erase(struct rbtree *tree, struct rbtree_node *node)
{
	rbtree_erase_augmented(tree, node, NULL);
}

void rbtree_replace(struct rbtree *tree, struct rbtree_node *old, struct rbtree_node *node)
{
	*node = *old;
	*link_of(tree, old) = node;
	if (node->left)
		set_parent(node->left, node);
	if (node->right)
		set_parent(node->right, node);
	if (tree->first == old)
		tree->first = node;
	rbtree_node_init(old);
}

struct rbtree_node *rbtree_last(const struct rbtree *tree)
{
	struct rbtree_node *node = tree->root;

	while (node && node->right)
		node = node->right;
	return node;
}

struct rbtree_node *rbtree_next(const struct rbtree_node *node)
{
	struct rbtree_node *parent;

	if (node->right) {
		struct rbtree_node *next = node->right;

		while (next->left)
			next = next->left;
		return next;
	}
	while ((parent = rbtree_parent(node)) && parent->right == node)
		node = parent;
	return parent;
}

struct rbtree_node *rbtree_previous(const struct rbtree_node *node)
{
	struct rbtree_node *parent;

	if (node->left) {
		struct rbtree_node *previous = node->left;

		while (previous->right)
			previous = previous->right;
		return previous;
	}
	while ((parent = rbtree_parent(node)) && parent->left == node)
		node = parent;
	return parent;
}
