/* From firmware's page tables to none: caches written back, MMU off, and on to the kernel. */
#define SCTLR_M		(1 << 0)
#define SCTLR_C		(1 << 2)
#define SCTLR_I		(1 << 12)
#define CURRENT_EL2	(2 << 2)

/* Cleans and invalidates [x0, x1) to memory, by lines of x5 bytes; clobbers x0 and x6. */
.macro WRITE_BACK
	sub x6, x5, #1
	bic x0, x0, x6
1:	dc civac, x0
	add x0, x0, x5
	cmp x0, x1
	b.lo 1b
.endm

	.section .boot.text, "ax"
	.globl efi_leave
/* x0: start, x1: end, x2: where to go on, x3: handover. */
efi_leave:
	msr daifset, #15
	mrs x4, ctr_el0
	ubfx x4, x4, #16, #4		/* DminLine: words of the smallest line, as a power of 2 */
	mov x5, #4
	lsl x5, x5, x4
	/* Nothing of what was there may be written over what head.S writes past the caches. */
	WRITE_BACK
	/* What follows is fetched past them, too. */
	adr x0, mmu_off
	adr x1, efi_leave_end
	WRITE_BACK
	dsb sy
	ic iallu
	dsb sy
	isb
mmu_off:
	mov x1, #SCTLR_M | SCTLR_C
	orr x1, x1, #SCTLR_I
	mrs x0, CurrentEL
	cmp x0, #CURRENT_EL2
	b.ne 2f
	mrs x0, sctlr_el2
	bic x0, x0, x1
	msr sctlr_el2, x0
	b 3f
2:	mrs x0, sctlr_el1
	bic x0, x0, x1
	msr sctlr_el1, x0
3:	isb
	mov x0, x3
	br x2
efi_leave_end:

	.section .note.GNU-stack, "", @progbits
