/*
 * The first instructions: a PVH entry (QEMU, Xen) and a Multiboot2 entry (GRUB), both in 32-bit
 * mode without paging. Maps the first 4 GB three times (where it is, in the direct map, in the
 * kernel image's range), enters 64-bit mode and calls boot_main(magic, information).
 */
#include "machine/layout.h"

#define MULTIBOOT2_MAGIC 0xe85250d6
#define PHYSICAL(symbol) ((symbol) - KERNEL_IMAGE_BASE)

	.section .multiboot2, "a"
	.balign 8
header:
	.long MULTIBOOT2_MAGIC, 0, header_end - header
	.long -(MULTIBOOT2_MAGIC + (header_end - header))
	.word 3, 0			/* entry address */
	.long 12, PHYSICAL(boot_entry_multiboot2)
	.balign 8
	.word 5, 1			/* framebuffer, optional: any size, 32 bits per pixel */
	.long 20, 0, 0, 32
	.balign 8
	.word 6, 0			/* modules at page boundaries */
	.long 8
	.balign 8
	.word 0, 0
	.long 8
header_end:

	.section .note.Xen, "a", @note
	.balign 4
	.long 4, 8, 18			/* XEN_ELFNOTE_PHYS32_ENTRY */
	.asciz "Xen"
	.quad PHYSICAL(boot_entry_pvh)

	.section .boot.text, "ax"
	.code32
	.globl boot_entry_pvh
boot_entry_pvh:
	xorl %eax, %eax
	.globl boot_entry_multiboot2
boot_entry_multiboot2:
	cli
	cld
	movl %eax, %ebp			/* kept for boot_main(); ebx is the information */

	/* bss: PVH loaders zero it, but nobody promises. */
	movl $PHYSICAL(__bss_start), %edi
	movl $PHYSICAL(__bss_end), %ecx
	subl %edi, %ecx
	shrl $2, %ecx
	xorl %eax, %eax
	rep stosl

	/* Four tables of 2 MB pages. */
	movl $PHYSICAL(early_level_2), %edi
	movl $0x83, %eax
	movl $2048, %ecx
1:	movl %eax, (%edi)
	addl $0x200000, %eax
	addl $8, %edi
	loop 1b

	movl $PHYSICAL(early_level_3), %edi
	movl $PHYSICAL(early_level_2) + 3, %eax
	movl $4, %ecx
2:	movl %eax, (%edi)
	addl $4096, %eax
	addl $8, %edi
	loop 2b

	movl $PHYSICAL(early_level_2) + 3, PHYSICAL(early_level_3_image) + 510 * 8
	movl $PHYSICAL(early_level_3) + 3, %eax
	movl %eax, PHYSICAL(early_level_4)
	movl %eax, PHYSICAL(early_level_4) + TOP_SLOT(DIRECT_MAP_BASE) * 8
	movl $PHYSICAL(early_level_3_image) + 3, PHYSICAL(early_level_4) + 511 * 8

	movl %cr4, %eax
	orl $0x20, %eax			/* PAE */
	movl %eax, %cr4
	movl $PHYSICAL(early_level_4), %eax
	movl %eax, %cr3

	movl %ebx, %esi
	movl $0x80000001, %eax
	cpuid
	movl %esi, %ebx
	andl $1 << 20, %edx		/* no-execute: the same bit shifted by 9 in EFER */
	shrl $9, %edx
	movl %edx, %esi
	movl $0xc0000080, %ecx
	rdmsr
	orl $0x100, %eax		/* long mode */
	orl %esi, %eax
	wrmsr
	movl $0x80010033, %eax		/* PG WP NE ET MP PE */
	movl %eax, %cr0
	lgdt PHYSICAL(early_gdt_pointer)
	ljmp $SELECTOR_KERNEL_CODE, $PHYSICAL(long_mode)

	.code64
long_mode:
	movabsq $high_half, %rax
	jmp *%rax
high_half:
	movl $SELECTOR_KERNEL_DATA, %eax
	movl %eax, %ds
	movl %eax, %es
	movl %eax, %ss
	xorl %eax, %eax
	movl %eax, %fs
	movl %eax, %gs
	leaq early_stack_top(%rip), %rsp
	movl %ebp, %edi
	movl %ebx, %esi
	xorl %ebp, %ebp
	pushq $0
	call boot_main
3:	cli
	hlt
	jmp 3b

	.section .rodata
	.balign 8
early_gdt:
	.quad 0, 0
	.quad 0x00af9b000000ffff	/* SELECTOR_KERNEL_CODE */
	.quad 0x00cf93000000ffff	/* SELECTOR_KERNEL_DATA */
early_gdt_pointer:
	.word . - early_gdt - 1
	.long PHYSICAL(early_gdt)

	.section .boot.bss, "aw", @nobits
	.balign 4096
early_level_4:
	.skip 4096
early_level_3:
	.skip 4096
early_level_3_image:
	.skip 4096
early_level_2:
	.skip 4 * 4096
	.skip 16384
early_stack_top:

	.section .note.GNU-stack, "", @progbits
