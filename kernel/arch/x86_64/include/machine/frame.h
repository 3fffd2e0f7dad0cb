/*
 * The registers of a program or of interrupted kernel code, as the entry code pushes them, and
 * the machine part of a context.
 */
#ifndef MACHINE_FRAME_H
#define MACHINE_FRAME_H

#include "base/compiler.h"
#include "base/types.h"
#include "machine/layout.h"

#define CALL_NUMBER_RESTART 219		/* restart_syscall */
#define CALL_INSTRUCTION_BYTES 2	/* SYSCALL is 0f 05 */

struct frame {
	uint64_t r15, r14, r13, r12, rbp, rbx;
	uint64_t r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	uint64_t call_number;	/* -1: not in a call */
	uint64_t rip, cs, rflags, rsp, ss;
};

struct fpu_state;

struct context_machine {
	virtual_t stack_pointer;	/* while switched away: below it callee-saved registers */
	user_address_t fs_base, gs_base;	/* valid while switched away */
	struct fpu_state *fpu;		/* NULL: never runs a program */
	uint16_t selectors[4];		/* ds, es, fs, gs: not 0 only if a program loaded them */
	uint32_t fpu_cpu;		/* CPU whose vector registers still hold this context */
	bool is_detached;		/* vector state is in memory only, being changed */
	uint64_t debug_registers[5];	/* dr0..dr3, dr7; 0 in dr7: none in use */
};

struct context;

/* The current context does not change under the code that it runs, so the read may be reused. */
static ALWAYS_INLINE struct context *context_current(void)
{
	struct context *self;

	__asm__("movq %%gs:%c1, %0" : "=r"(self) : "i"(CPU_ENTRY_CONTEXT));
	return self;
}

static inline bool frame_is_user(const struct frame *frame)
{
	return (frame->cs & 3) != 0;
}

static inline user_address_t frame_program_counter(const struct frame *frame)
{
	return frame->rip;
}

static inline user_address_t frame_stack_pointer(const struct frame *frame)
{
	return frame->rsp;
}

static inline void frame_program_counter_set(struct frame *frame, user_address_t value)
{
	frame->rip = value;
}

static inline void frame_stack_pointer_set(struct frame *frame, user_address_t value)
{
	frame->rsp = value;
}

static inline long frame_call_number(const struct frame *frame)
{
	return (long)frame->call_number;
}

static inline void frame_call_number_clear(struct frame *frame)
{
	frame->call_number = (uint64_t)-1;
}

static inline uint64_t frame_argument(const struct frame *frame, unsigned index)
{
	switch (index) {
	case 0: return frame->rdi;
	case 1: return frame->rsi;
	case 2: return frame->rdx;
	case 3: return frame->r10;
	case 4: return frame->r8;
	default: return frame->r9;
	}
}

static inline long frame_result(const struct frame *frame)
{
	return (long)frame->rax;
}

static inline void frame_result_set(struct frame *frame, long result)
{
	frame->rax = (uint64_t)result;
}

static inline void frame_call_repeat(struct frame *frame)
{
	frame->rax = frame->call_number;
	frame->rip -= CALL_INSTRUCTION_BYTES;
}

static inline void frame_call_restart(struct frame *frame)
{
	frame->rax = CALL_NUMBER_RESTART;
	frame->rip -= CALL_INSTRUCTION_BYTES;
}

static inline virtual_t return_address_plain(virtual_t saved)
{
	return saved;
}

static inline virtual_t frame_frame_pointer(const struct frame *frame)
{
	return frame->rbp;
}

#endif
