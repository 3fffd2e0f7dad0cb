/*
 * A node's slot and mark are published with release stores and read with acquire loads, root last.
 * A reader that loses a race finds a NULL slot or an old node, never half of one: nodes do not
 * change their shift, and removed nodes keep what readers in them still need.
 */
#include "base/tree/radix_tree.h"

#include "base/atomic.h"
#include "base/errno.h"
#include "base/panic.h"

/* Shift of the root of a tree that reaches UINT64_MAX: its slots cover the upper four bits. */
#define RADIX_SHIFT_LARGEST 60

static inline unsigned int slot_of(const struct radix_node *node, uint64_t index)
{
	return index >> node->shift & (RADIX_SLOTS - 1);
}

/* True if `index` lies below `root`. */
static inline bool root_covers(const struct radix_node *root, uint64_t index)
{
	return root->shift >= RADIX_SHIFT_LARGEST ||
	       index >> root->shift < (uint64_t)RADIX_SLOTS;
}

static inline void *slot_load(const struct radix_node *node, unsigned int slot)
{
	return atomic_load_acquire(&node->slots[slot]);
}

static inline void slot_store(struct radix_node *node, unsigned int slot, void *value)
{
	atomic_store_release(&node->slots[slot], value);
}

/* The slots that can hold something: all but in a root of the largest shift. */
static inline uint64_t usable_slots(const struct radix_node *node)
{
	if (node->shift == RADIX_SHIFT_LARGEST)
		return BIT(64 - RADIX_SHIFT_LARGEST) - 1;
	return ~UINT64_C(0);
}

/* Set a mark for a slot and for what is above it. */
static void mark_set(struct radix_node *node, unsigned int slot, unsigned int mark)
{
	while (node && !(node->marks[mark] & BIT(slot))) {
		WRITE_ONCE(node->marks[mark], node->marks[mark] | BIT(slot));
		slot = node->slot;
		node = node->parent;
	}
}

/* Clear a mark for a slot, and above it where no other slot has it. */
static void mark_clear(struct radix_node *node, unsigned int slot, unsigned int mark)
{
	while (node && (node->marks[mark] & BIT(slot))) {
		WRITE_ONCE(node->marks[mark], node->marks[mark] & ~BIT(slot));
		if (node->marks[mark])
			return;
		slot = node->slot;
		node = node->parent;
	}
}

/* "Full" goes up when the last slot fills and is lost above when any slot becomes free. */
static void full_set(struct radix_node *node, unsigned int slot)
{
	while (node) {
		WRITE_ONCE(node->marks[RADIX_MARK_FULL], node->marks[RADIX_MARK_FULL] | BIT(slot));
		if (node->marks[RADIX_MARK_FULL] != usable_slots(node))
			return;
		slot = node->slot;
		node = node->parent;
	}
}

static void full_clear(struct radix_node *node, unsigned int slot)
{
	while (node && (node->marks[RADIX_MARK_FULL] & BIT(slot))) {
		WRITE_ONCE(node->marks[RADIX_MARK_FULL], node->marks[RADIX_MARK_FULL] & ~BIT(slot));
		slot = node->slot;
		node = node->parent;
	}
}

void radix_tree_init(struct radix_tree *tree, const struct radix_allocator *allocator)
{
	tree->root = NULL;
	tree->allocator = allocator;
}

static struct radix_node *node_create(struct radix_tree *tree, unsigned int shift)
{
	struct radix_node *node = tree->allocator->allocate_node(tree);

	if (!node)
		return NULL;
	*node = (struct radix_node){ .shift = (uint8_t)shift };
	return node;
}

/* Link `child` below `node`; readers see it from then on. */
static void node_attach(struct radix_node *node, unsigned int slot, struct radix_node *child)
{
	child->parent = node;
	child->slot = (uint8_t)slot;
	slot_store(node, slot, child);
	WRITE_ONCE(node->marks[RADIX_MARK_PRESENT], node->marks[RADIX_MARK_PRESENT] | BIT(slot));
}

/* Put a root above the root. */
static int tree_grow(struct radix_tree *tree)
{
	struct radix_node *old = tree->root;
	struct radix_node *root = node_create(tree, old->shift + RADIX_SLOT_BITS);

	if (!root)
		return -ENOMEM;
	for (unsigned int tag = 0; tag < RADIX_TAG_COUNT; tag++)
		root->marks[tag] = old->marks[tag] != 0;
	root->marks[RADIX_MARK_FULL] = old->marks[RADIX_MARK_FULL] == usable_slots(old);
	node_attach(root, 0, old);
	atomic_store_release(&tree->root, root);
	return 0;
}

/* Drop roots whose only child begins at index 0. */
static void tree_shrink(struct radix_tree *tree)
{
	while (tree->root && tree->root->shift &&
	       tree->root->marks[RADIX_MARK_PRESENT] == BIT(0)) {
		struct radix_node *old = tree->root;
		struct radix_node *child = old->slots[0];

		child->parent = NULL;
		atomic_store_release(&tree->root, child);
		tree->allocator->free_node(tree, old);
	}
}

/* Free `node` and what is above it, as far as nothing is left there. */
static void tree_prune(struct radix_tree *tree, struct radix_node *node)
{
	while (node && !node->marks[RADIX_MARK_PRESENT]) {
		struct radix_node *parent = node->parent;

		if (parent) {
			slot_store(parent, node->slot, NULL);
			parent->marks[RADIX_MARK_PRESENT] &= ~BIT(node->slot);
		} else {
			atomic_store_release(&tree->root, NULL);
		}
		tree->allocator->free_node(tree, node);
		node = parent;
	}
	tree_shrink(tree);
}

/* Make the root cover `index`. */
static int tree_cover(struct radix_tree *tree, uint64_t index)
{
	unsigned int shift = 0;

	if (!tree->root) {
		struct radix_node *root;

		while (shift < RADIX_SHIFT_LARGEST && index >> shift >= RADIX_SLOTS)
			shift += RADIX_SLOT_BITS;
		root = node_create(tree, shift);
		if (!root)
			return -ENOMEM;
		atomic_store_release(&tree->root, root);
		return 0;
	}
	while (!root_covers(tree->root, index)) {
		int error = tree_grow(tree);

		if (error)
			return error;
	}
	return 0;
}

int radix_tree_insert(struct radix_tree *tree, uint64_t index, void *entry)
{
	struct radix_node *node;
	unsigned int slot;

	DEBUG_ASSERT(entry);
	if (tree_cover(tree, index) < 0) {
		tree_shrink(tree);
		return -ENOMEM;
	}
	node = tree->root;
	while (node->shift) {
		struct radix_node *child = node->slots[slot_of(node, index)];

		if (!child) {
			child = node_create(tree, node->shift - RADIX_SLOT_BITS);
			if (!child) {
				tree_prune(tree, node);
				return -ENOMEM;
			}
			node_attach(node, slot_of(node, index), child);
		}
		node = child;
	}
	slot = slot_of(node, index);
	if (node->slots[slot])
		return -EEXIST;
	slot_store(node, slot, entry);
	mark_set(node, slot, RADIX_MARK_PRESENT);
	full_set(node, slot);
	return 0;
}

/* The root if `index` lies below it, else NULL. */
static struct radix_node *root_for(const struct radix_tree *tree, uint64_t index)
{
	struct radix_node *root = atomic_load_acquire(&tree->root);

	return root && root_covers(root, index) ? root : NULL;
}

/* The node of shift 0 that has the slot for `index`, NULL if there is none. */
static struct radix_node *find_leaf(const struct radix_tree *tree, uint64_t index)
{
	struct radix_node *node = root_for(tree, index);

	while (node && node->shift)
		node = slot_load(node, slot_of(node, index));
	return node;
}

void *radix_tree_find(const struct radix_tree *tree, uint64_t index)
{
	struct radix_node *leaf = find_leaf(tree, index);

	return leaf ? slot_load(leaf, slot_of(leaf, index)) : NULL;
}

void *radix_tree_replace(struct radix_tree *tree, uint64_t index, void *entry)
{
	struct radix_node *leaf = find_leaf(tree, index);
	void *old = leaf ? leaf->slots[slot_of(leaf, index)] : NULL;

	if (old)
		slot_store(leaf, slot_of(leaf, index), entry);
	return old;
}

void *radix_tree_remove(struct radix_tree *tree, uint64_t index)
{
	struct radix_node *leaf = find_leaf(tree, index);
	unsigned int slot;
	void *entry;

	if (!leaf)
		return NULL;
	slot = slot_of(leaf, index);
	entry = leaf->slots[slot];
	if (!entry)
		return NULL;
	slot_store(leaf, slot, NULL);
	for (unsigned int tag = 0; tag < RADIX_TAG_COUNT; tag++)
		mark_clear(leaf, slot, tag);
	full_clear(leaf, slot);
	leaf->marks[RADIX_MARK_PRESENT] &= ~BIT(slot);
	tree_prune(tree, leaf);
	return entry;
}

/* Make *index the first index behind what `node` covers. False if there is none in 64 bits. */
static bool skip_node(const struct radix_node *node, uint64_t *index)
{
	unsigned int node_bits = node->shift + RADIX_SLOT_BITS;

	if (node_bits >= 64)
		return false;
	*index = (*index | (BIT(node_bits) - 1)) + 1;
	return *index != 0;
}

/*
 * Make *index the first index at or behind it in a slot of `node` that `wanted` names. False if
 * there is none in this node.
 */
static bool skip_to_slot(const struct radix_node *node, uint64_t wanted, uint64_t *index)
{
	uint64_t behind = wanted >> slot_of(node, *index);

	if (!behind)
		return false;
	if (!(behind & 1))
		*index = align_down(*index, BIT(node->shift)) +
			 ((uint64_t)__builtin_ctzll(behind) << node->shift);
	return true;
}

/* Move *index to the first marked index at or behind it; the result is its leaf. */
static struct radix_node *search_mark(const struct radix_tree *tree, uint64_t *index,
				      unsigned int mark)
{
	struct radix_node *node = root_for(tree, *index);

	while (node) {
		struct radix_node *child = NULL;

		if (skip_to_slot(node, READ_ONCE(node->marks[mark]), index)) {
			if (!node->shift)
				return node;
			child = slot_load(node, slot_of(node, *index));
			/* A writer may have taken it away since the mark was read. */
			if (!child) {
				*index = align_down(*index, BIT(node->shift)) + BIT(node->shift);
				if (*index == 0)
					return NULL;
			}
		} else if (!skip_node(node, index)) {
			return NULL;
		}
		node = child ? child : root_for(tree, *index);
	}
	return NULL;
}

static void *next_marked(const struct radix_tree *tree, uint64_t *index, unsigned int mark)
{
	struct radix_node *leaf;

	while ((leaf = search_mark(tree, index, mark))) {
		void *entry = slot_load(leaf, slot_of(leaf, *index));

		if (entry)
			return entry;
		if (++*index == 0)
			return NULL;
	}
	return NULL;
}

void *radix_tree_next(const struct radix_tree *tree, uint64_t *index)
{
	return next_marked(tree, index, RADIX_MARK_PRESENT);
}

void *radix_tree_next_tagged(const struct radix_tree *tree, uint64_t *index, enum radix_tag tag)
{
	return next_marked(tree, index, tag);
}

bool radix_tree_next_free(const struct radix_tree *tree, uint64_t *index)
{
	const struct radix_node *node = root_for(tree, *index);

	while (node) {
		uint64_t is_free = ~node->marks[RADIX_MARK_FULL] & usable_slots(node);

		if (skip_to_slot(node, is_free, index)) {
			/* A free slot of a leaf or a missing node ends the search. */
			node = node->shift ? node->slots[slot_of(node, *index)] : NULL;
			continue;
		}
		if (!skip_node(node, index))
			return false;
		node = root_for(tree, *index);
	}
	return true;
}

static size_t gather_marked(const struct radix_tree *tree, uint64_t *from, uint64_t last,
			    unsigned int mark, void **entries, size_t limit)
{
	size_t count = 0;
	uint64_t index = *from;

	while (count < limit && index <= last) {
		void *entry = next_marked(tree, &index, mark);

		if (!entry || index > last)
			break;
		entries[count++] = entry;
		*from = ++index;
		if (index == 0)
			break;
	}
	return count;
}

size_t radix_tree_gather(const struct radix_tree *tree, uint64_t *from, uint64_t last,
			 void **entries, size_t limit)
{
	return gather_marked(tree, from, last, RADIX_MARK_PRESENT, entries, limit);
}

size_t radix_tree_gather_tagged(const struct radix_tree *tree, uint64_t *from, uint64_t last,
				enum radix_tag tag, void **entries, size_t limit)
{
	return gather_marked(tree, from, last, tag, entries, limit);
}

void radix_tree_tag_set(struct radix_tree *tree, uint64_t index, enum radix_tag tag)
{
	struct radix_node *leaf = find_leaf(tree, index);

	if (leaf && leaf->slots[slot_of(leaf, index)])
		mark_set(leaf, slot_of(leaf, index), tag);
}

void radix_tree_tag_clear(struct radix_tree *tree, uint64_t index, enum radix_tag tag)
{
	struct radix_node *leaf = find_leaf(tree, index);

	if (leaf)
		mark_clear(leaf, slot_of(leaf, index), tag);
}

bool radix_tree_tag_test(const struct radix_tree *tree, uint64_t index, enum radix_tag tag)
{
	const struct radix_node *leaf = find_leaf(tree, index);

	return leaf && READ_ONCE(leaf->marks[tag]) >> slot_of(leaf, index) & 1;
}

/* Depth first without a stack: go down to a leaf, free it, go on from its parent. */
void radix_tree_release(struct radix_tree *tree)
{
	struct radix_node *node = tree->root;

	while (node) {
		uint64_t present = node->shift ? node->marks[RADIX_MARK_PRESENT] : 0;
		struct radix_node *parent = node->parent;

		if (present) {
			unsigned int slot = (unsigned int)__builtin_ctzll(present);

			node->marks[RADIX_MARK_PRESENT] &= ~BIT(slot);
			node = node->slots[slot];
			continue;
		}
		tree->allocator->free_node(tree, node);
		node = parent;
	}
	tree->root = NULL;
}
