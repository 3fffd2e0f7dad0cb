/* What the files of device/pci/ share: the header of configuration space (PCI 3.0, section 6.1). */
#ifndef DEVICE_PCI_INTERNAL_H
#define DEVICE_PCI_INTERNAL_H

#include "device/pci/pci.h"

#define PCI_ID 0x00
#define PCI_COMMAND 0x04		/* and the status above it, whose bits ones clear */
#define COMMAND_PORT BIT(0)
#define COMMAND_MEMORY BIT(1)
#define COMMAND_MASTER BIT(2)
#define COMMAND_NO_WIRE BIT(10)
#define COMMAND_MASK 0xffffu
#define STATUS_CAPABILITIES BIT(20)
#define PCI_CLASS 0x08
#define CLASS_BRIDGE 0x06
#define PCI_HEADER 0x0e
#define HEADER_KIND_MASK 0x7f
#define HEADER_DEVICE 0
#define HEADER_BRIDGE 1
#define HEADER_MULTIPLE BIT(7)
#define PCI_BAR(index) (0x10 + 4 * (index))
#define PCI_SUBSYSTEM 0x2c
#define PCI_CAPABILITIES 0x34
#define PCI_INTERRUPT_LINE 0x3c
#define PCI_INTERRUPT_PIN 0x3d

/* Of a bridge (PCI-to-PCI Bridge Architecture 1.2, section 3.2). */
#define BRIDGE_BUSES 0x18		/* primary, secondary, subordinate, latency */
#define BRIDGE_MEMORY 0x20		/* base and limit, in megabytes */
#define BRIDGE_PREFETCHABLE 0x24
#define BRIDGE_WINDOW_BYTES 0x100000u

#define SLOT_COUNT 32
#define FUNCTION_COUNT 8
#define SLOT_OF(slot_function) ((slot_function) >> 3)

/* Sizes the base address registers of a function; places all that firmware has not. */
void pci_bars_read(struct pci_function *function);
void pci_bars_place(struct pci_host *host);

#endif
