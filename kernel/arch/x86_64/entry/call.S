/*
 * SYSCALL: saves a full frame, lets upcall_call() run with interrupts enabled, and leaves by SYSRET
 * when the frame is still what SYSRET can restore, else by IRET.
 */
#include "arch/x86_64/entry/macros.h"

#define EXIT_MASK 0xff00
#define ENOSYS 38
#define RFLAGS_NOT_FOR_SYSRET 0x10100	/* RF and TF: SYSRET would not treat them right */

	.section .entry.text, "ax"

	.globl entry_call_isolated
	.balign 64
entry_call_isolated:
	swapgs
	movq %rsp, %gs:CPU_ENTRY_SCRATCH
	movq %gs:CPU_ENTRY_KERNEL_ROOT, %rsp
	movq %rsp, %cr3
	jmp entry_call_common

	.globl entry_call
	.balign 64
entry_call:
	swapgs
	movq %rsp, %gs:CPU_ENTRY_SCRATCH
entry_call_common:
	movq %gs:CPU_ENTRY_STACK_TOP, %rsp
	pushq $SELECTOR_USER_DATA
	pushq %gs:CPU_ENTRY_SCRATCH
	pushq %r11
	pushq $SELECTOR_USER_CODE
	pushq %rcx
	pushq %rax
	pushq %rdi
	PUSH_REGISTERS_BELOW_RDI $-ENOSYS
	CLEAR_REGISTERS
	movq %rsp, %rdi
	sti
	call upcall_call
	cli
	movq %gs:CPU_ENTRY_CONTEXT, %rax
	testl $EXIT_MASK, CONTEXT_WORK(%rax)
	jnz entry_exit_work

	movq FRAME_RIP(%rsp), %rcx
	movq FRAME_RFLAGS(%rsp), %r11
	cmpq %rcx, FRAME_RCX(%rsp)
	jne entry_return_by_iret
	cmpq %r11, FRAME_R11(%rsp)
	jne entry_return_by_iret
	shrq $47, %rcx			/* SYSRET to a non-canonical address faults in the kernel */
	jnz entry_return_by_iret
	testl $RFLAGS_NOT_FOR_SYSRET, %r11d
	jnz entry_return_by_iret
	cmpb $SELECTOR_USER_CODE, FRAME_CS(%rsp)
	jne entry_return_by_iret
	cmpb $SELECTOR_USER_DATA, FRAME_SS(%rsp)
	jne entry_return_by_iret

	POP_REGISTERS_BELOW_RDI
	cmpq $0, %gs:CPU_ENTRY_KERNEL_ROOT
	jne 1f
	popq %rdi
	movq FRAME_RSP - FRAME_CALL(%rsp), %rsp
	PATCH_VERW
	swapgs
	sysretq
1:	movq %rsp, %rdi
	movq %gs:CPU_ENTRY_SELF, %rsp
	leaq CPU_AREA_ENTRY_STACK + 4096(%rsp), %rsp
	pushq FRAME_RSP - FRAME_RDI(%rdi)
	pushq (%rdi)
	LOAD_USER_ROOT
	popq %rdi
	popq %rsp
	PATCH_VERW
	swapgs
	sysretq

	.balign 8
	.globl entry_data_selector
entry_data_selector:
	.word SELECTOR_KERNEL_DATA

/* No 32-bit code runs, so none should come here; SYSCALL leaves rsp and gs the program's. */
	.globl entry_call_compatible
entry_call_compatible:
	movl $-ENOSYS, %eax
	sysretl

	.section .note.GNU-stack, "", @progbits
