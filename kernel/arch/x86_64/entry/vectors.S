/*
 * One stub for each of the 256 vectors, and the common ways in and out. The CPU arrives on the
 * entry stack from a program, on the current stack from the kernel, and on a stack of its own for
 * what may happen anywhere (NMI, debug, machine check, double fault).
 */
#include "arch/x86_64/entry/macros.h"

#define EXIT_MASK 0xff00	/* WORK_EXIT_MASK; exception.c asserts it */

	.section .entry.text, "ax"

	.macro VECTOR_STUB vector
	.balign ENTRY_VECTOR_BYTES
	.if \vector == 8 || (\vector >= 10 && \vector <= 14) || \vector == 17 || \vector == 21 || \
		\vector == 29 || \vector == 30
	.else
	pushq $0
	.endif
	pushq $\vector
	.if \vector == VECTOR_DEBUG || \vector == VECTOR_MACHINE_CHECK
	jmp entry_paranoid_unless_user
	.elseif \vector == VECTOR_NMI || \vector == VECTOR_DOUBLE_FAULT
	jmp entry_paranoid
	.elseif \vector < VECTOR_EXCEPTIONS
	jmp entry_exception
	.else
	jmp entry_interrupt
	.endif
	.endm

	.balign 64
	.globl entry_vectors
entry_vectors:
	.altmacro
	.set vector, 0
	.rept 256
	VECTOR_STUB %vector
	.set vector, vector + 1
	.endr
	.noaltmacro
	.balign 16

/* From a program: onto its kernel stack; gs and page tables become the kernel's. */
	.macro ENTER_FROM_USER
	swapgs
	lfence				/* no speculation with the program's gs */
	movq %rdi, %gs:CPU_ENTRY_SCRATCH
	movq %gs:CPU_ENTRY_KERNEL_ROOT, %rdi
	testq %rdi, %rdi
	jz 1f
	movq %rdi, %cr3
1:	movq %rsp, %rdi
	movq %gs:CPU_ENTRY_STACK_TOP, %rsp
	pushq 48(%rdi)
	pushq 40(%rdi)
	pushq 32(%rdi)
	pushq 24(%rdi)
	pushq 16(%rdi)
	pushq 8(%rdi)
	pushq (%rdi)
	movq %gs:CPU_ENTRY_SCRATCH, %rdi
	PUSH_REGISTERS_OVER_VECTOR
	CLEAR_REGISTERS
	.endm

	.macro ENTRY name, handler, may_be_iret
\name:
	cld
	PATCH PATCH_CLAC
	testb $3, 24(%rsp)
	jz \name\()_from_kernel
\name\()_from_user:
	ENTER_FROM_USER
	call \handler
	jmp entry_return_to_user
\name\()_from_kernel:
	lfence				/* nor with a swap that did not happen */
	.if \may_be_iret
	cmpq $entry_iret, 16(%rsp)
	je entry_bad_iret
	cmpq $entry_iret_isolated, 16(%rsp)
	je entry_bad_iret
	.endif
	PUSH_REGISTERS_OVER_VECTOR
	call \handler
	jmp entry_return_to_kernel
	.endm

	ENTRY entry_exception, exception_handle, 1
	ENTRY entry_interrupt, interrupt_handle, 0

/*
 * IRET refused a program's registers: everything but the five words it was to load is the
 * program's already, gs included. Those words and the exception become a fault of the program.
 */
entry_bad_iret:
	pushq %rax
	movq 48(%rsp), %rax		/* where IRET read */
	pushq 32(%rax)
	pushq 24(%rax)
	pushq 16(%rax)
	pushq 8(%rax)
	pushq (%rax)
	pushq 56(%rsp)			/* error code */
	pushq 56(%rsp)			/* vector */
	movq 56(%rsp), %rax
	jmp entry_exception_from_user

entry_paranoid_unless_user:
	testb $3, 24(%rsp)
	jz entry_paranoid
	cld
	PATCH PATCH_CLAC
	jmp entry_exception_from_user

/*
 * May have interrupted the entry or exit code itself: gs and CR3 can be anybody's. The stack lies
 * in this CPU's area, which says where the entry page is; both registers are put back as found.
 */
entry_paranoid:
	cld
	PATCH PATCH_CLAC
	PUSH_REGISTERS_OVER_VECTOR
	movq %rdx, %r14
	movl $0xc0000101, %ecx		/* MSR_GS_BASE */
	rdmsr
	shlq $32, %rdx
	leaq (%rdx, %rax), %r12
	movq %rsp, %rbx
	andq $-CPU_AREA_BYTES, %rbx
	movq %rbx, %rax
	movq %rbx, %rdx
	shrq $32, %rdx
	wrmsr
	xorl %r13d, %r13d
	movq CPU_ENTRY_KERNEL_ROOT(%rbx), %rax
	testq %rax, %rax
	jz 1f
	movq %cr3, %r13
	movq %rax, %cr3
1:	lfence
	movq %r14, %rdx
	call exception_handle_paranoid
	testq %r13, %r13
	jz 2f
	movq %r13, %cr3
2:	movl $0xc0000101, %ecx
	movq %r12, %rax
	movq %r12, %rdx
	shrq $32, %rdx
	wrmsr
	/* Fall through. */

entry_return_to_kernel:
	POP_REGISTERS_BELOW_RDI
	popq %rdi
	addq $8, %rsp
	iretq

/* Interrupts are masked here, and stay so once the work word was seen empty. */
	.globl entry_return_to_user
entry_return_to_user:
	movq %gs:CPU_ENTRY_CONTEXT, %rax
	testl $EXIT_MASK, CONTEXT_WORK(%rax)
	jnz entry_exit_work
	.globl entry_return_by_iret
entry_return_by_iret:
	POP_REGISTERS_BELOW_RDI
	cmpq $0, %gs:CPU_ENTRY_KERNEL_ROOT
	jne 1f
	popq %rdi
	addq $8, %rsp
	PATCH_VERW
	swapgs
	.globl entry_iret
entry_iret:
	iretq
1:	movq %rsp, %rdi			/* the kernel stack is not in the program's tables */
	movq %gs:CPU_ENTRY_SELF, %rsp
	leaq CPU_AREA_ENTRY_STACK + 4096(%rsp), %rsp
	pushq 48(%rdi)
	pushq 40(%rdi)
	pushq 32(%rdi)
	pushq 24(%rdi)
	pushq 16(%rdi)
	pushq (%rdi)
	LOAD_USER_ROOT
	popq %rdi
	PATCH_VERW
	swapgs
	.globl entry_iret_isolated
entry_iret_isolated:
	iretq

	.globl entry_exit_work
entry_exit_work:
	sti
	movq %rsp, %rdi
	call upcall_return_to_program
	cli
	jmp entry_return_to_user

/* context_switch() returns here in a new context; rax is the context that was left. */
	.globl entry_context_user
entry_context_user:
	movq %rax, %rdi
	call upcall_context_start
	cli
	jmp entry_return_to_user

	.globl entry_context_kernel
entry_context_kernel:
	movq %rax, %rdi
	call upcall_context_start
	sti
	movq %r12, %rdi
	xorl %ebp, %ebp
	call __x86_indirect_thunk_rbx
	ud2

	.section .note.GNU-stack, "", @progbits
