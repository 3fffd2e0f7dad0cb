/*
 * What the benchmark needs from an x86_64 CPU: a counter that user code may read, a loop of a
 * known number of instructions, and a store of a known length that a signal handler can skip.
 */
#ifndef BENCH_MACHINE_H
#define BENCH_MACHINE_H

#include <stdint.h>
#include <ucontext.h>

#define MACHINE_COUNTER "tsc"

/* The fences keep neighbours from drifting over the reading; under QEMU they cost one each. */
static inline uint64_t machine_counter(void)
{
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
}

/*
 * Nanoseconds per tick of the counter cannot be read here; 0 says that ticks are to be compared
 * with the loop of known length.
 */
static inline uint64_t machine_counter_frequency(void)
{
	return 0;
}

/* Executes exactly 2 * rounds instructions, plus a handful. */
static inline void machine_loop(uint64_t rounds)
{
	__asm__ volatile("1: dec %0; jnz 1b" : "+r"(rounds) : : "cc");
}

/* Stores a byte with an instruction of three bytes: machine_skip_store() steps over it. */
static inline void machine_store(void *address)
{
	__asm__ volatile(".byte 0xc6, 0x00, 0x01" : : "a"(address) : "memory");
}

static inline void machine_skip_store(void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RIP] += 3;
}

#endif
