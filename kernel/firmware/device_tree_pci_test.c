/* A small tree with a PCI host bridge, put together by hand; then with cells that lie. */
#include "firmware/device_tree_pci.h"

#include "base/test.h"
#include "firmware/device_tree_made.h"

#define CONTROLLER_HANDLE 7
#define LIST(name, ...) MADE_LIST(&made, name, __VA_ARGS__)

static struct made_tree made;

/* The root and the controller; the bridge's node stays open for more. */
static void bridge_begin(uint32_t interrupt_cells)
{
	made_start(&made);
	made_begin(&made, "");
	LIST("#address-cells", 2);
	LIST("#size-cells", 2);
	made_begin(&made, "intc");
	LIST("phandle", CONTROLLER_HANDLE);
	LIST("#address-cells", 2);
	LIST("#interrupt-cells", interrupt_cells);
	made_end(&made);
	made_begin(&made, "pcie");
	LIST("#address-cells", 3);
	LIST("#size-cells", 2);
}

static bool bridge_end(struct device_tree_node *bridge)
{
	made_end(&made);
	made_end(&made);
	if (!made_seal(&made))
		return false;
	device_tree_begin(bridge);
	while (device_tree_next(&made.tree, bridge)) {
		if (strcmp(bridge->name, "pcie") == 0)
			return true;
	}
	return false;
}

TEST(device_tree_pci, ranges)
{
	struct device_tree_pci_range range;
	struct device_tree_node bridge;

	bridge_begin(3);
	LIST("ranges", 0x01000000, 0, 0, 0, 0x3eff0000, 0, 0x10000,
	     0x02000000, 0, 0x10000000, 0, 0x20000000, 0, 0x2eff0000,
	     0x43000000, 0x80, 0, 0x90, 0, 0x80, 0,
	     0x43000000, UINT32_MAX, UINT32_MAX, 0, 0, 1, 0,	/* wraps */
	     0x43000000, 0, 0);					/* is cut off */
	ASSERT_TRUE(bridge_end(&bridge));
	ASSERT_TRUE(device_tree_pci_range(&made.tree, &bridge, 0, &range));
	EXPECT(range.space == DEVICE_TREE_PCI_PORT && range.length == 0x10000);
	ASSERT_TRUE(device_tree_pci_range(&made.tree, &bridge, 1, &range));
	EXPECT(range.space == DEVICE_TREE_PCI_MEMORY_32 && range.bus_address == 0x10000000 &&
	       range.address == 0x20000000 && range.length == 0x2eff0000);
	ASSERT_TRUE(device_tree_pci_range(&made.tree, &bridge, 2, &range));
	EXPECT(range.space == DEVICE_TREE_PCI_MEMORY_64 && range.bus_address == BIT(39) &&
	       range.address == UINT64_C(0x9000000000) && range.length == BIT(39));
	EXPECT(!device_tree_pci_range(&made.tree, &bridge, 3, &range));
	EXPECT(!device_tree_pci_range(&made.tree, &bridge, 4, &range));
	EXPECT(!device_tree_pci_range(&made.tree, &bridge, UINT32_MAX / 7 + 1, &range));
	EXPECT(!device_tree_pci_range(&made.tree, &bridge, UINT32_MAX, &range));
}

TEST(device_tree_pci, interrupts)
{
	struct device_tree_pci_wire wire;
	struct device_tree_node bridge;

	bridge_begin(3);
	LIST("interrupt-map-mask", 0x1800, 0, 0, 7);
	LIST("interrupt-map", 0x0000, 0, 0, 1, CONTROLLER_HANDLE, 0, 0, 0, 3, 4,
	     0x0800, 0, 0, 2, CONTROLLER_HANDLE, 0, 0, 0, 5, 4,
	     0x1000, 0, 0, 1, CONTROLLER_HANDLE, 0);		/* is cut off */
	ASSERT_TRUE(bridge_end(&bridge));
	ASSERT_TRUE(device_tree_pci_interrupt(&made.tree, &bridge, 1 << 3, 2, &wire));
	EXPECT(wire.cells == 3 && wire.specifier[1] == 5 && wire.specifier[2] == 4);
	/* Of the slot the lowest two bits count, of the function none. */
	ASSERT_TRUE(device_tree_pci_interrupt(&made.tree, &bridge, 4 << 3 | 3, 1, &wire));
	EXPECT(wire.specifier[1] == 3);
	EXPECT(!device_tree_pci_interrupt(&made.tree, &bridge, 0, 2, &wire));
	EXPECT(!device_tree_pci_interrupt(&made.tree, &bridge, 2 << 3, 1, &wire));
}

TEST(device_tree_pci, interrupts_that_lie)
{
	static const uint32_t cells[] = { 0, 5, 1000, UINT32_MAX };
	struct device_tree_pci_wire wire;
	struct device_tree_node bridge;

	for (size_t i = 0; i < ARRAY_SIZE(cells); i++) {
		bridge_begin(cells[i]);
		LIST("interrupt-map", 0, 0, 0, 1, CONTROLLER_HANDLE, 0, 0, 0, 3, 4);
		ASSERT_TRUE(bridge_end(&bridge));
		EXPECT(!device_tree_pci_interrupt(&made.tree, &bridge, 0, 1, &wire));
	}
	bridge_begin(3);
	LIST("interrupt-map", 0, 0, 0, 1, CONTROLLER_HANDLE + 1, 0, 0, 0, 3, 4);
	ASSERT_TRUE(bridge_end(&bridge));
	EXPECT(!device_tree_pci_interrupt(&made.tree, &bridge, 0, 1, &wire));
}

static void buses_are(uint32_t from, uint32_t to, uint8_t first, uint8_t last)
{
	struct device_tree_node bridge;
	uint8_t found_first, found_last;

	bridge_begin(3);
	LIST("bus-range", from, to);
	ASSERT_TRUE(bridge_end(&bridge));
	device_tree_pci_buses(&made.tree, &bridge, &found_first, &found_last);
	EXPECT(found_first == first && found_last == last);
}

TEST(device_tree_pci, buses)
{
	buses_are(2, 15, 2, 15);
	buses_are(0, 256, 0, 255);
	buses_are(9, 3, 0, 255);
	buses_are(UINT32_MAX, UINT32_MAX, 0, 255);
}
