/* machine/port.h of a CPU without I/O ports: reads find nothing, writes go nowhere. */
#ifndef ARCH_COMMON_NO_PORT_H
#define ARCH_COMMON_NO_PORT_H

#include "base/types.h"

#define PORT_SPACE_BYTES 0u

static inline uint8_t port_read8(uint16_t port)
{
	(void)port;
	return UINT8_MAX;
}

static inline uint16_t port_read16(uint16_t port)
{
	(void)port;
	return UINT16_MAX;
}

static inline uint32_t port_read32(uint16_t port)
{
	(void)port;
	return UINT32_MAX;
}

static inline void port_write8(uint16_t port, uint8_t value)
{
	(void)port;
	(void)value;
}

static inline void port_write16(uint16_t port, uint16_t value)
{
	(void)port;
	(void)value;
}

static inline void port_write32(uint16_t port, uint32_t value)
{
	(void)port;
	(void)value;
}

#endif
