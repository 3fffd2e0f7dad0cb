/* A frame of the host holds what a system call needs: number, arguments, result, places. */
#ifndef MACHINE_FRAME_H
#define MACHINE_FRAME_H

#include "base/compiler.h"
#include "base/types.h"

struct context;

struct frame {
	uint64_t arguments[6];
	long call_number;	/* -1: not in a call */
	long result;
	user_address_t program_counter, stack_pointer;
	/* What frame_call_repeat and frame_call_restart asked for. */
	uint32_t repeats, restarts;
	bool is_user;
};

struct context_machine {
	struct frame frame;
	void *coroutine;		/* NULL: the context that a test began in */
	void (*entry)(void *argument);
	void *argument;
	user_address_t thread_pointer;
};

/* What the calling thread runs; never NULL. */
extern _Thread_local struct context *host_context;

static inline struct context *context_current(void)
{
	return host_context;
}

static inline bool frame_is_user(const struct frame *frame)
{
	return frame->is_user;
}

static inline user_address_t frame_program_counter(const struct frame *frame)
{
	return frame->program_counter;
}

static inline user_address_t frame_stack_pointer(const struct frame *frame)
{
	return frame->stack_pointer;
}

static inline void frame_program_counter_set(struct frame *frame, user_address_t value)
{
	frame->program_counter = value;
}

static inline void frame_stack_pointer_set(struct frame *frame, user_address_t value)
{
	frame->stack_pointer = value;
}

static inline long frame_call_number(const struct frame *frame)
{
	return frame->call_number;
}

static inline void frame_call_number_clear(struct frame *frame)
{
	frame->call_number = -1;
}

static inline uint64_t frame_argument(const struct frame *frame, unsigned index)
{
	return frame->arguments[index];
}

static inline long frame_result(const struct frame *frame)
{
	return frame->result;
}

static inline void frame_result_set(struct frame *frame, long result)
{
	frame->result = result;
}

static inline void frame_call_repeat(struct frame *frame)
{
	frame->repeats++;
}

static inline void frame_call_restart(struct frame *frame)
{
	frame->restarts++;
}

static inline virtual_t return_address_plain(virtual_t saved)
{
	return saved;
}

static inline virtual_t frame_frame_pointer(const struct frame *frame)
{
	(void)frame;
	return 0;
}

#endif
