/* The private page of each CPU, at TPIDR_EL1, and bringing CPUs up. */
#ifndef ARCH_AARCH64_CPU_CPU_H
#define ARCH_AARCH64_CPU_CPU_H

#include "arch/context.h"
#include "arch/cpu.h"
#include "base/compiler.h"
#include "base/types.h"
#include "machine/layout.h"

struct cpu_entry {
	struct cpu_entry *self;
	struct context *context;	/* what SP_EL0 becomes on entry from a program */
	uint64_t data_offset;
	uint32_t number, unused;
	uint64_t fault_stack_top;
	uint64_t interrupt_stack_top;
	uint64_t idle_stack_top;
	uint64_t identity;		/* affinity fields of MPIDR_EL1 */
	struct pointer_key kernel_key;	/* cpu/keys.h */
};

static inline virtual_t cpu_area(unsigned cpu)
{
	return CPU_AREA_BASE + ((virtual_t)cpu << CPU_AREA_SHIFT);
}

static inline struct cpu_entry *cpu_entry(unsigned cpu)
{
	return (struct cpu_entry *)cpu_area(cpu);
}

#define MPIDR_AFFINITY UINT64_C(0xff00ffffff)

static inline uint64_t cpu_identity_read(void)
{
	uint64_t value;

	__asm__ volatile("mrs %0, mpidr_el1" : "=r"(value));
	return value & MPIDR_AFFINITY;
}

/* Makes the boot CPU work from an area of its own, and leaves the boot stack for its idle stack. */
NORETURN void cpu_start_first(void (*function)(void));
/* Then, on that stack: the other CPUs' areas, interrupts, clocks. */
void cpu_start_devices(void);

/* Pages and per-CPU data of one CPU. */
void cpu_area_create(unsigned cpu, uint64_t identity);
/* Makes this CPU use its area. */
void cpu_area_load(unsigned cpu);

/* What the others are started with, prepared while pages can be taken. */
void secondary_prepare(void);

/* cpu/message.c: what an interrupt from another CPU asks for. */
void cpu_call_run(void);
void cpu_stop_run(struct frame *frame);

/* PSCI (ARM DEN 0022), by the instruction that firmware named. */
void psci_find(void);
long psci_call(uint64_t function, uint64_t first, uint64_t second, uint64_t third);
#define PSCI_CPU_ON UINT64_C(0xc4000003)
#define PSCI_SYSTEM_OFF UINT64_C(0x84000008)
#define PSCI_SYSTEM_RESET UINT64_C(0x84000009)

#endif
