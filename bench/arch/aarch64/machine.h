/*
 * What the benchmark needs from an aarch64 CPU: a counter that user code may read, a loop of a
 * known number of instructions, and a store of a known length that a signal handler can skip.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdint.h>
#include <ucontext.h>

#define MACHINE_COUNTER "cntvct"

/* CNTVCT_EL0 counts at CNTFRQ_EL0, often 62.5 MHz: one tick is 16 instructions under icount. */
static inline uint64_t machine_counter(void)
{
	uint64_t value;

	__asm__ volatile("isb; mrs %0, cntvct_el0; isb" : "=r"(value) : : "memory");
	return value;
}

static inline uint64_t machine_counter_frequency(void)
{
	uint64_t value;

	__asm__ volatile("mrs %0, cntfrq_el0" : "=r"(value));
	return value;
}

/* Executes exactly 2 * rounds instructions, plus a handful. */
static inline void machine_loop(uint64_t rounds)
{
	__asm__ volatile("1: subs %0, %0, #1; b.ne 1b" : "+r"(rounds) : : "cc");
}

/* Stores a byte with one instruction: machine_skip_store() steps over it. */
static inline void machine_store(void *address)
{
	__asm__ volatile("strb wzr, [%0]" : : "r"(address) : "memory");
}

static inline void machine_skip_store(void *context)
{
	((ucontext_t *)context)->uc_mcontext.pc += 4;
}

#endif
