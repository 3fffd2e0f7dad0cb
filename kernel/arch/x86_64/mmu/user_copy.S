/*
 * Copying to and from program memory. What a page fault could not resolve ends up at a recovery
 * address: small copies start over byte by byte, large ones go on so, to find the exact end.
 * Each function: rdi to, rsi from, rdx length; the result is the number of bytes not copied.
 */
#include "arch/common/recovery.h"
#include "arch/x86_64/cpu/patch.h"

	.text

	.globl user_raw_copy_in
	.globl user_raw_copy_out
	.balign 16
user_raw_copy_in:
user_raw_copy_out:
	PATCH PATCH_STAC
	cmpq $32, %rdx
	ja 5f
	cmpq $16, %rdx
	ja 4f
	cmpq $8, %rdx
	jae 3f
	cmpq $4, %rdx
	jae 2f
	movq %rdx, %rcx
	jmp copy_bytes
2:
10:	movl (%rsi), %eax
11:	movl -4(%rsi, %rdx), %ecx
12:	movl %eax, (%rdi)
13:	movl %ecx, -4(%rdi, %rdx)
	PATCH PATCH_CLAC
	xorl %eax, %eax
	ret
3:
20:	movq (%rsi), %rax
21:	movq -8(%rsi, %rdx), %rcx
22:	movq %rax, (%rdi)
23:	movq %rcx, -8(%rdi, %rdx)
	PATCH PATCH_CLAC
	xorl %eax, %eax
	ret
4:
30:	movq (%rsi), %rax
31:	movq 8(%rsi), %rcx
32:	movq -16(%rsi, %rdx), %r8
33:	movq -8(%rsi, %rdx), %r9
34:	movq %rax, (%rdi)
35:	movq %rcx, 8(%rdi)
36:	movq %r8, -16(%rdi, %rdx)
37:	movq %r9, -8(%rdi, %rdx)
	PATCH PATCH_CLAC
	xorl %eax, %eax
	ret
5:	movq %rdx, %rcx
	shrq $3, %rcx
	andl $7, %edx
40:	rep movsq
	jz 6f				/* flags of the AND: string moves change none */
41:	movq -8(%rsi, %rdx), %rax	/* the last word, overlapping */
42:	movq %rax, -8(%rdi, %rdx)
6:	PATCH PATCH_CLAC
	xorl %eax, %eax
	ret

copy_small_again:
	movq %rdx, %rcx
	jmp copy_bytes
copy_large_again:
	leaq (%rdx, %rcx, 8), %rcx
	jmp copy_bytes
copy_tail_again:
	movl %edx, %ecx
copy_bytes:
50:	rep movsb
copy_end:
	PATCH PATCH_CLAC
	movq %rcx, %rax
	ret

	.irp at, 10b, 11b, 12b, 13b, 20b, 21b, 22b, 23b, 30b, 31b, 32b, 33b, 34b, 35b, 36b, 37b
	EXCEPTION_RECOVER \at, copy_small_again
	.endr
	EXCEPTION_RECOVER 40b, copy_large_again
	EXCEPTION_RECOVER 41b, copy_tail_again
	EXCEPTION_RECOVER 42b, copy_tail_again
	EXCEPTION_RECOVER 50b, copy_end

/* rdi to, rsi length */
	.globl user_raw_zero
	.balign 16
user_raw_zero:
	movq %rsi, %rcx
	shrq $3, %rcx
	andl $7, %esi
	xorl %eax, %eax
	PATCH PATCH_STAC
60:	rep stosq
	movl %esi, %ecx
61:	rep stosb
zero_end:
	PATCH PATCH_CLAC
	movq %rcx, %rax
	ret
zero_large_again:
	leaq (%rsi, %rcx, 8), %rcx
	jmp 61b
	EXCEPTION_RECOVER 60b, zero_large_again
	EXCEPTION_RECOVER 61b, zero_end

/*
 * rdi to, rsi from, rdx limit. Eight bytes at a time while that many are allowed; a word that
 * faults, or holds the end, is done byte by byte.
 */
	.globl user_raw_copy_string
	.balign 16
user_raw_copy_string:
	movabsq $0x0101010101010101, %r9
	movabsq $0x8080808080808080, %r10
	movq %rdx, %r11
	PATCH PATCH_STAC
1:	cmpq $8, %rdx
	jb string_bytes
70:	movq (%rsi), %rax
	movq %rax, %rcx
	movq %rax, %r8
	subq %r9, %rcx
	notq %r8
	andq %r8, %rcx
	andq %r10, %rcx
	jnz 3f
	movq %rax, (%rdi)
	addq $8, %rsi
	addq $8, %rdi
	subq $8, %rdx
	jmp 1b
3:	bsfq %rcx, %rcx			/* the lowest bit set is that of the first zero byte */
	shrl $3, %ecx
	movq %r11, %r8
	subq %rdx, %r8
	leaq (%r8, %rcx), %r8		/* the length */
4:	movb %al, (%rdi)		/* the NUL, too; nothing behind it */
	incq %rdi
	shrq $8, %rax
	subl $1, %ecx
	jns 4b
	PATCH PATCH_CLAC
	movq %r8, %rax
	ret
string_bytes:
	testq %rdx, %rdx
	jz 6f
71:	movb (%rsi), %al
	movb %al, (%rdi)
	testb %al, %al
	jz 6f
	incq %rsi
	incq %rdi
	decq %rdx
	jmp string_bytes
6:	PATCH PATCH_CLAC
	movq %r11, %rax
	subq %rdx, %rax
	ret
string_fault:
	PATCH PATCH_CLAC
	movq $-14, %rax			/* -EFAULT */
	ret
	EXCEPTION_RECOVER 70b, string_bytes
	EXCEPTION_RECOVER 71b, string_fault

	.section .note.GNU-stack, "", @progbits
