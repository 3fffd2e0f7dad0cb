/* Buses behind bridges that lie: the search ends. */
#include "base/errno.h"
#include "base/string.h"
#include "device/pci/internal.h"
#include "device/pci/made_space.h"
#include "memory/host_test.h"

static unsigned buses_prepared;

static int fake_prepare(struct pci_host *host, unsigned bus)
{
	(void)host;
	(void)bus;
	buses_prepared++;
	return 0;
}

static struct pci_host host;

static int no_interrupt(struct device *bridge, unsigned slot_function, unsigned pin, uint8_t wire,
			uint32_t *line, uint32_t *trigger)
{
	(void)bridge;
	(void)slot_function;
	(void)pin;
	(void)wire;
	(void)line;
	(void)trigger;
	return -ENOENT;
}

/* On every bus stands the same bridge, which keeps the numbers that it likes. */
static void bridges_end(uint32_t numbers)
{
	static struct pci_host_description description;

	memset(made_space, 0, sizeof(made_space));
	put32(PCI_ID, 0x12345678);
	put32(PCI_CLASS, 0x06040000);
	put32(0x0c, HEADER_BRIDGE << 16);
	put32(BRIDGE_BUSES, numbers);
	description.bus_last = UINT8_MAX;
	description.interrupt_find = no_interrupt;
	list_init(&description.windows);
	host = (struct pci_host){
		.device = device_create(NULL, "pci"), .description = &description,
		.read = made_space_read, .write = made_space_write, .bus_prepare = fake_prepare,
	};
	buses_prepared = 0;
	ASSERT_TRUE(host.device);
	EXPECT(pci_host_start(&host) == 0);
	EXPECT(buses_prepared > 1 && buses_prepared <= PCI_BUS_COUNT);
}

MEMORY_TEST(pci, bridges_without_end)
{
	bridges_end(0x00000000);
	bridges_end(0x00010000);		/* last below first */
	bridges_end(0x00ff0100);		/* all of them lead to bus 1 */
	bridges_end(0x00ffff00);		/* and to the last */
	bridges_end(0x00010100);
}
