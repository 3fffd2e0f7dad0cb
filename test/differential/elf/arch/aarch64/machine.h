/*
 * What the made-up programs need from an aarch64 CPU. The code is compiled for the tiny model: in
 * the others, addresses are relative to pages, and the section is copied to other places in them.
 */
#ifndef TEST_ELF_MACHINE_H
#define TEST_ELF_MACHINE_H

#include <stdint.h>

#define GUEST_MACHINE EM_AARCH64

/* Calls guest_main(stack as it was, first byte of the section), which does not return. */
#define GUEST_ENTRY_CODE \
	"mov x0, sp\n\t" \
	"adr x1, __start_guest\n\t" \
	"bl guest_main\n\t" \
	"udf #0\n\t"

static inline __attribute__((always_inline)) long call3(long number, long one, const void *two,
							 long three)
{
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = one;
	register const void *x1 __asm__("x1") = two;
	register long x2 __asm__("x2") = three;

	__asm__ volatile("svc #0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
	return x0;
}

static inline __attribute__((always_inline, noreturn)) void guest_jump(const uint64_t *stack,
									uint64_t entry)
{
	__asm__ volatile("mov sp, %0\n\tbr %1" : : "r"(stack), "r"(entry) : "memory");
	__builtin_unreachable();
}

#endif
