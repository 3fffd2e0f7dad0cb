/*
 * The root bus of machines that are described by a device tree: each enabled node with a
 * `compatible` becomes a device with its names, registers and interrupts.
 */
#include "arch/boot.h"
#include "arch/mmu.h"
#include "base/errno.h"
#include "base/string.h"
#include "device/internal.h"
#include "device/pci/pci.h"
#include "firmware/device_tree.h"
#include "firmware/device_tree_pci.h"
#include "log/log.h"
#include "memory/heap.h"

/* The device-tree binding of the GIC ("arm,gic.yaml"): kind, number, flags. */
#define GIC_CELLS 3
#define GIC_SHARED 0
#define GIC_SHARED_FIRST 32
#define LINE_NONE UINT32_MAX
#define FLAG_EDGE_RISING 1
#define FLAG_EDGE_FALLING 2
#define FLAG_LEVEL_LOW 8

/* What a PCI host bridge's device leads to. */
struct bridge {
	struct pci_host_description description;
	struct device_tree_node node;
};

static struct device_tree tree;

static uint32_t trigger_of(uint32_t flags)
{
	uint32_t trigger = flags & (FLAG_EDGE_RISING | FLAG_EDGE_FALLING) ? TRIGGER_EDGE :
		TRIGGER_LEVEL;

	if (flags & (FLAG_EDGE_FALLING | FLAG_LEVEL_LOW))
		trigger |= TRIGGER_ACTIVE_LOW;
	return trigger;
}

/* The GIC's number of what three cells say. Each other kind (a CPU's own, the extended ranges) has
 * numbers of its own, behind which no shared line may be taken for it. */
static uint32_t line_of(const uint32_t cells[GIC_CELLS])
{
	return cells[0] == GIC_SHARED ? GIC_SHARED_FIRST + cells[1] : LINE_NONE;
}

/* Whether the node's interrupts go to a controller whose specifiers have the GIC's three cells. */
static bool goes_to_gic(const struct device_tree_node *node)
{
	struct device_tree_property property;
	struct device_tree_node controller;

	return device_tree_inherited(&tree, node, "interrupt-parent", &property) &&
	       device_tree_find_handle(&tree, device_tree_cell(&property, 0, 0), &controller) &&
	       device_tree_find(&tree, &controller, "#interrupt-cells", &property) &&
	       device_tree_cell(&property, 0, 0) == GIC_CELLS;
}

static int interrupts_add(struct device *device, const struct device_tree_node *node)
{
	struct device_tree_property property;
	int result = 0;

	if (!device_tree_find(&tree, node, "interrupts", &property) || !goes_to_gic(node))
		return 0;
	for (unsigned i = 0; result == 0 && (i + GIC_CELLS) * 4 <= property.length;
	     i += GIC_CELLS) {
		const uint32_t cells[GIC_CELLS] = {
			device_tree_cell(&property, i, 0), device_tree_cell(&property, i + 1, 0),
			device_tree_cell(&property, i + 2, 0),
		};

		result = device_resource_add(device, RESOURCE_INTERRUPT, line_of(cells), 1,
					     trigger_of(cells[2]));
	}
	return result;
}

static int resources_add(struct device *device, const struct device_tree_node *node)
{
	struct device_tree_property property;
	uint64_t address, length;
	const char *name;
	int result = 0;

	if (!device_tree_find(&tree, node, "compatible", &property))
		return -ENODEV;
	for (unsigned i = 0; (name = device_tree_string(&property, i)) != NULL && result == 0; i++)
		result = device_identity_add(device, IDENTITY_FIRMWARE, 0, name);
	for (unsigned i = 0; result == 0 &&
	     device_tree_registers(&tree, node, i, &address, &length); i++)
		result = device_resource_add(device, RESOURCE_MEMORY, address, length, 0);
	return result == 0 ? interrupts_add(device, node) : result;
}

static int bridge_interrupt_find(struct device *bridge, unsigned slot_function, unsigned pin,
				 uint8_t wire, uint32_t *line, uint32_t *trigger)
{
	const struct bridge *self = container_of((struct pci_host_description *)bridge->bus_state,
						 struct bridge, description);
	struct device_tree_pci_wire found;

	(void)wire;
	if (!device_tree_pci_interrupt(&tree, &self->node, slot_function, pin, &found) ||
	    found.cells != GIC_CELLS)
		return -ENOENT;
	*line = line_of(found.specifier);
	*trigger = trigger_of(found.specifier[2]);
	return 0;
}

static int window_add(struct bridge *bridge, const struct device_tree_pci_range *range)
{
	struct pci_window *window;

	if (range->space != DEVICE_TREE_PCI_MEMORY_32 && range->space != DEVICE_TREE_PCI_MEMORY_64)
		return 0;
	window = heap_allocate(sizeof(*window), HEAP_PATIENT);
	if (!window)
		return -ENOMEM;
	window->address = range->address;
	window->bus_address = range->bus_address;
	window->length = range->length;
	window->is_64_bit = range->space == DEVICE_TREE_PCI_MEMORY_64;
	list_add_tail(&bridge->description.windows, &window->node);
	return 0;
}

/* A host bridge of PCI is told more than where its registers are. */
static int bridge_describe(struct device *device, const struct device_tree_node *node)
{
	struct bridge *bridge = heap_allocate(sizeof(*bridge), HEAP_PATIENT);
	struct device_tree_pci_range range;
	int result = 0;

	if (!bridge)
		return -ENOMEM;
	bridge->node = *node;
	list_init(&bridge->description.windows);
	bridge->description.interrupt_find = bridge_interrupt_find;
	bridge->description.lost_wires = "the device tree does not say where its wire leads";
	device_tree_pci_buses(&tree, node, &bridge->description.bus_first,
			      &bridge->description.bus_last);
	for (unsigned i = 0; result == 0 && device_tree_pci_range(&tree, node, i, &range); i++)
		result = window_add(bridge, &range);
	device->bus_state = &bridge->description;
	return result;
}

static int node_publish(const struct device_tree_node *node)
{
	struct device *device = device_create(NULL, node->name);
	int result;

	if (!device)
		return -ENOMEM;
	result = resources_add(device, node);
	if (result == 0 && device_tree_is_compatible(&tree, node, "pci-host-ecam-generic"))
		result = bridge_describe(device, node);
	return result == 0 ? device_publish(device) : result;
}

const struct device_tree *device_tree_of_machine(void)
{
	return tree.bytes ? &tree : NULL;
}

int device_tree_bus_start(void)
{
	physical_t address = boot_information()->device_tree;
	struct device_tree_property property;
	struct device_tree_node node;
	int result = 0;

	if (!address)
		return 0;
	/* Not a byte more than was read before: it may say that it goes on in others' memory. */
	if (!device_tree_open(physical_to_virtual(address), boot_information()->device_tree_bytes,
			      &tree))
		return -ENODEV;
	device_tree_begin(&node);
	while (result == 0 && device_tree_next(&tree, &node)) {
		if (node.depth > 0 && device_tree_is_enabled(&tree, &node) &&
		    device_tree_find(&tree, &node, "compatible", &property))
			result = node_publish(&node);
	}
	return result;
}
