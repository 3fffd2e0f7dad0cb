/*
 * Where things lie in the kernel's half of the address space, and the offsets that assembly code
 * needs. Shared by C and assembly; C files assert that structures agree.
 */
#ifndef MACHINE_LAYOUT_H
#define MACHINE_LAYOUT_H

/* Sign-extended 48-bit addresses; the numbers in brackets are slots of the top-level table. */
#define KERNEL_HALF_BASE	0xffff800000000000
#define DIRECT_MAP_BASE		0xffff888000000000	/* [273..400]: all memory */
#define DIRECT_MAP_BYTES	0x0000400000000000
#define KERNEL_DYNAMIC_BASE	0xffffc90000000000	/* [402]: memory/kernel_map.h */
#define KERNEL_DYNAMIC_BYTES	0x0000008000000000
#define KASAN_SHADOW_OFFSET	0xdffffc0000000000	/* shadow of the upper half: [472..503] */
#define CPU_AREA_BASE		0xfffffe0000000000	/* [508]: one area per CPU */
#define KERNEL_IMAGE_BASE	0xffffffff80000000	/* [511]: physical 0 */
#define FIXED_MAP_BASE		0xffffffffffe00000	/* enum fixed_map */

#define TOP_SLOT(address)	(((address) >> 39) & 511)

/* A CPU's area: pages with holes between, so that no stack can run into anything. */
#define CPU_AREA_SHIFT		18
#define CPU_AREA_BYTES		(1 << CPU_AREA_SHIFT)
#define CPU_AREA_ENTRY		0		/* struct cpu_entry; gs points here */
#define CPU_AREA_ENTRY_STACK	(2 << 12)	/* TSS rsp0: one page */
#define CPU_AREA_NMI_STACK	(4 << 12)	/* two pages each */
#define CPU_AREA_DOUBLE_STACK	(7 << 12)
#define CPU_AREA_CHECK_STACK	(10 << 12)
#define CPU_AREA_DEBUG_STACK	(13 << 12)
#define CPU_AREA_INTERRUPT_STACK (16 << 12)	/* four pages each */
#define CPU_AREA_IDLE_STACK	(21 << 12)
#define CPU_AREA_DATA		(26 << 12)	/* the copy of section .percpu */
#define CPU_AREA_DATA_BYTES	(CPU_AREA_BYTES - CPU_AREA_DATA)

#define FAULT_STACK_BYTES	(2 << 12)

/* struct cpu_entry, at gs:0. 0x28 is where the compiler's stack protector looks. */
#define CPU_ENTRY_SELF		0x00
#define CPU_ENTRY_CONTEXT	0x08
#define CPU_ENTRY_STACK_TOP	0x10
#define CPU_ENTRY_SCRATCH	0x18
#define CPU_ENTRY_KERNEL_ROOT	0x20
#define CPU_ENTRY_GUARD		0x28
#define CPU_ENTRY_USER_ROOT	0x30
#define CPU_ENTRY_DATA_OFFSET	0x38
#define CPU_ENTRY_NUMBER	0x40
#define CPU_ENTRY_USER_ROOT_NEXT 0x50

/* struct context, as far as the entry code looks into it. */
#define CONTEXT_WORK		0

/* Selectors as Linux has them: programs see the user ones in signal frames. */
#define SELECTOR_KERNEL_CODE	0x10
#define SELECTOR_KERNEL_DATA	0x18
#define SELECTOR_USER_CODE_32	0x23
#define SELECTOR_USER_DATA	0x2b
#define SELECTOR_USER_CODE	0x33
#define SELECTOR_TASK		0x40
#define SELECTOR_CPU_NUMBER	0x7b

/* struct frame: byte offsets. */
#define FRAME_R11		0x30
#define FRAME_RAX		0x50
#define FRAME_RCX		0x58
#define FRAME_RDI		0x70
#define FRAME_CALL		0x78
#define FRAME_RIP		0x80
#define FRAME_CS		0x88
#define FRAME_RFLAGS		0x90
#define FRAME_RSP		0x98
#define FRAME_SS		0xa0
#define FRAME_BYTES		0xa8

/* Where a context that is switched away has its frame record, above its stack pointer. */
#define SWITCHED_RECORD		40

#define USER_ADDRESS_END	0x00007ffffffff000

#endif
