/* Nodes of the machine's device tree, in which the driver looks up more than its own. */
#ifndef DRIVER_INTERRUPT_GIC_ITS_TREE_H
#define DRIVER_INTERRUPT_GIC_ITS_TREE_H

#include "firmware/device_tree.h"

/* The enabled node that is compatible with a name and whose first registers are at an address; any
 * such node, if `address` is NULL. */
bool its_tree_find(const struct device_tree *tree, const char *name, const uint64_t *address,
		   struct device_tree_node *node) MUST_CHECK;

#endif
