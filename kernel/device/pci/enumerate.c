/*
 * Finding functions behind a host bridge. Buses that firmware has numbered keep their numbers if
 * those make sense; others are numbered in the order of finding. No bus is visited twice, so
 * bridges that lead to each other end the search, not the kernel.
 */
#include "device/pci/internal.h"

#include "base/errno.h"
#include "base/format.h"
#include "log/log.h"
#include "memory/heap.h"

#define DEPTH_LIMIT 8			/* of bridges behind bridges; each is a call deep */
#define BRIDGE_BUSES_MASK 0xffffffu
#define PIN_COUNT 4

static int bus_scan(struct pci_host *host, unsigned bus, struct pci_function *bridge,
		    unsigned depth);

static uint32_t buses_of(struct pci_host *host, unsigned bus, unsigned behind, unsigned last)
{
	(void)host;
	return bus | behind << 8 | last << 16;
}

/* Whether firmware's numbers can be kept. */
static bool numbers_are_good(struct pci_host *host, unsigned bus, unsigned behind, unsigned last)
{
	return behind > bus && last >= behind && last <= host->description->bus_last &&
	       !bitmap_test(host->buses, behind);
}

static int bridge_scan(struct pci_host *host, struct pci_function *bridge, unsigned depth)
{
	uint32_t buses = pci_read32(bridge, BRIDGE_BUSES);
	unsigned behind = buses >> 8 & 0xff, last = buses >> 16 & 0xff;
	int result;

	if (depth == DEPTH_LIMIT)
		return 0;
	bridge->is_numbered_here = !numbers_are_good(host, bridge->bus, behind, last);
	if (bridge->is_numbered_here) {
		if (host->bus_next > host->description->bus_last)
			return 0;
		behind = host->bus_next;
		last = host->description->bus_last;
		pci_write32(bridge, BRIDGE_BUSES, (buses & ~BRIDGE_BUSES_MASK) |
			    buses_of(host, bridge->bus, behind, last));
	}
	host->bus_next = max(host->bus_next, behind + 1);
	bridge->bus_behind = (uint8_t)behind;
	result = bus_scan(host, behind, bridge, depth + 1);
	if (!bridge->is_numbered_here)
		host->bus_next = max(host->bus_next, last + 1);
	else
		last = host->bus_next - 1;
	bridge->bus_behind_last = (uint8_t)last;
	pci_write32(bridge, BRIDGE_BUSES, (buses & ~BRIDGE_BUSES_MASK) |
		    buses_of(host, bridge->bus, behind, last));
	pci_function_enable(bridge);
	return result;
}

static int identities_add(struct pci_function *function, uint32_t id, uint32_t class)
{
	int result = device_identity_add(function->device, IDENTITY_PCI_ID,
					 (id & 0xffff) << 16 | id >> 16, NULL);

	if (result == 0)
		result = device_identity_add(function->device, IDENTITY_PCI_CLASS, class >> 8,
					     NULL);
	return result;
}

static int function_add(struct pci_host *host, struct pci_function *function, unsigned depth)
{
	uint32_t id = pci_read32(function, PCI_ID), class = pci_read32(function, PCI_CLASS);
	uint8_t kind = pci_read8(function, PCI_HEADER) & HEADER_KIND_MASK;
	char name[32];
	int result;

	format_print(name, sizeof(name), "pci:%02x:%02x.%u", function->bus,
		     SLOT_OF(function->slot_function), function->slot_function & 7);
	function->device = device_create(host->device, name);
	if (!function->device) {
		heap_free(function);
		return -ENOMEM;
	}
	function->device->bus_state = function;
	function->is_bridge = kind == HEADER_BRIDGE;
	list_add_tail(&host->functions, &function->node);
	result = identities_add(function, id, class);
	/* The registers of a chipset's own parts are where its firmware wants them. */
	if (kind == HEADER_DEVICE && class >> 24 != CLASS_BRIDGE)
		pci_bars_read(function);
	else if (result == 0 && function->is_bridge)
		result = bridge_scan(host, function, depth);
	return result;
}

static bool is_present(struct pci_host *host, unsigned bus, unsigned slot_function)
{
	uint16_t vendor = (uint16_t)host->read(host, bus, slot_function, PCI_ID);

	return vendor != 0xffff && vendor != 0;
}

/* One slot: its first function says whether there are more. */
static int slot_scan(struct pci_host *host, unsigned bus, unsigned slot,
		     struct pci_function *bridge, unsigned depth)
{
	unsigned count = 1;
	int result = 0;

	for (unsigned i = 0; i < count && result == 0; i++) {
		struct pci_function *function;

		if (!is_present(host, bus, slot << 3 | i))
			continue;
		function = heap_allocate(sizeof(*function), HEAP_PATIENT);
		if (!function)
			return -ENOMEM;
		function->host = host;
		function->bridge = bridge;
		function->bus = (uint8_t)bus;
		function->slot_function = (uint8_t)(slot << 3 | i);
		if (i == 0 && (pci_read8(function, PCI_HEADER) & HEADER_MULTIPLE))
			count = FUNCTION_COUNT;
		result = function_add(host, function, depth);
	}
	return result;
}

static int bus_scan(struct pci_host *host, unsigned bus, struct pci_function *bridge,
		    unsigned depth)
{
	int result = host->bus_prepare ? host->bus_prepare(host, bus) : 0;

	bitmap_set(host->buses, bus);
	for (unsigned slot = 0; slot < SLOT_COUNT && result == 0; slot++)
		result = slot_scan(host, bus, slot, bridge, depth);
	return result;
}

/* The wire of a function's interrupt: bridges turn the four pins by the slot (bridge architecture,
 * section 9.1) until the host bridge's own table counts. */
static int interrupt_add(struct pci_function *function)
{
	unsigned pin = pci_read8(function, PCI_INTERRUPT_PIN), place = function->slot_function;
	struct pci_host_description *description = function->host->description;
	uint32_t line, trigger;

	if (pin == 0 || pin > PIN_COUNT)
		return 0;
	for (struct pci_function *at = function->bridge; at; at = at->bridge) {
		pin = (pin - 1 + SLOT_OF(place)) % PIN_COUNT + 1;
		place = at->slot_function;
	}
	if (description->interrupt_find(function->host->device, place, pin,
					pci_read8(function, PCI_INTERRUPT_LINE), &line,
					&trigger) < 0)
		return 0;
	return device_resource_add(function->device, RESOURCE_INTERRUPT, line, 1, trigger);
}

void pci_interrupt_missing(struct pci_function *function)
{
	bool has_pin = pci_read8(function, PCI_INTERRUPT_PIN) != 0;

	log_print(LOG_WARNING, "%s: no interrupts: nothing takes its messages, and %s",
		  function->device->name,
		  has_pin ? function->host->description->lost_wires : "it has no wire");
}

static int function_publish(struct pci_function *function)
{
	int result = interrupt_add(function);

	for (unsigned i = 0; i < PCI_BAR_COUNT && result == 0; i++) {
		const struct pci_bar *bar = &function->bars[i];

		if (bar->is_placed)
			result = device_resource_add(function->device, RESOURCE_MEMORY,
						     bar->address, bar->length, 0);
		else if (bar->kind == PCI_BAR_PORT && bar->bus_address)
			result = device_resource_add(function->device, RESOURCE_PORT,
						     bar->bus_address, bar->length, 0);
	}
	return result == 0 ? device_publish(function->device) : result;
}

int pci_host_start(struct pci_host *host)
{
	struct pci_function *function;
	unsigned count = 0, buses;
	int result;

	list_init(&host->functions);
	host->bus_next = host->description->bus_first + 1u;
	result = bus_scan(host, host->description->bus_first, NULL, 0);
	if (result < 0)
		return result;
	pci_bars_place(host);
	list_for_each(function, &host->functions, node) {
		count++;
		if (result == 0)
			result = function_publish(function);
	}
	buses = (unsigned)bitmap_count(host->buses, PCI_BUS_COUNT);
	log_print(LOG_INFO, "%s: %u function%s on %u bus%s", host->device->name, count,
		  count == 1 ? "" : "s", buses, buses == 1 ? "" : "es");
	return result;
}
