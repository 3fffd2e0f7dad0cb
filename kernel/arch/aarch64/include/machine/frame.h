/*
 * The registers of a program or of interrupted kernel code, as the entry code stores them, and the
 * machine part of a context.
 */
#ifndef MACHINE_FRAME_H
#define MACHINE_FRAME_H

#include "base/compiler.h"
#include "base/types.h"
#include "machine/layout.h"

#define CALL_NUMBER_RESTART 128		/* restart_syscall */
#define CALL_INSTRUCTION_BYTES 4	/* SVC #0 */
#define CALL_NUMBER_REGISTER 8

/* BTYPE of frame.pstate: what kind of branch led here, 0: none. */
#define PSTATE_BRANCH (UINT64_C(3) << 10)
#define PSTATE_BRANCH_CALL (UINT64_C(2) << 10)	/* BLR */

struct frame {
	uint64_t x[31];
	uint64_t sp, pc, pstate;
	uint64_t call_number;	/* -1: not in a call */
	uint64_t first;		/* argument 0 as it was: its register takes the result */
	uint64_t link[2];	/* x29 and pc again, where backtraces look */
};

struct vector_state;

struct pointer_key {
	uint64_t low, high;
};

/* Bits SPECIAL_* of layout.h; 0 for programs on CPUs without more to do. */
union context_special {
	uint16_t any;
	struct {
		uint8_t vectors;	/* bits 0 to 7: how the vector registers are to be saved */
		uint8_t keys;		/* bits 8 to 15: of pointer authentication */
	};
};

struct context_machine {
	virtual_t stack_pointer;	/* while switched away: below it callee-saved registers */
	user_address_t thread_pointer;	/* TPIDR_EL0; valid while switched away */
	struct vector_state *vectors;	/* NULL: never runs a program */
	uint32_t vectors_cpu;		/* CPU whose vector registers still hold this context */
	union context_special special;
	/* The program's keys of pointer authentication, where the CPU has any. */
	struct {
		struct pointer_key ia, ib, da, db, ga;
	} keys;
	/* Where the CPU has SVE: bytes of a vector, and of those after exec, 0: the default. */
	uint16_t vector_bytes, vector_bytes_next;
	bool vector_bytes_are_inherited;	/* by exec */
	uint8_t *scalable;	/* context/scalable.h; NULL: never used, or not since a change */
};

struct context;

/* SP_EL0 holds it while the kernel runs: it moves with the context, not with the CPU. */
static ALWAYS_INLINE struct context *context_current(void)
{
	struct context *self;

	__asm__("mrs %0, sp_el0" : "=r"(self));
	return self;
}

static inline bool frame_is_user(const struct frame *frame)
{
	return (frame->pstate & 0xf) == 0;	/* M[3:0]: EL0t */
}

static inline user_address_t frame_program_counter(const struct frame *frame)
{
	return frame->pc;
}

static inline user_address_t frame_stack_pointer(const struct frame *frame)
{
	return frame->sp;
}

static inline void frame_program_counter_set(struct frame *frame, user_address_t value)
{
	frame->pc = value;
}

static inline void frame_stack_pointer_set(struct frame *frame, user_address_t value)
{
	frame->sp = value;
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
	return index == 0 ? frame->first : frame->x[index];
}

static inline long frame_result(const struct frame *frame)
{
	return (long)frame->x[0];
}

static inline void frame_result_set(struct frame *frame, long result)
{
	frame->x[0] = (uint64_t)result;
}

static inline void frame_call_repeat(struct frame *frame)
{
	frame->x[0] = frame->first;
	frame->pc -= CALL_INSTRUCTION_BYTES;
}

static inline void frame_call_restart(struct frame *frame)
{
	frame->x[CALL_NUMBER_REGISTER] = CALL_NUMBER_RESTART;
	frame_call_repeat(frame);
}

/* Where a function goes on that stored this: signatures stand in bits 48 to 54 and above. */
static inline virtual_t return_address_plain(virtual_t saved)
{
	return saved & BIT(55) ? saved | ~(BIT(48) - 1) : saved;
}

static inline virtual_t frame_frame_pointer(const struct frame *frame)
{
	return frame->x[29];
}

#endif
