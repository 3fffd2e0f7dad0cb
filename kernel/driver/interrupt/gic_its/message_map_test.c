/* Maps of messages in a small tree that is put together by hand; then cells that lie. */
#include "driver/interrupt/gic_its/message_map.h"

#include "base/string.h"
#include "base/test.h"

#define STRUCTURE_AT 64
#define STRINGS_AT 512
#define TREE_BYTES 1024
#define BEGIN_NODE 1
#define END_NODE 2
#define PROPERTY 3
#define END 9

static uint8_t bytes[TREE_BYTES];
static uint32_t at, strings_bytes;
static struct device_tree tree;
static struct device_tree_node bridge;

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

/* The root is the bridge. */
static void bridge_begin(void)
{
	memset(bytes, 0, sizeof(bytes));
	at = STRUCTURE_AT;
	strings_bytes = 0;
	put(BEGIN_NODE);
	put(0);
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

#define LIST(name, ...) do { \
	const uint32_t cells_[] = { __VA_ARGS__ }; \
	property(name, cells_, ARRAY_SIZE(cells_)); \
} while (0)

static bool bridge_end(void)
{
	put(END_NODE);
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
	if (!device_tree_open(bytes, sizeof(bytes), &tree))
		return false;
	device_tree_begin(&bridge);
	return device_tree_next(&tree, &bridge);
}

/* Whether a requester's messages go to a handle as a device's. */
static bool goes(uint32_t requester, uint32_t handle, uint32_t device)
{
	struct message_target target;

	return message_map_find(&tree, &bridge, requester, &target) && target.handle == handle &&
	       target.device == device;
}

static bool goes_nowhere(uint32_t requester)
{
	struct message_target target;

	return !message_map_find(&tree, &bridge, requester, &target);
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
	property("msi-parent", NULL, 0);
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
	property("msi-map-mask", NULL, 0);
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
