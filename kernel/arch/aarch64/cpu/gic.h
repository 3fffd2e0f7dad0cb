/*
 * The CPU's side of the interrupt controller: taking and ending interrupts, the private ones
 * (timer), and messages between CPUs. GICv2 by memory, GICv3 and later by system registers. The
 * distributor's shared interrupts are the drivers' (driver/interrupt/).
 */
#ifndef ARCH_AARCH64_CPU_GIC_H
#define ARCH_AARCH64_CPU_GIC_H

#include "base/compiler.h"
#include "base/types.h"

/* Numbers of software-generated interrupts, 0 to 15. */
#define GIC_MESSAGE_KICK 0
#define GIC_MESSAGE_CALL 1
#define GIC_MESSAGE_STOP 2
#define GIC_MESSAGE_LIMIT 16

#define GIC_PRIVATE_LIMIT 32		/* below: of each CPU */
#define GIC_SPURIOUS_FIRST 1020		/* from here on: nothing to take */
#define GIC_SPURIOUS_LAST 1023
/* Messages (LPIs), as the controller and, right behind the others, as the kernel numbers them. */
#define GIC_LPI_FIRST 8192
#define GIC_LPI_NUMBER_FIRST 1024

/* Finds the controller; stops the machine when there is none. Before kernel_main() only. */
void gic_find(void);
/* On every CPU. */
void gic_cpu_start(void);

/* What the distributor calls a CPU: its affinity, or with version 2 its bit in target registers. */
uint64_t gic_identity(unsigned cpu);

/* Takes an interrupt; with GICv2 a message tells its sender, and ending it wants that, too. */
uint32_t gic_take(void);
uint32_t gic_number(uint32_t taken);
void gic_end(uint32_t taken);
void gic_end_number(uint32_t number);	/* of a device */
void gic_send(unsigned cpu, uint32_t message);
void gic_private_enable(uint32_t number);

#endif
