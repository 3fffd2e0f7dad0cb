/* What a device tree says of a PCI host bridge (IEEE 1275's PCI binding): windows and wires. */
#ifndef FIRMWARE_DEVICE_TREE_PCI_H
#define FIRMWARE_DEVICE_TREE_PCI_H

#include "firmware/device_tree.h"

enum device_tree_pci_space {
	DEVICE_TREE_PCI_CONFIGURATION,
	DEVICE_TREE_PCI_PORT,
	DEVICE_TREE_PCI_MEMORY_32,
	DEVICE_TREE_PCI_MEMORY_64,
};

struct device_tree_pci_range {
	enum device_tree_pci_space space;
	uint64_t bus_address, address, length;	/* as devices and as CPUs say it */
};

/* Entry `index` of a bridge's `ranges`. False: there is no such, or it makes no sense. */
bool device_tree_pci_range(const struct device_tree *tree, const struct device_tree_node *bridge,
			   unsigned index, struct device_tree_pci_range *range) MUST_CHECK;

#define DEVICE_TREE_SPECIFIER_CELLS 4

/* A wire, as its interrupt controller calls it. */
struct device_tree_pci_wire {
	struct device_tree_node controller;
	uint32_t specifier[DEVICE_TREE_SPECIFIER_CELLS];
	unsigned cells;
};

/* Where a pin (1 to 4) of a function leads, by `interrupt-map`. False: nowhere. */
bool device_tree_pci_interrupt(const struct device_tree *tree,
			       const struct device_tree_node *bridge, unsigned slot_function,
			       unsigned pin, struct device_tree_pci_wire *wire) MUST_CHECK;

/* The buses below the bridge; 0 to 255 if it does not say. */
void device_tree_pci_buses(const struct device_tree *tree, const struct device_tree_node *bridge,
			   uint8_t *first, uint8_t *last);

#endif
