/* Nodes of the device tree by what they are and where their registers lie. */
#include "driver/interrupt/gic_its/tree.h"

static bool is_at(const struct device_tree *tree, const struct device_tree_node *node,
		  uint64_t wanted)
{
	uint64_t address, length;

	return device_tree_registers(tree, node, 0, &address, &length) && address == wanted;
}

bool its_tree_find(const struct device_tree *tree, const char *name, const uint64_t *address,
		   struct device_tree_node *node)
{
	device_tree_begin(node);
	while (device_tree_next(tree, node)) {
		if (device_tree_is_enabled(tree, node) &&
		    device_tree_is_compatible(tree, node, name) &&
		    (!address || is_at(tree, node, *address)))
			return true;
	}
	return false;
}
