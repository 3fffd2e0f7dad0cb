/* The properties `msi-map`, `msi-map-mask` and `msi-parent` of PCI host bridges. */
#include "driver/interrupt/gic_its/message_map.h"

#include "base/arithmetic.h"

/* An entry: the first requester, who takes its messages, as which number, and how many follow. */
#define ENTRY_CELLS 4
#define REQUESTER_FIRST 0
#define HANDLE 1
#define DEVICE_FIRST 2
#define COUNT 3

static bool parent_find(const struct device_tree *tree, const struct device_tree_node *bridge,
			uint32_t requester, struct message_target *target)
{
	struct device_tree_property parent;

	if (!device_tree_find(tree, bridge, "msi-parent", &parent) || parent.length < 4)
		return false;
	target->handle = device_tree_cell(&parent, 0, 0);
	target->device = requester;
	return true;
}

bool message_map_find(const struct device_tree *tree, const struct device_tree_node *bridge,
		      uint32_t requester, struct message_target *target)
{
	struct device_tree_property map, mask;

	if (!device_tree_find(tree, bridge, "msi-map", &map))
		return parent_find(tree, bridge, requester, target);
	if (device_tree_find(tree, bridge, "msi-map-mask", &mask))
		requester &= device_tree_cell(&mask, 0, UINT32_MAX);
	for (unsigned at = 0; range_is_within(at, ENTRY_CELLS, map.length / 4);
	     at += ENTRY_CELLS) {
		uint32_t offset = requester - device_tree_cell(&map, at + REQUESTER_FIRST, 0);

		/* Below the first the difference wraps; an entry's range may not. */
		if (requester < device_tree_cell(&map, at + REQUESTER_FIRST, 0) ||
		    offset >= device_tree_cell(&map, at + COUNT, 0))
			continue;
		target->handle = device_tree_cell(&map, at + HANDLE, 0);
		return checked_add(device_tree_cell(&map, at + DEVICE_FIRST, 0), offset,
				   &target->device);
	}
	return false;
}
