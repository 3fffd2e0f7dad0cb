/* The private page of each CPU, at gs:0, and bringing CPUs up. */
#ifndef ARCH_X86_64_CPU_CPU_H
#define ARCH_X86_64_CPU_CPU_H

#include "arch/context.h"
#include "arch/cpu.h"
#include "base/compiler.h"
#include "base/types.h"
#include "machine/layout.h"

#define GDT_ENTRIES 16

struct __packed task_state {
	uint32_t reserved_0;
	uint64_t rsp[3];
	uint64_t reserved_1;
	uint64_t interrupt_stack[7];	/* numbered from 1 in interrupt gates */
	uint64_t reserved_2;
	uint16_t reserved_3, io_map_base;
};

/* Mapped for programs' page tables too: holds nothing but addresses. */
struct cpu_entry {
	struct cpu_entry *self;
	struct context *context;
	uint64_t stack_top;		/* of the current context's kernel stack */
	uint64_t scratch;
	uint64_t kernel_root;		/* CR3 values under page-table isolation; 0: none */
	uint64_t stack_guard;
	uint64_t user_root;
	uint64_t data_offset;
	uint32_t number, apic_id;
	uint64_t interrupt_stack_top;
	uint64_t user_root_next;	/* becomes user_root once that was loaded */
	struct task_state task_state __aligned(16);
	uint64_t gdt[GDT_ENTRIES] __aligned(16);
};

static inline virtual_t cpu_area(unsigned cpu)
{
	return CPU_AREA_BASE + ((virtual_t)cpu << CPU_AREA_SHIFT);
}

static inline struct cpu_entry *cpu_entry(unsigned cpu)
{
	return (struct cpu_entry *)cpu_area(cpu);
}

/* Interrupt stacks by number in the task state; 0 is the ordinary way. */
enum fault_stack {
	FAULT_STACK_NMI = 1,
	FAULT_STACK_DOUBLE,
	FAULT_STACK_CHECK,
	FAULT_STACK_DEBUG,
};

/* Whether page-table isolation is on; fixed before the final page tables are built. */
extern bool cpu_is_isolated;

/* Makes the boot CPU work from an area of its own, and leaves the boot stack for its idle stack. */
NORETURN void cpu_start_first(void (*function)(void));
/* Then, on that stack: the other CPUs' areas, interrupts, clocks. */
void cpu_start_devices(void);

/* Pages, per-CPU data and descriptor tables of one CPU. */
void cpu_area_create(unsigned cpu, uint32_t apic_id);
/* Loads GDT, TSS, IDT and gs of this CPU. */
void cpu_area_load(unsigned cpu);

void interrupt_gates_create(void);
void interrupt_gates_load(void);


#endif
