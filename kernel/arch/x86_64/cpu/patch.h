/*
 * Instructions that only some CPUs have, written into no-operations of the same length at boot.
 * Shared by C and assembly.
 */
#ifndef ARCH_X86_64_CPU_PATCH_H
#define ARCH_X86_64_CPU_PATCH_H

#define PATCH_CLAC 1	/* SMAP: kernel may not touch program memory */
#define PATCH_STAC 2	/* SMAP: now it may */
#define PATCH_CLEAR 3	/* VERW: no data stays in the CPU's buffers for the program to sample */

#ifdef __ASSEMBLER__

.macro PATCH kind
771:	.byte 0x0f, 0x1f, 0x00
	.pushsection .patches, "a"
	.long 771b - ., \kind
	.popsection
.endm

/* A jump over VERW, which becomes a two-byte no-operation. */
.macro PATCH_VERW
771:	jmp 772f
	verw entry_data_selector(%rip)
772:
	.pushsection .patches, "a"
	.long 771b - ., PATCH_CLEAR
	.popsection
.endm

#else

#define PATCH_NOTE(kind) \
	"771:	.byte 0x0f, 0x1f, 0x00\n" \
	"	.pushsection .patches, \"a\"\n" \
	"	.long 771b - ., " #kind "\n" \
	"	.popsection\n"

/* Rewrites kernel text; the boot CPU, before other CPUs run. */
void patches_apply(void);

#endif
#endif
