/* Each CPU's area: entry page, stacks with holes between them, per-CPU data. */
#include "arch/aarch64/boot/boot.h"
#include "arch/aarch64/boot/linker.h"
#include "arch/aarch64/cpu/cpu.h"
#include "arch/aarch64/cpu/keys.h"
#include "arch/aarch64/mmu/table.h"
#include "arch/common/kasan_map.h"
#include "arch/mmu.h"
#include "base/string.h"

uintptr_t cpu_data_offsets[CPU_LIMIT];

static const struct area_stack {
	uint32_t offset, pages;
} area_stacks[] = {
	{ CPU_AREA_ENTRY, 1 },
	{ CPU_AREA_FAULT_STACK, 2 },
	{ CPU_AREA_INTERRUPT_STACK, 4 },
	{ CPU_AREA_IDLE_STACK, 4 },
};

/* entry/vectors.S looks at this bit to notice a stack that has run over. */
static_assert(KERNEL_STACK_BYTES == 1 << KERNEL_STACK_SHIFT, "layout.h");
static_assert(CPU_AREA_INTERRUPT_STACK & KERNEL_STACK_BYTES, "layout.h");
static_assert(CPU_AREA_IDLE_STACK & KERNEL_STACK_BYTES, "layout.h");
static_assert(CPU_ENTRY_CONTEXT == offsetof(struct cpu_entry, context), "layout.h");
static_assert(CPU_ENTRY_DATA_OFFSET == offsetof(struct cpu_entry, data_offset), "layout.h");
static_assert(CPU_ENTRY_NUMBER == offsetof(struct cpu_entry, number), "layout.h");
static_assert(CPU_ENTRY_KERNEL_KEY == offsetof(struct cpu_entry, kernel_key), "layout.h");
static_assert(CPU_ENTRY_FAULT_STACK == offsetof(struct cpu_entry, fault_stack_top), "layout.h");

/* The first context of each CPU, until task/ adopts another. */
static DEFINE_PER_CPU(struct context, first_context);

static void area_map(virtual_t start, size_t pages)
{
	for (size_t i = 0; i < pages; i++) {
		uint64_t *entry = mmu_kernel_entry(start + i * PAGE_SIZE, 0, boot_table_take);

		*entry = boot_pages_take(1) | mmu_kernel_entry_bits(MMU_READ | MMU_WRITE, 0);
	}
	table_publish();
}

void cpu_area_create(unsigned cpu, uint64_t identity)
{
	virtual_t area = cpu_area(cpu);
	struct cpu_entry *entry = cpu_entry(cpu);
	size_t data_bytes = (size_t)(__percpu_end - __percpu_start);
	struct context *context;

	if (data_bytes > CPU_AREA_DATA_BYTES)
		boot_fail("per-CPU data of %zu bytes does not fit", data_bytes);
	for (size_t i = 0; i < ARRAY_SIZE(area_stacks); i++)
		area_map(area + area_stacks[i].offset, area_stacks[i].pages);
	area_map(area + CPU_AREA_DATA, divide_up(data_bytes, PAGE_SIZE));
	memcpy((void *)(area + CPU_AREA_DATA), __percpu_start, data_bytes);
	if (DEBUG_BUILD)
		kasan_shadow_prepare(area, area + CPU_AREA_BYTES, boot_table_take);
	cpu_data_offsets[cpu] = area + CPU_AREA_DATA - (uintptr_t)__percpu_start;

	entry->self = entry;
	entry->number = cpu;
	entry->identity = identity;
	entry->data_offset = cpu_data_offsets[cpu];
	entry->kernel_key = kernel_key();
	entry->fault_stack_top = area + CPU_AREA_FAULT_STACK + 2 * PAGE_SIZE;
	entry->interrupt_stack_top = area + CPU_AREA_INTERRUPT_STACK + 4 * PAGE_SIZE;
	entry->idle_stack_top = area + CPU_AREA_IDLE_STACK + KERNEL_STACK_BYTES;
	context = per_cpu(first_context, cpu);
	context->cpu = cpu;
	context->stack_base = area + CPU_AREA_IDLE_STACK;
	context->preemption_count = 1;
	context->machine.vectors_cpu = UINT32_MAX;
	entry->context = context;
}

void cpu_area_load(unsigned cpu)
{
	__asm__ volatile("msr tpidr_el1, %0\n\tmsr sp_el0, %1"
			 : : "r"(cpu_entry(cpu)), "r"(cpu_entry(cpu)->context) : "memory");
}
