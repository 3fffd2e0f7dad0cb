/*
 * Starting the other CPUs one after the other: INIT, startup message, wait for it to say that it
 * runs. One that does not answer is reported and left off.
 */
#include "arch/boot.h"
#include "arch/clock.h"
#include "arch/common/online.h"
#include "arch/cpu.h"
#include "arch/mmu.h"
#include "arch/upcalls.h"
#include "arch/x86_64/boot/boot.h"
#include "arch/x86_64/clock/calibrate.h"
#include "arch/x86_64/context/fpu.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/cpu/start.h"
#include "arch/x86_64/cpu/trampoline.h"
#include "arch/x86_64/mmu/table.h"
#include "base/atomic.h"
#include "base/string.h"

#define EFER_LONG_MODE BIT(8)

/* Any CPU of the last twenty years is ready at once; the second message helps slow ones. */
#define FIRST_WAIT_MS 10
#define SECOND_WAIT_MS 300
/* How long two CPUs compare their counters. */
#define COMPARE_MS 1

static physical_t trampoline_page;
static physical_t trampoline_root;
static uint64_t secondary_cycles;	/* the counter that the CPU just started saw */
static uint64_t latest_cycles;		/* the highest that any CPU saw while comparing */

NORETURN void secondary_main(uint32_t cpu);

/* The kernel's root with the trampoline page mapped where it is, too. */
static void trampoline_map(void)
{
	physical_t below = boot_pages_take(3);
	uint64_t *root;

	trampoline_root = boot_pages_take(1);
	root = table_at(trampoline_root);
	memcpy(root, table_at(mmu_kernel_root), PAGE_SIZE);
	root[0] = below | ENTRY_PRESENT | ENTRY_WRITE;
	*table_at(below) = (below + PAGE_SIZE) | ENTRY_PRESENT | ENTRY_WRITE;
	*table_at(below + PAGE_SIZE) = (below + 2 * PAGE_SIZE) | ENTRY_PRESENT | ENTRY_WRITE;
	table_at(below + 2 * PAGE_SIZE)[table_index(trampoline_page, 0)] =
		trampoline_page | ENTRY_PRESENT | ENTRY_WRITE;
}

void secondary_prepare(void)
{
	struct trampoline_parameters *parameters;
	uint8_t *page;

	trampoline_page = boot_page_take_low();
	if (!trampoline_page)
		return;
	trampoline_map();
	page = physical_to_virtual(trampoline_page);
	memcpy(page, trampoline_start, (size_t)(trampoline_end - trampoline_start));
	parameters = (struct trampoline_parameters *)(page + TRAMPOLINE_ROOT);
	*parameters = (struct trampoline_parameters){
		.root = (uint32_t)trampoline_root,
		.efer = EFER_LONG_MODE | (cpu_has(CPU_HAS_NO_EXECUTE) ? EFER_NO_EXECUTE : 0),
		.jump_offset = (uint32_t)(trampoline_page +
					  (physical_t)(trampoline_long_mode - trampoline_start)),
		.jump_selector = SELECTOR_KERNEL_CODE,
		.gdt = { 0, 0, 0x00af9b000000ffff, 0x00cf93000000ffff },
		.gdt_limit = sizeof(parameters->gdt) - 1,
		.gdt_base = (uint32_t)trampoline_page + TRAMPOLINE_GDT,
	};
}

/*
 * Two CPUs at once for a moment: who sees a count that another CPU published before, and then reads
 * a smaller one, has a counter that is behind.
 */
static void counters_compare(void)
{
	uint64_t start = clock_cycles_ordered(), limit = clock_frequency_hz() / 1000 * COMPARE_MS;
	uint64_t now = start;

	while (now - start < limit) {
		uint64_t seen = atomic_load_acquire(&latest_cycles);

		now = clock_cycles_ordered();
		if (now < seen)
			clock_mark_unreliable();
		else
			atomic_compare_swap(&latest_cycles, &seen, now);
	}
}

void secondary_main(uint32_t cpu)
{
	cr3_write(mmu_kernel_root);
	cpu_start_this(cpu);
	apic_start();
	fpu_start();
	clock_alarm_start();
	secondary_cycles = clock_cycles();
	cpu_mark_online(cpu, true);
	counters_compare();
	upcall_secondary_cpu(cpu);
}

static bool wait_for(unsigned cpu, unsigned milliseconds)
{
	uint64_t start = clock_cycles(), limit = clock_frequency_hz() / 1000 * milliseconds;

	while (clock_cycles() - start < limit) {
		if (cpu_is_online(cpu))
			return true;
		cpu_relax();
	}
	return cpu_is_online(cpu);
}

static bool secondary_start(unsigned cpu)
{
	struct trampoline_parameters *parameters =
		physical_to_virtual(trampoline_page + TRAMPOLINE_ROOT);
	uint32_t target = cpu_entry(cpu)->apic_id;
	uint32_t startup = APIC_STARTUP | (uint32_t)(trampoline_page >> PAGE_SHIFT);

	parameters->cpu = cpu;
	parameters->stack = cpu_entry(cpu)->stack_top;
	apic_send(target, APIC_INIT);
	apic_send(target, startup);
	if (wait_for(cpu, FIRST_WAIT_MS))
		return true;
	apic_send(target, startup);
	if (wait_for(cpu, SECOND_WAIT_MS))
		return true;
	/* Back to waiting for a message, so that it does not wake up with another's stack. */
	apic_send(target, APIC_INIT);
	return false;
}

void cpu_start_others(void)
{
	for (unsigned cpu = 1; cpu < cpu_count(); cpu++) {
		uint64_t before = clock_cycles();

		if (!trampoline_page || !secondary_start(cpu)) {
			boot_print("[CPU] FAIL: CPU %u (APIC %u) does not answer, left off\n", cpu,
				   cpu_entry(cpu)->apic_id);
			continue;
		}
		/* Its counter was read between these two readings of ours, or they disagree. */
		if (secondary_cycles < before || secondary_cycles > clock_cycles())
			clock_mark_unreliable();
		counters_compare();
	}
}
