/* A small tree with a PCI host bridge, put together by hand; then with cells that lie. */
#include "firmware/device_tree_pci.h"

#include "base/string.h"
#include "base/test.h"

#define STRUCTURE_AT 64
#define STRINGS_AT 1024
#define TREE_BYTES 2048
#define BEGIN_NODE 1
#define END_NODE 2
#define PROPERTY 3
#define END 9
#define CONTROLLER_HANDLE 7

static uint8_t bytes[TREE_BYTES];
static uint32_t at, strings_bytes;
static struct device_tree tree;

static void put32(uint32_t where, uint32_t value)
{
	for (unsigned i = 0; i < 4; i++)
		bytes[where + i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put(uint32_t value)
{
	put32(at, value);
	at += 4;
}

static void begin(const char *name)
{
	put(BEGIN_NODE);
	memcpy(bytes + at, name, strlen(name) + 1);
	at += (uint32_t)align_up(strlen(name) + 1, (size_t)4);
}

static void property(const char *name, const uint32_t *cells, unsigned count)
{
	put(PROPERTY);
	put(count * 4);
	put(strings_bytes);
	memcpy(bytes + STRINGS_AT + strings_bytes, name, strlen(name) + 1);
	strings_bytes += (uint32_t)strlen(name) + 1;
	for (unsigned i = 0; i < count; i++)
		put(cells[i]);
}

static void number(const char *name, uint32_t value)
{
	property(name, &value, 1);
}

#define LIST(name, ...) do { \
	const uint32_t cells_[] = { __VA_ARGS__ }; \
	property(name, cells_, ARRAY_SIZE(cells_)); \
} while (0)

static bool seal(void)
{
	put(END);
	put32(0, 0xd00dfeed);
	put32(4, TREE_BYTES);
	put32(8, STRUCTURE_AT);
	put32(12, STRINGS_AT);
	put32(16, 40);			/* reservations: an empty list */
	put32(20, 17);
	put32(24, 16);
	put32(32, strings_bytes);
	put32(36, at - STRUCTURE_AT);
	return device_tree_open(bytes, sizeof(bytes), &tree);
}

/* The root and the controller; the bridge's node stays open for more. */
static void bridge_begin(uint32_t interrupt_cells)
{
	memset(bytes, 0, sizeof(bytes));
	at = STRUCTURE_AT;
	strings_bytes = 0;
	begin("");
	number("#address-cells", 2);
	number("#size-cells", 2);
	begin("intc");
	number("phandle", CONTROLLER_HANDLE);
	number("#address-cells", 2);
	number("#interrupt-cells", interrupt_cells);
	put(END_NODE);
	begin("pcie");
	number("#address-cells", 3);
	number("#size-cells", 2);
}

static bool bridge_end(struct device_tree_node *bridge)
{
	put(END_NODE);
	put(END_NODE);
	if (!seal())
		return false;
	device_tree_begin(bridge);
	while (device_tree_next(&tree, bridge)) {
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
	ASSERT_TRUE(device_tree_pci_range(&tree, &bridge, 0, &range));
	EXPECT(range.space == DEVICE_TREE_PCI_PORT && range.length == 0x10000);
	ASSERT_TRUE(device_tree_pci_range(&tree, &bridge, 1, &range));
	EXPECT(range.space == DEVICE_TREE_PCI_MEMORY_32 && range.bus_address == 0x10000000 &&
	       range.address == 0x20000000 && range.length == 0x2eff0000);
	ASSERT_TRUE(device_tree_pci_range(&tree, &bridge, 2, &range));
	EXPECT(range.space == DEVICE_TREE_PCI_MEMORY_64 && range.bus_address == BIT(39) &&
	       range.address == UINT64_C(0x9000000000) && range.length == BIT(39));
	EXPECT(!device_tree_pci_range(&tree, &bridge, 3, &range));
	EXPECT(!device_tree_pci_range(&tree, &bridge, 4, &range));
	EXPECT(!device_tree_pci_range(&tree, &bridge, UINT32_MAX / 7 + 1, &range));
	EXPECT(!device_tree_pci_range(&tree, &bridge, UINT32_MAX, &range));
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
	ASSERT_TRUE(device_tree_pci_interrupt(&tree, &bridge, 1 << 3, 2, &wire));
	EXPECT(wire.cells == 3 && wire.specifier[1] == 5 && wire.specifier[2] == 4);
	/* Of the slot the lowest two bits count, of the function none. */
	ASSERT_TRUE(device_tree_pci_interrupt(&tree, &bridge, 4 << 3 | 3, 1, &wire));
	EXPECT(wire.specifier[1] == 3);
	EXPECT(!device_tree_pci_interrupt(&tree, &bridge, 0, 2, &wire));
	EXPECT(!device_tree_pci_interrupt(&tree, &bridge, 2 << 3, 1, &wire));
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
		EXPECT(!device_tree_pci_interrupt(&tree, &bridge, 0, 1, &wire));
	}
	bridge_begin(3);
	LIST("interrupt-map", 0, 0, 0, 1, CONTROLLER_HANDLE + 1, 0, 0, 0, 3, 4);
	ASSERT_TRUE(bridge_end(&bridge));
	EXPECT(!device_tree_pci_interrupt(&tree, &bridge, 0, 1, &wire));
}

static void buses_are(uint32_t from, uint32_t to, uint8_t first, uint8_t last)
{
	struct device_tree_node bridge;
	uint8_t found_first, found_last;

	bridge_begin(3);
	LIST("bus-range", from, to);
	ASSERT_TRUE(bridge_end(&bridge));
	device_tree_pci_buses(&tree, &bridge, &found_first, &found_last);
	EXPECT(found_first == first && found_last == last);
}

TEST(device_tree_pci, buses)
{
	buses_are(2, 15, 2, 15);
	buses_are(0, 256, 0, 255);
	buses_are(9, 3, 0, 255);
	buses_are(UINT32_MAX, UINT32_MAX, 0, 255);
}
