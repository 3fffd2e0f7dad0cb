/*
 * Where other CPUs begin: real mode, at the page that the startup message named. Copied to a page
 * below 1 MB; goes straight to 64-bit mode with tables that map that page where it is.
 */
#include "arch/x86_64/cpu/trampoline.h"
#include "machine/layout.h"

	.section .rodata
	.code16
	.globl trampoline_start
trampoline_start:
	cli
	cld
	movw %cs, %ax
	movw %ax, %ds
	movl $0x20, %eax		/* PAE */
	movl %eax, %cr4
	movl TRAMPOLINE_ROOT, %eax
	movl %eax, %cr3
	movl $0xc0000080, %ecx
	rdmsr
	orl TRAMPOLINE_EFER, %eax
	wrmsr
	lgdtl TRAMPOLINE_GDT_POINTER
	movl $0x80010031, %eax		/* PG WP NE ET PE */
	movl %eax, %cr0
	ljmpl *TRAMPOLINE_JUMP
	.code64
	.globl trampoline_long_mode
trampoline_long_mode:
	leaq trampoline_start(%rip), %rbx
	movl $SELECTOR_KERNEL_DATA, %eax
	movl %eax, %ss
	movl %eax, %ds
	movl %eax, %es
	movq TRAMPOLINE_STACK(%rbx), %rsp
	movl TRAMPOLINE_CPU(%rbx), %edi
	xorl %ebp, %ebp
	movabsq $secondary_main, %rax
	call *%rax
	ud2
	.globl trampoline_end
trampoline_end:

	.section .note.GNU-stack, "", @progbits
