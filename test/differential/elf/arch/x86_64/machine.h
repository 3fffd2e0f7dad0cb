/*
 * What the made-up programs need from an x86_64 CPU.
 */
#ifndef TEST_ELF_MACHINE_H
#define TEST_ELF_MACHINE_H

#include <stdint.h>

#define GUEST_MACHINE EM_X86_64

/* Calls guest_main(stack as it was, first byte of the section), which does not return. */
#define GUEST_ENTRY_CODE \
	"movq %rsp, %rdi\n\t" \
	"leaq __start_guest(%rip), %rsi\n\t" \
	"andq $-16, %rsp\n\t" \
	"call guest_main\n\t" \
	"ud2\n\t"

static inline __attribute__((always_inline)) long call3(long number, long one, const void *two,
							 long three)
{
	long result;

	__asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(one), "S"(two), "d"(three)
			 : "rcx", "r11", "memory");
	return result;
}

static inline __attribute__((always_inline, noreturn)) void guest_jump(const uint64_t *stack,
									uint64_t entry)
{
	__asm__ volatile("movq %0, %%rsp\n\tjmp *%1" : : "r"(stack), "r"(entry) : "memory");
	__builtin_unreachable();
}

#endif
