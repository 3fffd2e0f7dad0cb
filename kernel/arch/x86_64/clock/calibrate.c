/*
 * The rate of the time-stamp counter: said by CPUID where the CPU or hypervisor says it, else
 * measured against a reference clock. The APIC timer is measured in the same interval.
 */
#include "arch/x86_64/clock/calibrate.h"

#include "arch/clock.h"
#include "arch/cpu.h"
#include "arch/x86_64/boot/boot.h"
#include "arch/x86_64/clock/reference.h"
#include "arch/x86_64/cpu/apic.h"
#include "arch/x86_64/cpu/features.h"
#include "arch/x86_64/cpu/registers.h"
#include "base/arithmetic.h"
#include "base/format.h"
#include "base/string.h"

#define HYPERVISOR_LEAF 0x40000000
#define HYPERVISOR_TIMING 0x40000010

/* When nothing on the machine tells the time: a guess, better than a division by zero. */
#define FREQUENCY_GUESS_HZ 1000000000

/* A pair of readings further apart than this was disturbed, and is taken again. */
#define READ_ATTEMPTS 8

static uint64_t tsc_frequency, apic_frequency;
static bool is_unreliable;
static char description[64] = "TSC";

struct reading {
	uint64_t reference, cycles;
	uint32_t apic;
};

/* The reference between two reads of the counter: the closest pair of a few counts. */
static struct reading reading_take(const struct clock_reference *reference)
{
	struct reading best = { 0 };
	uint64_t best_width = UINT64_MAX;

	for (int i = 0; i < READ_ATTEMPTS; i++) {
		uint64_t before = clock_cycles();
		uint64_t value = reference->read();
		uint64_t width = clock_cycles() - before;

		if (width < best_width) {
			best_width = width;
			best.reference = value;
			best.cycles = before + width / 2;
			best.apic = apic_timer_read();
		}
	}
	return best;
}

static void measure(const struct clock_reference *reference)
{
	uint64_t wanted = reference->frequency_hz * reference->duration_us / 1000000;
	struct reading first, last;
	uint64_t ticks, apic_ticks;

	apic_timer_mask();
	first = reading_take(reference);
	while (((reference->read() - first.reference) & reference->mask) < wanted)
		cpu_relax();
	last = reading_take(reference);
	ticks = (last.reference - first.reference) & reference->mask;
	apic_ticks = first.apic - last.apic;
	tsc_frequency = multiply_divide_u64(last.cycles - first.cycles, reference->frequency_hz,
					    ticks);
	apic_frequency = multiply_divide_u64(apic_ticks, reference->frequency_hz, ticks);
}

/* Leaf 0x15 gives the ratio of the counter to a crystal; the hypervisor's leaf gives kHz. */
static uint64_t frequency_by_cpuid(void)
{
	struct cpuid leaf;

	if (cpuid_limit() >= 0x15) {
		leaf = cpuid_read(0x15, 0);
		if (leaf.eax && leaf.ebx && leaf.ecx)
			return (uint64_t)leaf.ecx * leaf.ebx / leaf.eax;
	}
	if (!cpu_has(CPU_HAS_HYPERVISOR))
		return 0;
	leaf = cpuid_read(HYPERVISOR_LEAF, 0);
	if (leaf.eax < HYPERVISOR_TIMING || leaf.eax > HYPERVISOR_LEAF + 0xff)
		return 0;
	return (uint64_t)cpuid_read(HYPERVISOR_TIMING, 0).eax * 1000;
}

void clock_calibrate(void)
{
	uint64_t said = frequency_by_cpuid();
	struct clock_reference reference;

	if (said && cpu_has(CPU_HAS_TSC_DEADLINE)) {
		tsc_frequency = said;
		strlcpy(description, "TSC, frequency from CPUID", sizeof(description));
		return;
	}
	if (clock_reference_find(&reference)) {
		measure(&reference);
		format_print(description, sizeof(description), "TSC, calibrated against %s",
			     reference.name);
	}
	if (said)
		tsc_frequency = said;
	if (!tsc_frequency) {
		boot_print("[CLOCK] FAIL: no clock of known rate, assuming 1 GHz\n");
		tsc_frequency = FREQUENCY_GUESS_HZ;
		is_unreliable = true;
	}
	if (!apic_frequency)
		apic_frequency = FREQUENCY_GUESS_HZ;
}

uint64_t clock_frequency_hz(void)
{
	return tsc_frequency;
}

uint64_t clock_apic_frequency_hz(void)
{
	return apic_frequency;
}

void clock_mark_unreliable(void)
{
	is_unreliable = true;
}

bool clock_is_reliable(void)
{
	/* Emulators do not advertise that their counter never stops, but it does not. */
	return !is_unreliable && (cpu_has(CPU_HAS_TSC_INVARIANT) || cpu_has(CPU_HAS_HYPERVISOR));
}

const char *clock_describe(void)
{
	return description;
}
