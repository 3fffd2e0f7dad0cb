/*
 * PCI: functions found behind host bridges (PCI Local Bus 3.0, PCI Express 5.0 chapter 7). A host
 * bridge's driver supplies access to configuration space; the rest is here. Whatever a device or a
 * table says is checked: where registers lie, how far capabilities go, which bus is behind what.
 */
#ifndef DEVICE_PCI_PCI_H
#define DEVICE_PCI_PCI_H

#include "base/bitmap.h"
#include "base/compiler.h"
#include "base/list.h"
#include "base/types.h"
#include "device/driver.h"
#include "sync/spin_lock.h"

#define PCI_BUS_COUNT 256
#define PCI_BAR_COUNT 6
#define PCI_CONFIG_BYTES 256	/* of the ordinary space, in which capabilities stand */

#define PCI_CAPABILITY_MSIX 0x11
#define PCI_CAPABILITY_VENDOR 0x09

/* Where devices' memory may be placed: as a CPU and as a device says it. */
struct pci_window {
	struct list_node node;
	uint64_t address, bus_address, length;
	uint64_t used;			/* from its beginning */
	bool is_64_bit;
};

/* What the root bus that made a host bridge's device knows of it (device->bus_state). */
struct pci_host_description {
	uint8_t bus_first, bus_last;
	struct list_head windows;	/* none: firmware has placed everything */
	/* The line of a pin (1 to 4) of a function on the first bus; -ENOENT. `wire` is what the
	 * function's register Interrupt Line holds. */
	int (*interrupt_find)(struct device *bridge, unsigned slot_function, unsigned pin,
			      uint8_t wire, uint32_t *line, uint32_t *trigger);
	const char *lost_wires;		/* why a function that has a pin may have no line */
};

/* A host bridge: its driver fills in the first part and calls pci_host_start(). */
struct pci_host {
	struct device *device;
	struct pci_host_description *description;
	/* One aligned word at offset < 256. All ones: nothing there. Any context. */
	uint32_t (*read)(struct pci_host *host, unsigned bus, unsigned slot_function,
			 unsigned offset);
	void (*write)(struct pci_host *host, unsigned bus, unsigned slot_function,
		      unsigned offset, uint32_t value);
	/* Before the first access to a bus; NULL: nothing to do. -errno: there is none. */
	int (*bus_prepare)(struct pci_host *host, unsigned bus);

	BITMAP(buses, PCI_BUS_COUNT);	/* seen */
	unsigned bus_next;		/* the lowest number that nobody has */
	struct list_head functions;	/* as found: a bridge before what is behind it */
};

enum pci_bar_kind { PCI_BAR_NONE, PCI_BAR_PORT, PCI_BAR_MEMORY_32, PCI_BAR_MEMORY_64 };

struct pci_bar {
	enum pci_bar_kind kind;
	uint64_t bus_address;		/* as the device has it; 0: not placed */
	uint64_t address;		/* as a CPU does; valid when is_placed */
	uint64_t length;
	bool is_placed;
};

struct pci_function {
	struct list_node node;
	struct device *device;
	struct pci_host *host;
	struct pci_function *bridge;	/* above it; NULL: on the first bus */
	uint8_t bus, slot_function;
	bool is_bridge;
	bool is_numbered_here;		/* a bridge that firmware has not set up */
	uint8_t bus_behind, bus_behind_last;
	struct pci_bar bars[PCI_BAR_COUNT];
};

/* Finds, places and publishes all functions. Sleeps. */
int pci_host_start(struct pci_host *host) MUST_CHECK;

/* The function that a device published here is. */
struct pci_function *pci_function_of(struct device *device);

/* Configuration space at any aligned offset < PCI_CONFIG_BYTES. */
uint32_t pci_read32(struct pci_function *function, unsigned offset);
uint16_t pci_read16(struct pci_function *function, unsigned offset);
uint8_t pci_read8(struct pci_function *function, unsigned offset);
void pci_write32(struct pci_function *function, unsigned offset, uint32_t value);

/* The next capability of a kind behind the one at `after` (0: the first); 0: none. Ends on a list
 * that goes in a circle. `bytes` of it lie within the space. */
unsigned pci_capability_find(struct pci_function *function, uint8_t id, unsigned after,
			     unsigned bytes);

/* Answers to its memory and may write to ours. */
void pci_function_enable(struct pci_function *function);

/* Part of what a base address register leads to. -ENODEV: not memory, not placed, or not within. */
int pci_bar_map(struct pci_function *function, unsigned bar, uint64_t offset, uint64_t length,
		struct registers *registers) MUST_CHECK;

/* Connects the first message of MSI-X and turns wires off. -ENODEV: no MSI-X, or nothing takes
 * messages. Sleeps. */
int pci_message_connect(struct pci_function *function, interrupt_handler handler, void *argument)
	MUST_CHECK;

/* Says in the log why a function has no interrupts, where messages were tried and wires, too. */
void pci_interrupt_missing(struct pci_function *function);

/* What the values of a base address register say, before and after all ones were written. */
void pci_bar_decode(uint64_t value, uint64_t mask, struct pci_bar *bar);
/* A place of the bar's length in a window, aligned; -ENOSPC. */
int pci_window_take(struct pci_window *window, struct pci_bar *bar) MUST_CHECK;

#endif
