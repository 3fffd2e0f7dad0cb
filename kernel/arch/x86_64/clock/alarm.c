/* The per-CPU alarm: TSC deadline where the CPU has it, else the APIC timer counting down. */
#include "arch/clock.h"
#include "arch/x86_64/clock/calibrate.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "base/arithmetic.h"

/* APIC ticks per cycle, as a fraction of 2^32; cycles beyond the limit would not fit the timer. */
static uint64_t ticks_per_cycle;
static uint64_t cycles_limit;

void clock_alarm_start(void)
{
	if (cpu_has(CPU_HAS_TSC_DEADLINE)) {
		apic_timer_use_deadline();
		return;
	}
	if (!ticks_per_cycle) {
		ticks_per_cycle = multiply_divide_u64(clock_apic_frequency_hz(), BIT(32),
						      clock_frequency_hz());
		cycles_limit = multiply_divide_u64(UINT32_MAX, clock_frequency_hz(),
						   clock_apic_frequency_hz());
	}
	apic_timer_use_countdown();
}

void clock_alarm_arm(uint64_t cycles)
{
	uint64_t ticks;

	if (cpu_has(CPU_HAS_TSC_DEADLINE)) {
		uint64_t deadline;

		/* A deadline of 0 would mean "none". */
		if (!checked_add(clock_cycles(), cycles, &deadline))
			deadline = UINT64_MAX;
		msr_write(MSR_TSC_DEADLINE, deadline);
		return;
	}
	ticks = mul_u64_u64_shift(min(cycles, cycles_limit), ticks_per_cycle, 32) + 1;
	apic_timer_set((uint32_t)min(ticks, UINT32_MAX));
}

void clock_alarm_cancel(void)
{
	if (cpu_has(CPU_HAS_TSC_DEADLINE))
		msr_write(MSR_TSC_DEADLINE, 0);
	else
		apic_timer_set(0);
}
