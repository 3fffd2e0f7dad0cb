/*
 * The CPUs of the host: numbers that a test switches between. Per-CPU data has a copy
 * for each, interrupts are a flag, so code that forgets to mask them is seen by its assertions and
 * not by chance.
 */
#ifndef MACHINE_CPU_H
#define MACHINE_CPU_H

#include "base/compiler.h"
#include "base/types.h"

#define HOST_CPU_LIMIT 8

/* The section is CPU 0's copy; the others' are made when the program starts. */
#define DEFINE_PER_CPU(type, name) SECTION("host_per_cpu") __typeof__(type) name
#define DECLARE_PER_CPU(type, name) extern __typeof__(type) name
#define per_cpu(name, cpu) ((__typeof__(&(name)))((uintptr_t)&(name) + host_per_cpu_offsets[cpu]))
#define this_cpu(name) per_cpu(name, cpu_current())

extern char __start_host_per_cpu[], __stop_host_per_cpu[];
extern uintptr_t host_per_cpu_offsets[HOST_CPU_LIMIT];

/* The state of the calling thread, which plays one CPU at a time. */
extern _Thread_local unsigned host_cpu;
extern _Thread_local bool host_interrupts_enabled;

/* Goes on as another CPU. */
void host_cpu_set(unsigned cpu);

static inline unsigned cpu_current(void)
{
	return host_cpu;
}

static inline bool interrupts_are_enabled(void)
{
	return host_interrupts_enabled;
}

static inline bool interrupts_disable(void)
{
	bool were_enabled = host_interrupts_enabled;

	host_interrupts_enabled = false;
	barrier();
	return were_enabled;
}

static inline void interrupts_enable(void)
{
	barrier();
	host_interrupts_enabled = true;
}

static inline void interrupts_restore(bool enabled)
{
	if (enabled)
		interrupts_enable();
}

static inline void cpu_relax(void)
{
	barrier();
}

static inline void cpu_wait_for_interrupt(void)
{
	interrupts_enable();
}

static inline void cpu_barrier_full(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void cpu_barrier_read(void)
{
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
}

static inline void cpu_barrier_write(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}

static inline void cpu_barrier_device(void)
{
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static inline void cpu_write_back(const void *start, size_t length_bytes)
{
	(void)start;
	(void)length_bytes;
}

static inline virtual_t cpu_frame_pointer(void)
{
	return (virtual_t)__builtin_frame_address(0);
}

#endif
