/* The distributor of the generic interrupt controller (IHI 0048 4.3, IHI 0069 12.9). */
#ifndef DRIVER_INTERRUPT_GIC_REGISTERS_H
#define DRIVER_INTERRUPT_GIC_REGISTERS_H

#include "base/compiler.h"

#define DISTRIBUTOR_2_BYTES 0x1000
#define DISTRIBUTOR_3_BYTES 0x10000
#define GICD_CTLR 0x000
#define CTLR_ENABLE_GROUP_0 BIT(0)	/* version 2: all; version 3: group 0 */
#define CTLR_ENABLE_GROUP_1 BIT(1)	/* version 3, one security state */
#define CTLR_AFFINITY_ROUTING BIT(4)
#define CTLR_WRITE_PENDING BIT(31)
#define GICD_TYPER 0x004
#define TYPER_LINES(value) ((((value) & 31) + 1) * 32)
#define GICD_IGROUPR(line) (0x080 + (line) / 32 * 4)
#define GICD_ISENABLER(line) (0x100 + (line) / 32 * 4)
#define GICD_ICENABLER(line) (0x180 + (line) / 32 * 4)
#define GICD_IPRIORITYR(line) (0x400 + (line))
#define GICD_ITARGETSR(line) (0x800 + (line))
#define GICD_ICFGR(line) (0xc00 + (line) / 16 * 4)
#define GICD_IROUTER(line) (0x6000 + 8 * (line))

#define LINE_BIT(line) (1u << ((line) % 32))
#define CONFIGURATION_EDGE(line) (2u << ((line) % 16 * 2))
#define PRIORITY_ORDINARY 0xa0
#define SHARED_FIRST 32
#define LINE_LIMIT 1020

#endif
