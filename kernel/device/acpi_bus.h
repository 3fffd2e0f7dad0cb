/* What the parts of ACPI's root bus share. All run once, when the machine starts. */
#ifndef DEVICE_ACPI_BUS_H
#define DEVICE_ACPI_BUS_H

#include "device/driver.h"
#include "firmware/acpi.h"

struct acpi_device {
	const char *name, *identity;
	enum resource_kind kind;
	uint64_t start, length;			/* of its registers */
	bool has_lines;				/* interrupts: */
	uint32_t line_first, line_count, trigger;
};

bool acpi_table_find(const char *signature, struct acpi_table *table) MUST_CHECK;

/* Describe and publish. -ENOMEM. */
int acpi_device_add(const struct acpi_device *description) MUST_CHECK;
int acpi_pci_host_add(const struct acpi_device *host, uint8_t bus_first, uint8_t bus_last)
	MUST_CHECK;

/* Each kind of machine's: publishes what it has, interrupt controllers first. */
int acpi_machine_add(void) MUST_CHECK;
/* And struct pci_host_description's interrupt_find. */
int acpi_pci_interrupt_find(struct device *bridge, unsigned slot_function, unsigned pin,
			    uint8_t wire, uint32_t *line, uint32_t *trigger);

#endif
