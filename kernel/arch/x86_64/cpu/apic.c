/* The local APIC. Which of its two register interfaces is used is settled by the boot CPU. */
#include "arch/x86_64/cpu/apic.h"

#include "arch/cpu.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "arch/x86_64/entry/entry.h"
#include "arch/x86_64/mmu/table.h"

enum apic_register {
	APIC_ID = 0x20,
	APIC_TASK_PRIORITY = 0x80,
	APIC_END = 0xb0,
	APIC_SPURIOUS = 0xf0,
	APIC_IN_SERVICE = 0x100,
	APIC_COMMAND = 0x300,
	APIC_COMMAND_HIGH = 0x310,
	APIC_LOCAL_TIMER = 0x320,
	APIC_LOCAL_THERMAL = 0x330,
	APIC_LOCAL_COUNTERS = 0x340,
	APIC_LOCAL_LINT0 = 0x350,
	APIC_LOCAL_LINT1 = 0x360,
	APIC_LOCAL_ERROR = 0x370,
	APIC_TIMER_INITIAL = 0x380,
	APIC_TIMER_CURRENT = 0x390,
	APIC_TIMER_DIVIDE = 0x3e0,
};

#define BASE_ENABLE BIT(11)
#define BASE_X2APIC BIT(10)
#define SPURIOUS_ENABLE 0x100
#define LOCAL_MASKED 0x10000
#define LOCAL_NMI 0x400
#define TIMER_DEADLINE 0x40000
#define TIMER_DIVIDE_BY_1 0xb
#define COMMAND_PENDING 0x1000

static bool is_x2apic;
static volatile uint32_t *apic_registers;

static uint32_t apic_read(enum apic_register at)
{
	if (is_x2apic)
		return (uint32_t)msr_read(MSR_X2APIC + at / 16);
	return apic_registers[at / 4];
}

static void apic_write(enum apic_register at, uint32_t value)
{
	if (is_x2apic)
		msr_write(MSR_X2APIC + at / 16, value);
	else
		apic_registers[at / 4] = value;
}

void apic_start(void)
{
	uint64_t base = msr_read(MSR_APIC_BASE);

	is_x2apic = cpu_has(CPU_HAS_X2APIC);
	if (is_x2apic) {
		/* The step over plain xAPIC mode is the only one allowed from "off". */
		msr_write(MSR_APIC_BASE, base | BASE_ENABLE);
		msr_write(MSR_APIC_BASE, base | BASE_ENABLE | BASE_X2APIC);
	} else {
		msr_write(MSR_APIC_BASE, base | BASE_ENABLE);
		if (!apic_registers)
			apic_registers = mmu_fixed_map(FIXED_LOCAL_APIC, base & ENTRY_ADDRESS);
	}
	apic_write(APIC_TASK_PRIORITY, 0);
	apic_write(APIC_LOCAL_TIMER, LOCAL_MASKED | VECTOR_ALARM);
	apic_write(APIC_LOCAL_LINT0, LOCAL_MASKED);
	apic_write(APIC_LOCAL_LINT1, LOCAL_NMI);
	apic_write(APIC_LOCAL_ERROR, LOCAL_MASKED);
	apic_write(APIC_TIMER_DIVIDE, TIMER_DIVIDE_BY_1);
	apic_write(APIC_SPURIOUS, SPURIOUS_ENABLE | VECTOR_SPURIOUS);
}

uint32_t apic_id(void)
{
	uint32_t id = apic_read(APIC_ID);

	return is_x2apic ? id : id >> 24;
}

void apic_end(void)
{
	apic_write(APIC_END, 0);
}

void apic_send(uint32_t target, uint32_t command)
{
	bool were_enabled;

	if (is_x2apic) {
		/* Earlier stores must be seen by who is interrupted; this WRMSR does not wait. */
		__asm__ volatile("mfence\n\tlfence" ::: "memory");
		msr_write(MSR_X2APIC + APIC_COMMAND / 16, (uint64_t)target << 32 | command);
		return;
	}
	were_enabled = interrupts_disable();
	while (apic_read(APIC_COMMAND) & COMMAND_PENDING)
		cpu_relax();
	apic_write(APIC_COMMAND_HIGH, target << 24);
	apic_write(APIC_COMMAND, command);
	interrupts_restore(were_enabled);
}

void apic_timer_set(uint32_t count)
{
	apic_write(APIC_TIMER_INITIAL, count);
}

void apic_timer_use_countdown(void)
{
	apic_write(APIC_TIMER_INITIAL, 0);
	apic_write(APIC_LOCAL_TIMER, VECTOR_ALARM);
}

uint32_t apic_timer_read(void)
{
	return apic_read(APIC_TIMER_CURRENT);
}

void apic_timer_mask(void)
{
	apic_write(APIC_LOCAL_TIMER, LOCAL_MASKED | VECTOR_ALARM);
	apic_write(APIC_TIMER_INITIAL, UINT32_MAX);
}

void apic_timer_use_deadline(void)
{
	apic_write(APIC_LOCAL_TIMER, TIMER_DEADLINE | VECTOR_ALARM);
	/* The mode must have changed before the deadline is written. */
	__asm__ volatile("mfence\n\tlfence" ::: "memory");
}
