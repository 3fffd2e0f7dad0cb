/*
 * IORT (Arm DEN0049E, chapter 3): nodes, each with mappings that lead what identifies a sender on
 * to another node. A PCI root complex leads to a group of ITSs, at once or through SMMUs.
 */
#include "firmware/acpi_arm.h"

#include "base/arithmetic.h"
#include "firmware/bytes.h"

enum iort_offset {
	IORT_NODE_COUNT = 36,
	IORT_NODES = 40,
	IORT_BYTES = 48,
};
enum node_offset {
	NODE_TYPE = 0,
	NODE_LENGTH = 1,
	NODE_MAPPING_COUNT = 8,
	NODE_MAPPINGS = 12,
	NODE_BYTES = 16,
	GROUP_COUNT = 16,		/* of an ITS group */
	GROUP_IDENTIFIERS = 20,
	COMPLEX_SEGMENT = 28,		/* of a root complex */
	COMPLEX_BYTES = 32,
};
enum node_type {
	NODE_ITS_GROUP = 0,
	NODE_ROOT_COMPLEX = 2,
	NODE_SMMU = 3,
	NODE_SMMU_3 = 4,
};
enum mapping_offset {
	MAPPING_INPUT = 0,
	MAPPING_COUNT = 4,		/* less one */
	MAPPING_OUTPUT = 8,
	MAPPING_NODE = 12,
	MAPPING_FLAGS = 16,
	MAPPING_BYTES = 20,
};
#define MAPPING_SINGLE BIT(0)

/* A root complex, SMMUs, a group: more is a circle. */
#define HOP_LIMIT 4

struct node {
	const uint8_t *bytes;
	size_t offset, length;		/* the whole of it lies within the table */
};

/* Steps through the nodes; all zeros at first. */
static bool node_next(const struct acpi_table *iort, uint32_t *index, struct node *node)
{
	size_t at = node->bytes ? node->offset + node->length :
		bytes_u32(iort->bytes + IORT_NODES);

	if (*index >= bytes_u32(iort->bytes + IORT_NODE_COUNT) || at < IORT_BYTES ||
	    !range_is_within(at, NODE_BYTES, iort->length))
		return false;
	*node = (struct node){ iort->bytes + at, at, bytes_u16(iort->bytes + at + NODE_LENGTH) };
	++*index;
	return node->length >= NODE_BYTES && range_is_within(at, node->length, iort->length);
}

/* References lead to where a node begins, and nowhere else. */
static bool node_find(const struct acpi_table *iort, uint32_t offset, struct node *found)
{
	struct node node = { 0 };
	uint32_t index = 0;

	while (node_next(iort, &index, &node)) {
		if (node.offset == offset) {
			*found = node;
			return true;
		}
	}
	return false;
}

static bool complex_find(const struct acpi_table *iort, uint32_t segment, struct node *found)
{
	struct node node = { 0 };
	uint32_t index = 0;

	while (node_next(iort, &index, &node)) {
		if (node.bytes[NODE_TYPE] == NODE_ROOT_COMPLEX && node.length >= COMPLEX_BYTES &&
		    bytes_u32(node.bytes + COMPLEX_SEGMENT) == segment) {
			*found = node;
			return true;
		}
	}
	return false;
}

/* The mapping that holds for a sender leads on: false if none does, or not to anything. An SMMU's
 * single mappings are for messages of its own. */
static bool mapping_follow(const struct acpi_table *iort, struct node *node, uint32_t *sender)
{
	uint32_t count = bytes_u32(node->bytes + NODE_MAPPING_COUNT);
	size_t at = bytes_u32(node->bytes + NODE_MAPPINGS);

	for (; count-- && range_is_within(at, MAPPING_BYTES, node->length); at += MAPPING_BYTES) {
		const uint8_t *mapping = node->bytes + at;
		uint32_t input = bytes_u32(mapping + MAPPING_INPUT), offset = 0;

		if (bytes_u32(mapping + MAPPING_FLAGS) & MAPPING_SINGLE) {
			if (node->bytes[NODE_TYPE] != NODE_ROOT_COMPLEX)
				continue;
		} else {
			if (*sender < input || *sender - input > bytes_u32(mapping + MAPPING_COUNT))
				continue;
			offset = *sender - input;
		}
		return checked_add(bytes_u32(mapping + MAPPING_OUTPUT), offset, sender) &&
		       node_find(iort, bytes_u32(mapping + MAPPING_NODE), node);
	}
	return false;
}

static bool group_has(const struct node *group, uint32_t its)
{
	size_t at = GROUP_IDENTIFIERS;
	uint32_t count;

	if (group->length < GROUP_IDENTIFIERS)
		return false;
	count = bytes_u32(group->bytes + GROUP_COUNT);
	for (; count-- && range_is_within(at, sizeof(uint32_t), group->length);
	     at += sizeof(uint32_t)) {
		if (bytes_u32(group->bytes + at) == its)
			return true;
	}
	return false;
}

bool acpi_message_find(const struct acpi_table *iort, uint32_t segment, uint32_t requester,
		       uint32_t its, uint32_t *device)
{
	struct node node;

	if (!acpi_table_is(iort, "IORT") || iort->length < IORT_BYTES ||
	    !complex_find(iort, segment, &node))
		return false;
	for (unsigned i = 0; i < HOP_LIMIT; i++) {
		uint8_t type;

		if (!mapping_follow(iort, &node, &requester))
			return false;
		type = node.bytes[NODE_TYPE];
		if (type == NODE_ITS_GROUP) {
			*device = requester;
			return group_has(&node, its);
		}
		if (type != NODE_SMMU && type != NODE_SMMU_3)
			return false;
	}
	return false;
}
