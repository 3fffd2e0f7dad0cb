/* Small trees, whole, cut, longer than they need to be, and with cells that lie. */
#include "firmware/device_tree.h"

#include "base/string.h"
#include "base/test.h"
#include "firmware/device_tree_made.h"

#define LIST(name, ...) MADE_LIST(&made, name, __VA_ARGS__)

static struct made_tree made;

/* A device at 0x10 of a bus that lies at 0x1000. */
static bool tree_put(void)
{
	made_start(&made);
	made_begin(&made, "");
	LIST("#address-cells", 2);
	LIST("#size-cells", 1);
	made_begin(&made, "bus");
	LIST("#address-cells", 1);
	LIST("#size-cells", 1);
	LIST("ranges", 0, 0, 0x1000, 0x100);
	made_begin(&made, "device");
	LIST("reg", 0x10, 0x20);
	made_end(&made);
	made_end(&made);
	made_end(&made);
	return made_seal(&made);
}

static bool device_find(struct device_tree_node *node)
{
	device_tree_begin(node);
	while (device_tree_next(&made.tree, node)) {
		if (strcmp(node->name, "device") == 0)
			return true;
	}
	return false;
}

TEST(device_tree, translates_addresses)
{
	struct device_tree_node node;
	uint64_t address, length;

	ASSERT_TRUE(tree_put());
	ASSERT_TRUE(device_find(&node));
	ASSERT_TRUE(device_tree_registers(&made.tree, &node, 0, &address, &length));
	EXPECT_EQUAL(address, UINT64_C(0x1010));
	EXPECT_EQUAL(length, UINT64_C(0x20));
	EXPECT(!device_tree_registers(&made.tree, &node, 1, &address, &length));
	EXPECT(!device_tree_registers(&made.tree, &node, UINT32_MAX, &address, &length));
}

/* QEMU gives room to grow, more than a loader may give; what is in it counts. */
TEST(device_tree, may_end_in_nothing)
{
	struct device_tree tree;

	ASSERT_TRUE(tree_put());
	EXPECT(device_tree_open(made.bytes, made.tree.strings + made.tree.strings_bytes, &tree));
	EXPECT_EQUAL(tree.total_bytes, made.tree.strings + made.tree.strings_bytes);
	EXPECT(!device_tree_open(made.bytes, tree.total_bytes - 1, &tree));
	EXPECT(!device_tree_open(made.bytes, DEVICE_TREE_HEADER_BYTES - 1, &tree));
}

/* Nothing to step over in `ranges`: the search has to end all the same. */
TEST(device_tree, ends_without_cells)
{
	struct device_tree_node node;
	uint64_t address, length;

	made_start(&made);
	made_begin(&made, "");
	LIST("#address-cells", 0);
	LIST("#size-cells", 0);
	made_begin(&made, "outer");
	LIST("#address-cells", 0);
	LIST("#size-cells", 0);
	LIST("ranges", 1);
	made_begin(&made, "bus");
	LIST("#address-cells", 1);
	LIST("#size-cells", 1);
	LIST("ranges", 0, 0x1000);
	made_begin(&made, "device");
	LIST("reg", 0x10, 0x20);
	for (unsigned i = 0; i < 4; i++)
		made_end(&made);
	ASSERT_TRUE(made_seal(&made));
	ASSERT_TRUE(device_find(&node));
	EXPECT(!device_tree_registers(&made.tree, &node, 0, &address, &length));
}
