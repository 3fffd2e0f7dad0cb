/* MSI-X (PCI 3.0, section 6.8.2): the first message of a function, which is all that is used. */
#include "device/interrupt.h"
#include "device/pci/internal.h"

#include "base/errno.h"

#define MSIX_BYTES 12
#define MSIX_CONTROL 0x0		/* above the capability's head */
#define CONTROL_ENABLE BIT(31)
#define CONTROL_MASK_ALL BIT(30)
#define MSIX_TABLE 0x4
#define TABLE_BAR_MASK 0x7u

/* An entry of the table. */
#define ENTRY_BYTES 16
#define ENTRY_ADDRESS 0x0
#define ENTRY_ADDRESS_HIGH 0x4
#define ENTRY_DATA 0x8
#define ENTRY_CONTROL 0xc
#define ENTRY_MASKED BIT(0)

int pci_message_connect(struct pci_function *function, interrupt_handler handler, void *argument)
{
	unsigned at = pci_capability_find(function, PCI_CAPABILITY_MSIX, 0, MSIX_BYTES);
	struct interrupt_message message;
	struct registers entry;
	uint32_t table, control;
	int result;

	if (!at)
		return -ENODEV;
	table = pci_read32(function, at + MSIX_TABLE);
	result = pci_bar_map(function, table & TABLE_BAR_MASK, table & ~TABLE_BAR_MASK,
			     ENTRY_BYTES, &entry);
	if (result == 0)
		result = interrupt_message_connect(function->device, handler, argument, &message);
	if (result < 0)
		return result;
	control = pci_read32(function, at + MSIX_CONTROL);
	/* All are masked until the entry is whole. */
	pci_write32(function, at + MSIX_CONTROL,
		    control | (uint32_t)(CONTROL_ENABLE | CONTROL_MASK_ALL));
	register_write32(&entry, ENTRY_ADDRESS, (uint32_t)message.address);
	register_write32(&entry, ENTRY_ADDRESS_HIGH, (uint32_t)(message.address >> 32));
	register_write32(&entry, ENTRY_DATA, message.data);
	register_write32(&entry, ENTRY_CONTROL,
			 register_read32(&entry, ENTRY_CONTROL) & ~(uint32_t)ENTRY_MASKED);
	pci_write32(function, PCI_COMMAND, (pci_read32(function, PCI_COMMAND) & COMMAND_MASK) |
		    (uint32_t)COMMAND_NO_WIRE);
	pci_write32(function, at + MSIX_CONTROL,
		    (control & ~(uint32_t)CONTROL_MASK_ALL) | (uint32_t)CONTROL_ENABLE);
	return 0;
}
