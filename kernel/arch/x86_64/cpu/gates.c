/* The interrupt descriptor table, one for all CPUs, read-only once it is filled. */
#include "arch/mmu.h"
#include "arch/x86_64/boot/boot.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/mmu/table.h"

#define GATE_COUNT 256
#define GATE_INTERRUPT 0x8e	/* present, ring 0, masks interrupts */
#define GATE_FROM_USER 0x60	/* INT3 and INTO may be used by programs */

struct gate {
	uint16_t offset_low, selector;
	uint8_t stack, type;
	uint16_t offset_middle;
	uint32_t offset_high, reserved;
};

static struct gate gates[GATE_COUNT] __aligned(4096) SECTION(".data.page_aligned");
static_assert(sizeof(gates) == 4096, "one page");

static uint8_t gate_stack(unsigned vector)
{
	switch (vector) {
	case VECTOR_DEBUG: return FAULT_STACK_DEBUG;
	case VECTOR_NMI: return FAULT_STACK_NMI;
	case VECTOR_DOUBLE_FAULT: return FAULT_STACK_DOUBLE;
	case VECTOR_MACHINE_CHECK: return FAULT_STACK_CHECK;
	default: return 0;
	}
}

static physical_t table_take(void)
{
	return boot_pages_take(1);
}

void interrupt_gates_create(void)
{
	for (unsigned vector = 0; vector < GATE_COUNT; vector++) {
		uint64_t target = (uint64_t)entry_vectors + vector * ENTRY_VECTOR_BYTES;
		struct gate *gate = &gates[vector];

		gate->offset_low = (uint16_t)target;
		gate->offset_middle = (uint16_t)(target >> 16);
		gate->offset_high = (uint32_t)(target >> 32);
		gate->selector = SELECTOR_KERNEL_CODE;
		gate->stack = gate_stack(vector);
		gate->type = GATE_INTERRUPT;
		if (vector == VECTOR_BREAKPOINT || vector == VECTOR_OVERFLOW)
			gate->type |= GATE_FROM_USER;
	}
	*mmu_kernel_entry((virtual_t)gates, 0, NULL) &= ~ENTRY_WRITE;
	tlb_flush_address((virtual_t)gates);
	if (cpu_is_isolated)
		mmu_shadow_share((virtual_t)gates, (virtual_t)gates + sizeof(gates), table_take);
}

void interrupt_gates_load(void)
{
	struct __packed {
		uint16_t limit;
		uint64_t base;
	} pointer = { sizeof(gates) - 1, (uint64_t)gates };

	__asm__ volatile("lidt %0" : : "m"(pointer));
}
