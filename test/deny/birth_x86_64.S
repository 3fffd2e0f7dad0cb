/*
 * deny_birth() of deny.h: the child's part is here too, so that it needs no stack.
 */
#include <sys/syscall.h>

	.text
	.globl deny_birth
	.type deny_birth, @function
deny_birth:
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	xor %edx, %edx
	xor %r10d, %r10d
	xor %r8d, %r8d
	syscall
	test %eax, %eax
	jnz 1f
	mov $SYS_exit, %eax
	xor %edi, %edi
	syscall
1:	ret
	.size deny_birth, . - deny_birth

	.section .note.GNU-stack, "", @progbits
