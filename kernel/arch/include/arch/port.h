/*
 * I/O ports, for CPUs that have them. machine/port.h defines, inline:
 *   PORT_SPACE_BYTES      65536, or 0 on a CPU without ports
 *   uint8_t port_read8(uint16_t port), port_read16, port_read32     without ports: all ones
 *   void port_write8(uint16_t port, uint8_t value), port_write16, port_write32
 */
#ifndef ARCH_PORT_H
#define ARCH_PORT_H

#include "machine/port.h"

#endif
