/*
 * What a device tree says of the messages of a PCI host bridge's functions (the bindings "pci-msi"
 * and "msi"): to whom they go, and what the receiver calls their sender.
 */
#ifndef DRIVER_INTERRUPT_GIC_ITS_MESSAGE_MAP_H
#define DRIVER_INTERRUPT_GIC_ITS_MESSAGE_MAP_H

#include "firmware/device_tree.h"

struct message_target {
	uint32_t handle;	/* of the receiver's node */
	uint32_t device;	/* the sender's number there */
};

/* By `msi-map`, or without one by `msi-parent`, which keeps numbers. False: nobody takes messages
 * of a requester (bus << 8 | slot << 3 | function). */
bool message_map_find(const struct device_tree *tree, const struct device_tree_node *bridge,
		      uint32_t requester, struct message_target *target) MUST_CHECK;

#endif
