/*
 * Exceptions of programs and of the kernel, and the ways out. SP_EL1 is the kernel stack: at its
 * top while a program runs. SP_EL0 is the program's stack, and the current context while the kernel
 * runs.
 *
 * There are three sets of vectors, so that a CPU does what its features ask for and no more: `keys`
 * changes between the program's key IA and the kernel's, `scalable` lets a call give up what vector
 * registers have beyond 128 bits.
 */
#include "machine/layout.h"

#define WORK_EXIT_MASK 0xff00		/* exception.c asserts it */
#define CLASS_SVC 0x15

	/* For debuggers: the kernel follows frame pointers. */
	.cfi_sections .debug_frame

	.section .entry.text, "ax"

/* Of code that nobody called: here a debugger's backtrace ends. */
.macro OUTERMOST
	.cfi_startproc
	.cfi_undefined x30
.endm

#define DWARF_PC 32			/* aadwarf64 4.1 */

/* Of an exception in the kernel: nothing is known before STORE_KERNEL, then where it happened. */
.macro INTERRUPTED
	.cfi_startproc
	.cfi_signal_frame
	.cfi_return_column DWARF_PC
	.cfi_def_cfa sp, FRAME_BYTES
	.cfi_undefined DWARF_PC
.endm

.macro INTERRUPTED_STORED
	.irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, \
		22, 23, 24, 25, 26, 27, 28, 29, 30
	.cfi_offset \number, FRAME_X(\number) - FRAME_BYTES
	.endr
	.cfi_offset DWARF_PC, FRAME_PC - FRAME_BYTES
.endm

/* sp points to a frame; x0 and x1 are stored. Leaves x29 at a record that backtraces follow. */
.macro STORE_REGISTERS
	stp x2, x3, [sp, #FRAME_X(2)]
	stp x4, x5, [sp, #FRAME_X(4)]
	stp x6, x7, [sp, #FRAME_X(6)]
	stp x8, x9, [sp, #FRAME_X(8)]
	stp x10, x11, [sp, #FRAME_X(10)]
	stp x12, x13, [sp, #FRAME_X(12)]
	stp x14, x15, [sp, #FRAME_X(14)]
	stp x16, x17, [sp, #FRAME_X(16)]
	stp x18, x19, [sp, #FRAME_X(18)]
	stp x20, x21, [sp, #FRAME_X(20)]
	stp x22, x23, [sp, #FRAME_X(22)]
	stp x24, x25, [sp, #FRAME_X(24)]
	stp x26, x27, [sp, #FRAME_X(26)]
	stp x28, x29, [sp, #FRAME_X(28)]
	mrs x22, elr_el1
	mrs x23, spsr_el1
	stp x22, x23, [sp, #FRAME_PC]
.endm

.macro STORE_PROGRAM
	sub sp, sp, #FRAME_BYTES
	stp x0, x1, [sp, #FRAME_X(0)]
	STORE_REGISTERS
	mrs x21, sp_el0
	stp x30, x21, [sp, #FRAME_X(30)]
	mov x24, #-1
	stp x24, x0, [sp, #FRAME_CALL]
	stp xzr, xzr, [sp, #FRAME_LINK]
	mrs x25, tpidr_el1
	ldr x20, [x25, #CPU_ENTRY_CONTEXT]
	msr sp_el0, x20
	add x29, sp, #FRAME_LINK
.endm

/* Behind STORE_PROGRAM: nothing is signed before, and all is from here on. Clobbers x1 to x4. */
.macro KEYS_OF_KERNEL keys
	.if \keys
	ldp x1, x2, [x25, #CPU_ENTRY_KERNEL_KEY]
	ldrh w3, [x20, #CONTEXT_SPECIAL]
	msr s3_0_c2_c1_0, x1		/* APIAKeyLo_EL1 */
	msr s3_0_c2_c1_1, x2		/* APIAKeyHi_EL1 */
	tbz w3, #SPECIAL_IA_OFF, 9f
	mrs x4, sctlr_el1
	orr x4, x4, #(1 << SCTLR_BIT_ENIA)
	msr sctlr_el1, x4
9:	isb
	.endif
.endm

/* What a call may lose of vectors: with it goes the right to use it untrapped. Clobbers x2, x3. */
.macro SCALABLE_DISCARD keys, scalable
	.if \scalable
	.ifeq \keys
	ldr x3, [x25, #CPU_ENTRY_CONTEXT]
	ldrh w3, [x3, #CONTEXT_SPECIAL]
	.endif
	tbz w3, #SPECIAL_SCALABLE, 9f
	mrs x2, cpacr_el1
	bic x2, x2, #(1 << CPACR_BIT_PROGRAM)
	msr cpacr_el1, x2
	ldr x2, [x25, #CPU_ENTRY_CONTEXT]
	bic w3, w3, #(1 << SPECIAL_SCALABLE)
	strh w3, [x2, #CONTEXT_SPECIAL]
9:
	.endif
.endm

/* x0: the context. ERET makes it count. Clobbers x1 to x4. */
.macro KEYS_OF_PROGRAM keys
	.if \keys
	ldp x1, x2, [x0, #CONTEXT_KEY_IA]
	ldrh w3, [x0, #CONTEXT_SPECIAL]
	msr s3_0_c2_c1_0, x1
	msr s3_0_c2_c1_1, x2
	tbz w3, #SPECIAL_IA_OFF, 9f
	mrs x4, sctlr_el1
	bic x4, x4, #(1 << SCTLR_BIT_ENIA)
	msr sctlr_el1, x4
9:
	.endif
.endm

.macro STORE_KERNEL
	stp x0, x1, [sp, #FRAME_X(0)]
	STORE_REGISTERS
	add x21, sp, #FRAME_BYTES
	stp x30, x21, [sp, #FRAME_X(30)]
	mov x24, #-1
	stp x24, x0, [sp, #FRAME_CALL]
	stp x29, x22, [sp, #FRAME_LINK]
	add x29, sp, #FRAME_LINK
.endm

.macro LOAD_REGISTERS
	ldp x2, x3, [sp, #FRAME_X(2)]
	ldp x4, x5, [sp, #FRAME_X(4)]
	ldp x6, x7, [sp, #FRAME_X(6)]
	ldp x8, x9, [sp, #FRAME_X(8)]
	ldp x10, x11, [sp, #FRAME_X(10)]
	ldp x12, x13, [sp, #FRAME_X(12)]
	ldp x14, x15, [sp, #FRAME_X(14)]
	ldp x16, x17, [sp, #FRAME_X(16)]
	ldp x18, x19, [sp, #FRAME_X(18)]
	ldp x20, x21, [sp, #FRAME_X(20)]
	ldp x22, x23, [sp, #FRAME_X(22)]
	ldp x24, x25, [sp, #FRAME_X(24)]
	ldp x26, x27, [sp, #FRAME_X(26)]
	ldp x28, x29, [sp, #FRAME_X(28)]
	ldr x30, [sp, #FRAME_X(30)]
	ldp x0, x1, [sp, #FRAME_X(0)]
	add sp, sp, #FRAME_BYTES
.endm

/* A program's values must not steer speculation in the kernel. */
.macro CLEAR_REGISTERS
	.irp number, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 26, 27, 28
	mov x\number, xzr
	.endr
.endm

/*
 * From the kernel: whether the stack still has room. Every address of a stack has the bit of its
 * size set, every address of the hole below it has not. Only sp and x0 are at hand to tell.
 */
.macro FROM_KERNEL target
	.balign 128
	sub sp, sp, #FRAME_BYTES
	add sp, sp, x0			/* sp + x0 */
	sub x0, sp, x0			/* sp */
	tbz x0, #KERNEL_STACK_SHIFT, 1f
	sub x0, sp, x0			/* x0 again */
	sub sp, sp, x0			/* sp again */
	b \target
1:	msr tpidrro_el0, x0		/* the stack pointer, for what remains to be said */
	sub x0, sp, x0
	msr tpidr_el0, x0
	b entry_overflow
.endm

.macro FROM_PROGRAM target
	.balign 128
	b \target
.endm

.macro UNEXPECTED
	.balign 128
	b entry_unexpected
.endm

/* A set of vectors, and what programs come in and go out by. */
.macro VECTORS suffix, keys, scalable
	.balign 2048
	.globl entry_vectors\suffix
entry_vectors\suffix:
	OUTERMOST
	UNEXPECTED			/* current EL with SP_EL0: never used */
	UNEXPECTED
	UNEXPECTED
	UNEXPECTED
	FROM_KERNEL entry_kernel_exception
	FROM_KERNEL entry_kernel_interrupt
	FROM_KERNEL entry_kernel_unexpected
	FROM_KERNEL entry_kernel_serror
	FROM_PROGRAM entry_exception\suffix
	FROM_PROGRAM entry_interrupt\suffix
	FROM_PROGRAM entry_program_unexpected\suffix
	FROM_PROGRAM entry_program_unexpected\suffix
	UNEXPECTED			/* 32-bit programs cannot be started */
	UNEXPECTED
	UNEXPECTED
	UNEXPECTED

entry_exception\suffix:
	STORE_PROGRAM
	KEYS_OF_KERNEL \keys
	mrs x20, esr_el1
	lsr x21, x20, #26
	cmp x21, #CLASS_SVC
	b.ne 1f
	mov w21, w8
	str x21, [sp, #FRAME_CALL]
	SCALABLE_DISCARD \keys, \scalable
	CLEAR_REGISTERS
	mov x0, sp
	msr daifclr, #2
	bl upcall_call
	b entry_return\suffix
1:	mrs x2, far_el1
	mov x1, x20
	mov x0, sp
	bl exception_handle
	b entry_return\suffix

entry_interrupt\suffix:
	STORE_PROGRAM
	KEYS_OF_KERNEL \keys
	CLEAR_REGISTERS
	mov x0, sp
	bl interrupt_handle

/* Interrupts are masked from the look at the work word on. */
entry_return\suffix:
	msr daifset, #2
	mrs x0, sp_el0
	ldr w1, [x0, #CONTEXT_WORK]
	tst w1, #WORK_EXIT_MASK
	b.ne 1f
	ldr x21, [sp, #FRAME_SP]
	ldp x22, x23, [sp, #FRAME_PC]
	msr sp_el0, x21
	msr elr_el1, x22
	msr spsr_el1, x23
	KEYS_OF_PROGRAM \keys
	LOAD_REGISTERS
	eret
	/* Nothing behind it is to be speculated. */
	dsb nsh
	isb
1:	msr daifclr, #2
	mov x0, sp
	bl upcall_return_to_program
	b entry_return\suffix

	.globl entry_leave\suffix
entry_leave\suffix:
	hint #36			/* bti j */
	b entry_return\suffix

entry_program_unexpected\suffix:
	STORE_PROGRAM
	KEYS_OF_KERNEL \keys
	b entry_report_unexpected
	.cfi_endproc
.endm

	VECTORS , 0, 0
	VECTORS _keys, 1, 1
	VECTORS _scalable, 0, 1

/* Into a program by the way of this CPU's set. */
	.globl entry_leave_now
entry_leave_now:
	OUTERMOST
	adrp x16, entry_leave_chosen
	ldr x16, [x16, :lo12:entry_leave_chosen]
	br x16
	.cfi_endproc

entry_kernel_exception:
	INTERRUPTED
	STORE_KERNEL
	INTERRUPTED_STORED
	mrs x1, esr_el1
	mrs x2, far_el1
	mov x0, sp
	bl exception_handle
	b entry_return_to_kernel
	.cfi_endproc

entry_kernel_serror:
	INTERRUPTED
	STORE_KERNEL
	INTERRUPTED_STORED
	mrs x1, esr_el1
	mrs x2, far_el1
	mov x0, sp
	bl exception_serror
	b entry_return_to_kernel
	.cfi_endproc

entry_kernel_interrupt:
	INTERRUPTED
	STORE_KERNEL
	INTERRUPTED_STORED
	mov x0, sp
	bl interrupt_handle

entry_return_to_kernel:
	ldp x22, x23, [sp, #FRAME_PC]
	msr elr_el1, x22
	msr spsr_el1, x23
	LOAD_REGISTERS
	eret
	dsb nsh
	isb
	.cfi_endproc

entry_unexpected:
	OUTERMOST
	sub sp, sp, #FRAME_BYTES
entry_kernel_unexpected:
	STORE_KERNEL
entry_report_unexpected:
	mrs x1, esr_el1
	mrs x2, far_el1
	mov x0, sp
	bl exception_unexpected
	brk #0
	.cfi_endproc

/* The kernel stack ran over: the stack pointer is in TPIDRRO_EL0, x0 in TPIDR_EL0. */
entry_overflow:
	OUTERMOST
	mrs x0, tpidr_el1
	ldr x0, [x0, #CPU_ENTRY_FAULT_STACK]
	mov sp, x0
	mrs x0, tpidr_el0
	sub sp, sp, #FRAME_BYTES
	STORE_KERNEL
	mrs x1, esr_el1
	mrs x2, tpidrro_el0
	mov x0, sp
	bl exception_overflow
	brk #0
	.cfi_endproc

/* context_switch() returns here in a new context; x0 is the context that was left. */
	.globl entry_context_user
entry_context_user:
	OUTERMOST
	bl upcall_context_start
	b entry_leave_now
	.cfi_endproc

	.globl entry_context_kernel
entry_context_kernel:
	OUTERMOST
	bl upcall_context_start
	msr daifclr, #2
	mov x0, x20
	mov x29, xzr
	mov x30, xzr
	blr x19
	brk #0
	.cfi_endproc

	.text

/* struct context *context_switch_stacks(virtual_t *save, virtual_t stack, struct context *from,
 * struct context *to) */
	.globl context_switch_stacks
context_switch_stacks:
	.cfi_startproc
	stp x29, x30, [sp, #-96]!
	.cfi_def_cfa_offset 96
	.cfi_offset x29, -96
	.cfi_offset x30, -88
	stp x19, x20, [sp, #16]
	stp x21, x22, [sp, #32]
	stp x23, x24, [sp, #48]
	stp x25, x26, [sp, #64]
	stp x27, x28, [sp, #80]
	mov x4, sp
	str x4, [x0]
	mov sp, x1
	msr sp_el0, x3
	ldp x19, x20, [sp, #16]
	ldp x21, x22, [sp, #32]
	ldp x23, x24, [sp, #48]
	ldp x25, x26, [sp, #64]
	ldp x27, x28, [sp, #80]
	ldp x29, x30, [sp], #96
	.cfi_restore x29
	.cfi_restore x30
	.cfi_def_cfa_offset 0
	mov x0, x2
	ret
	.cfi_endproc

/* void entry_on_stack(void (*function)(unsigned), unsigned argument, virtual_t stack_top) */
	.globl entry_on_stack
entry_on_stack:
	.cfi_startproc
	stp x29, x30, [sp, #-16]!
	.cfi_def_cfa_offset 16
	.cfi_offset x29, -16
	.cfi_offset x30, -8
	mov x29, sp
	.cfi_def_cfa_register x29
	mov x3, x0
	mov w0, w1
	mov sp, x2
	blr x3
	mov sp, x29
	ldp x29, x30, [sp], #16
	.cfi_restore x29
	.cfi_restore x30
	.cfi_def_cfa sp, 0
	ret
	.cfi_endproc

	.section .note.GNU-stack, "", @progbits
