/*
 * Reader of flattened device trees (Devicetree specification 0.4, chapter 5): pure functions over
 * bytes that firmware wrote and nobody checked. Nothing is read outside the tree.
 */
#ifndef FIRMWARE_DEVICE_TREE_H
#define FIRMWARE_DEVICE_TREE_H

#include "base/compiler.h"
#include "base/types.h"

#define DEVICE_TREE_HEADER_BYTES 40
#define DEVICE_TREE_DEPTH_LIMIT 16	/* deeper nodes are passed over */

struct device_tree {
	const uint8_t *bytes;
	uint32_t total_bytes;
	uint32_t structure, structure_bytes;
	uint32_t strings, strings_bytes;
	uint32_t reservations;
};

/* One node on a walk; `path` holds where it and its ancestors begin. */
struct device_tree_node {
	const char *name;	/* with its unit address; inside the tree */
	unsigned depth;		/* 0: the root */
	uint32_t path[DEVICE_TREE_DEPTH_LIMIT];
	uint32_t next;		/* where the walk goes on */
	unsigned level;		/* nodes that are open there */
};

struct device_tree_property {
	const uint8_t *value;
	uint32_t length;
};

/* How many bytes a tree says it has, from its first DEVICE_TREE_HEADER_BYTES; 0: not a tree. */
uint32_t device_tree_bytes(const void *header);
/* False: not a tree, or one whose parts lie outside `length` bytes. It may say that it has more:
 * what is behind its parts is room that a loader has left. */
bool device_tree_open(const void *bytes, size_t length, struct device_tree *tree) MUST_CHECK;

/* Begins a walk over all nodes in order, the root first, and steps on. False: no more. */
void device_tree_begin(struct device_tree_node *node);
bool device_tree_next(const struct device_tree *tree, struct device_tree_node *node) MUST_CHECK;

/* A property of a node; false when it has none of that name. */
bool device_tree_find(const struct device_tree *tree, const struct device_tree_node *node,
		      const char *name, struct device_tree_property *property) MUST_CHECK;
/* A property of a node or, without one, of its nearest ancestor that has it. */
bool device_tree_inherited(const struct device_tree *tree, const struct device_tree_node *node,
			   const char *name, struct device_tree_property *property) MUST_CHECK;

/* Cell `index` of a property of big-endian 32-bit numbers; `fallback` behind its end. */
uint32_t device_tree_cell(const struct device_tree_property *property, unsigned index,
			  uint32_t fallback);
/* A number of several cells from `first` on: of more than two, the lower two. */
uint64_t device_tree_number(const struct device_tree_property *property, unsigned first,
			    unsigned cells);
/* String `index` of a property of strings; NULL when there is none, or it does not end. */
const char *device_tree_string(const struct device_tree_property *property, unsigned index);

/* Whether the node's `compatible` names this. */
bool device_tree_is_compatible(const struct device_tree *tree, const struct device_tree_node *node,
			       const char *name);
/* Whether the node's `status` is absent or okay. */
bool device_tree_is_enabled(const struct device_tree *tree, const struct device_tree_node *node);

/* Entry `index` of `reg`, translated through the ancestors' `ranges` to what a CPU addresses. */
bool device_tree_registers(const struct device_tree *tree, const struct device_tree_node *node,
			   unsigned index, uint64_t *address, uint64_t *length) MUST_CHECK;

/* An address among a node's children becomes what a CPU addresses, likewise. */
bool device_tree_translate(const struct device_tree *tree, const struct device_tree_node *node,
			   uint64_t *address, uint64_t length) MUST_CHECK;

/* The node with a phandle. */
bool device_tree_find_handle(const struct device_tree *tree, uint32_t handle,
			     struct device_tree_node *node) MUST_CHECK;

/* Entry `index` of the list of reserved memory in the header's block; false behind its end. */
bool device_tree_reservation(const struct device_tree *tree, unsigned index, uint64_t *address,
			     uint64_t *length) MUST_CHECK;

#endif
