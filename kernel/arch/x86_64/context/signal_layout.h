/* The signal frame on a program's stack, as Linux lays it out (asm/sigcontext.h). */
#ifndef ARCH_X86_64_CONTEXT_SIGNAL_LAYOUT_H
#define ARCH_X86_64_CONTEXT_SIGNAL_LAYOUT_H

#include "base/compiler.h"
#include "base/types.h"

struct signal_machine_context {
	uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
	uint64_t rdi, rsi, rbp, rbx, rdx, rax, rcx, rsp, rip, rflags;
	uint16_t cs, gs, fs, ss;
	uint64_t error_code, trap_number, old_mask, fault_address;
	user_address_t vectors;		/* 0: none saved */
	uint64_t reserved[8];
};
static_assert(sizeof(struct signal_machine_context) == 256, "struct sigcontext");

struct signal_stack {
	user_address_t base;
	uint32_t flags, padding;
	uint64_t size;
};

struct signal_context {
	uint64_t flags;
	user_address_t link;
	struct signal_stack stack;
	struct signal_machine_context machine;
	uint64_t blocked;
};
static_assert(sizeof(struct signal_context) == 304, "struct ucontext");

/* signal_context.flags: UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS. */
#define CONTEXT_HAS_XSTATE BIT(0)
#define CONTEXT_HAS_STACK_SEGMENT BIT(1)
#define CONTEXT_STRICT_STACK_SEGMENT BIT(2)

struct signal_frame {
	user_address_t restorer;	/* the handler's return address */
	struct signal_context context;
	uint8_t information[128];
};
static_assert(sizeof(struct signal_frame) == 440, "struct rt_sigframe");

/* In the software bytes of the vector area, and behind it: says that the extended part is there. */
struct signal_vectors_mark {
	uint32_t magic;			/* VECTORS_MAGIC */
	uint32_t extended_bytes;	/* with VECTORS_MAGIC_END */
	uint64_t features;
	uint32_t state_bytes;
	uint32_t padding[7];
};
static_assert(sizeof(struct signal_vectors_mark) == 48, "struct _fpx_sw_bytes");

#define VECTORS_MAGIC 0x46505853
#define VECTORS_MAGIC_END 0x46505845
#define VECTORS_MARK_OFFSET 464

#endif
