/* Where a signal handler returns to when its program gave no restorer. */
	.text
	.balign 4
	nop				/* unwinders look at the instruction before */
	.globl __kernel_rt_sigreturn
	.type __kernel_rt_sigreturn, %function
__kernel_rt_sigreturn:
	mov x8, #139
	svc #0
	.size __kernel_rt_sigreturn, . - __kernel_rt_sigreturn

	.section .note.GNU-stack, "", @progbits
