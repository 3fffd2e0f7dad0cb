/* Registers of the I/O APIC. Intel 82093AA datasheet, section 3. */
#ifndef DRIVER_INTERRUPT_IOAPIC_REGISTERS_H
#define DRIVER_INTERRUPT_IOAPIC_REGISTERS_H

#include "base/compiler.h"

/* Memory-mapped, 3.1. */
#define IOREGSEL 0x00
#define IOWIN 0x10

/* Indirect, 3.2. */
#define IOAPICID 0x00
#define IOAPICVER 0x01
#define IOREDTBL(line) (0x10 + 2 * (line))	/* low half; the high half follows */

#define IOAPICVER_MAXIMUM_ENTRY(value) ((value) >> 16 & 0xff)

/* IOREDTBL, 3.2.4. */
#define REDIRECTION_ACTIVE_LOW BIT(13)
#define REDIRECTION_LEVEL BIT(15)
#define REDIRECTION_MASKED BIT(16)
#define REDIRECTION_DESTINATION_SHIFT 24	/* of the high half */

#endif
