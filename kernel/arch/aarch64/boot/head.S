/*
 * First instructions, on the boot CPU and on the others: MMU off, at whatever address the loader
 * chose. Leaves EL2 for EL1, builds the early page tables and goes on at the linked address.
 */
#include "arch/aarch64/boot/efi_header.h"
#include "arch/aarch64/boot/head.h"
#include "machine/layout.h"

#define SCTLR_OFF	0x30d00800	/* the bits that have to be 1 */
#define SPSR_EL1H	0x3c5		/* EL1h, all masked */
#define HCR_EL2_VALUE	0x30080000000	/* EL1 is 64-bit, pointer authentication is its own */
#define CPTR_EL2_NONE	0x33ff
#define CPTR_EL2_NO_SVE_TRAP 0x32ff

#define BLOCK_NORMAL	0x0040000000000701	/* valid, accessed, shared, not for EL0 */
#define TABLE_ENTRY	3

	.section .image.header, "ax"
	.globl image_header
image_header:
	ccmp x18, #0, #0xd, pl		/* "MZ" to firmware, harmless as an instruction */
	b image_start
	.quad 0				/* load at any multiple of 2 MB */
	.quad __image_size
	.quad 0xa			/* little-endian, 4 KB pages, anywhere in memory */
	.quad 0, 0, 0
	.ascii "ARM\x64"
	.long pe_header - image_header
	EFI_HEADER

	.section .boot.text, "ax"

/* To EL1 with the MMU off; clobbers x0..x3, returns to x30 in any case. */
leave_el2:
	mrs x0, CurrentEL
	cmp x0, #(2 << 2)
	b.ne 2f
	ldr x0, =HCR_EL2_VALUE
	msr hcr_el2, x0
	isb
	mov x0, #3
	msr cnthctl_el2, x0		/* counter and timer are EL1's */
	msr cntvoff_el2, xzr
	mrs x0, midr_el1
	msr vpidr_el2, x0
	mrs x0, mpidr_el1
	msr vmpidr_el2, x0
	mov x0, #CPTR_EL2_NONE
	msr cptr_el2, x0
	mrs x0, id_aa64pfr0_el1
	ubfx x0, x0, #32, #4		/* SVE */
	cbz x0, 1f
	mov x0, #CPTR_EL2_NO_SVE_TRAP
	msr cptr_el2, x0
	isb
	mov x0, #0x1ff			/* any length */
	msr s3_4_c1_c2_0, x0		/* ZCR_EL2 */
1:	msr hstr_el2, xzr
	msr vttbr_el2, xzr
	/* The loader's traps would come to nobody: of debugging, counters and single registers. */
	mov x0, xzr
	mrs x1, id_aa64dfr0_el1
	sbfx x1, x1, #8, #4		/* counters; -1: of another kind */
	cmp x1, #1
	b.lt 1f
	mrs x0, pmcr_el0
	ubfx x0, x0, #11, #5		/* all of them are EL1's */
1:	msr mdcr_el2, x0
	mrs x0, id_aa64mmfr0_el1
	ubfx x0, x0, #56, #4		/* traps of single registers */
	cbz x0, 1f
	msr s3_4_c1_c1_4, xzr		/* HFGRTR_EL2 */
	msr s3_4_c1_c1_5, xzr		/* HFGWTR_EL2 */
	msr s3_4_c1_c1_6, xzr		/* HFGITR_EL2 */
	msr s3_4_c3_c1_4, xzr		/* HDFGRTR_EL2 */
	msr s3_4_c3_c1_5, xzr		/* HDFGWTR_EL2 */
	mrs x0, id_aa64pfr0_el1
	ubfx x0, x0, #44, #4		/* activity monitors */
	cbz x0, 1f
	msr s3_4_c3_c1_6, xzr		/* HAFGRTR_EL2 */
1:	adr x0, el2_vectors		/* firmware's lie in memory that is given back */
	msr vbar_el2, x0
	mrs x0, id_aa64pfr0_el1
	ubfx x0, x0, #24, #4		/* GIC system registers */
	cbz x0, 1f
	mrs x0, s3_4_c12_c9_5		/* ICC_SRE_EL2 */
	orr x0, x0, #1			/* SRE */
	orr x0, x0, #8			/* Enable */
	msr s3_4_c12_c9_5, x0
	isb
	msr s3_4_c12_c11_0, xzr		/* ICH_HCR_EL2 */
1:	ldr x0, =SCTLR_OFF
	msr sctlr_el1, x0
	mov x0, #SPSR_EL1H
	msr spsr_el2, x0
	msr elr_el2, x30
	eret
2:	ldr x0, =SCTLR_OFF
	msr sctlr_el1, x0
	isb
	ret

/* Nobody is at EL2 any more. A call gets PSCI's answer "not supported". */
	.balign 2048
el2_vectors:
	.rept 16
	.balign 128
	mov x0, #-1
	eret
	.endr

/* x0: TTBR0, x1: TTBR1, x2: MAIR, x3: TCR, x4: SCTLR, x5: where to go on. */
mmu_enable:
	msr ttbr0_el1, x0
	msr ttbr1_el1, x1
	msr mair_el1, x2
	msr tcr_el1, x3
	isb
	tlbi vmalle1
	dsb nsh
	isb
	msr sctlr_el1, x4
	isb
	br x5

/* x0: what efi.c hands over. */
	.globl efi_start
efi_start:
	mov x19, x0
	mov x20, xzr
	b start

/* x0: device tree, or 0. */
image_start:
	mov x19, xzr
	mov x20, x0
start:
	bl leave_el2
	adr x21, image_header		/* where the image is */

	/* All that only booting needs becomes zero, the early tables among it. */
	ldr x0, =__boot_bss_start
	ldr x1, =__boot_bss_end
	ldr x2, =KERNEL_IMAGE_BASE
	sub x0, x0, x2
	sub x1, x1, x2
	add x0, x0, x21
	add x1, x1, x21
	mov x3, x0
1:	stp xzr, xzr, [x3], #16
	cmp x3, x1
	b.lo 1b

	/* Tables, by their physical addresses. x22 is both roots: both begin with physical 0. */
	adrp x22, early_root
	adrp x23, early_direct
	adrp x24, early_image_middle
	adrp x25, early_image
	orr x4, x23, #TABLE_ENTRY
	lsr x5, x21, #39
	and x5, x5, #511
	str x4, [x22, x5, lsl #3]
	orr x4, x24, #TABLE_ENTRY
	str x4, [x22, #(511 * 8)]
	orr x4, x25, #TABLE_ENTRY
	str x4, [x24, #(510 * 8)]

	/* The gigabytes of the image's first and last byte, of the handover and device tree. */
	ldr x26, =BLOCK_NORMAL
	mov x6, x21
	bl map_gigabyte
	ldr x6, =__image_size
	add x6, x6, x21
	bl map_gigabyte
	cbz x19, 1f			/* efi.c has seen to it that it is not too far away */
	mov x6, x19
	bl map_gigabyte
	ldr x6, =EFI_HANDOVER_BYTES_LIMIT
	add x6, x6, x19
	bl map_gigabyte
1:	cbz x20, 2f
	lsr x5, x20, #39
	lsr x6, x21, #39
	cmp x5, x6
	b.ne 2f				/* too far away: boot.c will not see it */
	mov x6, x20
	bl map_gigabyte
	ldr x6, =DEVICE_TREE_BYTES_LIMIT
	add x6, x6, x20
	bl map_gigabyte

	/* The image, by 2 MB. */
2:	ldr x4, =__image_size
	orr x5, x21, x26
	mov x6, x25
3:	str x5, [x6], #8
	add x5, x5, #0x200000
	subs x4, x4, #0x200000
	b.hi 3b

	/* Caches may hold older contents of what was just written past them. */
	dsb sy
4:	dc ivac, x0
	add x0, x0, #16
	cmp x0, x1
	b.lo 4b
	dsb sy

	mov x0, x22
	mov x1, x22
	ldr x2, =MAIR_VALUE
	ldr x3, =TCR_EARLY
	mrs x4, id_aa64mmfr0_el1
	and x4, x4, #7			/* physical address bits; 6 and 7 need other tables */
	mov x5, #5
	cmp x4, x5
	csel x4, x4, x5, lo
	orr x3, x3, x4, lsl #32
	ldr x4, =SCTLR_ON
	ldr x5, =boot_linked
	b mmu_enable

map_gigabyte:				/* of physical address x6 */
	and x4, x6, #~0x3fffffff
	ubfx x5, x6, #30, #9
	orr x4, x4, x26
	str x4, [x23, x5, lsl #3]
	ret
	.ltorg

/* At the linked address. Nobody called this or secondary_linked: debuggers' backtraces end. */
	.cfi_sections .debug_frame
boot_linked:
	.cfi_startproc
	.cfi_undefined x30
	ldr x0, =__bss_start
	ldr x1, =__boot_bss_start
1:	cmp x0, x1
	b.hs 2f
	stp xzr, xzr, [x0], #16
	b 1b
2:	ldr x0, =boot_stack_top
	mov sp, x0
	ldr x0, =entry_vectors
	msr vbar_el1, x0
	isb
	mov x29, xzr
	mov x30, xzr
	mov x0, x20
	mov x1, x21
	mov x2, x19
	bl boot_main
	brk #0
	.cfi_endproc

/* Another CPU: x0 points to its struct secondary_parameters, which was written back to memory. */
	.globl secondary_start
secondary_start:
	mov x20, x0
	bl leave_el2
	ldp x0, x1, [x20, #SECONDARY_ROOT]
	ldp x2, x3, [x20, #SECONDARY_MAIR]
	ldp x4, x5, [x20, #SECONDARY_SCTLR]
	ldr x22, [x20, #SECONDARY_STACK]
	ldr x23, [x20, #SECONDARY_CPU]
	b mmu_enable

	.ltorg

	.text
	.globl secondary_linked
secondary_linked:
	.cfi_startproc
	.cfi_undefined x30
	hint #36			/* bti j */
	mov sp, x22
	ldr x0, =entry_vectors
	msr vbar_el1, x0
	isb
	mov x29, xzr
	mov x30, xzr
	mov x0, x23
	bl secondary_main
	brk #0
	.cfi_endproc

	.section .boot.bss, "aw", @nobits
	.balign 32768
	.globl early_root
early_root:
	.skip 4096
early_direct:
	.skip 4096
early_image_middle:
	.skip 4096
early_image:
	.skip 4096
	.skip 16384			/* at an odd multiple of its size */
boot_stack_top:

	.section .note.GNU-stack, "", @progbits
