/* The inline parts of arch/cpu.h: per-CPU data through TPIDR_EL1, interrupt masking, barriers. */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "base/compiler.h"
#include "base/types.h"
#include "machine/layout.h"

#define DAIF_INTERRUPT BIT(7)

/* Per-CPU data: the section is a template; each CPU's copy lies at a distance from it. */
#define DEFINE_PER_CPU(type, name) SECTION(".percpu") __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name

/* What each CPU's copy is away from the template; 0 for CPUs that do not exist. */
extern uintptr_t cpu_data_offsets[];

/* A field of this CPU's entry page. Volatile: after a switch it may be another CPU's. */
#define CPU_ENTRY_READ(type, offset) \
	({ \
		uintptr_t cpu_entry_at_; \
		__asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu_entry_at_)); \
		*(volatile type *)(cpu_entry_at_ + (offset)); \
	})

#define per_cpu_at(name, offset) ((__typeof__(&(name)))((uintptr_t)&(name) + (offset)))
#define this_cpu(name) per_cpu_at(name, CPU_ENTRY_READ(uintptr_t, CPU_ENTRY_DATA_OFFSET))
#define per_cpu(name, cpu) per_cpu_at(name, cpu_data_offsets[cpu])

static ALWAYS_INLINE unsigned cpu_current(void)
{
	return CPU_ENTRY_READ(uint32_t, CPU_ENTRY_NUMBER);
}

static ALWAYS_INLINE bool interrupts_are_enabled(void)
{
	uint64_t masks;

	__asm__ volatile("mrs %0, daif" : "=r"(masks));
	return !(masks & DAIF_INTERRUPT);
}

static ALWAYS_INLINE bool interrupts_disable(void)
{
	bool were_enabled = interrupts_are_enabled();

	__asm__ volatile("msr daifset, #2" ::: "memory");
	return were_enabled;
}

static ALWAYS_INLINE void interrupts_enable(void)
{
	__asm__ volatile("msr daifclr, #2" ::: "memory");
}

static ALWAYS_INLINE void interrupts_restore(bool enabled)
{
	if (enabled)
		interrupts_enable();
	else
		barrier();
}

static ALWAYS_INLINE void cpu_relax(void)
{
	__asm__ volatile("yield" ::: "memory");
}

/* WFI wakes for a pending interrupt though it is masked, so none is lost before it. */
static inline void cpu_wait_for_interrupt(void)
{
	__asm__ volatile("dsb sy\n\twfi" ::: "memory");
	interrupts_enable();
}

static ALWAYS_INLINE void cpu_barrier_full(void)
{
	__asm__ volatile("dmb ish" ::: "memory");
}

static ALWAYS_INLINE void cpu_barrier_read(void)
{
	__asm__ volatile("dmb ishld" ::: "memory");
}

static ALWAYS_INLINE void cpu_barrier_write(void)
{
	__asm__ volatile("dmb ishst" ::: "memory");
}

/* Devices are outside the inner domain. */
static ALWAYS_INLINE void cpu_barrier_device(void)
{
	__asm__ volatile("dsb sy" ::: "memory");
}

/* To the point of coherency, by the smallest line of data caches (CTR_EL0). */
static inline void cpu_write_back(const void *start, size_t length_bytes)
{
	virtual_t at, end = (virtual_t)start + length_bytes;
	uint64_t type, line;

	__asm__ volatile("mrs %0, ctr_el0" : "=r"(type));
	line = UINT64_C(4) << (type >> 16 & 15);
	for (at = (virtual_t)start & ~(line - 1); at < end; at += line)
		__asm__ volatile("dc cvac, %0" : : "r"(at) : "memory");
	cpu_barrier_device();
}

static ALWAYS_INLINE virtual_t cpu_frame_pointer(void)
{
	return (virtual_t)__builtin_frame_address(0);
}

#endif
