/*
 * One configuration space, made by a test, that the first function of every bus shows. What is
 * written to it is gone.
 */
#ifndef DEVICE_PCI_MADE_SPACE_H
#define DEVICE_PCI_MADE_SPACE_H

#include "base/string.h"
#include "device/pci/internal.h"

static uint8_t made_space[PCI_CONFIG_BYTES];

static inline void put32(unsigned at, uint32_t value)
{
	memcpy(made_space + at, &value, 4);
}

static inline uint32_t made_space_read(struct pci_host *host, unsigned bus, unsigned slot_function,
				       unsigned offset)
{
	uint32_t value;

	(void)host;
	(void)bus;
	if (slot_function != 0)
		return UINT32_MAX;
	memcpy(&value, made_space + offset, 4);
	return value;
}

static inline void made_space_write(struct pci_host *host, unsigned bus, unsigned slot_function,
				    unsigned offset, uint32_t value)
{
	(void)host;
	(void)bus;
	(void)slot_function;
	(void)offset;
	(void)value;
}

#endif
