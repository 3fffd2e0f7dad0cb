/*
 * memcpy, memmove, memset, memcmp. Small sizes by overlapping loads, large ones by quadword string
 * instructions, which are fast on every CPU (the byte forms only on some).
 */
	.text

/* void *memcpy(void *to, const void *from, size_t length); all loads of a small copy come first,
 * so it is memmove() for up to 32 bytes, too. */
	.globl memcpy
	.balign 16
memcpy:
	movq %rdi, %rax
	cmpq $32, %rdx
	ja 1f
copy_small:
	cmpq $16, %rdx
	jae 2f
	cmpq $8, %rdx
	jae 3f
	cmpq $4, %rdx
	jae 4f
	testq %rdx, %rdx
	je 5f
	movzbl (%rsi), %ecx
	movzbl -1(%rsi, %rdx), %r8d
	cmpq $3, %rdx
	je 6f
	movb %cl, (%rdi)
	movb %r8b, -1(%rdi, %rdx)
5:	ret
6:	movzbl 1(%rsi), %r9d
	movb %cl, (%rdi)
	movb %r9b, 1(%rdi)
	movb %r8b, 2(%rdi)
	ret
4:	movl (%rsi), %ecx
	movl -4(%rsi, %rdx), %r8d
	movl %ecx, (%rdi)
	movl %r8d, -4(%rdi, %rdx)
	ret
3:	movq (%rsi), %rcx
	movq -8(%rsi, %rdx), %r8
	movq %rcx, (%rdi)
	movq %r8, -8(%rdi, %rdx)
	ret
2:	movq (%rsi), %rcx
	movq 8(%rsi), %r8
	movq -16(%rsi, %rdx), %r9
	movq -8(%rsi, %rdx), %r10
	movq %rcx, (%rdi)
	movq %r8, 8(%rdi)
	movq %r9, -16(%rdi, %rdx)
	movq %r10, -8(%rdi, %rdx)
	ret
1:	movq -8(%rsi, %rdx), %r8	/* the tail, overlapping */
	leaq -8(%rdi, %rdx), %r9
	movq %rdx, %rcx
	shrq $3, %rcx
	rep movsq
	movq %r8, (%r9)
	ret

	.globl memmove
	.balign 16
memmove:
	movq %rdi, %rax
	cmpq $32, %rdx
	jbe copy_small
	movq %rdi, %rcx
	subq %rsi, %rcx
	cmpq %rdx, %rcx			/* unsigned: is `to` inside [from, from + length)? */
	jae 1b
	movq (%rsi), %r9		/* the head, overlapping */
7:	movq -8(%rsi, %rdx), %r8
	movq %r8, -8(%rdi, %rdx)
	subq $8, %rdx
	cmpq $8, %rdx
	ja 7b
	movq %r9, (%rdi)
	ret

	.globl memset
	.balign 16
memset:
	movq %rdi, %r9
	movzbl %sil, %eax
	movabsq $0x0101010101010101, %rcx
	imulq %rcx, %rax
	cmpq $16, %rdx
	jb 1f
	movq %rax, -8(%rdi, %rdx)
	movq %rdx, %rcx
	shrq $3, %rcx
	rep stosq
	movq %r9, %rax
	ret
1:	cmpq $8, %rdx
	jae 2f
	cmpq $4, %rdx
	jae 3f
	testq %rdx, %rdx
	je 4f
	movb %al, (%rdi)
	movb %al, -1(%rdi, %rdx)
	shrq $1, %rdx
	movb %al, (%rdi, %rdx)
4:	movq %r9, %rax
	ret
2:	movq %rax, (%rdi)
	movq %rax, -8(%rdi, %rdx)
	movq %r9, %rax
	ret
3:	movl %eax, (%rdi)
	movl %eax, -4(%rdi, %rdx)
	movq %r9, %rax
	ret

	.globl memcmp
	.balign 16
memcmp:
	cmpq $8, %rdx
	jb 2f
1:	movq (%rdi), %rax
	movq (%rsi), %rcx
	cmpq %rcx, %rax
	jne 4f
	addq $8, %rdi
	addq $8, %rsi
	subq $8, %rdx
	cmpq $8, %rdx
	jae 1b
2:	testq %rdx, %rdx
	je 5f
3:	movzbl (%rdi), %eax
	movzbl (%rsi), %ecx
	subl %ecx, %eax
	jne 6f
	incq %rdi
	incq %rsi
	decq %rdx
	jne 3b
5:	xorl %eax, %eax
6:	ret
4:	bswapq %rax			/* the first byte that differs decides */
	bswapq %rcx
	cmpq %rcx, %rax
	sbbl %eax, %eax
	orl $1, %eax
	ret

	.section .note.GNU-stack, "", @progbits
