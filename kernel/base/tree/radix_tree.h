/*
 * Maps 64-bit indexes to pointers through nodes of 64 slots, as deep as the greatest index needs.
 * Each entry carries three tags, known in every node above it, so that tagged entries are found
 * without looking at others. One writer at a time (the owner's lock); radix_tree_find() and
 * radix_tree_next() also run under RCU alone, if free_node() waits for a grace period.
 */
#ifndef BASE_TREE_RADIX_TREE_H
#define BASE_TREE_RADIX_TREE_H

#include "base/compiler.h"
#include "base/types.h"

#define RADIX_SLOT_BITS 6
#define RADIX_SLOTS (1 << RADIX_SLOT_BITS)

/* The tags a caller gives meaning to, such as dirty, under write-back, to be written. */
enum radix_tag {
	RADIX_TAG_0,
	RADIX_TAG_1,
	RADIX_TAG_2,
	RADIX_TAG_COUNT,
};

/* What a node knows of each slot, a bit per slot: the tags, and two for the tree itself. */
enum radix_mark {
	RADIX_MARK_PRESENT = RADIX_TAG_COUNT, /* something is there */
	RADIX_MARK_FULL,		      /* nothing is free there */
	RADIX_MARK_COUNT,
};

struct radix_node {
	uint8_t shift;	   /* a slot spans 2^shift indexes; constant while readers may see it */
	uint8_t slot;	   /* which of the parent's slots this node is in */
	struct radix_node *parent;
	uint64_t marks[RADIX_MARK_COUNT];
	void *slots[RADIX_SLOTS]; /* entries if shift is 0, else nodes */
};

struct radix_tree;

struct radix_allocator {
	/* Memory for a node, any contents; NULL if there is none. Called by insertions only. */
	struct radix_node *(*allocate_node)(struct radix_tree *tree);
	/* Readers under RCU may still look at `node`. */
	void (*free_node)(struct radix_tree *tree, struct radix_node *node);
};

struct radix_tree {
	struct radix_node *root;
	const struct radix_allocator *allocator;
};

void radix_tree_init(struct radix_tree *tree, const struct radix_allocator *allocator);

/* Give back all nodes. The entries are the caller's affair; no reader may be left. */
void radix_tree_release(struct radix_tree *tree);

static inline bool radix_tree_is_empty(const struct radix_tree *tree)
{
	return !tree->root;
}

/* Put `entry`, not NULL, at `index`. 0, -EEXIST, or -ENOMEM with the tree unchanged. */
MUST_CHECK int radix_tree_insert(struct radix_tree *tree, uint64_t index, void *entry);

/* Put `entry` in the place of the one at `index`; tags stay. The old entry, NULL if none. */
void *radix_tree_replace(struct radix_tree *tree, uint64_t index, void *entry);

/* Take out the entry at `index` with its tags. NULL if there was none. */
void *radix_tree_remove(struct radix_tree *tree, uint64_t index);

/* The entry at `index`, NULL if none. */
void *radix_tree_find(const struct radix_tree *tree, uint64_t index);

/* The first entry at or behind *index, whose index *index becomes; NULL if there is none. */
void *radix_tree_next(const struct radix_tree *tree, uint64_t *index);
void *radix_tree_next_tagged(const struct radix_tree *tree, uint64_t *index, enum radix_tag tag);

/* Make *index the first free index at or behind it. False if all up to UINT64_MAX are taken. */
bool radix_tree_next_free(const struct radix_tree *tree, uint64_t *index);

/*
 * Collect up to `limit` entries with indexes in [*from, last], in order. *from becomes the index
 * behind the last one collected; call again until the result is 0 (or until *from wraps to 0).
 */
size_t radix_tree_gather(const struct radix_tree *tree, uint64_t *from, uint64_t last,
			 void **entries, size_t limit);
size_t radix_tree_gather_tagged(const struct radix_tree *tree, uint64_t *from, uint64_t last,
				enum radix_tag tag, void **entries, size_t limit);

/* Tags of the entry at `index`; without an entry nothing is set. */
void radix_tree_tag_set(struct radix_tree *tree, uint64_t index, enum radix_tag tag);
void radix_tree_tag_clear(struct radix_tree *tree, uint64_t index, enum radix_tag tag);
bool radix_tree_tag_test(const struct radix_tree *tree, uint64_t index, enum radix_tag tag);

/* True if any entry has the tag. */
static inline bool radix_tree_is_tagged(const struct radix_tree *tree, enum radix_tag tag)
{
	return tree->root && READ_ONCE(tree->root->marks[tag]) != 0;
}

#endif
