/*
 * Indirect jumps of compiled code come here, one thunk per register: a return whose prediction runs
 * into a trap, so that nobody can train where it speculates to ("retpoline"). patches_apply()
 * rewrites them into plain jumps on CPUs that separate predictions themselves.
 */
	.text

	.macro THUNK register
	.balign 32
	.globl __x86_indirect_thunk_\register
__x86_indirect_thunk_\register:
	call 1f
2:	pause
	lfence
	jmp 2b
1:	movq %\register, (%rsp)
	ret
	int3
	.endm

	.balign 32
	.globl indirect_thunks
indirect_thunks:
	.irp register, rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15
	THUNK \register
	.endr

/* Overwrites the return predictions that the program left which ran before. */
	.globl return_predictions_fill
	.balign 16
return_predictions_fill:
	movl $16, %ecx
3:	call 4f
	int3
4:	call 5f
	int3
5:	addq $16, %rsp
	decl %ecx
	jnz 3b
	lfence
	ret

	.section .note.GNU-stack, "", @progbits
