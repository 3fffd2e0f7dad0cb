/* The inline parts of arch/cpu.h: per-CPU data through gs, interrupt masking, barriers. */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "base/compiler.h"
#include "base/types.h"
#include "machine/layout.h"

#define RFLAGS_INTERRUPT BIT(9)

/* Per-CPU data: the section is a template; each CPU's copy lies at a distance from it. */
#define DEFINE_PER_CPU(type, name) SECTION(".percpu") __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name

/* What each CPU's copy is away from the template; 0 for CPUs that do not exist. */
extern uintptr_t cpu_data_offsets[];

static ALWAYS_INLINE uintptr_t cpu_data_offset(void)
{
	uintptr_t offset;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(offset) : "i"(CPU_ENTRY_DATA_OFFSET));
	return offset;
}

#define per_cpu_at(name, offset) ((__typeof__(&(name)))((uintptr_t)&(name) + (offset)))
#define this_cpu(name) per_cpu_at(name, cpu_data_offset())
#define per_cpu(name, cpu) per_cpu_at(name, cpu_data_offsets[cpu])

static ALWAYS_INLINE unsigned cpu_current(void)
{
	unsigned number;

	__asm__ volatile("movl %%gs:%c1, %0" : "=r"(number) : "i"(CPU_ENTRY_NUMBER));
	return number;
}

static ALWAYS_INLINE bool interrupts_are_enabled(void)
{
	uint64_t flags;

	__asm__ volatile("pushfq\n\tpopq %0" : "=r"(flags));
	return flags & RFLAGS_INTERRUPT;
}

static ALWAYS_INLINE bool interrupts_disable(void)
{
	bool were_enabled = interrupts_are_enabled();

	__asm__ volatile("cli" ::: "memory");
	return were_enabled;
}

static ALWAYS_INLINE void interrupts_enable(void)
{
	__asm__ volatile("sti" ::: "memory");
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
	__asm__ volatile("pause" ::: "memory");
}

/* STI holds interrupts off for one more instruction, so none can slip in before HLT. */
static inline void cpu_wait_for_interrupt(void)
{
	__asm__ volatile("sti\n\thlt" ::: "memory");
}

static ALWAYS_INLINE void cpu_barrier_full(void)
{
	__asm__ volatile("mfence" ::: "memory");
}

static ALWAYS_INLINE void cpu_barrier_read(void)
{
	__asm__ volatile("lfence" ::: "memory");
}

static ALWAYS_INLINE void cpu_barrier_write(void)
{
	__asm__ volatile("sfence" ::: "memory");
}

/* Memory that a device reads is coherent; only write-combined stores need the fence. */
static ALWAYS_INLINE void cpu_barrier_device(void)
{
	__asm__ volatile("mfence" ::: "memory");
}

/* All devices see caches. */
static inline void cpu_write_back(const void *start, size_t length_bytes)
{
	(void)start;
	(void)length_bytes;
}

static ALWAYS_INLINE virtual_t cpu_frame_pointer(void)
{
	return (virtual_t)__builtin_frame_address(0);
}

#endif
