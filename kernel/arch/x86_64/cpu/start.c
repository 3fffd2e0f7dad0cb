/* The order in which CPUs come up, and which of them run. */
#include "arch/x86_64/cpu/start.h"

#include "arch/boot.h"
#include "arch/common/online.h"
#include "arch/upcalls.h"
#include "arch/x86_64/boot/boot.h"
#include "arch/x86_64/boot/firmware.h"
#include "arch/x86_64/clock/calibrate.h"
#include "arch/x86_64/context/fpu.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/mmu/table.h"
#include "machine/port.h"

#define PIC_MASTER_DATA 0x21
#define PIC_SLAVE_DATA 0xa1

/* Registers of SYSCALL; an odd way in may not have been taken at all. */
static void call_entry_enable(void)
{
	const uint8_t *entry = cpu_is_isolated ? entry_call_isolated : entry_call;

	msr_write(MSR_STAR, (uint64_t)SELECTOR_USER_CODE_32 << 48 |
			    (uint64_t)SELECTOR_KERNEL_CODE << 32);
	msr_write(MSR_LSTAR, (uint64_t)entry);
	msr_write(MSR_CSTAR, (uint64_t)entry_call_compatible);
	msr_write(MSR_SFMASK, RFLAGS_INTERRUPT | RFLAGS_DIRECTION | RFLAGS_TRAP | RFLAGS_NESTED |
			      RFLAGS_ALIGNMENT | RFLAGS_IO_PRIVILEGE | RFLAGS_RESUME |
			      RFLAGS_RESULTS | RFLAGS_ID);
	msr_write(MSR_EFER, msr_read(MSR_EFER) | EFER_SYSCALL);
}

void cpu_start_this(unsigned cpu)
{
	cpu_features_enable();
	cpu_area_load(cpu);
	if (cpu_has(CPU_HAS_RDTSCP))
		msr_write(MSR_TSC_AUX, cpu);
	call_entry_enable();
}

void cpu_start_first(void (*function)(void))
{
	cpu_area_create(0, cpuid_read(1, 0).ebx >> 24);
	interrupt_gates_create();
	cpu_start_this(0);
	__asm__ volatile("movq %0, %%rsp\n\t"
			 "xorl %%ebp, %%ebp\n\t"
			 "call *%1"
			 : : "r"(cpu_entry(0)->stack_top), "r"(function) : "memory");
	unreachable();
}

/* The old controllers power up unmasked, with vectors that mean exceptions. */
static void legacy_controllers_mask(void)
{
	static const uint8_t set_up[][3] = {
		/* ICW1 to ICW4 of the 8259A, then all inputs masked. */
		{ 0x20, 0x11, 0xa0 }, { 0x21, VECTOR_LEGACY, 0 }, { 0xa1, VECTOR_LEGACY + 8, 0 },
		{ 0x21, 4, 0 }, { 0xa1, 2, 0 }, { 0x21, 1, 0 }, { 0xa1, 1, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(set_up); i++) {
		port_write8(set_up[i][0], set_up[i][1]);
		if (set_up[i][2])
			port_write8(set_up[i][2], set_up[i][1]);
	}
	port_write8(PIC_MASTER_DATA, 0xff);
	port_write8(PIC_SLAVE_DATA, 0xff);
}

static void cpu_add(uint32_t apic)
{
	unsigned cpu;

	if (apic != cpu_entry(0)->apic_id && cpu_number_take(&cpu))
		cpu_area_create(cpu, apic);
}

static void cpus_find(void)
{
	struct acpi_madt_entry entry;
	struct acpi_table madt;
	size_t offset = 0;

	cpu_entry(0)->apic_id = apic_id();
	if (!firmware_table_find("APIC", &madt))
		return;
	while (acpi_madt_next(&madt, &offset, &entry)) {
		if (entry.kind == ACPI_MADT_LOCAL_APIC && entry.is_enabled)
			cpu_add(entry.id);
	}
}

void cpu_start_devices(void)
{
	legacy_controllers_mask();
	apic_start();
	cpus_find();
	if (cpu_present_count() > cpu_count())
		boot_print("[CPU] FAIL: more than %u CPUs, %u are left off\n", CPU_LIMIT,
			   cpu_present_count() - cpu_count());
	cpu_mark_online(0, true);
	fpu_detect();
	clock_calibrate();
	clock_alarm_start();
	if (cpu_count() > 1)
		secondary_prepare();
}
