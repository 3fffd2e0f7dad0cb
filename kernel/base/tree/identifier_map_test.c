/* Identifier map: lowest first, going round, full, and out of memory. */
#include "base/tree/identifier_map.h"

#include "base/errno.h"
#include "base/test.h"

static struct radix_node nodes[16];
static uint16_t nodes_used;

static struct radix_node *node_allocate(struct radix_tree *tree UNUSED)
{
	for (unsigned int i = 0; i < ARRAY_SIZE(nodes); i++) {
		if (!(nodes_used >> i & 1)) {
			nodes_used = (uint16_t)(nodes_used | 1u << i);
			return &nodes[i];
		}
	}
	return NULL;
}

static void node_free(struct radix_tree *tree UNUSED, struct radix_node *node)
{
	nodes_used = (uint16_t)(nodes_used & ~(1u << (node - nodes)));
}

static const struct radix_allocator allocator = {
	.allocate_node = node_allocate,
	.free_node = node_free,
};

TEST(identifier_map, lowest_free_first)
{
	struct identifier_map map;
	uint64_t identifier;
	int entry;

	identifier_map_init(&map, 1, 300, &allocator);
	for (uint64_t i = 1; i <= 300; i++) {
		EXPECT_EQUAL(identifier_map_add(&map, &entry, &identifier), 0);
		EXPECT_EQUAL(identifier, i);
	}
	EXPECT_EQUAL(identifier_map_add(&map, &entry, &identifier), -ENOSPC);
	EXPECT(identifier_map_remove(&map, 200) == &entry);
	EXPECT(identifier_map_remove(&map, 64) == &entry);
	EXPECT(identifier_map_remove(&map, 64) == NULL);
	EXPECT(identifier_map_find(&map, 64) == NULL);
	EXPECT_EQUAL(identifier_map_add(&map, &entry, &identifier), 0);
	EXPECT_EQUAL(identifier, 64);
	EXPECT_EQUAL(identifier_map_add_at(&map, &entry, 64), -EEXIST);
	EXPECT_EQUAL(identifier_map_add_at(&map, &entry, 301), -EINVAL);
	EXPECT_EQUAL(map.count, 299);
	identifier_map_release(&map);
	EXPECT_EQUAL(nodes_used, 0);
}

TEST(identifier_map, goes_round)
{
	struct identifier_map map;
	uint64_t identifier = 0;
	int entry;

	identifier_map_init(&map, 10, 12, &allocator);
	for (uint64_t i = 10; i <= 12; i++) {
		EXPECT_EQUAL(identifier_map_add_cyclic(&map, &entry, &identifier), 0);
		EXPECT_EQUAL(identifier, i);
		EXPECT(identifier_map_remove(&map, i) == &entry);
	}
	EXPECT_EQUAL(identifier_map_add_cyclic(&map, &entry, &identifier), 0);
	EXPECT_EQUAL(identifier, 10);
	EXPECT_EQUAL(identifier_map_add_cyclic(&map, &entry, &identifier), 0);
	EXPECT_EQUAL(identifier_map_add_cyclic(&map, &entry, &identifier), 0);
	EXPECT_EQUAL(identifier_map_add_cyclic(&map, &entry, &identifier), -ENOSPC);
	identifier_map_release(&map);
	EXPECT_EQUAL(nodes_used, 0);
}
