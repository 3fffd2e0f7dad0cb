/*
 * The CPU as the rest of the kernel sees it: which one, its private data, its interrupts, and calls
 * to the others. Every architecture supplies the same names; machine/cpu.h holds the inline parts.
 */
#ifndef ARCH_CPU_H
#define ARCH_CPU_H

#include "base/types.h"
#include "base/compiler.h"

/* The size of CPU masks. More CPUs than this are reported at boot and left off. */
#define CPU_LIMIT 256

struct frame;

struct cpu_mask {
	uint64_t words[CPU_LIMIT / 64];
};

/*
 * machine/cpu.h defines, inline:
 *   unsigned cpu_current(void)            number of this CPU, 0 is the boot CPU; preemption off
 *   bool interrupts_disable(void)         masks interrupts, returns whether they were enabled
 *   void interrupts_restore(bool enabled)
 *   void interrupts_enable(void)
 *   bool interrupts_are_enabled(void)
 *   void cpu_relax(void)                  inside a polling loop
 *   void cpu_wait_for_interrupt(void)     called masked; unmasks and waits in one, returns unmasked
 *   cpu_barrier_full/read/write/device()  named memory barriers; ordinary ordering is base/atomic.h
 *   void cpu_write_back(const void *start, size_t length_bytes)
 *                                         for devices that do not see what CPUs have cached
 *   DEFINE_PER_CPU(type, name)            one copy per CPU, zeroed or with the initial value given
 *   DECLARE_PER_CPU(type, name)
 *   this_cpu(name)                        pointer to this CPU's copy; preemption off
 *   per_cpu(name, cpu)                    pointer to that CPU's copy
 *   virtual_t cpu_frame_pointer(void)
 */
#include "machine/cpu.h"

/* CPUs found by firmware, and the subset that answered. Numbers are dense: 0..cpu_count()-1. */
unsigned cpu_count(void);
/* And with those that were left off, because there are more than CPU_LIMIT. */
unsigned cpu_present_count(void);
unsigned cpu_online_count(void);
bool cpu_is_online(unsigned cpu);
void cpu_online_mask(struct cpu_mask *mask);

/* How wide a physical address is that page tables can hold. */
unsigned cpu_physical_bits(void);

/* Starts every other CPU; each enters upcall_secondary_cpu(). Prints and skips those that do
 * not. */
void cpu_start_others(void);

/*
 * Runs function(argument) on every online CPU of the mask (this one included), at interrupt level,
 * and returns when all have run it. Interrupts must be enabled and no spin lock held, unless the
 * mask names only this CPU.
 */
void cpu_call(const struct cpu_mask *mask, void (*function)(void *argument), void *argument);

/* Makes another CPU pass through its interrupt exit soon (reschedule). Any context. */
void cpu_kick(unsigned cpu);

/* Stops all other CPUs for good, wherever they are. One that does not answer within seconds is left
 * behind. Any context. */
void cpu_stop_others(void);
/* What a CPU did when it was stopped; NULL: it was not. */
const struct frame *cpu_stopped_frame(unsigned cpu);

/* Sends a non-maskable request for a backtrace (upcall_backtrace) to one CPU. Any context. */
void cpu_request_backtrace(unsigned cpu);

static inline void cpu_mask_clear_all(struct cpu_mask *mask)
{
	for (unsigned i = 0; i < CPU_LIMIT / 64; i++)
		mask->words[i] = 0;
}

static inline void cpu_mask_set(struct cpu_mask *mask, unsigned cpu)
{
	mask->words[cpu / 64] |= (uint64_t)1 << (cpu % 64);
}

static inline void cpu_mask_clear(struct cpu_mask *mask, unsigned cpu)
{
	mask->words[cpu / 64] &= ~((uint64_t)1 << (cpu % 64));
}

static inline bool cpu_mask_test(const struct cpu_mask *mask, unsigned cpu)
{
	return cpu < CPU_LIMIT && (mask->words[cpu / 64] >> (cpu % 64) & 1);
}

/* What /proc/cpuinfo prints for one CPU, and what programs get in their auxiliary vector. */
struct format_sink;
void cpu_describe(unsigned cpu, struct format_sink *sink);
uint64_t cpu_hwcap(void);
uint64_t cpu_hwcap2(void);
const char *cpu_platform(void);		/* "x86_64" or "aarch64" */

/* Random bits from the CPU's own generator: false when it has none or it failed. */
bool cpu_random(uint64_t *value);

#endif
