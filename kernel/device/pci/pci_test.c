/* Base address registers, places and capability lists of devices that lie. */
#include "base/errno.h"
#include "base/string.h"
#include "base/test.h"
#include "device/pci/internal.h"
#include "device/pci/made_space.h"

TEST(pci, bar_sizes)
{
	static const struct {
		uint64_t value, mask;
		enum pci_bar_kind kind;
		uint64_t length;
	} cases[] = {
		{ 0, 0, PCI_BAR_NONE, 0 },
		{ 0xfe000000, 0xfffff000, PCI_BAR_MEMORY_32, 0x1000 },
		{ 0xfe000008, 0xfffff008, PCI_BAR_MEMORY_32, 0x1000 },
		{ 0, 0x80000000, PCI_BAR_MEMORY_32, 0x80000000 },
		{ 0, 0xfff0f000, PCI_BAR_NONE, 0 },		/* a hole */
		{ 2, 0xfffff002, PCI_BAR_NONE, 0 },		/* below 1 MB: not in use */
		{ 6, 0xfffff006, PCI_BAR_NONE, 0 },
		{ 0xc000c, 0xffffffffffffc00c, PCI_BAR_MEMORY_64, 0x4000 },
		{ 4, 0x8000000000000004, PCI_BAR_MEMORY_64, BIT(63) },
		{ 4, 0xffff00000000000c, PCI_BAR_MEMORY_64, BIT(48) },
		{ 4, 4, PCI_BAR_NONE, 0 },
		{ 4, 0xff00ff0000000004, PCI_BAR_NONE, 0 },
		{ 0xc001, 0xffffffe1, PCI_BAR_PORT, 32 },
		{ 0xc001, 0x0000ffe1, PCI_BAR_PORT, 32 },
		{ 1, 1, PCI_BAR_NONE, 0 },
		{ 1, 0xffffffff, PCI_BAR_PORT, 4 },
	};
	struct pci_bar bar;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		pci_bar_decode(cases[i].value, cases[i].mask, &bar);
		EXPECT(bar.kind == cases[i].kind && bar.length == cases[i].length);
		EXPECT(!bar.is_placed);
	}
}

static struct pci_bar bar_of(enum pci_bar_kind kind, uint64_t length)
{
	return (struct pci_bar){ .kind = kind, .length = length };
}

TEST(pci, places_are_aligned_and_within)
{
	struct pci_window window = {
		.address = 0x80000000, .bus_address = 0x10000000, .length = 0x100000,
	};
	struct pci_bar small = bar_of(PCI_BAR_MEMORY_32, 16), large, huge;

	ASSERT_TRUE(pci_window_take(&window, &small) == 0);
	EXPECT(small.bus_address == 0x10000000 && small.address == 0x80000000);
	large = bar_of(PCI_BAR_MEMORY_64, 0x80000);
	ASSERT_TRUE(pci_window_take(&window, &large) == 0);
	EXPECT(large.bus_address == 0x10080000 && large.address == 0x80080000);
	small = bar_of(PCI_BAR_MEMORY_32, 16);
	EXPECT(pci_window_take(&window, &small) == -ENOSPC && !small.is_placed);
	huge = bar_of(PCI_BAR_MEMORY_64, BIT(63));
	EXPECT(pci_window_take(&window, &huge) == -ENOSPC);
}

TEST(pci, places_keep_off_the_ends)
{
	struct pci_window low = { .address = 0x1000000, .length = 0x10000 };
	struct pci_window high = { .address = BIT(38), .bus_address = BIT(38), .length = BIT(30) };
	struct pci_window last = { .bus_address = UINT64_MAX - 0xfff, .length = 0x1000 };
	struct pci_bar bar = bar_of(PCI_BAR_MEMORY_32, 0x1000);

	/* An address of 0 would say that there is none. */
	ASSERT_TRUE(pci_window_take(&low, &bar) == 0);
	EXPECT(bar.bus_address == 0x1000 && bar.address == 0x1001000);
	bar = bar_of(PCI_BAR_MEMORY_32, 0x1000);
	EXPECT(pci_window_take(&high, &bar) == -ENOSPC);
	bar = bar_of(PCI_BAR_MEMORY_64, 0x2000);
	EXPECT(pci_window_take(&last, &bar) == -ENOSPC);
}

static struct pci_host host = { .read = made_space_read, .write = made_space_write };
static struct pci_function function = { .host = &host };

static void space_begin(unsigned capabilities)
{
	memset(made_space, 0, sizeof(made_space));
	put32(PCI_COMMAND, (uint32_t)STATUS_CAPABILITIES);
	made_space[PCI_CAPABILITIES] = (uint8_t)capabilities;
}

TEST(pci, capabilities_in_order)
{
	space_begin(0x43);			/* the lowest two bits do not count */
	put32(0x40, 0x01005009);
	put32(0x50, 0x02006011);
	put32(0x60, 0x03000009);
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_VENDOR, 0, 16) == 0x40);
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_VENDOR, 0x40, 16) == 0x60);
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_VENDOR, 0x60, 16) == 0);
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_MSIX, 0, 12) == 0x50);
	EXPECT(pci_capability_find(&function, 0x05, 0, 4) == 0);
	put32(PCI_COMMAND, 0);
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_VENDOR, 0, 16) == 0);
}

TEST(pci, capabilities_in_circles)
{
	space_begin(0x40);
	put32(0x40, 0x01004009);		/* leads to itself */
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_MSIX, 0, 12) == 0);
	put32(0x40, 0x01005009);
	put32(0x50, 0x01004009);		/* two in a ring */
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_MSIX, 0, 12) == 0);
	/* Whoever walks on from one to the next comes to an end as well. */
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_VENDOR, 0, 16) == 0x40);
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_VENDOR, 0x40, 16) == 0x50);
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_VENDOR, 0x50, 16) == 0);
}

TEST(pci, capabilities_outside)
{
	space_begin(0xfc);
	put32(0xfc, 0x01000009);
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_VENDOR, 0, 16) == 0);
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_VENDOR, 0, 4) == 0xfc);
	space_begin(0x10);			/* inside the header */
	put32(0x10, 0x01000009);
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_VENDOR, 0, 4) == 0);
	memset(made_space, 0xff, sizeof(made_space));
	EXPECT(pci_capability_find(&function, PCI_CAPABILITY_VENDOR, 0, 4) == 0);
	EXPECT(pci_read32(&function, PCI_CONFIG_BYTES) == UINT32_MAX);
	EXPECT(pci_read32(&function, UINT32_MAX - 1) == UINT32_MAX);
}
