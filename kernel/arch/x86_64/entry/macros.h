/* Building blocks of the entry code in assembly. */
#ifndef ARCH_X86_64_ENTRY_MACROS_H
#define ARCH_X86_64_ENTRY_MACROS_H

#include "arch/x86_64/cpu/patch.h"
#include "arch/x86_64/entry/entry.h"
#include "machine/layout.h"

/* Above these on the stack: the call number's slot, then what the CPU pushed. rdi is stored. */
.macro PUSH_REGISTERS_BELOW_RDI rax=%rax
	pushq %rsi
	pushq %rdx
	pushq %rcx
	pushq \rax
	pushq %r8
	pushq %r9
	pushq %r10
	pushq %r11
	pushq %rbx
	pushq %rbp
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
.endm

/* A program's values must not steer speculation in the kernel. */
.macro CLEAR_REGISTERS
	xorl %ebx, %ebx
	xorl %ebp, %ebp
	xorl %r8d, %r8d
	xorl %r9d, %r9d
	xorl %r10d, %r10d
	xorl %r11d, %r11d
	xorl %r12d, %r12d
	xorl %r13d, %r13d
	xorl %r14d, %r14d
	xorl %r15d, %r15d
.endm

.macro POP_REGISTERS_BELOW_RDI
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rbx
	popq %r11
	popq %r10
	popq %r9
	popq %r8
	popq %rax
	popq %rcx
	popq %rdx
	popq %rsi
.endm

/* The program's page tables. The first load after a change may have to flush, later ones do not. */
.macro LOAD_USER_ROOT
	movq %gs:CPU_ENTRY_USER_ROOT, %rdi
	movq %rdi, %cr3
	movq %gs:CPU_ENTRY_USER_ROOT_NEXT, %rdi
	movq %rdi, %gs:CPU_ENTRY_USER_ROOT
.endm

/*
 * The stack holds vector, error code, rip... The vector's slot becomes rdi's, the error code's
 * the call number's. Arguments for C: rdi frame, rsi error code, rdx vector.
 */
.macro PUSH_REGISTERS_OVER_VECTOR
	pushq %rsi
	movq 8(%rsp), %rsi
	movq %rdi, 8(%rsp)
	movq %rsi, %rdi
	movq (%rsp), %rsi
	addq $8, %rsp
	PUSH_REGISTERS_BELOW_RDI
	movq %rdi, %rdx
	movq FRAME_CALL(%rsp), %rsi
	movq $-1, FRAME_CALL(%rsp)
	movq %rsp, %rdi
.endm

#endif
