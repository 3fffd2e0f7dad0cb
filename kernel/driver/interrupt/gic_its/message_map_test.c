/* Maps of messages in a small tree that is put together by hand; then cells that lie. */
#include "driver/interrupt/gic_its/message_map.h"

#include "base/test.h"
#include "firmware/device_tree_made.h"

#define LIST(name, ...) MADE_LIST(&made, name, __VA_ARGS__)

static struct made_tree made;
static struct device_tree_node bridge;

/* The root is the bridge. */
static void bridge_begin(void)
{
	made_start(&made);
	made_begin(&made, "");
}

static bool bridge_end(void)
{
	made_end(&made);
	if (!made_seal(&made))
		return false;
	device_tree_begin(&bridge);
	return device_tree_next(&made.tree, &bridge);
}

/* Whether a requester's messages go to a handle as a device's. */
static bool goes(uint32_t requester, uint32_t handle, uint32_t device)
{
	struct message_target target;

	return message_map_find(&made.tree, &bridge, requester, &target) &&
	       target.handle == handle && target.device == device;
}

static bool goes_nowhere(uint32_t requester)
{
	struct message_target target;

	return !message_map_find(&made.tree, &bridge, requester, &target);
}

TEST(message_map, entries)
{
	bridge_begin();
	LIST("msi-map", 0, 7, 0x10000, 0x100, 0x200, 8, 0, 0x100, 0x280, 9, 0, 1);
	ASSERT_TRUE(bridge_end());
	EXPECT(goes(0, 7, 0x10000) && goes(0xff, 7, 0x100ff));
	EXPECT(goes_nowhere(0x100) && goes_nowhere(0x1ff));
	EXPECT(goes(0x200, 8, 0) && goes(0x280, 8, 0x80) && goes(0x2ff, 8, 0xff));
	EXPECT(goes_nowhere(0x300) && goes_nowhere(UINT32_MAX));
}

TEST(message_map, mask)
{
	bridge_begin();
	LIST("msi-map", 0, 7, 0x40, 0x10000);
	LIST("msi-map-mask", 0xfff8);
	ASSERT_TRUE(bridge_end());
	EXPECT(goes(0x108, 7, 0x148) && goes(0x10f, 7, 0x148) && goes(0x110, 7, 0x150));
}

TEST(message_map, parent)
{
	bridge_begin();
	LIST("msi-parent", 5);
	ASSERT_TRUE(bridge_end());
	EXPECT(goes(0, 5, 0) && goes(0xffff, 5, 0xffff));
	bridge_begin();
	LIST("msi-parent", 5);
	LIST("msi-map", 8, 7, 0, 8);		/* counts alone */
	ASSERT_TRUE(bridge_end());
	EXPECT(goes(8, 7, 0) && goes_nowhere(0));
	bridge_begin();
	made_property(&made, "msi-parent", NULL, 0);
	ASSERT_TRUE(bridge_end());
	EXPECT(goes_nowhere(0));
	bridge_begin();
	ASSERT_TRUE(bridge_end());
	EXPECT(goes_nowhere(0));
}

TEST(message_map, lies)
{
	bridge_begin();
	LIST("msi-map", 0, 7, 0, 0, UINT32_MAX, 8, 0, UINT32_MAX, 0x10, 9, UINT32_MAX, 0x10, 0x20,
	     10, 0);				/* empty, wraps, numbers that wrap, is cut off */
	made_property(&made, "msi-map-mask", NULL, 0);
	ASSERT_TRUE(bridge_end());
	EXPECT(goes_nowhere(0) && goes_nowhere(8));
	EXPECT(goes(UINT32_MAX, 8, 0));
	EXPECT(goes(0x10, 9, UINT32_MAX) && goes_nowhere(0x11));
	EXPECT(goes_nowhere(0x20));
	bridge_begin();
	LIST("msi-map", 0, 7, 0);
	ASSERT_TRUE(bridge_end());
	EXPECT(goes_nowhere(0));
}
