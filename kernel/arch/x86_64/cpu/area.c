/*
 * Each CPU's area: entry page, stacks with holes between them, per-CPU data. The offset of an
 * address in its area says which CPU it belongs to, which is how the paranoid entries find gs.
 */
#include "arch/common/kasan_map.h"
#include "arch/mmu.h"
#include "arch/x86_64/boot/boot.h"
#include "arch/x86_64/boot/linker.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/mmu/table.h"
#include "base/string.h"

uintptr_t cpu_data_offsets[CPU_LIMIT];
bool cpu_is_isolated;

/* Where each stack begins and how many pages it has; the hole below is its guard. */
static const struct area_stack {
	uint32_t offset, pages;
} area_stacks[] = {
	{ CPU_AREA_ENTRY, 1 },
	{ CPU_AREA_ENTRY_STACK, 1 },
	{ CPU_AREA_NMI_STACK, 2 },
	{ CPU_AREA_DOUBLE_STACK, 2 },
	{ CPU_AREA_CHECK_STACK, 2 },
	{ CPU_AREA_DEBUG_STACK, 2 },
	/* Those below are not mapped for programs. */
	{ CPU_AREA_INTERRUPT_STACK, 4 },
	{ CPU_AREA_IDLE_STACK, 4 },
};
#define AREA_SHARED_STACKS 6

/* The first context of each CPU, until task/ adopts another. */
static DEFINE_PER_CPU(struct context, first_context);

static void area_map(virtual_t start, size_t pages)
{
	for (size_t i = 0; i < pages; i++) {
		uint64_t *entry = mmu_kernel_entry(start + i * PAGE_SIZE, 0, boot_table_take);

		*entry = boot_pages_take(1) | mmu_kernel_entry_bits(MMU_READ | MMU_WRITE, 0);
	}
}

static void descriptors_fill(struct cpu_entry *entry, unsigned cpu)
{
	uint64_t task = (uint64_t)&entry->task_state;

	entry->gdt[SELECTOR_KERNEL_CODE / 8] = 0x00af9b000000ffff;
	entry->gdt[SELECTOR_KERNEL_DATA / 8] = 0x00cf93000000ffff;
	entry->gdt[SELECTOR_USER_CODE_32 / 8] = 0x00cffb000000ffff;
	entry->gdt[SELECTOR_USER_DATA / 8] = 0x00cff3000000ffff;
	entry->gdt[SELECTOR_USER_CODE / 8] = 0x00affb000000ffff;
	entry->gdt[SELECTOR_TASK / 8] = (sizeof(struct task_state) - 1) | (task & 0xffffff) << 16 |
					(uint64_t)0x89 << 40 | (task >> 24 & 0xff) << 56;
	entry->gdt[SELECTOR_TASK / 8 + 1] = task >> 32;
	/* Its limit is the CPU's number, for getcpu() in the vDSO by LSL. */
	entry->gdt[SELECTOR_CPU_NUMBER / 8] = 0x0040f50000000000 | cpu;
}

static void task_state_fill(struct cpu_entry *entry)
{
	virtual_t area = (virtual_t)entry;
	struct task_state *task = &entry->task_state;

	task->rsp[0] = area + CPU_AREA_ENTRY_STACK + PAGE_SIZE;
	task->interrupt_stack[FAULT_STACK_NMI - 1] =
		area + CPU_AREA_NMI_STACK + FAULT_STACK_BYTES;
	task->interrupt_stack[FAULT_STACK_DOUBLE - 1] =
		area + CPU_AREA_DOUBLE_STACK + FAULT_STACK_BYTES;
	task->interrupt_stack[FAULT_STACK_CHECK - 1] =
		area + CPU_AREA_CHECK_STACK + FAULT_STACK_BYTES;
	task->interrupt_stack[FAULT_STACK_DEBUG - 1] =
		area + CPU_AREA_DEBUG_STACK + FAULT_STACK_BYTES;
	task->io_map_base = sizeof(*task);
}

void cpu_area_create(unsigned cpu, uint32_t apic_id)
{
	virtual_t area = cpu_area(cpu);
	struct cpu_entry *entry = cpu_entry(cpu);
	size_t data_bytes = (size_t)(__percpu_end - __percpu_start);
	struct context *context;

	if (data_bytes > CPU_AREA_DATA_BYTES)
		boot_fail("per-CPU data of %zu bytes does not fit", data_bytes);
	for (size_t i = 0; i < ARRAY_SIZE(area_stacks); i++) {
		virtual_t start = area + area_stacks[i].offset;

		area_map(start, area_stacks[i].pages);
		if (cpu_is_isolated && i < AREA_SHARED_STACKS)
			mmu_shadow_share(start, start + area_stacks[i].pages * PAGE_SIZE,
					 boot_table_take);
	}
	area_map(area + CPU_AREA_DATA, divide_up(data_bytes, PAGE_SIZE));
	memcpy((void *)(area + CPU_AREA_DATA), __percpu_start, data_bytes);
	if (DEBUG_BUILD)
		kasan_shadow_prepare(area, area + CPU_AREA_BYTES, boot_table_take);
	cpu_data_offsets[cpu] = area + CPU_AREA_DATA - (uintptr_t)__percpu_start;

	entry->self = entry;
	entry->number = cpu;
	entry->apic_id = apic_id;
	entry->data_offset = cpu_data_offsets[cpu];
	entry->stack_top = area + CPU_AREA_IDLE_STACK + KERNEL_STACK_BYTES;
	entry->interrupt_stack_top = area + CPU_AREA_INTERRUPT_STACK + 4 * PAGE_SIZE;
	context = per_cpu(first_context, cpu);
	context->cpu = cpu;
	context->stack_base = area + CPU_AREA_IDLE_STACK;
	context->preemption_count = 1;
	context->machine.fpu_cpu = UINT32_MAX;
	entry->context = context;
	descriptors_fill(entry, cpu);
	task_state_fill(entry);
}

void cpu_area_load(unsigned cpu)
{
	struct cpu_entry *entry = cpu_entry(cpu);
	struct __packed {
		uint16_t limit;
		uint64_t base;
	} pointer = { sizeof(entry->gdt) - 1, (uint64_t)entry->gdt };

	__asm__ volatile("lgdt %0\n\t"
			 "pushq %1\n\t"
			 "leaq 1f(%%rip), %%rax\n\t"
			 "pushq %%rax\n\t"
			 "lretq\n"
			 "1:\n\t"
			 "movl %2, %%ss\n\t"
			 "movl %3, %%ds\n\t"
			 "movl %3, %%es\n\t"
			 "movl %3, %%fs\n\t"
			 "movl %3, %%gs"
			 : : "m"(pointer), "i"(SELECTOR_KERNEL_CODE),
			     "r"(SELECTOR_KERNEL_DATA), "r"(0)
			 : "rax", "memory");
	/* The same limit and type each time: LTR wants the descriptor not busy. */
	entry->gdt[SELECTOR_TASK / 8] &= ~((uint64_t)2 << 40);
	__asm__ volatile("ltr %w0" : : "r"(SELECTOR_TASK));
	msr_write(MSR_GS_BASE, (uint64_t)entry);
	msr_write(MSR_KERNEL_GS_BASE, 0);
	interrupt_gates_load();
}
