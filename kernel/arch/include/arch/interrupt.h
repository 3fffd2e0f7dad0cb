/*
 * Interrupts between the CPU and the device layer. An interrupt has a number in one flat space
 * that the architecture's entry code and the interrupt-controller drivers agree on (x86: vectors).
 */
#ifndef ARCH_INTERRUPT_H
#define ARCH_INTERRUPT_H

#include "base/types.h"
#include "base/compiler.h"

/*
 * Reserves a number for a device on the given CPU and returns it, or -ENOSPC. Several may be asked
 * for at once (`count` consecutive, aligned, for MSI). On CPUs with one shared number space
 * (aarch64: INTIDs of the GIC) the controller driver hands out numbers and this is -ENOSYS.
 */
int interrupt_number_reserve(unsigned cpu, unsigned count);
void interrupt_number_release(unsigned cpu, unsigned number, unsigned count);

/* Tells the CPU's local controller that the interrupt in service is done. Interrupt context. */
void interrupt_end(unsigned number);

/* Where a message-signalled interrupt must be written to reach `number` on `cpu`. */
void interrupt_message(unsigned cpu, unsigned number, uint64_t *address, uint32_t *data);

/* What CPUs interrupt themselves and each other for, which no device's line counts. */
enum interrupt_kind {
	INTERRUPT_ALARM, INTERRUPT_KICK, INTERRUPT_CALL, INTERRUPT_KIND_COUNT,
};

/* How many of a kind a CPU has taken since it started. */
uint64_t interrupt_kind_count(unsigned cpu, enum interrupt_kind kind);

/* The local controller's identity of a CPU, for routing tables: x86 APIC id; aarch64 affinity, or
 * with GICv2 the bit of its interface. */
uint64_t interrupt_cpu_identity(unsigned cpu);

#endif
