/*
 * Device trees that tests put together by hand, cell by cell, so that they may lie.
 */
#ifndef FIRMWARE_DEVICE_TREE_MADE_H
#define FIRMWARE_DEVICE_TREE_MADE_H

#include "base/arithmetic.h"
#include "base/string.h"
#include "firmware/device_tree.h"

#define MADE_TREE_BYTES 2048
#define MADE_STRUCTURE_AT 64
#define MADE_STRINGS_AT 1024

struct made_tree {
	uint8_t bytes[MADE_TREE_BYTES];
	uint32_t at, strings_bytes;
	struct device_tree tree;	/* once it is sealed */
};

static inline void made_put_at(struct made_tree *made, uint32_t where, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		made->bytes[where + i] = (uint8_t)(value >> (24 - 8 * i));
}

static inline void made_put(struct made_tree *made, uint32_t value)
{
	made_put_at(made, made->at, value);
	made->at += 4;
}

/* Afresh, with nothing in it. */
static inline void made_start(struct made_tree *made)
{
	memset(made, 0, sizeof(*made));
	made->at = MADE_STRUCTURE_AT;
}

/* A node; "" is the root. */
static inline void made_begin(struct made_tree *made, const char *name)
{
	made_put(made, 1);
	memcpy(made->bytes + made->at, name, strlen(name) + 1);
	made->at += (uint32_t)align_up(strlen(name) + 1, (size_t)4);
}

static inline void made_end(struct made_tree *made)
{
	made_put(made, 2);
}

static inline void made_property(struct made_tree *made, const char *name, const uint32_t *cells,
				 unsigned count)
{
	made_put(made, 3);
	made_put(made, count * 4);
	made_put(made, made->strings_bytes);
	memcpy(made->bytes + MADE_STRINGS_AT + made->strings_bytes, name, strlen(name) + 1);
	made->strings_bytes += (uint32_t)strlen(name) + 1;
	for (unsigned i = 0; i < count; i++)
		made_put(made, cells[i]);
}

#define MADE_LIST(made, name, ...) do { \
	const uint32_t cells_[] = { __VA_ARGS__ }; \
	made_property(made, name, cells_, ARRAY_SIZE(cells_)); \
} while (0)

/* Writes the header; false: the reader refuses the tree. */
static inline bool made_seal(struct made_tree *made)
{
	made_put(made, 9);
	made_put_at(made, 0, 0xd00dfeed);
	made_put_at(made, 4, MADE_TREE_BYTES);
	made_put_at(made, 8, MADE_STRUCTURE_AT);
	made_put_at(made, 12, MADE_STRINGS_AT);
	made_put_at(made, 16, 40);	/* reservations: an empty list */
	made_put_at(made, 20, 17);
	made_put_at(made, 24, 16);
	made_put_at(made, 32, made->strings_bytes);
	made_put_at(made, 36, made->at - MADE_STRUCTURE_AT);
	return device_tree_open(made->bytes, MADE_TREE_BYTES, &made->tree);
}

#endif
