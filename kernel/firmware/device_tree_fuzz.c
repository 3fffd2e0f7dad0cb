/* Fuzzing of the readers of device trees: all that booting and buses ask, of every node. */
#include "firmware/device_tree_pci.h"

#include "base/compiler.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NODE_LIMIT 64			/* what is asked of one takes longer the more there are */

static uint64_t accepted;		/* keeps the results in use */

static void visit_bridge(const struct device_tree *tree, const struct device_tree_node *node)
{
	struct device_tree_pci_range range;
	struct device_tree_pci_wire wire;
	uint8_t first, last;

	device_tree_pci_buses(tree, node, &first, &last);
	accepted += first + last;
	for (unsigned i = 0; device_tree_pci_range(tree, node, i, &range); i++)
		accepted += range.address + range.length;
	for (unsigned pin = 1; pin <= 4; pin++)
		accepted += device_tree_pci_interrupt(tree, node, 8, pin, &wire);
}

static void visit(const struct device_tree *tree, const struct device_tree_node *node)
{
	struct device_tree_property property;
	struct device_tree_node other;
	uint64_t address, length;
	const char *text;

	accepted += device_tree_is_enabled(tree, node);
	accepted += device_tree_is_compatible(tree, node, "arm,gic-v3");
	for (unsigned i = 0; device_tree_registers(tree, node, i, &address, &length); i++)
		accepted += address + length;
	if (device_tree_inherited(tree, node, "interrupt-parent", &property))
		accepted += device_tree_find_handle(tree, device_tree_cell(&property, 0, 0),
						    &other);
	if (device_tree_find(tree, node, "compatible", &property)) {
		for (unsigned i = 0; (text = device_tree_string(&property, i)) != NULL; i++)
			accepted += (uint8_t)text[0];
	}
	visit_bridge(tree, node);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct device_tree_node node;
	struct device_tree tree;
	uint64_t address, length;
	unsigned count = 0;

	if (!device_tree_open(data, size, &tree))
		return 0;
	for (unsigned i = 0; device_tree_reservation(&tree, i, &address, &length); i++)
		accepted += address + length;
	device_tree_begin(&node);
	while (device_tree_next(&tree, &node) && count++ < NODE_LIMIT)
		visit(&tree, &node);
	return 0;
}
