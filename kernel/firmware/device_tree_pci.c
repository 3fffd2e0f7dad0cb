/* The properties `ranges`, `interrupt-map` and `bus-range` of PCI host bridges. */
#include "firmware/device_tree_pci.h"

#include "base/arithmetic.h"

#define CHILD_CELLS 3			/* of an address on PCI: what it is, then 64 bits */
#define SIZE_CELLS 2
#define PIN_CELLS 1
#define SPACE_OF(first_cell) ((first_cell) >> 24 & 3)
#define FUNCTION_SHIFT 8		/* of slot and function in the first cell */
#define PARENT_CELLS_LIMIT 2
#define MASK_ALL UINT32_MAX

static uint32_t number_of(const struct device_tree *tree, const struct device_tree_node *node,
			  const char *name, uint32_t fallback)
{
	struct device_tree_property property;

	if (!device_tree_find(tree, node, name, &property))
		return fallback;
	return device_tree_cell(&property, 0, fallback);
}

static bool has_pci_cells(const struct device_tree *tree, const struct device_tree_node *bridge)
{
	return bridge->depth > 0 &&
	       number_of(tree, bridge, "#address-cells", 0) == CHILD_CELLS &&
	       number_of(tree, bridge, "#size-cells", 0) == SIZE_CELLS;
}

bool device_tree_pci_range(const struct device_tree *tree, const struct device_tree_node *bridge,
			   unsigned index, struct device_tree_pci_range *range)
{
	struct device_tree_node parent = *bridge;
	struct device_tree_property ranges;
	unsigned parent_cells, entry, at;
	uint64_t end;

	if (!has_pci_cells(tree, bridge) || !device_tree_find(tree, bridge, "ranges", &ranges))
		return false;
	parent.depth--;
	parent_cells = number_of(tree, &parent, "#address-cells", 2);
	if (parent_cells == 0 || parent_cells > PARENT_CELLS_LIMIT || index > ranges.length)
		return false;
	entry = CHILD_CELLS + parent_cells + SIZE_CELLS;
	at = index * entry;
	if (!range_is_within(at, entry, ranges.length / 4))
		return false;
	range->space = (enum device_tree_pci_space)SPACE_OF(device_tree_cell(&ranges, at, 0));
	range->bus_address = device_tree_number(&ranges, at + 1, CHILD_CELLS - 1);
	range->address = device_tree_number(&ranges, at + CHILD_CELLS, parent_cells);
	range->length = device_tree_number(&ranges, at + CHILD_CELLS + parent_cells, SIZE_CELLS);
	return device_tree_translate(tree, &parent, &range->address, range->length) &&
	       range_end(range->bus_address, range->length, &end) == 0 &&
	       range_end(range->address, range->length, &end) == 0;
}

/* Whether an entry's address and pin, as far as the mask counts, are those of the function. */
static bool entry_is_for(const struct device_tree_property *map, unsigned at,
			 const struct device_tree_property *mask, const uint32_t *wanted)
{
	for (unsigned i = 0; i < CHILD_CELLS + PIN_CELLS; i++) {
		uint32_t counts = mask->value ? device_tree_cell(mask, i, 0) : MASK_ALL;

		if ((device_tree_cell(map, at + i, 0) ^ wanted[i]) & counts)
			return false;
	}
	return true;
}

bool device_tree_pci_interrupt(const struct device_tree *tree,
			       const struct device_tree_node *bridge, unsigned slot_function,
			       unsigned pin, struct device_tree_pci_wire *wire)
{
	const uint32_t wanted[CHILD_CELLS + PIN_CELLS] = {
		slot_function << FUNCTION_SHIFT, 0, 0, pin,
	};
	struct device_tree_property map, mask = { 0 };
	unsigned at = 0, entry;

	if (!has_pci_cells(tree, bridge) || !device_tree_find(tree, bridge, "interrupt-map", &map))
		return false;
	if (!device_tree_find(tree, bridge, "interrupt-map-mask", &mask))
		mask.value = NULL;
	/* Each entry is as long as its controller says. */
	while (range_is_within(at, CHILD_CELLS + PIN_CELLS + 1, map.length / 4)) {
		unsigned head = at + CHILD_CELLS + PIN_CELLS + 1, address_cells;

		if (!device_tree_find_handle(tree, device_tree_cell(&map, head - 1, 0),
					     &wire->controller))
			return false;
		address_cells = number_of(tree, &wire->controller, "#address-cells", 0);
		wire->cells = number_of(tree, &wire->controller, "#interrupt-cells", 0);
		if (address_cells > PARENT_CELLS_LIMIT || wire->cells == 0 ||
		    wire->cells > DEVICE_TREE_SPECIFIER_CELLS)
			return false;
		entry = CHILD_CELLS + PIN_CELLS + 1 + address_cells + wire->cells;
		if (!range_is_within(at, entry, map.length / 4))
			return false;
		for (unsigned i = 0; i < wire->cells; i++)
			wire->specifier[i] = device_tree_cell(&map, head + address_cells + i, 0);
		if (entry_is_for(&map, at, &mask, wanted))
			return true;
		at += entry;
	}
	return false;
}

void device_tree_pci_buses(const struct device_tree *tree, const struct device_tree_node *bridge,
			   uint8_t *first, uint8_t *last)
{
	struct device_tree_property property;

	*first = 0;
	*last = UINT8_MAX;
	if (!device_tree_find(tree, bridge, "bus-range", &property) ||
	    device_tree_cell(&property, 1, UINT32_MAX) > UINT8_MAX ||
	    device_tree_cell(&property, 0, UINT32_MAX) > device_tree_cell(&property, 1, 0))
		return;
	*first = (uint8_t)device_tree_cell(&property, 0, 0);
	*last = (uint8_t)device_tree_cell(&property, 1, 0);
}
