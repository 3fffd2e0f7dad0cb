/*
 * Who sends a message: a PCI function shows its number on the bus, unless a bridge above it to a
 * bus that carries no such numbers shows one of its own (PCIe to PCI/PCI-X Bridge 1.0, section
 * 2.3). The device tree or ACPI's IORT says what the ITS makes of that.
 */
#include "arch/boot.h"
#include "base/errno.h"
#include "device/pci/pci.h"
#include "driver/interrupt/gic_its/internal.h"
#include "driver/interrupt/gic_its/message_map.h"
#include "driver/interrupt/gic_its/tree.h"

#define ITS "arm,gic-v3-its"
#define BRIDGE "pci-host-ecam-generic"

/* PCI Express 5.0, section 7.5.3.2: the register of capabilities is above the capability's head. */
#define CAPABILITY_EXPRESS 0x10
#define EXPRESS_BYTES 4
#define EXPRESS_KIND(word) ((word) >> 20 & 0xf)
#define KIND_BRIDGE_TO_PCI 7

static uint32_t requester_of(struct pci_function *function)
{
	uint32_t requester = (uint32_t)function->bus << 8 | function->slot_function;

	for (struct pci_function *at = function->bridge; at; at = at->bridge) {
		unsigned express = pci_capability_find(at, CAPABILITY_EXPRESS, 0, EXPRESS_BYTES);

		if (!express)
			requester = (uint32_t)at->bus << 8 | at->slot_function;
		else if (EXPRESS_KIND(pci_read32(at, express)) == KIND_BRIDGE_TO_PCI)
			requester = (uint32_t)at->bus_behind << 8;
	}
	return requester;
}

static bool is_on_pci(struct device *device)
{
	struct device_identity *identity;

	list_for_each(identity, &device->identities, node) {
		if (identity->kind == IDENTITY_PCI_ID)
			return true;
	}
	return false;
}

/* Whether the node with a handle is this ITS, and one cell tells its senders apart. */
static bool is_ours(const struct its *its, const struct device_tree *tree, uint32_t handle)
{
	struct device_tree_node node, own;
	struct device_tree_property cells;

	if (!device_tree_find_handle(tree, handle, &node) ||
	    !its_tree_find(tree, ITS, &its->address, &own) ||
	    node.path[node.depth] != own.path[own.depth])
		return false;
	return !device_tree_find(tree, &node, "#msi-cells", &cells) ||
	       device_tree_cell(&cells, 0, 0) == 1;
}

static int find_in_tree(const struct its *its, const struct device_tree *tree,
			struct pci_function *function, uint32_t *number)
{
	const struct device_resource *space =
		device_resource_find(function->host->device, RESOURCE_MEMORY, 0);
	struct device_tree_node bridge;
	struct message_target target;

	if (!space || !its_tree_find(tree, BRIDGE, &space->start, &bridge) ||
	    !message_map_find(tree, &bridge, requester_of(function), &target) ||
	    !is_ours(its, tree, target.handle))
		return -ENODEV;
	*number = target.device;
	return 0;
}

bool its_table_find(const char *signature, struct acpi_table *table)
{
	table->bytes = boot_firmware_table(signature, &table->length);
	return table->bytes != NULL;
}

/* Host bridges by ACPI are those of the first segment (device/acpi_bus.c). */
static int find_in_tables(const struct its *its, struct pci_function *function, uint32_t *number)
{
	struct acpi_table madt, iort;
	struct acpi_gic_entry entry;
	size_t offset = 0;

	if (!its_table_find("APIC", &madt) || !its_table_find("IORT", &iort))
		return -ENODEV;
	while (acpi_gic_next(&madt, &offset, &entry)) {
		if (entry.kind == ACPI_GIC_TRANSLATION && entry.address == its->address)
			return acpi_message_find(&iort, 0, requester_of(function), entry.its,
						 number) ? 0 : -ENODEV;
	}
	return -ENODEV;
}

int its_device_number_find(const struct its *its, struct device *device, uint32_t *number)
{
	const struct device_tree *tree = device_tree_of_machine();

	if (!is_on_pci(device))
		return -ENODEV;
	if (tree)
		return find_in_tree(its, tree, pci_function_of(device), number);
	return find_in_tables(its, pci_function_of(device), number);
}
