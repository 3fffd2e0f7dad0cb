/*
 * Where things lie in the kernel's half of the address space, and the offsets that assembly code
 * needs. Shared by C and assembly; C files assert that structures agree.
 */
#ifndef MACHINE_LAYOUT_H
#define MACHINE_LAYOUT_H

/* The upper half has 48 bits; the numbers in brackets are slots of its root table. */
#define KERNEL_HALF_BASE	0xffff000000000000
#define DIRECT_MAP_BASE		0xffff000000000000	/* [0..127]: all memory */
#define DIRECT_MAP_BYTES	0x0000400000000000
#define KERNEL_DYNAMIC_BASE	0xffff800000000000	/* [256]: memory/kernel_map.h */
#define KERNEL_DYNAMIC_BYTES	0x0000008000000000
#define KASAN_SHADOW_OFFSET	0xdfffc00000000000	/* shadow of the upper half: [320..383] */
#define CPU_AREA_BASE		0xfffffe0000000000	/* [508]: one area per CPU */
#define KERNEL_IMAGE_BASE	0xffffffff80000000	/* [511]: where the loader put the image */

/* A CPU's area: pages with holes between, so that no stack can run into anything. A stack's size
 * bit is set in all of its addresses and clear in those of the hole below (entry/vectors.S). */
#define CPU_AREA_SHIFT		18
#define CPU_AREA_BYTES		(1 << CPU_AREA_SHIFT)
#define CPU_AREA_ENTRY		0		/* struct cpu_entry; TPIDR_EL1 points here */
#define CPU_AREA_FAULT_STACK	(2 << 12)	/* two pages: kernel stacks that overflowed */
#define CPU_AREA_INTERRUPT_STACK (12 << 12)	/* four pages each */
#define CPU_AREA_IDLE_STACK	(20 << 12)
#define CPU_AREA_DATA		(26 << 12)	/* the copy of section .percpu */
#define CPU_AREA_DATA_BYTES	(CPU_AREA_BYTES - CPU_AREA_DATA)

#define KERNEL_STACK_SHIFT	14		/* KERNEL_STACK_BYTES of arch/context.h */

/* struct cpu_entry, at TPIDR_EL1. */
#define CPU_ENTRY_CONTEXT	0x08
#define CPU_ENTRY_DATA_OFFSET	0x10
#define CPU_ENTRY_NUMBER	0x18
#define CPU_ENTRY_FAULT_STACK	0x20
#define CPU_ENTRY_KERNEL_KEY	0x40

/* struct context, as far as the entry code looks into it. */
#define CONTEXT_WORK		0
#define CONTEXT_SPECIAL		92
#define CONTEXT_KEY_IA		96

/* Bits of context_machine.special: what makes switching or entering more than usual. */
#define SPECIAL_DETACHED	0	/* vector state is in memory only, being changed */
#define SPECIAL_SCALABLE	1	/* the program uses more than 128 bits of a vector */
#define SPECIAL_KEYS		8	/* the CPU has keys to load */
#define SPECIAL_IA_OFF		9	/* the program has switched this key off, and so on */
#define SPECIAL_IB_OFF		10
#define SPECIAL_DA_OFF		11
#define SPECIAL_DB_OFF		12

#define SCTLR_BIT_ENIA		31
#define CPACR_BIT_PROGRAM	17	/* ZEN[1]: programs may use SVE */

/* struct frame: byte offsets. */
#define FRAME_X(n)		(8 * (n))
#define FRAME_SP		248
#define FRAME_PC		256
#define FRAME_CALL		272
#define FRAME_LINK		288		/* a frame record, so that backtraces go on */
#define FRAME_BYTES		304

/* Where a context that is switched away has its frame record, above its stack pointer. */
#define SWITCHED_RECORD		0

#define USER_ADDRESS_END	0x0001000000000000

#endif
