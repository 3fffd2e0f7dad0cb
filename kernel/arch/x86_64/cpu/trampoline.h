/* Parameters of the real-mode code, as offsets in its page. Shared by C and assembly. */
#ifndef ARCH_X86_64_CPU_TRAMPOLINE_H
#define ARCH_X86_64_CPU_TRAMPOLINE_H

#define TRAMPOLINE_ROOT 0xf00
#define TRAMPOLINE_EFER 0xf04
#define TRAMPOLINE_JUMP 0xf08
#define TRAMPOLINE_CPU 0xf10
#define TRAMPOLINE_STACK 0xf18
#define TRAMPOLINE_GDT 0xf20
#define TRAMPOLINE_GDT_POINTER 0xf40
#define TRAMPOLINE_END 0xf48

#ifndef __ASSEMBLER__

#include "base/compiler.h"
#include "base/types.h"

struct __packed trampoline_parameters {
	uint32_t root, efer, jump_offset;
	uint16_t jump_selector, unused;
	uint32_t cpu, unused_2;
	uint64_t stack;
	uint64_t gdt[4];
	uint16_t gdt_limit;
	uint32_t gdt_base;
	uint16_t unused_3;
};
static_assert(sizeof(struct trampoline_parameters) == TRAMPOLINE_END - TRAMPOLINE_ROOT,
	      "the offsets above");

extern const uint8_t trampoline_start[], trampoline_long_mode[], trampoline_end[];

#endif
#endif
