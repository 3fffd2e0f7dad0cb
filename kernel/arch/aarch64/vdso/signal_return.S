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

	/* As the other objects: landing pads where they are needed, no return address to sign. */
	.section .note.gnu.property, "a"
	.balign 8
	.long 4, 16, 5			/* NT_GNU_PROPERTY_TYPE_0 */
	.asciz "GNU"
	.long 0xc0000000, 4, 3, 0	/* GNU_PROPERTY_AARCH64_FEATURE_1_AND: BTI, PAC */

	.section .note.GNU-stack, "", @progbits
