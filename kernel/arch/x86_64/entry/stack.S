/* Changing stacks: to another context's, and to the interrupt stack for one call. */
#include "machine/layout.h"

	.text

/* struct context *context_switch_stacks(virtual_t *save, virtual_t stack, struct context *from) */
	.globl context_switch_stacks
context_switch_stacks:
	pushq %rbp
	pushq %rbx
	pushq %r12
	pushq %r13
	pushq %r14
	pushq %r15
	movq %rsp, (%rdi)
	movq %rsi, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbx
	popq %rbp
	movq %rdx, %rax
	ret

/* void entry_on_stack(void (*function)(unsigned), unsigned argument, virtual_t stack_top) */
	.globl entry_on_stack
entry_on_stack:
	pushq %rbp
	movq %rsp, %rbp
	movq %rdi, %rax
	movl %esi, %edi
	movq %rdx, %rsp
	call __x86_indirect_thunk_rax
	movq %rbp, %rsp
	popq %rbp
	ret

	.section .note.GNU-stack, "", @progbits
