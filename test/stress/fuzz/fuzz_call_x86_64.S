/*
 * The call that the fuzzer makes, with every register known before and compared after it, and the
 * way of its children onto a stack of their own. Layouts: struct fuzz_invocation in fuzz.h.
 */
#define ARGUMENT(n) (8 + 8 * (n))
#define VECTOR(n) (56 + 16 * (n))
#define VECTOR_AFTER(n) (56 + 256 + 16 * (n))
#define CHILD_MASK 31
#define CHILD_STACK_SHIFT 15
#define REGISTERS_CHANGED 1
#define CHANGED(n) (8 + 8 * (n))

	.text

/* long fuzz_raw(number, six arguments): nothing but the call. */
	.globl fuzz_raw_call
	.type fuzz_raw_call, @function
fuzz_raw_call:
	mov %rdi, %rax
	mov %rsi, %rdi
	mov %rdx, %rsi
	mov %rcx, %rdx
	mov %r8, %r10
	mov %r9, %r8
	mov 8(%rsp), %r9
	syscall
	ret
	.size fuzz_raw_call, . - fuzz_raw_call

	.globl fuzz_invoke
	.type fuzz_invoke, @function
fuzz_invoke:
	push %rbx
	push %rbp
	push %r12
	push %r13
	push %r14
	push %r15
	mov %rdi, %rbx
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqu VECTOR(\n)(%rbx), %xmm\n
	.endr
	mov (%rbx), %rax
	mov ARGUMENT(0)(%rbx), %rdi
	mov ARGUMENT(1)(%rbx), %rsi
	mov ARGUMENT(2)(%rbx), %rdx
	mov ARGUMENT(3)(%rbx), %r10
	mov ARGUMENT(4)(%rbx), %r8
	mov ARGUMENT(5)(%rbx), %r9
	mov %rbx, %rbp
	not %rbp
	lea 1(%rbx), %r12
	lea 2(%rbx), %r13
	lea 3(%rbx), %r14
	mov %rax, %r15
	syscall
	/* Known without memory, which a child may share with a parent that goes on. */
	mov %rbp, %rcx
	not %rcx
	cmp %rcx, %rbx
	jne changed
	lea 1(%rbx), %rcx
	cmp %rcx, %r12
	jne changed
	lea 2(%rbx), %rcx
	cmp %rcx, %r13
	jne changed
	lea 3(%rbx), %rcx
	cmp %rcx, %r14
	jne changed
	test %rax, %rax
	jnz parent
	.irp number, 56, 57, 58, 435
	cmp $\number, %r15
	je child
	.endr
parent:
	cmp (%rbx), %r15
	jne changed
	cmp ARGUMENT(0)(%rbx), %rdi
	jne changed
	cmp ARGUMENT(1)(%rbx), %rsi
	jne changed
	cmp ARGUMENT(2)(%rbx), %rdx
	jne changed
	cmp ARGUMENT(3)(%rbx), %r10
	jne changed
	cmp ARGUMENT(4)(%rbx), %r8
	jne changed
	cmp ARGUMENT(5)(%rbx), %r9
	jne changed
	.irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
	movdqu %xmm\n, VECTOR_AFTER(\n)(%rbx)
	.endr
	pop %r15
	pop %r14
	pop %r13
	pop %r12
	pop %rbp
	pop %rbx
	ret
child:
	mov $1, %ecx
	lock xadd %ecx, fuzz_child_next(%rip)
	and $CHILD_MASK, %ecx
	inc %ecx
	shl $CHILD_STACK_SHIFT, %rcx
	add fuzz_child_stacks(%rip), %rcx
	mov %rcx, %rsp
	mov %r15, %rdi
	call fuzz_child
changed:
	mov fuzz_shared(%rip), %rcx
	lock orl $REGISTERS_CHANGED, (%rcx)
	mov %r15, CHANGED(0)(%rcx)
	mov %rdi, CHANGED(1)(%rcx)
	mov %rsi, CHANGED(2)(%rcx)
	mov %rdx, CHANGED(3)(%rcx)
	mov %r10, CHANGED(4)(%rcx)
	mov %r8, CHANGED(5)(%rcx)
	mov %r9, CHANGED(6)(%rcx)
	mov %rax, CHANGED(7)(%rcx)
	mov %rbx, CHANGED(8)(%rcx)
	mov %rbp, CHANGED(9)(%rcx)
	mov %r12, CHANGED(10)(%rcx)
	mov %r13, CHANGED(11)(%rcx)
	mov %r14, CHANGED(12)(%rcx)
	mov %rsp, CHANGED(13)(%rcx)
	/* Last: if rbx itself is wrong, these words may not be there to be read. */
	.irp n, 0, 1, 2, 3, 4, 5, 6
	mov 8 * \n(%rbx), %rax
	mov %rax, CHANGED(14 + \n)(%rcx)
	.endr
	ud2
	.size fuzz_invoke, . - fuzz_invoke

/* void fuzz_handler(int): a signal handler that does nothing; and what it returns to. */
	.globl fuzz_handler
	.type fuzz_handler, @function
fuzz_handler:
	ret
	.size fuzz_handler, . - fuzz_handler

	.globl fuzz_restorer
	.type fuzz_restorer, @function
fuzz_restorer:
	mov $15, %eax
	syscall
	ud2
	.size fuzz_restorer, . - fuzz_restorer

	.bss
fuzz_child_next:
	.long 0

	.section .note.GNU-stack, "", @progbits
