/* Registers of devices, in memory or in the port space, behind one handle. */
#include "arch/mmu.h"
#include "arch/port.h"
#include "base/arithmetic.h"
#include "base/errno.h"
#include "device/driver.h"
#include "device/internal.h"
#include "memory/kernel_map.h"

int device_registers_map(struct device *device, unsigned index, struct registers *registers)
{
	struct device_resource *memory = device_resource_find(device, RESOURCE_MEMORY, index);
	struct device_resource *ports = device_resource_find(device, RESOURCE_PORT, index);

	*registers = (struct registers){ 0 };
	if (memory) {
		registers->memory = kernel_map_physical(memory->start, memory->length,
							MMU_READ | MMU_WRITE | MMU_DEVICE);
		registers->length = memory->length;
		return registers->memory ? 0 : -ENOMEM;
	}
	if (!ports || !range_is_within(ports->start, ports->length, PORT_SPACE_BYTES))
		return -ENODEV;
	registers->port = (uint16_t)ports->start;
	registers->length = ports->length;
	return 0;
}

uint8_t register_read8(const struct registers *registers, uint64_t offset)
{
	if (registers->memory)
		return *(volatile uint8_t *)(registers->memory + offset);
	return port_read8((uint16_t)(registers->port + offset));
}

uint16_t register_read16(const struct registers *registers, uint64_t offset)
{
	if (registers->memory)
		return *(volatile uint16_t *)(registers->memory + offset);
	return port_read16((uint16_t)(registers->port + offset));
}

uint32_t register_read32(const struct registers *registers, uint64_t offset)
{
	if (registers->memory)
		return *(volatile uint32_t *)(registers->memory + offset);
	return port_read32((uint16_t)(registers->port + offset));
}

uint64_t register_read64(const struct registers *registers, uint64_t offset)
{
	if (registers->memory)
		return *(volatile uint64_t *)(registers->memory + offset);
	return register_read32(registers, offset) |
	       (uint64_t)register_read32(registers, offset + 4) << 32;
}

void register_write8(const struct registers *registers, uint64_t offset, uint8_t value)
{
	if (registers->memory)
		*(volatile uint8_t *)(registers->memory + offset) = value;
	else
		port_write8((uint16_t)(registers->port + offset), value);
}

void register_write16(const struct registers *registers, uint64_t offset, uint16_t value)
{
	if (registers->memory)
		*(volatile uint16_t *)(registers->memory + offset) = value;
	else
		port_write16((uint16_t)(registers->port + offset), value);
}

void register_write32(const struct registers *registers, uint64_t offset, uint32_t value)
{
	if (registers->memory)
		*(volatile uint32_t *)(registers->memory + offset) = value;
	else
		port_write32((uint16_t)(registers->port + offset), value);
}

void register_write64(const struct registers *registers, uint64_t offset, uint64_t value)
{
	if (registers->memory) {
		*(volatile uint64_t *)(registers->memory + offset) = value;
		return;
	}
	register_write32(registers, offset, (uint32_t)value);
	register_write32(registers, offset + 4, (uint32_t)(value >> 32));
}
