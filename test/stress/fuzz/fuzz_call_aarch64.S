/*
 * The call that the fuzzer makes, with every register known before and compared after it, and the
 * way of its children onto a stack of their own. Layouts: struct fuzz_invocation in fuzz.h.
 */
#include <sys/syscall.h>

#define ARGUMENT(n) (8 + 8 * (n))
#define VECTORS 56
#define VECTORS_AFTER (56 + 256)
#define CHILD_MASK 31
#define CHILD_STACK_SHIFT 15
#define REGISTERS_CHANGED 1
#define CHANGED(n) (8 + 8 * (n))
#define SAVED_BYTES 160

	.text

/* long fuzz_raw(number, six arguments): nothing but the call. */
	.globl fuzz_raw_call
	.type fuzz_raw_call, %function
fuzz_raw_call:
	mov x8, x0
	mov x0, x1
	mov x1, x2
	mov x2, x3
	mov x3, x4
	mov x4, x5
	mov x5, x6
	svc #0
	ret
	.size fuzz_raw_call, . - fuzz_raw_call

	.globl fuzz_invoke
	.type fuzz_invoke, %function
fuzz_invoke:
	stp x29, x30, [sp, #-SAVED_BYTES]!
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	stp d8, d9, [sp, #96]
	stp d10, d11, [sp, #112]
	stp d12, d13, [sp, #128]
	stp d14, d15, [sp, #144]
	mov x19, x0
	add x9, x19, #VECTORS
	ld1 {v0.16b-v3.16b}, [x9], #64
	ld1 {v4.16b-v7.16b}, [x9], #64
	ld1 {v8.16b-v11.16b}, [x9], #64
	ld1 {v12.16b-v15.16b}, [x9]
	ldr x8, [x19]
	ldp x0, x1, [x19, #ARGUMENT(0)]
	ldp x2, x3, [x19, #ARGUMENT(2)]
	ldp x4, x5, [x19, #ARGUMENT(4)]
	mvn x20, x19
	mov x24, x8
	.irp n, 6, 7, 9, 10, 11, 12, 13, 14, 15, 16, 17, 21, 22, 23, 25, 26, 27, 28, 29, 30
	add x\n, x19, #\n
	.endr
	svc #0
	/* Known without memory, which a child may share with a parent that goes on. */
	sub x9, x9, #9
	cmp x9, x19
	b.ne changed
	mvn x9, x20
	cmp x9, x19
	b.ne changed
	.irp n, 6, 7, 10, 11, 12, 13, 14, 15, 16, 17, 21, 22, 23, 25, 26, 27, 28, 29, 30
	add x9, x19, #\n
	cmp x9, x\n
	b.ne changed
	.endr
	/* A sleep that a stop interrupted goes on as restart_syscall, and that number stays. */
	cmp x8, x24
	b.eq known
	cmp x8, #SYS_restart_syscall
	b.ne changed
	cmp x24, #SYS_nanosleep
	b.eq known
	cmp x24, #SYS_clock_nanosleep
	b.ne changed
known:
	cbnz x0, parent
	cmp x24, #SYS_clone
	b.eq child
	cmp x24, #SYS_clone3
	b.eq child
parent:
	ldr x9, [x19]
	cmp x9, x24
	b.ne changed
	.irp n, 1, 2, 3, 4, 5
	ldr x9, [x19, #ARGUMENT(\n)]
	cmp x9, x\n
	b.ne changed
	.endr
	add x9, x19, #VECTORS_AFTER
	st1 {v0.16b-v3.16b}, [x9], #64
	st1 {v4.16b-v7.16b}, [x9], #64
	st1 {v8.16b-v11.16b}, [x9], #64
	st1 {v12.16b-v15.16b}, [x9]
	ldp x19, x20, [sp, #16]
	ldp x21, x22, [sp, #32]
	ldp x23, x24, [sp, #48]
	ldp x25, x26, [sp, #64]
	ldp x27, x28, [sp, #80]
	ldp d8, d9, [sp, #96]
	ldp d10, d11, [sp, #112]
	ldp d12, d13, [sp, #128]
	ldp d14, d15, [sp, #144]
	ldp x29, x30, [sp], #SAVED_BYTES
	ret
child:
	adrp x9, fuzz_child_next
	add x9, x9, #:lo12:fuzz_child_next
1:	ldaxr w10, [x9]
	add w11, w10, #1
	stlxr w12, w11, [x9]
	cbnz w12, 1b
	and x10, x10, #CHILD_MASK
	add x10, x10, #1
	lsl x10, x10, #CHILD_STACK_SHIFT
	adrp x9, fuzz_child_stacks
	ldr x9, [x9, #:lo12:fuzz_child_stacks]
	add sp, x9, x10
	mov x0, x24
	bl fuzz_child
changed:
	adrp x9, fuzz_shared
	ldr x9, [x9, #:lo12:fuzz_shared]
1:	ldaxr w10, [x9]
	orr w10, w10, #REGISTERS_CHANGED
	stlxr w11, w10, [x9]
	cbnz w11, 1b
	str x8, [x9, #CHANGED(0)]
	.irp n, 0, 1, 2, 3, 4, 5
	str x\n, [x9, #CHANGED(1 + \n)]
	.endr
	str x0, [x9, #CHANGED(7)]
	str x19, [x9, #CHANGED(8)]
	str x20, [x9, #CHANGED(9)]
	str x21, [x9, #CHANGED(10)]
	str x22, [x9, #CHANGED(11)]
	str x23, [x9, #CHANGED(12)]
	mov x10, sp
	str x10, [x9, #CHANGED(13)]
	/* Last: if x19 itself is wrong, these words may not be there to be read. */
	.irp n, 0, 1, 2, 3, 4, 5, 6
	ldr x10, [x19, #(8 * \n)]
	str x10, [x9, #CHANGED(14 + \n)]
	.endr
	udf #0
	.size fuzz_invoke, . - fuzz_invoke

/* void fuzz_handler(int): a signal handler that does nothing; and what it returns to. */
	.globl fuzz_handler
	.type fuzz_handler, %function
fuzz_handler:
	ret
	.size fuzz_handler, . - fuzz_handler

	.globl fuzz_restorer
	.type fuzz_restorer, %function
fuzz_restorer:
	mov x8, #SYS_rt_sigreturn
	svc #0
	udf #0
	.size fuzz_restorer, . - fuzz_restorer

	.bss
	.balign 4
fuzz_child_next:
	.long 0

	.section .note.GNU-stack, "", %progbits
