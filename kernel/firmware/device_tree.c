/*
 * The flattened tree is a string of tokens: node begins, property, node ends. A walk keeps where
 * the open nodes began, so that properties of a node and its ancestors are found by looking again.
 */
#include "firmware/device_tree.h"

#include "base/arithmetic.h"
#include "base/string.h"

#define MAGIC 0xd00dfeed
#define VERSION_LEAST 16

/* 5.4.1: tokens. */
#define TOKEN_BEGIN_NODE 1
#define TOKEN_END_NODE 2
#define TOKEN_PROPERTY 3
#define TOKEN_NOTHING 4
#define TOKEN_END 9

/* 5.2: fields of the header, in bytes. */
#define HEADER_TOTAL 4
#define HEADER_STRUCTURE 8
#define HEADER_STRINGS 12
#define HEADER_RESERVATIONS 16
#define HEADER_VERSION 20
#define HEADER_COMPATIBLE_VERSION 24
#define HEADER_STRINGS_BYTES 32
#define HEADER_STRUCTURE_BYTES 36

#define RESERVATION_BYTES 16
#define ADDRESS_CELLS_DEFAULT 2
#define SIZE_CELLS_DEFAULT 1
#define CELLS_LIMIT 4			/* PCI's addresses have three */

static uint32_t big32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t big64(const uint8_t *at)
{
	return (uint64_t)big32(at) << 32 | big32(at + 4);
}

uint32_t device_tree_bytes(const void *header)
{
	const uint8_t *bytes = header;

	return big32(bytes) == MAGIC ? big32(bytes + HEADER_TOTAL) : 0;
}

bool device_tree_open(const void *bytes, size_t length, struct device_tree *tree)
{
	const uint8_t *header = bytes;

	if (length < DEVICE_TREE_HEADER_BYTES ||
	    device_tree_bytes(bytes) < DEVICE_TREE_HEADER_BYTES)
		return false;
	*tree = (struct device_tree){
		.bytes = bytes,
		.total_bytes = (uint32_t)min((size_t)device_tree_bytes(bytes), length),
		.structure = big32(header + HEADER_STRUCTURE),
		.structure_bytes = big32(header + HEADER_STRUCTURE_BYTES),
		.strings = big32(header + HEADER_STRINGS),
		.strings_bytes = big32(header + HEADER_STRINGS_BYTES),
		.reservations = big32(header + HEADER_RESERVATIONS),
	};
	/* Version 16 does not say how long the structure is. */
	if (big32(header + HEADER_VERSION) == VERSION_LEAST && tree->structure <= tree->total_bytes)
		tree->structure_bytes = tree->total_bytes - tree->structure;
	return big32(header + HEADER_VERSION) >= VERSION_LEAST &&
	       big32(header + HEADER_COMPATIBLE_VERSION) <= VERSION_LEAST + 1 &&
	       is_aligned(tree->structure, 4) &&
	       range_is_within(tree->structure, tree->structure_bytes, tree->total_bytes) &&
	       range_is_within(tree->strings, tree->strings_bytes, tree->total_bytes);
}

/* The text at `at` within [at, end), or NULL if it does not end there. */
static const char *text_within(const uint8_t *at, const uint8_t *end)
{
	for (const uint8_t *byte = at; byte < end; byte++) {
		if (*byte == 0)
			return (const char *)at;
	}
	return NULL;
}

/* One token of the structure. */
struct token {
	uint32_t kind;
	const char *name;		/* of a node or property */
	struct device_tree_property property;
	uint32_t next;			/* where the one behind it begins */
};

static const uint8_t *structure_end(const struct device_tree *tree)
{
	return tree->bytes + tree->structure + tree->structure_bytes;
}

static bool token_read_node(const struct device_tree *tree, const uint8_t *at, struct token *token)
{
	token->name = text_within(at, structure_end(tree));
	if (!token->name)
		return false;
	token->next += (uint32_t)align_up(strlen(token->name) + 1, (size_t)4);
	return true;
}

static bool token_read_property(const struct device_tree *tree, const uint8_t *at,
				struct token *token)
{
	uint32_t length, name;

	if (structure_end(tree) - at < 8)
		return false;
	length = big32(at);
	name = big32(at + 4);
	if (length > (uint64_t)(structure_end(tree) - at - 8) || name >= tree->strings_bytes)
		return false;
	token->name = text_within(tree->bytes + tree->strings + name,
				  tree->bytes + tree->strings + tree->strings_bytes);
	token->property = (struct device_tree_property){ at + 8, length };
	token->next += 8 + align_up(length, 4u);
	return token->name != NULL;
}

/* The token at an offset of the structure; false at its end or where it is damaged. */
static bool token_read(const struct device_tree *tree, uint32_t offset, struct token *token)
{
	const uint8_t *at = tree->bytes + tree->structure + offset;

	if (!range_is_within(offset, 4, tree->structure_bytes))
		return false;
	token->kind = big32(at);
	token->next = offset + 4;
	switch (token->kind) {
	case TOKEN_BEGIN_NODE:
		return token_read_node(tree, at + 4, token);
	case TOKEN_PROPERTY:
		return token_read_property(tree, at + 4, token);
	case TOKEN_END_NODE:
	case TOKEN_NOTHING:
		return true;
	default:
		return false;
	}
}

void device_tree_begin(struct device_tree_node *node)
{
	*node = (struct device_tree_node){ 0 };
}

bool device_tree_next(const struct device_tree *tree, struct device_tree_node *node)
{
	struct token token;

	while (token_read(tree, node->next, &token)) {
		uint32_t here = node->next;

		node->next = token.next;
		if (token.kind == TOKEN_END_NODE) {
			if (node->level == 0 || --node->level == 0)
				return false;
		}
		if (token.kind != TOKEN_BEGIN_NODE)
			continue;
		node->level++;
		if (node->level > DEVICE_TREE_DEPTH_LIMIT)
			continue;
		node->depth = node->level - 1;
		node->path[node->depth] = here;
		node->name = token.name;
		return true;
	}
	return false;
}

/* Properties of a node stand before its first child. */
static bool find_at(const struct device_tree *tree, uint32_t begin, const char *name,
		    struct device_tree_property *property)
{
	struct token token;

	if (!token_read(tree, begin, &token))
		return false;
	while (token_read(tree, token.next, &token)) {
		if (token.kind == TOKEN_BEGIN_NODE || token.kind == TOKEN_END_NODE)
			return false;
		if (token.kind == TOKEN_PROPERTY && strcmp(token.name, name) == 0) {
			*property = token.property;
			return true;
		}
	}
	return false;
}

bool device_tree_find(const struct device_tree *tree, const struct device_tree_node *node,
		      const char *name, struct device_tree_property *property)
{
	return find_at(tree, node->path[node->depth], name, property);
}

bool device_tree_inherited(const struct device_tree *tree, const struct device_tree_node *node,
			   const char *name, struct device_tree_property *property)
{
	for (unsigned depth = node->depth + 1; depth > 0; depth--) {
		if (find_at(tree, node->path[depth - 1], name, property))
			return true;
	}
	return false;
}

uint32_t device_tree_cell(const struct device_tree_property *property, unsigned index,
			  uint32_t fallback)
{
	if (index >= property->length / 4)
		return fallback;
	return big32(property->value + index * 4);
}

const char *device_tree_string(const struct device_tree_property *property, unsigned index)
{
	const uint8_t *at = property->value, *end = at + property->length;

	for (;;) {
		const char *text = text_within(at, end);

		if (!text || index-- == 0)
			return text;
		at += strlen(text) + 1;
	}
}

bool device_tree_is_compatible(const struct device_tree *tree, const struct device_tree_node *node,
			       const char *name)
{
	struct device_tree_property property;
	const char *one;

	if (!device_tree_find(tree, node, "compatible", &property))
		return false;
	for (unsigned i = 0; (one = device_tree_string(&property, i)) != NULL; i++) {
		if (strcmp(one, name) == 0)
			return true;
	}
	return false;
}

bool device_tree_is_enabled(const struct device_tree *tree, const struct device_tree_node *node)
{
	struct device_tree_property property;
	const char *status;

	if (!device_tree_find(tree, node, "status", &property))
		return true;
	status = device_tree_string(&property, 0);
	return status && (strcmp(status, "okay") == 0 || strcmp(status, "ok") == 0);
}

/* How many cells an address or a size has in the children of the node that begins there. */
static unsigned cells_of(const struct device_tree *tree, uint32_t begin, const char *name,
			 unsigned fallback)
{
	struct device_tree_property property;

	if (!find_at(tree, begin, name, &property))
		return fallback;
	return device_tree_cell(&property, 0, fallback);
}

/* The upper cells of PCI's addresses say what it is, and are left out. */
uint64_t device_tree_number(const struct device_tree_property *property, unsigned first,
			    unsigned cells)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < cells; i++)
		value = value << 32 | device_tree_cell(property, first + i, 0);
	return value;
}

/* One step up: from an address among the node's children to one among its siblings. */
static bool address_translate(const struct device_tree *tree, uint32_t node, uint32_t parent,
			      uint64_t *address, uint64_t length)
{
	unsigned child_cells = cells_of(tree, node, "#address-cells", ADDRESS_CELLS_DEFAULT);
	unsigned size_cells = cells_of(tree, node, "#size-cells", SIZE_CELLS_DEFAULT);
	unsigned parent_cells = cells_of(tree, parent, "#address-cells", ADDRESS_CELLS_DEFAULT);
	unsigned entry = child_cells + parent_cells + size_cells;
	struct device_tree_property ranges;

	if (!find_at(tree, node, "ranges", &ranges) || child_cells > CELLS_LIMIT ||
	    parent_cells > CELLS_LIMIT || size_cells > CELLS_LIMIT || entry == 0)
		return false;
	if (ranges.length == 0)
		return true;
	for (unsigned i = 0; (i + entry) * 4 <= ranges.length; i += entry) {
		uint64_t from = device_tree_number(&ranges, i, child_cells);
		uint64_t to = device_tree_number(&ranges, i + child_cells, parent_cells);
		uint64_t bytes = device_tree_number(&ranges, i + child_cells + parent_cells,
						    size_cells);

		if (*address >= from && range_is_within(*address - from, length, bytes)) {
			*address = to + (*address - from);
			return true;
		}
	}
	return false;
}

bool device_tree_translate(const struct device_tree *tree, const struct device_tree_node *node,
			   uint64_t *address, uint64_t length)
{
	for (unsigned depth = node->depth; depth > 0; depth--) {
		if (!address_translate(tree, node->path[depth], node->path[depth - 1], address,
				       length))
			return false;
	}
	return true;
}

bool device_tree_registers(const struct device_tree *tree, const struct device_tree_node *node,
			   unsigned index, uint64_t *address, uint64_t *length)
{
	struct device_tree_property property;
	struct device_tree_node parent = *node;
	unsigned address_cells, size_cells, first;

	if (node->depth == 0 || !device_tree_find(tree, node, "reg", &property))
		return false;
	address_cells = cells_of(tree, node->path[node->depth - 1], "#address-cells",
				 ADDRESS_CELLS_DEFAULT);
	size_cells = cells_of(tree, node->path[node->depth - 1], "#size-cells", SIZE_CELLS_DEFAULT);
	if (address_cells == 0 || address_cells > CELLS_LIMIT || size_cells > CELLS_LIMIT ||
	    index > property.length)
		return false;
	first = index * (address_cells + size_cells);
	if ((first + address_cells + size_cells) * 4 > property.length)
		return false;
	*address = device_tree_number(&property, first, address_cells);
	*length = device_tree_number(&property, first + address_cells, size_cells);
	parent.depth--;
	return device_tree_translate(tree, &parent, address, *length);
}

bool device_tree_find_handle(const struct device_tree *tree, uint32_t handle,
			     struct device_tree_node *node)
{
	struct device_tree_property property;

	device_tree_begin(node);
	while (device_tree_next(tree, node)) {
		if (device_tree_find(tree, node, "phandle", &property) &&
		    device_tree_cell(&property, 0, ~handle) == handle)
			return true;
	}
	return false;
}

bool device_tree_reservation(const struct device_tree *tree, unsigned index, uint64_t *address,
			     uint64_t *length)
{
	uint64_t offset = tree->reservations + (uint64_t)index * RESERVATION_BYTES;

	if (!range_is_within(offset, RESERVATION_BYTES, tree->total_bytes))
		return false;
	*address = big64(tree->bytes + offset);
	*length = big64(tree->bytes + offset + 8);
	return *address != 0 || *length != 0;
}
